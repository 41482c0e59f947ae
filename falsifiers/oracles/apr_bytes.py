"""APR v2 in plain `struct` and `json`: a tolerant reader that lists every container problem, and a plain writer."""

from __future__ import annotations

import json
import mmap
import struct
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zlib import crc32

from falsifiers.oracles.dtypes import APR_NUMBERS, apr_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

MAGIC = b"APR\x00"
HEADER = 64
ROW_MAJOR = 0x0400
COLUMN_MAJOR = 0x0800
TRANSFORMED = 0x0001 | 0x0002 | 0x0004
"""LZ4, Zstandard, encrypted: what follows the header is no plain index."""
MAX_TENSORS = 1_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the container rules forbid; `code` is stable, `message` is for people."""

    code: str
    message: str


@dataclass(slots=True)
class PlainTensor:
    """An index entry and its payload."""

    name: str
    dims: tuple[int, ...]
    number: int
    """The dtype byte as written."""
    payload: bytes | memoryview
    """Clipped to the file where the index promises more."""
    nbytes: int
    """Bytes that the index gives it."""
    offset: int = 0
    """Relative to the data section."""

    @property
    def dtype(self) -> str:
        """Name of the element type; `?N` for an unknown number."""
        return apr_dtype(self.number, self.dims, self.nbytes)


@dataclass(slots=True)
class PlainApr:
    """An APR file as it was found, or as it is to be written."""

    metadata: dict[str, Any]
    tensors: list[PlainTensor]
    """In index order, repeated names included."""
    flags: int = ROW_MAJOR
    version: tuple[int, int] = (2, 0)
    problems: list[Problem] = field(default_factory=list)

    def tensor(self, name: str) -> PlainTensor | None:
        """The first tensor of this name."""
        return next((tensor for tensor in self.tensors if tensor.name == name), None)


class UnreadableError(Exception):
    """The index of the file cannot be found: nothing in it can be judged."""


def read_apr(path: Path) -> PlainApr:
    """Read whatever can be read of `path`. Raises UnreadableError when its index cannot be parsed."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        if size < HEADER:
            raise UnreadableError(f"the file has {size} bytes, an APR header alone has {HEADER}")
        data = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    if bytes(data[:4]) != MAGIC:
        raise UnreadableError(f"the file begins with {bytes(data[:4]).hex(' ')}, an APR file with {MAGIC.hex(' ')}")
    flags, count, meta_at, meta_size, index_at, data_at, header_crc = struct.unpack_from("<HIQIQQI", data, 6)
    apr = PlainApr({}, [], flags=flags, version=(data[4], data[5]))
    if apr.version[0] != 2:
        raise UnreadableError(f"the file says version {data[4]}.{data[5]}, APR v2 is version 2")
    if flags & TRANSFORMED:
        raise UnreadableError(f"flags {flags:#06x} say that the file is compressed or encrypted")
    _check_header(apr, data, header_crc)
    _read_metadata(apr, data, meta_at, meta_size)
    end = _read_index(apr, data, index_at, count, data_at)
    _check_sections(apr, size, (("tensor index", index_at, meta_at + meta_size), ("data section", data_at, end)))
    _check_data(apr, data, data_at)
    return apr


def _check_header(apr: PlainApr, data: memoryview, header_crc: int) -> None:
    found = crc32(data[44:HEADER], crc32(data[:40]))
    if found != header_crc:
        apr.problems.append(Problem("header_crc", f"header says CRC {header_crc:08x}, its bytes give {found:08x}"))
    if apr.flags & COLUMN_MAJOR:
        apr.problems.append(Problem("column_major", f"flags {apr.flags:#06x} carry 0x0800: column-major data"))


def _read_metadata(apr: PlainApr, data: memoryview, at: int, size: int) -> None:
    try:
        if at + size > len(data):
            raise ValueError(f"bytes {at} to {at + size} lie beyond the file")  # noqa: TRY301 - one way to say it
        value = json.loads(
            bytes(data[at : at + size]).decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_repeats
        )
        if not isinstance(value, dict):
            raise TypeError("it is no JSON object")  # noqa: TRY301 - one way to say it
    except (ValueError, TypeError, RecursionError) as error:
        apr.problems.append(Problem("metadata", f"metadata cannot be read: {error}"))
    else:
        apr.metadata = value


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands there twice")
    return value


def _read_index(apr: PlainApr, data: memoryview, at: int, count: int, data_at: int) -> int:
    """Fill `apr.tensors`; gives the offset behind the last entry."""
    if count > MAX_TENSORS:
        raise UnreadableError(f"the header announces {count} tensors")
    for number in range(count):
        try:
            (length,) = struct.unpack_from("<H", data, at)
            name = bytes(data[at + 2 : at + 2 + length]).decode("utf-8", "replace")
            dtype, ndim = struct.unpack_from("<BB", data, at + 2 + length)
            *dims, offset, nbytes = struct.unpack_from(f"<{ndim + 2}Q", data, at + 4 + length)
        except struct.error as error:
            raise UnreadableError(f"index entry {number} of {count} lies beyond the file: {error}") from error
        at += 20 + length + 8 * ndim
        start = min(data_at + offset, len(data))
        payload = data[start : min(start + nbytes, len(data))]
        apr.tensors.append(PlainTensor(name, tuple(dims), dtype, payload, nbytes, offset))
    return at


def _check_sections(apr: PlainApr, size: int, sections: Iterable[tuple[str, int, int]]) -> None:
    """Each section is (name, offset, end of the one before)."""
    for name, at, least in sections:
        if at % 64:
            apr.problems.append(Problem("misaligned", f"the {name} begins at {at}, no multiple of 64"))
        if at < least:
            apr.problems.append(Problem("overlap", f"the {name} begins at {at}, inside what ends at {least}"))
        if at > size:
            apr.problems.append(Problem("out_of_range", f"the {name} begins at {at} in a file of {size} bytes"))


def _check_data(apr: PlainApr, data: memoryview, data_at: int) -> None:
    names = [tensor.name.encode("utf-8", "surrogatepass") for tensor in apr.tensors]
    for before, after in pairwise(names):
        if before == after:
            apr.problems.append(Problem("duplicate", f"two tensors are called {after.decode('utf-8', 'replace')}"))
        elif before > after:
            apr.problems.append(Problem("unsorted", f"{after.decode('utf-8', 'replace')} is out of order in the index"))
    end = body = 0
    for tensor in sorted(apr.tensors, key=lambda tensor: (tensor.offset, tensor.nbytes)):
        if tensor.offset % 64:
            apr.problems.append(Problem("misaligned", f"{tensor.name} begins at {tensor.offset}, no multiple of 64"))
        if tensor.nbytes and tensor.offset < end:
            apr.problems.append(Problem("overlap", f"{tensor.name} begins at {tensor.offset}, before {end}"))
        if len(tensor.payload) < tensor.nbytes or data_at + tensor.offset + tensor.nbytes > len(data) - 4:
            apr.problems.append(Problem("out_of_range", f"{tensor.name} ends beyond the data section"))
        if tensor.dtype.startswith("?"):
            apr.problems.append(Problem("unknown_dtype", f"{tensor.name} has dtype byte {tensor.number}"))
        if tensor.nbytes:
            end = max(end, tensor.offset + tensor.nbytes)
            body = max(body, tensor.offset + -(-tensor.nbytes // 64) * 64)
    _check_footer(apr, data, data_at + end, data_at + body)


def _check_footer(apr: PlainApr, data: memoryview, end: int, padded: int) -> None:
    """The four bytes behind the padded data are the CRC of all before; padding after the last tensor may be short."""
    size = len(data)
    if end + 4 > size or padded < 0:
        apr.problems.append(Problem("footer_crc", "there is no room for the footer behind the last tensor"))
        return
    (said,) = struct.unpack_from("<I", data, size - 4)
    if size > padded + 4:
        apr.problems.append(Problem("trailing_bytes", f"{size - 4 - padded} bytes stand behind the last tensor"))
    found = crc32(data[: size - 4])
    if found != said:
        apr.problems.append(Problem("footer_crc", f"footer says CRC {said:08x}, the bytes before give {found:08x}"))


def write_plain_apr(
    path: Path,
    metadata: dict[str, Any],
    tensors: Iterable[PlainTensor],
    *,
    flags: int = ROW_MAJOR,
    index_order: bool = False,
) -> None:
    """Write `tensors` with both CRCs right. The payloads stand in the order given, the index is sorted by name.

    `index_order` keeps the index in the order given, which is wrong on purpose. The size that the index states is
    `nbytes` of each tensor, and its payload is written as it is.
    """
    given = list(tensors)
    data = bytearray()
    places: dict[int, int] = {}
    for tensor in given:
        places[id(tensor)] = len(data)
        data += tensor.payload
        data += bytes(-len(data) % 64)
    indexed = given if index_order else sorted(given, key=lambda tensor: tensor.name.encode())
    index = b"".join(_entry(tensor, places[id(tensor)]) for tensor in indexed)
    text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode()
    index_at = HEADER + len(text) + -len(text) % 64
    data_at = index_at + len(index) + -len(index) % 64
    head = struct.pack("<4sBBHIQIQQ", MAGIC, 2, 0, flags, len(given), HEADER, len(text), index_at, data_at)
    header = head + struct.pack("<I", crc32(bytes(20), crc32(head))) + bytes(20)
    body = header + text.ljust(index_at - HEADER, b"\0") + index.ljust(data_at - index_at, b"\0") + bytes(data)
    path.write_bytes(body + struct.pack("<I", crc32(body)))


def _entry(tensor: PlainTensor, offset: int) -> bytes:
    name = tensor.name.encode()
    shape = struct.pack(f"<BB{len(tensor.dims)}Q", tensor.number, len(tensor.dims), *tensor.dims)
    return struct.pack("<H", len(name)) + name + shape + struct.pack("<QQ", offset, tensor.nbytes)


def plain_tensor(name: str, dtype: str, dims: tuple[int, ...], payload: bytes) -> PlainTensor:
    """A tensor to be written, by the name of its type. Raises KeyError for a type that APR cannot hold."""
    return PlainTensor(name, dims, APR_NUMBERS[dtype], payload, len(payload))


def rewrite(path: Path, edit: Callable[[PlainApr], object]) -> None:
    """Read `path`, let `edit` change it, and write it back with both CRCs right."""
    apr = read_apr(path)
    for tensor in apr.tensors:
        tensor.payload = bytes(tensor.payload)
    edit(apr)
    write_plain_apr(path, apr.metadata, apr.tensors, flags=apr.flags)


def restore_checksums(data: bytearray) -> None:
    """Make both CRCs of an APR file in memory right again, whatever was changed in it."""
    struct.pack_into("<I", data, 40, crc32(data[44:HEADER], crc32(data[:40])))
    struct.pack_into("<I", data, len(data) - 4, crc32(data[:-4]))
