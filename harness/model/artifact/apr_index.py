"""The tensor index of APR v2: entries sorted by name, and element types in both numberings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.model.artifact.apr_header import ALIGNMENT
from harness.model.artifact.dtypes import APR_IDS, APR_Q4, APR_Q8, BF16, GGML_NAMES, Q4_0, Q8_0, Q8_1
from harness.model.artifact.ranges import check_dims
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from harness.model.artifact.cursor import Cursor
    from harness.model.artifact.dtypes import DType

MAX_DIMS = 8
MAX_NAME = 256
"""Bytes; writers in the field cut longer names, so that no file in the field has one."""
SMALLEST_ENTRY = 20

LEGACY_IDS: dict[int, tuple[DType, DType]] = {2: (BF16, Q4_0), 8: (APR_Q4, Q8_0), 9: (APR_Q8, Q8_1)}
"""Numbers that meant the first to APR's writers before GH-438 and mean the second to GGML's."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An entry as it stands in the file."""

    name: str
    dtype_id: int
    dims: tuple[int, ...]
    offset: int
    """Bytes from the start of the data section."""
    nbytes: int
    position: int
    """Byte offset of the entry in the file."""


def read_index(cursor: Cursor, count: int) -> list[IndexEntry]:
    """Read `count` entries.

    Raises ArtifactError: apr-truncated, apr-name, apr-index-sorted, apr-dims, apr-alignment.
    """
    if count * SMALLEST_ENTRY > cursor.remaining:
        raise cursor.error(
            "truncated",
            "the header promises more tensors than the index has room for",
            found=f"{count} tensors",
            expected=f"at most {cursor.remaining // SMALLEST_ENTRY}",
        )
    entries: list[IndexEntry] = []
    before = b""
    for number in range(count):
        entry = _read_entry(cursor)
        name = entry.name.encode("utf-8")
        if number and name <= before:
            raise ArtifactError(
                "the tensor's name stands twice" if name == before else "the index is not sorted by name",
                rule="apr-index-sorted",
                file=cursor.file,
                offset=entry.position,
                tensor=entry.name,
                found=f"{entry.name!r} after {entries[-1].name!r}",
                expected="names that strictly increase, byte by byte",
                way_out="write the file again with a tool that sorts the index",
            )
        before = name
        entries.append(entry)
    return entries


def _read_entry(cursor: Cursor) -> IndexEntry:
    position = cursor.offset
    length = cursor.unsigned(2, "the length of a tensor name")
    if length > MAX_NAME:
        raise cursor.error("name", "a tensor name is too long", found=f"{length} bytes", expected=f"at most {MAX_NAME}")
    name = cursor.text(length, "a tensor name")
    dtype_id = cursor.unsigned(1, f"the dtype of {name}")
    rank = cursor.unsigned(1, f"the number of dims of {name}")
    if rank > MAX_DIMS:
        raise cursor.error("dims", f"too many dims of tensor {name}", found=str(rank), expected=f"at most {MAX_DIMS}")
    dims = tuple(cursor.unsigned(8, f"the dims of {name}") for _ in range(rank))
    check_dims(dims, rule="apr-dims", file=cursor.file, offset=position, tensor=name)
    offset = cursor.unsigned(8, f"the offset of {name}")
    if offset % ALIGNMENT:
        raise cursor.error(
            "alignment",
            f"the payload of tensor {name} is not aligned",
            found=f"offset {offset}",
            expected=f"a multiple of {ALIGNMENT}",
        )
    return IndexEntry(name, dtype_id, dims, offset, cursor.unsigned(8, f"the size of {name}"), position)


def decide_dtype(entry: IndexEntry, *, file: str) -> DType:
    """Element type of an entry; 2, 8 and 9 are decided by the payload's size.

    Raises ArtifactError by apr-dtype for a number that APR does not have, or that fits two readings.
    """
    number = entry.dtype_id
    if number in APR_IDS:
        return APR_IDS[number]
    if number in LEGACY_IDS:
        ours, theirs = LEGACY_IDS[number]
        fits_ours = entry.nbytes == ours.nbytes(entry.dims)
        fits_theirs = entry.nbytes == theirs.nbytes(entry.dims)
        if entry.nbytes and fits_theirs:
            reading = f"{theirs.name} of GGML, which APR does not hold"
            if fits_ours:
                reading = f"{ours.name} of old APR writers or {theirs.name} of GGML: the payload size fits both"
            raise _refused(entry, file, reading)
        # A size that fits neither is a broken payload; reading it says so, by the size rule.
        return ours
    if number in GGML_NAMES:
        raise _refused(entry, file, f"{GGML_NAMES[number]} of GGML, which APR does not hold")
    raise _refused(entry, file, "no known type")


def _refused(entry: IndexEntry, file: str, reading: str) -> ArtifactError:
    return ArtifactError(
        f"dtype {entry.dtype_id} is {reading}",
        rule="apr-dtype",
        file=file,
        offset=entry.position,
        tensor=entry.name,
        found=f"dtype {entry.dtype_id} with {entry.nbytes} bytes for dims {list(entry.dims)}",
        expected=", ".join(f"{number} {dtype.name}" for number, dtype in APR_IDS.items()),
        way_out="write the file again with a current tool, or convert from the source it was made of",
    )
