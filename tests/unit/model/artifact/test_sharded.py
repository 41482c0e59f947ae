from __future__ import annotations

import json
import struct

import pytest
from artifact_samples import safetensors_bytes, st_entry

from harness.model.artifact.open import open_artifact
from harness.model.artifact.sharded import INDEX_NAME
from harness.verdict.errors import ArtifactError


def shard(*names, value=1.0, metadata=None):
    """A shard that holds these F32 scalars-in-a-vector."""
    header = {name: st_entry("F32", (1,), 4 * n, 4 * n + 4) for n, name in enumerate(names)}
    if metadata:
        header["__metadata__"] = metadata
    return safetensors_bytes(header, struct.pack(f"<{len(names)}f", *(value + n for n in range(len(names)))))


def checkpoint(folder, weight_map, files, metadata=None):
    """A folder with an index and its shards."""
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / INDEX_NAME).write_text(json.dumps({"metadata": metadata or {}, "weight_map": weight_map}))
    return folder


def rule_of(path):
    """Rule by which opening is refused."""
    with pytest.raises(ArtifactError) as caught:
        open_artifact(path)
    return caught.value.rule


def test_shards_are_one_artifact(tmp_path):
    """Names come in the order of the index, each entry says which file holds it, and values are found there."""
    folder = checkpoint(
        tmp_path / "m",
        {"c": "2.safetensors", "a": "1.safetensors", "b": "2.safetensors"},
        {
            "1.safetensors": shard("a", metadata={"k": "first"}),
            "2.safetensors": shard("b", "c", value=5, metadata={"k": "x"}),
        },
        {"total_size": 12},
    )
    for path in (folder, folder / INDEX_NAME):
        with open_artifact(path) as artifact:
            assert artifact.path == folder / INDEX_NAME
            assert list(artifact.tensors) == ["c", "a", "b"]
            assert [artifact.values(name).tolist() for name in "abc"] == [[1.0], [5.0], [6.0]]
            assert artifact.tensors["a"].path == folder / "1.safetensors"
            assert artifact.metadata == {"k": "x"}
            assert artifact.index_metadata == {"total_size": 12}


def test_index_and_shards_have_to_agree(tmp_path):
    """A missing shard, a name in no shard, a tensor outside the map, and one in another shard are four rules."""
    one = {"1.safetensors": shard("a")}
    assert (
        rule_of(checkpoint(tmp_path / "1", {"a": "1.safetensors", "b": "2.safetensors"}, one)) == "index-shard-missing"
    )
    assert (
        rule_of(checkpoint(tmp_path / "2", {"a": "1.safetensors", "b": "1.safetensors"}, one)) == "index-tensor-missing"
    )
    assert (
        rule_of(checkpoint(tmp_path / "3", {"a": "1.safetensors"}, {"1.safetensors": shard("a", "b")}))
        == "index-unlisted"
    )
    two = {"1.safetensors": shard("a"), "2.safetensors": shard("a", "b")}
    wrong = {"a": "1.safetensors", "b": "2.safetensors"}
    assert rule_of(checkpoint(tmp_path / "4", wrong, two)) == "index-unlisted"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "index-json"),
        (b"[]", "index-json"),
        (b"{}", "index-weight-map"),
        (b'{"weight_map":[]}', "index-weight-map"),
        (b'{"weight_map":{}}', "index-weight-map"),
        (b'{"weight_map":{"a":1}}', "index-weight-map"),
        (b'{"weight_map":{"a":"x","a":"y"}}', "index-json"),
        (b'{"metadata":[1],"weight_map":{"a":"x"}}', "index-json"),
        (b'{"weight_map":' + b"[" * 100_000, "index-json"),
    ],
)
def test_malformed_indexes_are_refused(tmp_path, text, rule):
    """An index is strict JSON with a weight_map of texts."""
    (tmp_path / INDEX_NAME).write_bytes(text)
    assert rule_of(tmp_path / INDEX_NAME) in {rule, "format-empty"}


@pytest.mark.parametrize(
    "name",
    ["../out.safetensors", "../m/1.safetensors", "/etc/passwd", "sub/../../out.safetensors", "a\0b", "", "..\\out"],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, name):
    """By its name alone: the file outside is a good shard, and is not opened."""
    (tmp_path / "out.safetensors").write_bytes(shard("a"))
    folder = checkpoint(tmp_path / "m", {"a": name}, {"1.safetensors": shard("a")})
    assert rule_of(folder) == "path-escape"


def test_a_link_that_leaves_the_folder_is_refused(tmp_path, monkeypatch):
    """So is a link to a folder outside; nothing outside is opened, not even to look at it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "1.safetensors").write_bytes(shard("a"))
    folder = checkpoint(tmp_path / "m", {"a": "1.safetensors"}, {})
    (folder / "1.safetensors").symlink_to(tmp_path / "out" / "1.safetensors")
    deep = checkpoint(tmp_path / "n", {"a": "sub/1.safetensors"}, {})
    (deep / "sub").symlink_to(tmp_path / "out")
    opened = []
    from harness.model.artifact import mapped

    real = mapped.os.open
    monkeypatch.setattr(mapped.os, "open", lambda path, *rest: opened.append(str(path)) or real(path, *rest))
    assert rule_of(folder) == rule_of(deep) == "path-escape"
    assert opened
    assert not [path for path in opened if "/out/" in path or path.endswith("1.safetensors")]


def test_a_link_that_turns_in_a_circle_is_refused(tmp_path):
    """It leads nowhere; there is no traceback."""
    folder = checkpoint(tmp_path / "m", {"a": "1.safetensors"}, {})
    (folder / "1.safetensors").symlink_to(folder / "1.safetensors")
    assert rule_of(folder) in {"path-escape", "file-unreadable"}


def test_links_within_the_folder_and_into_a_hub_cache_are_followed(tmp_path):
    """A Hugging Face cache keeps its files in `blobs` beside `snapshots`; only there may a link lead."""
    blobs, folder = tmp_path / "blobs", tmp_path / "snapshots" / "abc"
    blobs.mkdir()
    folder.parent.mkdir()
    (blobs / "0123").write_bytes(shard("a"))
    checkpoint(folder, {"a": "1.safetensors", "b": "2.safetensors"}, {"real.safetensors": shard("b", value=3)})
    (folder / "1.safetensors").symlink_to("../../blobs/0123")
    (folder / "2.safetensors").symlink_to("real.safetensors")
    with open_artifact(folder) as artifact:
        assert artifact.values("a").tolist() == [1.0]
        assert artifact.values("b").tolist() == [3.0]
