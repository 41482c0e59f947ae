"""Reader of little-endian GGUF, versions 2 and 3: the header only, with counts and lengths checked before use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.model.artifact.cursor import Cursor
from harness.model.artifact.dtypes import GGML_NAMES, GGUF_IDS
from harness.model.artifact.gguf_metadata import MAX_KEY, TYPE_NAMES, GgufArray, read_value
from harness.model.artifact.mapped import MappedFile, kept_if_read
from harness.model.artifact.mapped_artifact import MappedArtifact
from harness.model.artifact.ranges import Span, align, check_dims, check_packed
from harness.model.artifact.view import TensorEntry
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_DIMS = 4
MAX_TENSORS = 1 << 20
MAX_KEYS = 1 << 16
DEFAULT_ALIGNMENT = 32
_SMALLEST_KEY = 13
_SMALLEST_TENSOR = 24
_BIG_ENDIAN = "convert it to little-endian (gguf-convert-endian)"


class GgufArtifact(MappedArtifact):
    """An open GGUF file. Dims are outermost first, the reverse of the order in the file; arrays decode on access."""

    format = "gguf"
    value_types: dict[str, str]
    """Type of each metadata value as the file has it: `UINT32`, `ARRAY[STRING]` …"""
    alignment: int
    """Bytes; every payload begins at a multiple of it, counted from the first."""

    @classmethod
    def open(cls, path: Path) -> GgufArtifact:
        """Open `path`. Raises ArtifactError by the rule that the file breaks (`gguf-…`)."""
        return kept_if_read(path, cls._read)

    @classmethod
    def _read(cls, mapped: MappedFile) -> GgufArtifact:
        view = mapped.slice(0, mapped.size, rule="gguf-truncated", what="the file")
        cursor = Cursor(view, file=mapped.file, prefix="gguf")
        version = _read_version(cursor)
        tensor_count = cursor.unsigned(8, "the number of tensors")
        key_count = cursor.unsigned(8, "the number of metadata keys")
        _check_count(cursor, key_count, _SMALLEST_KEY, MAX_KEYS, "metadata keys")
        _check_count(cursor, tensor_count, _SMALLEST_TENSOR, MAX_TENSORS, "tensors")
        metadata, types = _read_metadata(mapped, cursor, key_count)
        _refuse_split(mapped, metadata)
        alignment = _alignment(mapped, metadata, types)
        tensors = _read_tensors(mapped, cursor, tensor_count, alignment)
        artifact = cls(mapped.path, [mapped], version=str(version), metadata=metadata, tensors=tensors)
        artifact.value_types = types
        artifact.alignment = alignment
        return artifact


def _read_version(cursor: Cursor) -> int:
    magic = bytes(cursor.take(len(MAGIC), "the magic"))
    if magic != MAGIC:
        cursor.position = 0
        raise cursor.error("magic", "not a GGUF file", found=magic.hex(" "), expected=MAGIC.hex(" "))
    raw = cursor.take(4, "the version")
    version = int.from_bytes(raw, "little")
    if version in VERSIONS:
        return version
    cursor.position = len(MAGIC)
    if int.from_bytes(raw, "big") in VERSIONS:
        raise cursor.error("big-endian", "this is a big-endian GGUF file, which is not read", way_out=_BIG_ENDIAN)
    raise cursor.error(
        "version", "an unknown version of GGUF", found=str(version), expected="2 or 3", way_out="convert it again"
    )


def _check_count(cursor: Cursor, count: int, smallest: int, limit: int, what: str) -> None:
    most = min(cursor.remaining // smallest, limit)
    if count > most:
        raise cursor.error(
            "truncated",
            f"the header promises more {what} than can follow",
            found=str(count),
            expected=f"at most {most}",
        )


def _read_metadata(mapped: MappedFile, cursor: Cursor, count: int) -> tuple[dict[str, Any], dict[str, str]]:
    metadata: dict[str, Any] = {}
    types: dict[str, str] = {}
    for _ in range(count):
        length = cursor.unsigned(8, "the length of a metadata key")
        if length > MAX_KEY:
            raise cursor.error(
                "name", "a metadata key is too long", found=f"{length} bytes", expected=f"at most {MAX_KEY}"
            )
        key = cursor.text(length, "a metadata key")
        if key in metadata:
            raise cursor.error("duplicate", f"the metadata key {key!r} stands twice", expected="each key once")
        kind = cursor.unsigned(4, f"the type of {key!r}")
        value = read_value(mapped, cursor, kind, repr(key))
        metadata[key] = value
        types[key] = f"ARRAY[{value.item_type}]" if isinstance(value, GgufArray) else TYPE_NAMES[kind]
    return metadata, types


def _refuse_split(mapped: MappedFile, metadata: dict[str, Any]) -> None:
    count = metadata.get("split.count", 0)
    if count not in {0, 1}:
        raise ArtifactError(
            "this is one part of a GGUF file that was split, which is not read",
            rule="gguf-split",
            file=mapped.file,
            found=f"split.count {count if isinstance(count, int) else type(count).__name__}",
            expected="a whole file",
            way_out="join the parts first: llama-gguf-split --merge FIRST-PART WHOLE",
        )


def _alignment(mapped: MappedFile, metadata: dict[str, Any], types: dict[str, str]) -> int:
    kind = types.get("general.alignment")
    if kind is None:
        return DEFAULT_ALIGNMENT
    value = metadata["general.alignment"]
    if kind != "UINT32" or value < 1 or value & (value - 1):
        raise ArtifactError(
            "general.alignment is no power of two",
            rule="gguf-alignment",
            file=mapped.file,
            found=f"{kind} {value if isinstance(value, int) else ''}".strip(),
            expected="a power of two of type UINT32",
            way_out="convert the file again",
        )
    return int(value)


def _read_tensors(mapped: MappedFile, cursor: Cursor, count: int, alignment: int) -> dict[str, TensorEntry]:
    listed: dict[str, TensorEntry] = {}
    for _ in range(count):
        entry = _read_tensor(mapped, cursor, alignment)
        if entry.name in listed:
            raise cursor.error("duplicate", f"tensor {entry.name!r} stands twice", expected="each name once")
        listed[entry.name] = entry
    # Offsets count from the first aligned byte behind the table, which is known only now.
    start = align(cursor.offset, alignment)
    tensors: dict[str, TensorEntry] = {}
    for entry in listed.values():
        placed = TensorEntry(entry.name, entry.dims, entry.dtype, start + entry.offset, entry.nbytes, entry.path)
        mapped.slice(placed.offset, placed.nbytes, rule="gguf-range", what="the payload", tensor=placed.name)
        tensors[placed.name] = placed
    spans = (Span(entry.offset, entry.nbytes, entry.name) for entry in tensors.values())
    end = check_packed(spans, start=start, alignment=alignment, prefix="gguf", file=mapped.file)
    if mapped.size > end:
        raise ArtifactError(
            "there are bytes behind the last tensor",
            rule="gguf-trailing",
            file=mapped.file,
            offset=end,
            found=f"a file of {mapped.size} bytes",
            expected=f"at most {end} bytes",
            way_out="something was appended: fetch or convert it again",
        )
    return tensors


def _read_tensor(mapped: MappedFile, cursor: Cursor, alignment: int) -> TensorEntry:
    """One entry of the table, its offset still counted from the start of the data."""
    position = cursor.offset
    name = cursor.text(cursor.unsigned(8, "the length of a tensor name"), "a tensor name")
    rank = cursor.unsigned(4, f"the number of dims of {name}")
    if rank > MAX_DIMS:
        raise cursor.error("dims", f"too many dims of tensor {name}", found=str(rank), expected=f"at most {MAX_DIMS}")
    dims = tuple(cursor.unsigned(8, f"the dims of {name}") for _ in range(rank))[::-1]
    check_dims(dims, rule="gguf-dims", file=mapped.file, offset=position, tensor=name)
    number = cursor.unsigned(4, f"the type of {name}")
    dtype = GGUF_IDS.get(number)
    if dtype is None:
        known = GGML_NAMES.get(number)
        raise cursor.error(
            "dtype",
            f"tensor {name} is of type {number}, {known}, which is not read"
            if known
            else f"tensor {name} is of no known type",
            found=f"type {number}",
            expected=", ".join(f"{key} {value.name}" for key, value in GGUF_IDS.items()),
            way_out="convert or quantise the model to one of these types",
        )
    if (dims[-1] if dims else 1) % dtype.block:
        raise cursor.error(
            "dims",
            f"rows of tensor {name} do not consist of whole blocks",
            found=f"{dtype.name} {list(dims)}",
            expected=f"an innermost dim that is a multiple of {dtype.block}",
        )
    offset = cursor.unsigned(8, f"the offset of {name}")
    if offset % alignment:
        raise cursor.error(
            "alignment",
            f"the payload of tensor {name} is not aligned",
            found=f"offset {offset}",
            expected=f"a multiple of {alignment}",
        )
    return TensorEntry(name, dims, dtype, offset, dtype.nbytes(dims), mapped.path)
