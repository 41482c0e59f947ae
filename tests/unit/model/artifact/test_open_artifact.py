from __future__ import annotations

import os
import pickle
import socket
import struct
import zipfile

import pytest
from artifact_samples import gguf_bytes, safetensors_bytes, tiny_apr, tiny_gguf, tiny_safetensors, write

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


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    """A pipe nobody writes to, a device that never ends, a socket, nothing at all."""
    os.mkfifo(tmp_path / "pipe.gguf")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path)
        server.bind("sock.gguf")
        found = {name: refusal(tmp_path / name) for name in ("pipe.gguf", "sock.gguf")}
    assert {error.rule for error in found.values()} == {"file-kind"}
    assert "a pipe" in str(found["pipe.gguf"])
    assert "a character device" in str(refusal(type(tmp_path)("/dev/zero")))
    assert refusal(tmp_path / "none.gguf").rule == "file-missing"
    assert refusal(tmp_path / ("n" * 5000)).rule in {"file-unreadable", "folder-unreadable"}
    assert refusal(type(tmp_path)("a\0b")).rule in {"file-unreadable", "folder-unreadable"}


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


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permissions_are_a_refusal(tmp_path):
    """A file and a folder that may not be read say so."""
    path = write(tmp_path, tiny_apr())
    path.chmod(0)
    assert refusal(path).rule == "file-unreadable"
    (tmp_path / "closed").mkdir(mode=0)
    assert refusal(tmp_path / "closed").rule == "folder-unreadable"
    (tmp_path / "closed").chmod(0o700)
