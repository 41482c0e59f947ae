"""The JSON header of a SafeTensors file: entries of a closed form, whose ranges cover the buffer exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from harness.model.artifact.dtypes import SAFETENSORS_NAMES
from harness.model.artifact.formats import MAX_SAFETENSORS_HEADER
from harness.model.artifact.json_header import parse_object
from harness.model.artifact.ranges import check_dims
from harness.model.artifact.view import TensorEntry
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from harness.model.artifact.mapped import MappedFile

LENGTH_FIELD = 8
METADATA_KEY = "__metadata__"
_KEYS = frozenset({"dtype", "shape", "data_offsets"})
_LARGEST = 2**63 - 1


class Parsed(NamedTuple):
    """Header of a file: `__metadata__`, entries with offsets from the start of the file, start of the buffer."""

    metadata: dict[str, str]
    entries: list[TensorEntry]
    buffer: int


def read_header(mapped: MappedFile) -> Parsed:
    """Parse the header; the ranges are not compared with each other yet.

    Raises ArtifactError: safetensors-truncated, -header, -entry, -metadata, -dtype, -dims, -size.
    """
    raw_length = mapped.slice(0, LENGTH_FIELD, rule="safetensors-truncated", what="the length of the header")
    length = int.from_bytes(raw_length, "little")
    if not 2 <= length <= MAX_SAFETENSORS_HEADER:
        raise _error(mapped, "header", "no header of a possible length", f"{length} bytes", "2 to 100,000,000", 0)
    view = mapped.slice(LENGTH_FIELD, length, rule="safetensors-truncated", what="the header")
    if view[0] != ord("{"):
        raise _error(
            mapped, "header", "the header does not begin with {", f"byte 0x{view[0]:02x}", "0x7b", LENGTH_FIELD
        )
    header = parse_object(view, file=mapped.file, offset=LENGTH_FIELD, rule="safetensors-header", what="the header")
    metadata = _metadata(mapped, header.pop(METADATA_KEY, None))
    buffer = LENGTH_FIELD + length
    return Parsed(metadata, [_entry(mapped, name, value, buffer) for name, value in header.items()], buffer)


def _metadata(mapped: MappedFile, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise _error(mapped, "metadata", f"{METADATA_KEY} does not map text to text", type(value).__name__, "text only")
    return value


def _entry(mapped: MappedFile, name: str, value: Any, buffer: int) -> TensorEntry:
    if not isinstance(value, dict) or value.keys() != _KEYS:
        found = ", ".join(sorted(value)) if isinstance(value, dict) else type(value).__name__
        raise _error(
            mapped, "entry", "the entry has not the keys of a tensor", found, ", ".join(sorted(_KEYS)), tensor=name
        )
    dtype = SAFETENSORS_NAMES.get(value["dtype"]) if isinstance(value["dtype"], str) else None
    if dtype is None:
        raise _error(
            mapped, "dtype", f"dtype {value['dtype']} is not read", str(value["dtype"]), ", ".join(SAFETENSORS_NAMES),
            tensor=name, way_out="save the tensor as one of these",
        )  # fmt: skip
    dims = _counts(value["shape"])
    offsets = _counts(value["data_offsets"])
    if dims is None or offsets is None or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _error(
            mapped, "entry", "shape or data_offsets are no sizes",
            f"shape {str(value['shape'])[:80]}, data_offsets {str(value['data_offsets'])[:80]}",
            "integers from 0 on, and the end not before the beginning", tensor=name,
        )  # fmt: skip
    check_dims(dims, rule="safetensors-dims", file=mapped.file, offset=LENGTH_FIELD, tensor=name)
    begin, end = offsets
    if end - begin != dtype.nbytes(dims):
        raise _error(
            mapped, "size", "the payload has not the size that dims and dtype ask for", f"{end - begin} bytes",
            f"{dtype.nbytes(dims)} bytes for {dtype.name} {list(dims)}", buffer + begin, tensor=name,
        )  # fmt: skip
    return TensorEntry(name, dims, dtype, buffer + begin, end - begin, mapped.path)


def _counts(value: Any) -> tuple[int, ...] | None:
    """The integers of a JSON list, None when it is anything else; true is no integer."""
    if isinstance(value, list) and all(type(item) is int and 0 <= item <= _LARGEST for item in value):
        return tuple(value)
    return None


def _error(  # noqa: PLR0913, PLR0917 - the parts of one error line
    mapped: MappedFile,
    rule: str,
    message: str,
    found: str,
    expected: str,
    offset: int = LENGTH_FIELD,
    *,
    tensor: str = "",
    way_out: str = "the file is damaged or was written by a faulty tool: write it again",
) -> ArtifactError:
    return ArtifactError(
        message,
        rule=f"safetensors-{rule}",
        file=mapped.file,
        offset=offset,
        tensor=tensor,
        found=found,
        expected=expected,
        way_out=way_out,
    )
