from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from artifact_samples import Raw, apr_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.artifact import whole_file
from harness.model.artifact.apr import AprArtifact
from harness.model.artifact.apr_writer import TensorSource, write_apr
from harness.model.artifact.dtypes import APR_IDS, BY_NAME, F32, U8
from harness.verdict.errors import ArtifactError, RefusedError

VECTOR_VALUES = struct.pack("<4f", 0.01, -0.02, 0.03, -0.01)
OLD_KEYS = (
    "name", "description", "author", "license", "version", "source", "original_format", "created_at", "total_size",
    "param_count", "quantization", "sharding", "chat_template", "chat_format", "special_tokens", "architecture",
    "hidden_size", "num_layers", "num_heads", "num_kv_heads", "vocab_size", "intermediate_size",
    "max_position_embeddings", "rope_theta", "rope_type", "rms_norm_eps",
)  # fmt: skip


def source(name, dims, dtype, *chunks):
    """A tensor whose payload comes in these chunks."""
    return TensorSource(name, dims, dtype, lambda: iter(chunks))


def written(path):
    """sha256 and size of a file, as a writer would report them."""
    data = path.read_bytes()
    return hashlib.sha256(data).hexdigest(), len(data)


def test_golden_vector_without_tensors(tmp_path):
    """The empty file of the format description comes out byte for byte."""
    report = write_apr(tmp_path / "v1.apr", b"{}", [])
    assert written(tmp_path / "v1.apr") == (
        "674f3d46695cad09cc612bfef8dc0fa24a811f617bf46e84d6ddb8834c3f35d6",
        132,
    )
    assert (report.sha256, report.nbytes, report.tensors) == (*written(tmp_path / "v1.apr"), 0)


def test_golden_vector_of_old_writers(tmp_path):
    """Metadata with a null for every absent key, given as text, comes out byte for byte."""
    metadata = {"model_type": "test"} | dict.fromkeys(OLD_KEYS) | {"total_size": 0, "param_count": 0}
    text = json.dumps(metadata, separators=(",", ":")).encode()
    assert len(text) == 503
    write_apr(tmp_path / "v2.apr", text, [source("test.bias", (4,), F32, VECTOR_VALUES)])
    assert written(tmp_path / "v2.apr") == (
        "77bce741a9c5dcb1207f46920cf203ae7ee06aef1dc5aeb0dd05cc19ad84ca6d",
        708,
    )


def test_golden_vector_of_the_newest_writer(tmp_path):
    """Absent keys are left out but for the six that are always there, byte for byte."""
    write_apr(tmp_path / "v3.apr", {"model_type": "test"}, [source("test.bias", (4,), F32, VECTOR_VALUES)])
    assert written(tmp_path / "v3.apr") == (
        "5761aa8dc9d79bd470fb5261dd693b01923a847623bc957a31e827e361d137a5",
        324,
    )


def test_declared_keys_have_their_order_and_custom_ones_are_sorted(tmp_path):
    """The order does not depend on the order given; numbers have the form of Rust's writer."""
    given_order = {
        "zebra": 1e-7, "rms_norm_eps": 1e-6, "rope_theta": 10000, "hidden_size": 896, "name": "é\n", "author": None,
        "alpha": {"b": 1, "a": [True, None, 0.5]}, "special_tokens": {"pad_token": None, "bos_token": "<s>"},
    }  # fmt: skip
    write_apr(tmp_path / "m.apr", given_order, [])
    with AprArtifact.open(tmp_path / "m.apr") as artifact:
        size = artifact.metadata_size
    text = (tmp_path / "m.apr").read_bytes()[64 : 64 + size].decode()
    assert text == (
        '{"model_type":"","name":"é\\n","license":null,"data_source":null,"data_license":null,"total_size":0,'
        '"param_count":0,"special_tokens":{"bos_token":"<s>","pad_token":null},"hidden_size":896,'
        '"rope_theta":10000.0,"rms_norm_eps":0.000001,"alpha":{"a":[true,null,0.5],"b":1},"zebra":1e-7}'
    )


@pytest.mark.parametrize(
    "metadata",
    [
        {"hidden_size": 896.0},
        {"hidden_size": -1},
        {"hidden_size": True},
        {"rope_theta": "10000"},
        {"rope_theta": float("nan")},
        {"rope_theta": 1e39},
        {"custom": float("inf")},
        {"custom": {1: 2}},
        {"custom": b"bytes"},
        {"custom": "\ud800"},
        b"[]",
        b"{} ,",
    ],
)
def test_metadata_that_no_reader_would_take_is_refused(tmp_path, metadata):
    """The refusal comes before a byte is written."""
    with pytest.raises(ArtifactError) as caught:
        write_apr(tmp_path / "m.apr", metadata, [])
    assert caught.value.rule == "apr-metadata"
    assert list(tmp_path.iterdir()) == []


NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
DIMS = st.lists(st.integers(0, 9), max_size=4).map(tuple)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(NAMES, st.tuples(DIMS, st.sampled_from(sorted(APR_IDS))), max_size=6), st.integers(0, 2**32))
def test_what_is_written_is_read_back_and_equals_an_independent_builder(tmp_path_factory, tensors, seed):
    """For any names, dims and dtypes: the bytes of the builder of these tests, and the same listing and payloads."""
    draw = np.random.default_rng(seed)
    entries = []
    for name, (dims, number) in sorted(tensors.items(), key=lambda item: item[0].encode()):
        payload = draw.bytes(APR_IDS[number].nbytes(dims))
        entries.append(Raw(name.encode(), number, dims, payload))
    sources = [
        source(e.name.decode(), e.dims, APR_IDS[e.dtype], e.payload[:3], memoryview(e.payload)[3:])
        for e in reversed(entries)
    ]
    path = tmp_path_factory.getbasetemp() / "roundtrip.apr"
    report = write_apr(path, b'{"a":1}', sources, overwrite=True)
    assert path.read_bytes() == apr_bytes(entries, b'{"a":1}')
    assert (report.sha256, report.nbytes) == written(path)
    with AprArtifact.open(path) as artifact:
        assert artifact.verify_checksum()
        assert [(e.name.encode(), e.dims) for e in artifact.tensors.values()] == [(e.name, e.dims) for e in entries]
        for entry in entries:
            assert bytes(artifact.raw(entry.name.decode())) == entry.payload


@pytest.mark.parametrize(
    ("tensors", "rule"),
    [
        ([source("a", (2,), F32, b"1234567")], "F-LAYOUT-CONTRACT-004"),
        ([source("a", (2,), F32, b"12345678", b"9")], "F-LAYOUT-CONTRACT-004"),
        ([source("a", (2,), F32)], "F-LAYOUT-CONTRACT-004"),
        ([source("a", (1,), U8, b"1"), source("a", (1,), U8, b"1")], "apr-index-sorted"),
        ([source("a", (32,), BY_NAME["Q8_0"], bytes(34))], "apr-dtype"),
        ([source("a", (256,), BY_NAME["Q5_K"], bytes(176))], "apr-dtype"),
        ([source("a" * 257, (1,), U8, b"1")], "apr-name"),
        ([source("\ud800", (1,), U8, b"1")], "apr-name"),
        ([source("a", (1,) * 9, U8, b"1")], "apr-dims"),
        ([source("a", (-1,), U8)], "apr-dims"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_and_leave_nothing(tmp_path, tensors, rule):
    """Neither the destination nor a temporary file remains, and what was there before is untouched."""
    kept = tmp_path / "kept.apr"
    kept.write_bytes(b"before")
    for dest in (tmp_path / "new.apr", kept):
        with pytest.raises(ArtifactError) as caught:
            write_apr(dest, {}, tensors, overwrite=True)
        assert caught.value.rule == rule
    assert [path.name for path in tmp_path.iterdir()] == ["kept.apr"]
    assert kept.read_bytes() == b"before"


def test_an_existing_file_is_kept_without_overwrite(tmp_path):
    """It is refused before a payload is asked for, and also when it appears while the payload is written."""
    dest = tmp_path / "model.apr"

    def appears():
        dest.write_bytes(b"theirs")
        yield b"1"

    with pytest.raises(RefusedError, match="exists"):
        write_apr(dest, {}, [TensorSource("a", (1,), U8, appears)])
    with pytest.raises(RefusedError, match="exists"):
        write_apr(dest, {}, [source("a", (1,), U8, b"1")])
    assert dest.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [dest]
    write_apr(dest, {}, [source("a", (1,), U8, b"1")], overwrite=True)
    AprArtifact.open(dest).close()


KILLED = """
import os, signal, sys
from pathlib import Path
from harness.model.artifact.apr_writer import TensorSource, write_apr
from harness.model.artifact.dtypes import U8
def die(*arguments, **words):
    os.kill(os.getpid(), signal.SIGKILL)
def payload():
    yield b"1"
    if sys.argv[2] == "payload":
        die()
os.link = os.replace = die
Path.replace = Path.rename = die
write_apr(Path(sys.argv[1]), {}, [TensorSource("a", (1,), U8, payload)], overwrite=sys.argv[3] == "overwrite")
"""


@pytest.mark.parametrize("moment", ["payload", "rename"])
@pytest.mark.parametrize("overwrite", ["overwrite", "new"])
def test_a_kill_leaves_no_destination(tmp_path, root, moment, overwrite):
    """Killed within a payload or just before the rename: no new file, the old one untouched, one hidden temporary."""
    dest = tmp_path / "model.apr"
    if overwrite == "overwrite":
        dest.write_bytes(b"before")
    command = [sys.executable, "-c", KILLED, str(dest), moment, overwrite]
    done = subprocess.run(command, cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (dest.read_bytes() == b"before") if overwrite == "overwrite" else not dest.exists()
    left = [path.name for path in tmp_path.iterdir() if path != dest]
    assert len(left) == 1
    assert left[0].startswith(".falsify-")


FULL = """
import resource, signal, sys
from pathlib import Path
from harness.model.artifact.apr_writer import TensorSource, write_apr
from harness.model.artifact.dtypes import U8
from harness.verdict.errors import RefusedError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_apr(Path(sys.argv[1]), {}, [TensorSource("a", (1 << 20,), U8, lambda: iter([bytes(1 << 20)]))])
except RefusedError as error:
    print("refused", error.file)
"""


def test_a_full_disk_is_a_refusal(tmp_path, root):
    """Writing beyond what the system allows names the destination and leaves nothing."""
    dest = str(tmp_path / "m.apr")
    done = subprocess.run([sys.executable, "-c", FULL, dest], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == f"refused {dest}\n", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("size", [8, 5000, 1 << 20])
def test_a_disk_that_stays_full_is_a_refusal(tmp_path, monkeypatch, size):
    """What is left in the buffer fails once more when the file is closed; what is told is still the refusal."""
    really = os.open
    monkeypatch.setattr(whole_file.os, "open", lambda _path, flags, *_mode: really("/dev/full", flags & ~os.O_EXCL))
    with pytest.raises(RefusedError, match="No space left"):
        write_apr(tmp_path / "m.apr", {}, [source("a", (size,), U8, bytes(size))])
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_is_a_refusal(tmp_path, monkeypatch):
    """The reason of the system is in the message; as root may write everywhere, the system is made to say it."""

    def read_only(*arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(whole_file.os, "open", read_only)
    with pytest.raises(RefusedError, match="cannot be written: Read-only"):
        write_apr(tmp_path / "m.apr", {}, [])


def test_a_folder_as_destination_is_a_refusal(tmp_path):
    """So is a destination in a folder that does not exist."""
    with pytest.raises(RefusedError, match="something else"):
        write_apr(tmp_path, {}, [], overwrite=True)
    with pytest.raises(RefusedError, match="cannot be written"):
        write_apr(tmp_path / "none" / "m.apr", {}, [])


def test_memory_does_not_follow_the_payload(tmp_path):
    """32 MiB in chunks of 64 KiB never occupy more than two megabytes."""
    chunk = bytes(1 << 16)

    def payload():
        for _ in range(512):
            yield chunk

    tracemalloc.start()
    report = write_apr(tmp_path / "m.apr", {}, [TensorSource("a", (32 << 20,), U8, payload)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.nbytes > 32 << 20
    assert peak < 2 << 20
    assert (
        zlib.crc32((tmp_path / "m.apr").read_bytes()[:-4]).to_bytes(4, "little")
        == ((tmp_path / "m.apr").read_bytes()[-4:])
    )
