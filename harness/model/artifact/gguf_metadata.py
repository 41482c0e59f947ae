"""Metadata values of GGUF: scalars are read at once, arrays are measured and decoded when somebody asks."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from harness.model.artifact.cursor import Cursor
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from harness.model.artifact.mapped import MappedFile

STRING, ARRAY, BOOL = 8, 9, 7
MAX_KEY = 65_535
MAX_DEPTH = 8
MAX_ITEMS = 1 << 22
"""Elements of one array; merges, the longest in the field, are some 600,000."""

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
TYPE_NAMES = {
    0: "UINT8", 1: "INT8", 2: "UINT16", 3: "INT16", 4: "UINT32", 5: "INT32", 6: "FLOAT32", 7: "BOOL", 8: "STRING",
    9: "ARRAY", 10: "UINT64", 11: "INT64", 12: "FLOAT64",
}  # fmt: skip
_ARRAY_HEAD = 12
_LENGTH = 8


class GgufArray(Sequence[Any]):
    """An array of the metadata. Decoded, whole, at the first access; a 152,000-token vocabulary lists at once.

    Raises ArtifactError at that access when a text in it is not UTF-8, or when the file was closed before.
    """

    def __init__(self, mapped: MappedFile, kind: int, count: int, offset: int, nbytes: int) -> None:
        self._mapped = mapped
        self._kind = kind
        self._count = count
        self._offset = offset
        self._nbytes = nbytes
        self._items: list[Any] | None = None

    @property
    def item_type(self) -> str:
        """Name of the element type, `STRING` or `FLOAT32` for instance."""
        return TYPE_NAMES[self._kind]

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._load()[index]

    def _load(self) -> list[Any]:
        if self._items is None:
            view = self._mapped.slice(self._offset, self._nbytes, rule="gguf-truncated", what="the array")
            if self._kind in _SCALARS:
                self._items = [item for (item,) in struct.iter_unpack(_SCALARS[self._kind], view)]
            elif self._kind == STRING:
                self._items = self._strings(bytes(view))
            else:
                cursor = Cursor(view, file=self._mapped.file, prefix="gguf", base=self._offset)
                self._items = [_read_array(self._mapped, cursor, "an element", 1) for _ in range(self._count)]
        return self._items

    def _strings(self, data: bytes) -> list[str]:
        """All strings; their lengths were followed to the end on opening, so that none leaves `data`."""
        unpack, position, strings = struct.Struct("<Q").unpack_from, 0, []
        try:
            for _ in range(self._count):
                start = position + _LENGTH
                position = start + unpack(data, position)[0]
                strings.append(data[start:position].decode("utf-8"))
        except struct.error as error:
            raise ArtifactError(
                "the file was changed while it was open",
                rule="file-changed",
                file=self._mapped.file,
                way_out="open it again",
            ) from error
        except UnicodeDecodeError as error:
            raise ArtifactError(
                "a string of an array is not UTF-8",
                rule="gguf-name",
                file=self._mapped.file,
                offset=self._offset + start + error.start,
                found=f"byte 0x{error.object[error.start]:02x} in string {len(strings)}",
                expected="UTF-8 text",
                way_out="convert the file again",
            ) from error
        return strings


def read_value(mapped: MappedFile, cursor: Cursor, kind: int, what: str) -> Any:
    """The value of type `kind` at the cursor, which is left behind it; `what` names it in errors.

    Raises ArtifactError: gguf-truncated, gguf-value-type, gguf-value, gguf-name (text that is not UTF-8).
    """
    if kind in _SCALARS:
        code = _SCALARS[kind]
        raw = cursor.take(struct.calcsize(code), what)
        if kind == BOOL and raw[0] > 1:
            raise cursor.error("value", f"{what} is no truth value", found=f"byte {raw[0]}", expected="0 or 1")
        return struct.unpack(code, raw)[0]
    if kind == STRING:
        return cursor.text(cursor.unsigned(_LENGTH, f"the length of {what}"), what)
    if kind == ARRAY:
        return _read_array(mapped, cursor, what, 0)
    raise cursor.error("value-type", f"{what} has an unknown type", found=str(kind), expected="0 to 12")


def _read_array(mapped: MappedFile, cursor: Cursor, what: str, depth: int) -> GgufArray:
    if depth >= MAX_DEPTH:
        raise cursor.error("value", f"{what} is nested too deep", expected=f"at most {MAX_DEPTH} levels")
    kind = cursor.unsigned(4, f"the element type of {what}")
    count = cursor.unsigned(8, f"the number of elements of {what}")
    start = cursor.offset
    if kind in _SCALARS:
        _check_count(cursor, count, struct.calcsize(_SCALARS[kind]), what)
        raw = cursor.take(count * struct.calcsize(_SCALARS[kind]), what)
        if kind == BOOL and bytes(raw).strip(b"\0\1"):
            raise cursor.error("value", f"{what} holds a byte that is no truth value", expected="0 or 1")
    elif kind == STRING:
        _check_count(cursor, count, _LENGTH, what)
        _skip_strings(cursor, count, what)
    elif kind == ARRAY:
        _check_count(cursor, count, _ARRAY_HEAD, what)
        for _ in range(count):
            _read_array(mapped, cursor, what, depth + 1)
    else:
        raise cursor.error("value-type", f"{what} has elements of an unknown type", found=str(kind), expected="0 to 12")
    return GgufArray(mapped, kind, count, start, cursor.offset - start)


def _check_count(cursor: Cursor, count: int, smallest: int, what: str) -> None:
    most = min(cursor.remaining // smallest, MAX_ITEMS)
    if count > most:
        raise cursor.error(
            "truncated", f"{what} promises more elements than can follow", found=str(count), expected=f"at most {most}"
        )


def _skip_strings(cursor: Cursor, count: int, what: str) -> None:
    """Step over `count` strings; the only loop whose length is the vocabulary's, so it holds nothing else."""
    unpack, view, position = struct.Struct("<Q").unpack_from, cursor.view, cursor.position
    try:
        for _ in range(count):
            position += _LENGTH + unpack(view, position)[0]
    except (struct.error, OverflowError):
        position = len(view) + 1
    if position > len(view):
        raise cursor.error("truncated", f"a string of {what} is cut short", expected="strings that end in the file")
    cursor.position = position
