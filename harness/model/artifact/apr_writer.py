"""Writer of APR v2: one pass over the payloads, both checksums, the file whole or not at all."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.model.artifact.apr_header import ALIGNMENT, FOOTER, ROW_MAJOR, SIZE, Header
from harness.model.artifact.apr_index import MAX_DIMS, MAX_NAME
from harness.model.artifact.apr_metadata import encode_metadata
from harness.model.artifact.dtypes import APR_IDS
from harness.model.artifact.json_header import parse_object
from harness.model.artifact.ranges import align
from harness.model.artifact.whole_file import whole_file
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from harness.model.artifact.dtypes import DType
    from harness.model.artifact.whole_file import Stream

_NUMBERS = {dtype.name: number for number, dtype in APR_IDS.items()}


@dataclass(frozen=True, slots=True)
class TensorSource:
    """A tensor to be written; its payload is asked for when its turn comes, in chunks of any size."""

    name: str
    dims: tuple[int, ...]
    """Outermost first."""
    dtype: DType
    chunks: Callable[[], Iterator[bytes | memoryview]]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written whole."""

    path: Path
    nbytes: int
    sha256: str
    tensors: int


def write_apr(
    dest: Path, metadata: Mapping[str, Any] | bytes, tensors: Iterable[TensorSource], *, overwrite: bool = False
) -> WrittenFile:
    """Write an APR v2 file; memory does not follow the payloads.

    `metadata` is encoded in the key order of the newest `apr`; bytes are taken as the JSON text itself.
    Raises ArtifactError (apr-dtype for a type that APR does not hold, apr-name, apr-dims, apr-index-sorted for a
    name given twice, apr-metadata, F-LAYOUT-CONTRACT-004 for a payload of another size than its dims ask for) and
    RefusedError (the destination exists or cannot be written). After an exception `dest` is as it was before.
    """
    file = str(dest)
    text = _metadata_text(metadata, file)
    ordered = sorted(tensors, key=lambda source: source.name.encode("utf-8", "surrogatepass"))
    index, data_size = _index(ordered, file)
    index_offset = SIZE + align(len(text), ALIGNMENT)
    data_offset = index_offset + align(len(index), ALIGNMENT)
    header = Header(2, 0, ROW_MAJOR, len(ordered), SIZE, len(text), index_offset, data_offset)
    with whole_file(dest, overwrite=overwrite) as stream:
        sink = _Sink(stream)
        sink.write(header.pack())
        sink.write_padded(text)
        sink.write_padded(index)
        for source in ordered:
            _write_payload(sink, source, file)
        assert sink.nbytes == data_offset + data_size
        sink.write(sink.crc.to_bytes(FOOTER, "little"))
    return WrittenFile(path=dest, nbytes=sink.nbytes, sha256=sink.sha256.hexdigest(), tensors=len(ordered))


class _Sink:
    """Writes and, on the way, counts and hashes."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.nbytes = 0
        self.crc = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        self._stream.write(data)
        self.crc = zlib.crc32(data, self.crc)
        self.sha256.update(data)
        self.nbytes += len(data)

    def write_padded(self, data: bytes) -> None:
        self.write(data)
        self.pad()

    def pad(self) -> None:
        self.write(bytes(-self.nbytes % ALIGNMENT))


def _metadata_text(metadata: Mapping[str, Any] | bytes, file: str) -> bytes:
    if isinstance(metadata, bytes):
        parse_object(metadata, file=file, offset=SIZE, rule="apr-metadata", what="the metadata")
        return metadata
    return encode_metadata(metadata, file=file)


def _index(ordered: list[TensorSource], file: str) -> tuple[bytes, int]:
    """Index section without padding, and bytes of the data section with it."""
    parts: list[bytes] = []
    offset = 0
    for number, source in enumerate(ordered):
        name = _check(source, file)
        if number and ordered[number - 1].name == source.name:
            raise _refused(
                "apr-index-sorted", "the tensor's name was given twice", source, file, source.name, "each once"
            )
        nbytes = source.dtype.nbytes(source.dims)
        parts.append(struct.pack("<H", len(name)) + name)
        parts.append(bytes((_NUMBERS[source.dtype.name], len(source.dims))))
        parts.append(struct.pack(f"<{len(source.dims)}QQQ", *source.dims, offset, nbytes))
        offset += align(nbytes, ALIGNMENT)
    return b"".join(parts), offset


def _check(source: TensorSource, file: str) -> bytes:
    """UTF-8 of the name, when APR can hold this tensor."""
    try:
        name = source.name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _refused("apr-name", "the name is no Unicode text", source, file, ascii(source.name), "UTF-8") from error
    if len(name) > MAX_NAME:
        raise _refused("apr-name", "the name is too long", source, file, f"{len(name)} bytes", f"at most {MAX_NAME}")
    if len(source.dims) > MAX_DIMS or not all(0 <= dim < 2**63 for dim in source.dims):
        raise _refused(
            "apr-dims", "APR does not hold these dims", source, file, str(source.dims), f"at most {MAX_DIMS}"
        )
    if source.dtype.name not in _NUMBERS:
        raise _refused(
            "apr-dtype", f"APR does not hold {source.dtype.name}", source, file, source.dtype.name, ", ".join(_NUMBERS),
            "--dequantize widens block types to F32",
        )  # fmt: skip
    return name


def _write_payload(sink: _Sink, source: TensorSource, file: str) -> None:
    expected = source.dtype.nbytes(source.dims)
    written = 0
    for chunk in source.chunks():
        data = chunk if isinstance(chunk, bytes) else memoryview(chunk).cast("B")
        written += len(data)
        if written > expected:
            break
        sink.write(data)
    if written != expected:
        raise _refused(
            "F-LAYOUT-CONTRACT-004", "the payload has not the size that dims and dtype ask for", source, file,
            f"{'more than ' if written > expected else ''}{min(written, expected)} bytes",
            f"{expected} bytes for {source.dtype.name} {list(source.dims)}",
        )  # fmt: skip
    sink.pad()


def _refused(  # noqa: PLR0913, PLR0917 - the parts of one error line
    rule: str, message: str, source: TensorSource, file: str, found: str, expected: str, way_out: str = ""
) -> ArtifactError:
    return ArtifactError(
        message, rule=rule, file=file, tensor=source.name, found=found, expected=expected, way_out=way_out
    )
