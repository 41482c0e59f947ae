from __future__ import annotations

import errno
import os
import pickle
import signal
import socket
import struct
import zipfile

import pytest
from artifact_samples import gguf_bytes, safetensors_bytes, tiny_apr, tiny_gguf, tiny_safetensors, write

from harness.model.artifact import mapped
from harness.model.artifact.open import open_artifact
from harness.model.artifact.sharded import INDEX_NAME
from harness.verdict.errors import ArtifactError


def refusal(path, **words):
    """The error by which opening is refused."""
    with pytest.raises(ArtifactError) as caught:
        open_artifact(path, **words)
    assert caught.value.way_out
    return caught.value


@pytest.mark.parametrize("name", ["model.apr", "model.gguf", "model.safetensors", "model", "model.json"])
def test_the_bytes_decide_and_not_the_suffix(tmp_path, name):
    """Each format opens under any name."""
    for data, wanted in ((tiny_apr(), "apr"), (tiny_gguf(), "gguf"), (tiny_safetensors(), "safetensors")):
        with open_artifact(write(tmp_path, data, name)) as artifact:
            assert artifact.format == wanted
        with open_artifact(tmp_path / name, format=wanted) as artifact:
            assert artifact.path == tmp_path / name


def test_another_format_than_asked_for_is_refused(tmp_path):
    """`format` is what the file has to be, no hint."""
    assert refusal(write(tmp_path, tiny_apr()), format="gguf").rule == "format-unexpected"


def test_a_header_length_that_spells_a_magic_is_no_magic(tmp_path):
    """A SafeTensors header of 5,394,497 bytes begins with the letters of APR."""
    (length,) = struct.unpack("<Q", b"APR\0\0\0\0\0")
    with open_artifact(write(tmp_path, safetensors_bytes(b"{}".ljust(length)))) as artifact:
        assert artifact.format == "safetensors"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"APRN\1\0", "APR v1"),
        (b"APR1", "whisper"),
        (b"APR2", "only ever specified"),
        (b"APRT\0\0\0\0", "stage tensors"),
        (b"APR\0\1\0\0\0\1\0\0\0", "another format behind the magic of APR"),
        (b"APR\0", "another format behind the magic of APR"),
        (b"PK\3\4", "zip"),
        (pickle.dumps([1], protocol=4), "pickle"),
        (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9 j\xa8P\x19.", "PyTorch"),
        (b"FUGG", "big-endian"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"tjgg", "before GGUF"),
    ],
)
@pytest.mark.parametrize("suffix", [".apr", ".safetensors", ".bin"])
def test_known_strangers_are_refused_by_name(tmp_path, head, words, suffix):
    """Whatever the suffix claims, the message says what the file is."""
    error = refusal(write(tmp_path, head.ljust(200, b"\0"), f"model{suffix}"))
    assert error.rule == "format-unsupported"
    assert words in str(error)


def test_a_real_zip_and_an_empty_file(tmp_path):
    """A PyTorch checkpoint is a zip; an empty file is nothing."""
    with zipfile.ZipFile(tmp_path / "pytorch_model.bin", "w") as archive:
        archive.writestr("data.pkl", pickle.dumps({}))
    assert "zip" in str(refusal(tmp_path / "pytorch_model.bin"))
    assert refusal(write(tmp_path, b"")).rule == "format-empty"
    assert refusal(write(tmp_path, b"", "m.apr")).rule == "format-empty"


def test_unknown_bytes_are_refused(tmp_path):
    """With the reader's own words where the suffix names one, in general otherwise."""
    noise = b"\x05\x06noise and more of it"
    assert refusal(write(tmp_path, noise)).rule == "format-unknown"
    assert refusal(write(tmp_path, noise, "m.apr")).rule == "apr-magic"
    assert refusal(write(tmp_path, noise, "m.gguf")).rule == "gguf-magic"
    assert refusal(write(tmp_path, noise, "m.safetensors")).rule == "safetensors-header"
    assert refusal(write(tmp_path, b'{"architectures": []}', "config.json")).rule == "index-weight-map"


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path, monkeypatch):
    """A pipe nobody writes to, a device that never ends, a socket, nothing at all."""
    os.mkfifo(tmp_path / "pipe.gguf")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # the path of a socket has some hundred bytes at most
        server.bind("sock.gguf")
        found = {name: refusal(tmp_path / name) for name in ("pipe.gguf", "sock.gguf")}
    assert {error.rule for error in found.values()} == {"file-kind"}
    assert "a pipe" in str(found["pipe.gguf"])
    assert "a character device" in str(refusal(type(tmp_path)("/dev/zero")))
    assert refusal(tmp_path / "none.gguf").rule == "file-missing"
    assert refusal(tmp_path / ("n" * 5000)).rule in {"file-unreadable", "folder-unreadable"}
    assert refusal(type(tmp_path)("a\0b")).rule in {"file-unreadable", "folder-unreadable"}


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tmp_path, monkeypatch):
    """Between the look and the opening a file can become a pipe; a second look at what was opened says so."""
    os.mkfifo(tmp_path / "m.gguf")
    before = os.stat(write(tmp_path, tiny_gguf()))  # noqa: PTH116 - what the first look saw
    monkeypatch.setattr(mapped.os, "stat", lambda path: before)

    def overdue(number, frame):
        pytest.fail("the pipe was waited for")

    signal.signal(signal.SIGALRM, overdue)
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        with pytest.raises(ArtifactError, match="a pipe"):
            mapped.MappedFile(tmp_path / "m.gguf")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_a_folder_gives_its_model(tmp_path):
    """The single file, else the only GGUF or APR; other files are no model."""
    (tmp_path / "config.json").write_text("{}")
    assert refusal(tmp_path).rule == "folder-empty"
    assert "config.json" in str(refusal(tmp_path))
    write(tmp_path, tiny_gguf(), "a.gguf")
    with open_artifact(tmp_path) as artifact:
        assert artifact.path.name == "a.gguf"
    write(tmp_path, tiny_apr(), "b.apr")
    assert refusal(tmp_path).rule == "folder-ambiguous"
    write(tmp_path, tiny_safetensors(), "model.safetensors")
    with open_artifact(tmp_path) as artifact:
        assert artifact.path.name == "model.safetensors"
    with open_artifact(tmp_path, format="safetensors") as artifact:
        assert artifact.format == "safetensors"


def test_a_single_file_beside_an_index_is_refused(tmp_path):
    """Unless the index itself names it; and naming the one that is meant always works."""
    write(tmp_path, safetensors_bytes({}), "model.safetensors")
    write(tmp_path, tiny_safetensors(), "1.safetensors")
    weight_map = b'{"weight_map":{"a.weight":"1.safetensors","b.bias":"1.safetensors"}}'
    write(tmp_path, weight_map, INDEX_NAME)
    assert refusal(tmp_path).rule == "folder-ambiguous"
    with open_artifact(tmp_path / INDEX_NAME) as artifact:
        assert len(artifact.tensors) == 2
    write(tmp_path, tiny_safetensors(), "model.safetensors")
    write(tmp_path, weight_map.replace(b"1.safe", b"model.safe"), INDEX_NAME)
    with open_artifact(tmp_path) as artifact:
        assert artifact.path.name == INDEX_NAME


def test_a_folder_does_not_lead_out_of_itself(tmp_path):
    """A link in a folder that leads elsewhere is refused; named directly, it is followed."""
    write(tmp_path, gguf_bytes(), "elsewhere")
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "model.safetensors").symlink_to("/etc/passwd")
    assert refusal(folder).rule == "path-escape"
    (folder / "model.safetensors").unlink()
    (folder / "model.gguf").symlink_to(tmp_path / "elsewhere")
    assert refusal(folder).rule == "path-escape"
    open_artifact(folder / "model.gguf").close()


def test_permissions_are_a_refusal(tmp_path, monkeypatch):
    """A file and a folder that may not be read say so; as root may read everything, the system is made to say it."""
    path = write(tmp_path, tiny_apr())

    def denied(*arguments):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(mapped.os, "open", denied)
    assert refusal(path).rule == "file-unreadable"
    assert "Permission denied" in str(refusal(path))
    monkeypatch.setattr(type(tmp_path), "iterdir", denied)
    assert refusal(tmp_path).rule == "folder-unreadable"
