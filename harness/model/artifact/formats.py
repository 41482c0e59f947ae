"""What a file is by its first bytes: the formats that are read, and many that are refused by name."""

from __future__ import annotations

from typing import NamedTuple

from harness.verdict.errors import ArtifactError

HEAD = 64
"""Bytes that `recognise` wants to see."""
MAX_SAFETENSORS_HEADER = 100_000_000
"""Limit of the safetensors library."""


class _Known(NamedTuple):
    prefix: bytes
    what: str
    way_out: str


_CONVERT = "convert it to SafeTensors, GGUF or APR v2 with the tool that wrote it"
_REIMPORT = "import the checkpoint again with a current tool, which writes APR v2"
_PICKLE = "save it as SafeTensors; pickles run code when they are opened, and none is opened here"

_REFUSED = (
    _Known(b"APRN", "an APR v1 file (APRN, classic models)", _REIMPORT),
    _Known(b"APR1", "an APR1 file (whisper.apr)", _REIMPORT),
    _Known(b"APR2", "an APR2 file, a layout that was only ever specified", _REIMPORT),
    _Known(b"APRT", "an APRT file: traced stage tensors, no model", "name the model that was traced"),
    _Known(b"PK\x03\x04", "a zip archive, as PyTorch saves checkpoints", _PICKLE),
    _Known(b"PK\x05\x06", "an empty zip archive", _CONVERT),
    _Known(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46", "a PyTorch checkpoint of the old kind (a pickle)", _PICKLE),
    _Known(b"\x80\x02", "a pickle", _PICKLE),
    _Known(b"\x80\x03", "a pickle", _PICKLE),
    _Known(b"\x80\x04", "a pickle", _PICKLE),
    _Known(b"\x80\x05", "a pickle", _PICKLE),
    _Known(b"\x93NUMPY", "a NumPy array", _CONVERT),
    _Known(b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras saves models", _CONVERT),
    _Known(b"\x1f\x8b", "a gzip file", "decompress it"),
    _Known(b"\x28\xb5\x2f\xfd", "a Zstandard file", "decompress it"),
    _Known(b"FUGG", "a big-endian GGUF file", "convert it to little-endian (gguf-convert-endian)"),
    _Known(b"lmgg", "a GGML file from before GGUF", "convert it to GGUF with llama.cpp"),
    _Known(b"fmgg", "a GGMF file from before GGUF", "convert it to GGUF with llama.cpp"),
    _Known(b"tjgg", "a GGJT file from before GGUF", "convert it to GGUF with llama.cpp"),
    _Known(b"version https://git-lfs", "a Git LFS pointer, not the file itself", "fetch it: git lfs pull"),
    _Known(b"<", "a page of HTML or XML, perhaps an error of the server", "download the file again"),
    _Known(b"\x7fELF", "a program", "name a model file"),
)

_BY_SUFFIX = {".apr": "apr", ".gguf": "gguf", ".safetensors": "safetensors", ".json": "index"}


def recognise(head: bytes, *, suffix: str, file: str) -> str:
    """`apr`, `gguf`, `safetensors` or `index` (a sharded checkpoint's JSON), from the first 64 bytes of a file.

    The suffix decides nothing; where no format is known by the bytes it picks the reader whose refusal says most.
    Raises ArtifactError by `format-empty`, `format-unsupported` or `format-unknown`.
    """
    if not head:
        raise ArtifactError(
            "the file is empty",
            rule="format-empty",
            file=file,
            offset=0,
            expected="a model file",
            way_out="fetch it again",
        )
    # A header length can spell any magic, so SafeTensors comes first: no other format has `{` behind a small number.
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= MAX_SAFETENSORS_HEADER:
        return "safetensors"
    if head[:4] == b"GGUF":
        return "gguf"
    if head[:4] == b"APR\0":
        if head[4:5] == b"\2":
            return "apr"
        raise _unsupported("another format behind the magic of APR", "name an APR v2 file", head, file)
    for known in _REFUSED:
        if head.startswith(known.prefix):
            raise _unsupported(known.what, known.way_out, head, file)
    if head.lstrip()[:1] == b"{":
        return "index"
    if suffix.lower() in _BY_SUFFIX:
        return _BY_SUFFIX[suffix.lower()]
    raise ArtifactError(
        "this is no model file that is known here",
        rule="format-unknown",
        file=file,
        offset=0,
        found=f"bytes {head[:8].hex(' ')}",
        expected="APR v2, GGUF or SafeTensors",
        way_out=_CONVERT,
    )


def _unsupported(what: str, way_out: str, head: bytes, file: str) -> ArtifactError:
    return ArtifactError(
        f"this is {what}, which is not read",
        rule="format-unsupported",
        file=file,
        offset=0,
        found=f"bytes {head[:8].hex(' ')}",
        expected="APR v2, GGUF or SafeTensors",
        way_out=way_out,
    )
