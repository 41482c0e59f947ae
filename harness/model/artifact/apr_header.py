"""The first 64 bytes of APR v2: magic, version, flags, section offsets, and their checksum."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from harness.verdict.errors import ArtifactError

MAGIC = b"APR\0"
SIZE = 64
ALIGNMENT = 64
FOOTER = 4

LZ4, ZSTD, ENCRYPTED = 0x0001, 0x0002, 0x0004
QUANTIZED = 0x0020
ROW_MAJOR = 0x0400
COLUMN_MAJOR = 0x0800
KNOWN_FLAGS = 0x0FFF

# magic, major, minor, flags, tensors, metadata offset and size, index offset, data offset, checksum
_FIELDS = struct.Struct("<4sBBHIQIQQI")
_CHECKSUM_AT = 40

_REFUSED_FLAGS = (
    (LZ4, "apr-compressed", "an LZ4-compressed APR file", "decompress it with the tool that wrote it"),
    (ZSTD, "apr-compressed", "a Zstandard-compressed APR file", "decompress it with the tool that wrote it"),
    (ENCRYPTED, "apr-encrypted", "an encrypted APR file", "decrypt it with the tool that wrote it"),
    (
        COLUMN_MAJOR,
        "apr-column-major",
        "an APR file that says its tensors are column-major",
        "write it row-major: every reader takes the dims as [out, in]",
    ),
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says; offsets in bytes from the start of the file."""

    major: int
    minor: int
    flags: int
    tensor_count: int
    metadata_offset: int
    metadata_size: int
    index_offset: int
    data_offset: int

    def pack(self) -> bytes:
        """The 64 bytes, checksum included."""
        fields = (
            MAGIC, self.major, self.minor, self.flags, self.tensor_count,
            self.metadata_offset, self.metadata_size, self.index_offset, self.data_offset,
        )  # fmt: skip
        blank = _FIELDS.pack(*fields, 0).ljust(SIZE, b"\0")
        return _FIELDS.pack(*fields, checksum(blank)).ljust(SIZE, b"\0")


def checksum(header: bytes) -> int:
    """CRC-32 of the 64 header bytes without the four that hold it."""
    return zlib.crc32(header[_CHECKSUM_AT + 4 :], zlib.crc32(header[:_CHECKSUM_AT]))


def parse_header(raw: bytes, *, file: str) -> Header:
    """The header in the first 64 bytes of a file, `raw`.

    Raises ArtifactError: apr-truncated, apr-magic, apr-version, apr-header-crc, apr-flags, apr-compressed,
    apr-encrypted, apr-column-major.
    """
    if raw[:4] != MAGIC[: len(raw[:4])]:
        raise _error("apr-magic", "not an APR v2 file", file, 0, raw[:4].hex(" "), MAGIC.hex(" "))
    if len(raw) < SIZE:
        raise _error("apr-truncated", "the header is cut short", file, len(raw), f"{len(raw)} bytes", f"{SIZE} bytes")
    _, major, minor, flags, count, metadata_offset, metadata_size, index_offset, data_offset, stored = (
        _FIELDS.unpack_from(raw)
    )
    if (major, minor) != (2, 0):
        raise _error("apr-version", "an unknown version of APR", file, 4, f"{major}.{minor}", "2.0")
    computed = checksum(raw)
    if stored != computed:
        raise _error(
            "apr-header-crc",
            "the header's checksum does not hold",
            file,
            _CHECKSUM_AT,
            f"{stored:08x}",
            f"{computed:08x}",
        )
    for bit, rule, meaning, way_out in _REFUSED_FLAGS:
        if flags & bit:
            raise _error(
                rule, f"{meaning} is not read", file, 6, f"flags 0x{flags:04x}", f"bit 0x{bit:04x} off", way_out
            )
    if flags & ~KNOWN_FLAGS:
        raise _error("apr-flags", "unknown flags", file, 6, f"flags 0x{flags:04x}", f"none outside 0x{KNOWN_FLAGS:04x}")
    return Header(major, minor, flags, count, metadata_offset, metadata_size, index_offset, data_offset)


def _error(  # noqa: PLR0913, PLR0917 - the parts of one error line
    rule: str, message: str, file: str, offset: int, found: str, expected: str, way_out: str = ""
) -> ArtifactError:
    return ArtifactError(
        message,
        rule=rule,
        file=file,
        offset=offset,
        found=found,
        expected=expected,
        way_out=way_out or "the file is damaged or of another kind: fetch or write it again",
    )
