"""Where payloads lie: dims that a machine can address, and ranges that follow each other without overlap or hole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterable

_ADDRESSABLE = 2**63 - 1


class Span(NamedTuple):
    """Payload of a tensor: byte offset in its file, bytes, name. Sorts by place, an empty one before its neighbour."""

    offset: int
    nbytes: int
    name: str


def align(offset: int, alignment: int) -> int:
    """`offset` rounded up to a multiple of `alignment`."""
    return -(-offset // alignment) * alignment


def check_dims(dims: Iterable[int], *, rule: str, file: str, offset: int, tensor: str) -> None:
    """Raises ArtifactError when the product of the dims that are not zero is beyond 2^63 - 1."""
    product = 1
    for dim in dims:
        product *= max(1, dim)
        if product > _ADDRESSABLE:
            raise ArtifactError(
                "more elements than a machine can address",
                rule=rule,
                file=file,
                offset=offset,
                tensor=tensor,
                found=f"a product of dims of at least {product}",
                expected=f"at most {_ADDRESSABLE}",
                way_out="the file is damaged: fetch or write it again",
            )


def check_packed(spans: Iterable[Span], *, start: int, alignment: int, prefix: str, file: str) -> int:
    """End of the last payload, padded to `alignment`, after each was found to begin where its neighbour ends.

    Raises ArtifactError by `<prefix>-overlap` or `<prefix>-gap`: bytes that no tensor owns are bytes nobody checks.
    """
    expected, before = start, ""
    for span in sorted(spans):
        if span.offset != expected:
            overlaps = span.offset < expected
            raise ArtifactError(
                f"the payload overlaps that of {before}"
                if overlaps
                else "bytes before the payload belong to no tensor",
                rule=f"{prefix}-{'overlap' if overlaps else 'gap'}",
                file=file,
                offset=span.offset,
                tensor=span.name,
                found=f"a payload that begins at {span.offset}",
                expected=f"one that begins at {expected}",
                way_out="the file is damaged or hides something: write it again",
            )
        expected, before = align(span.offset + span.nbytes, alignment), span.name
    return expected
