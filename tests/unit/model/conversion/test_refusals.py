from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from harness.model.conversion import convert as module
from harness.model.conversion.convert import convert
from harness.model.conversion.documents import read_object
from harness.verdict.errors import ArtifactError, FalsifyError, RefusedError, UsageError


def refused(source, tmp_path, **options) -> FalsifyError:
    """The error of a conversion that must leave nothing behind."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FalsifyError) as caught:
        convert(source, tmp_path / "x.apr", **options)
    assert sorted(tmp_path.rglob("*")) == before
    return caught.value


def test_no_config(build, tmp_path) -> None:
    """Without config.json nothing is guessed; the message says which file is missing and what to do."""
    source = build.write_checkpoint(tmp_path / "model", None, build.random_tensors(build.tiny, ["F16"]))
    error = refused(source, tmp_path)
    assert "config.json" in str(error)
    assert error.way_out


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"model_type": "llama", "model_type": "qwen2"}',
        b"\xff",
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "list", "cut", "twice", "latin", "deep", "digits"],
)
def test_unreadable_config(build, tmp_path, content) -> None:
    """A config.json that is empty, cut, ambiguous or hostile is a refusal that names the file."""
    source = build.checkpoint(tmp_path / "model")
    (source.parent / "config.json").write_bytes(content)
    error = refused(source, tmp_path)
    assert isinstance(error, RefusedError)
    assert "config.json" in str(error)


def test_files_beside_a_checkpoint_are_limited(tmp_path) -> None:
    """A file is read up to its limit and not a byte further."""
    (tmp_path / "a.json").write_bytes(b"{}   ")
    assert read_object(tmp_path / "a.json", limit=5) == {}
    with pytest.raises(RefusedError, match="too large"):
        read_object(tmp_path / "a.json", limit=4)


@pytest.mark.parametrize(
    ("config", "tensors", "rule", "words"),
    [
        ({}, {"head": None}, "tie-head-missing", ("lm_head.weight", "false")),
        ({"tie_word_embeddings": True}, {}, "tie-head-differs", ("lm_head.weight", "model.embed_tokens.weight")),
        ({}, {"q": None}, "inventory-missing", ("model.layers.1.self_attn.q_proj.weight",)),
        ({}, {"extra": ((3,), 3)}, "inventory-extra", ("extra.weight",)),
        ({}, {"head": ((24, 32), 768)}, "F-LAYOUT-CONTRACT-002", ("[24, 32]", "[32, 24]")),
        ({"vocab_size": 31}, {}, "inventory-dims", ("[32, 24]", "[31, 24]", "lm_head.weight")),
        ({"num_hidden_layers": 3}, {}, "inventory-missing", ("model.layers.2",)),
        ({"num_hidden_layers": 1}, {}, "inventory-extra", ("model.layers.1",)),
    ],
    ids=["no-head", "other-head", "missing", "extra", "reversed-head", "vocabulary", "more-layers", "fewer-layers"],
)
def test_contradictions(build, tmp_path, config, tensors, rule, words) -> None:  # noqa: PLR0917 - the parametrised case
    """What config.json says and what is stored must agree; the tensor and both values are named."""
    made = {
        key: None if one is None else build.stored(one[0], "F16", bytes(2 * one[1])) for key, one in tensors.items()
    }
    error = refused(build.checkpoint(tmp_path / "model", config, **made), tmp_path)
    assert isinstance(error, ArtifactError)
    assert error.rule == rule
    assert all(word in str(error) for word in words)


def test_tied_head_of_another_dtype(build, tmp_path) -> None:
    """A tied head that is stored in another dtype is another head."""
    made = build.stored((32, 24), "F32", bytes(4 * 768))
    error = refused(build.checkpoint(tmp_path / "model", {"tie_word_embeddings": True}, head=made), tmp_path)
    assert "F32" in str(error)
    assert "F16" in str(error)


def test_a_million_layers(build, tmp_path) -> None:
    """A claim of millions of layers is refused before anything is enumerated."""
    error = refused(build.checkpoint(tmp_path / "model", {"num_hidden_layers": 4_000_000_000}), tmp_path)
    assert "num_layers" in str(error)


def test_missing_shard(shared, tmp_path) -> None:
    """A shard that the index names and that is not there is refused by its name; no file appears."""
    shutil.copytree(shared / "artifacts" / "ckpt" / "llama-gqa4-sharded", tmp_path / "m", copy_function=shutil.copyfile)
    (tmp_path / "m" / "model-00003-of-00005.safetensors").unlink()
    assert "model-00003-of-00005" in str(refused(tmp_path / "m", tmp_path))


def test_truncated_source(root, tmp_path) -> None:
    """Sources that end too early leave no file, wherever they end."""
    content = (root / "tests" / "artifacts" / "llama-nano.f16.gguf").read_bytes()
    for size in (0, 3, 100, 20_000, len(content) - 1):
        (tmp_path / "x.gguf").write_bytes(content[:size])
        refused(tmp_path / "x.gguf", tmp_path)


def test_places(build, root, tmp_path) -> None:
    """Wrong destinations are refused before the source is read: other suffixes, missing folders, existing files."""
    source = build.checkpoint(tmp_path / "model")
    for name in ("x.gguf", "x.safetensors", "x"):
        with pytest.raises(UsageError, match="APR"):
            convert(source, tmp_path / name)
    with pytest.raises(RefusedError, match="folder of the destination"):
        convert(source, tmp_path / "none" / "x.apr")
    (tmp_path / "folder.apr").mkdir()
    with pytest.raises(RefusedError, match="is a folder"):
        convert(source, tmp_path / "folder.apr", overwrite=True)
    for missing in (tmp_path / "nothere.gguf", tmp_path / "folder.apr"):
        with pytest.raises(RefusedError):
            convert(missing, tmp_path / "x.apr")
    with pytest.raises(RefusedError, match="no source"):
        convert(root / "tests" / "artifacts" / "llama-nano.apr", tmp_path / "x.apr")


def test_existing_destination(build, tmp_path) -> None:
    """An existing file is left alone, and replaced only when that was asked for and the conversion succeeded."""
    source = build.checkpoint(tmp_path / "model")
    dest = tmp_path / "x.apr"
    dest.write_bytes(b"mine")
    for origin in (source, tmp_path / "nothere.gguf"):  # seen before the source is
        with pytest.raises(RefusedError, match="--overwrite"):
            convert(origin, dest)
    bad = build.checkpoint(tmp_path / "bad", {"vocab_size": 5})
    with pytest.raises(ArtifactError):
        convert(bad, dest, overwrite=True)
    assert dest.read_bytes() == b"mine"
    convert(source, dest, overwrite=True)
    assert dest.read_bytes()[:4] == b"APR\0"


def test_source_as_destination(root, tmp_path) -> None:
    """A destination that is the source under another name is refused even with overwrite."""
    shutil.copyfile(root / "tests" / "artifacts" / "llama-nano.f16.gguf", tmp_path / "x.gguf")
    (tmp_path / "x.apr").symlink_to(tmp_path / "x.gguf")
    with pytest.raises(UsageError, match="same file"):
        convert(tmp_path / "x.gguf", tmp_path / "x.apr", overwrite=True)
    assert (tmp_path / "x.gguf").read_bytes()[:4] == b"GGUF"


def test_two_checkpoints_in_a_folder(build, tmp_path) -> None:
    """A folder with a whole and a sharded checkpoint is refused; a file that is named is not ambiguous."""
    source = build.checkpoint(tmp_path / "model")
    index = {"weight_map": {"lm_head.weight": "model-00001-of-00001.safetensors"}}
    (source.parent / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "several" in str(refused(source.parent, tmp_path))
    convert(source, tmp_path / "x.apr")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"model": {"vocab": {"a": -1}}}',
        '{"model": {"vocab": {"a": 2000000000}}}',
        '{"model": {"vocab": {"a": true}}}',
        '{"model": {"vocab": {"a": 1}, "merges": [3]}}',
        '{"model": {"vocab": {"a": 1}, "merges": 3}}',
        '{"model": {"vocab": {"a": 1}}, "added_tokens": [1]}',
    ],
    ids=["cut", "negative", "huge", "boolean", "merge", "merges", "added"],
)
def test_hostile_tokenizers(build, tmp_path, content) -> None:
    """A tokenizer.json that cannot be meant is refused by name, without gigabytes for its holes."""
    source = build.checkpoint(tmp_path / "model")
    (source.parent / "tokenizer.json").write_text(content)
    assert "tokenizer.json" in str(refused(source, tmp_path))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x0a", b"\x0a\x05\x0a\x01a", b"\xff" * 20, b"\x0b", b"\x0a\x03\x0a\x01\xff", b"\x0a\x03\x12\x01a",
     b"\x0a\x03\x0a\x01a\x12\x02\x18\x09"],
    ids=["empty", "cut", "short", "endless", "group", "latin", "score", "type"],
)  # fmt: skip
def test_hostile_pieces(build, tmp_path, content) -> None:
    """A tokenizer.model that is no SentencePiece model is refused by name."""
    source = build.checkpoint(tmp_path / "model")
    (source.parent / "tokenizer.model").write_bytes(content)
    assert "tokenizer.model" in str(refused(source, tmp_path))
    (source.parent / "tokenizer.model").write_bytes(b"\x0a\x03\x0a\x01a\x12\x02\x18\x02")
    convert(source, tmp_path / "x.apr")


def test_other_tokenizers_are_noted(build, tmp_path) -> None:
    """A vocabulary that is not carried over is said to be missing; nothing is put in its place."""
    source = build.checkpoint(tmp_path / "model")
    assert any("tokenizer.json" in note for note in convert(source, tmp_path / "x.apr").notes)
    (source.parent / "tokenizer.json").write_text('{"model": {"type": "Unigram", "vocab": [["a", 0.0]]}}')
    assert any("not carried over" in note for note in convert(source, tmp_path / "y.apr").notes)


def test_progress_counts_every_byte(build, tmp_path) -> None:
    """Progress grows to exactly the payload's size."""
    seen: list[tuple[int, int]] = []
    convert(build.checkpoint(tmp_path / "model"), tmp_path / "x.apr", progress=lambda *one: seen.append(one))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 0


def test_conversions_repeat(build, tmp_path) -> None:
    """Two conversions of a source are the same bytes, and the report's hash is that of the file."""
    from hashlib import sha256

    source = build.checkpoint(tmp_path / "model")
    one, two = convert(source, tmp_path / "1.apr"), convert(source, tmp_path / "2.apr")
    assert one.sha256 == two.sha256 == sha256((tmp_path / "2.apr").read_bytes()).hexdigest()


PEAK = """
import resource, sys
from pathlib import Path
from harness.model.conversion.convert import convert
import numpy
small, large = Path(sys.argv[1]), Path(sys.argv[2])
convert(small, small.parent.parent / "small.apr")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
convert(large, large.parent.parent / "large.apr")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are counted in kilobytes, and pages given back, on Linux")
def test_memory_does_not_follow_the_size(build, root, tmp_path) -> None:
    """A checkpoint with a vocabulary of 96 MB raises the peak of a small conversion by a fraction of that."""
    from dataclasses import replace

    wide = replace(build.tiny, vocab_size=1_000_000)
    small = build.checkpoint(tmp_path / "small")
    large = build.write_checkpoint(tmp_path / "large", build.config_of(wide), build.random_tensors(wide, ["F16"]))
    assert large.stat().st_size > 96_000_000
    run = subprocess.run(
        [sys.executable, "-c", PEAK, small, large],
        capture_output=True, text=True, timeout=60, check=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert int(run.stdout) < 32_000


def test_no_default_arm(build, tmp_path, monkeypatch) -> None:
    """An artifact of a format that the converter does not know is refused by its name."""
    source = build.checkpoint(tmp_path / "model")
    opened = module.open_artifact(source)
    opened.format = "onnx"
    monkeypatch.setattr(module, "open_artifact", lambda _: opened)
    assert "onnx" in str(refused(source, tmp_path))
