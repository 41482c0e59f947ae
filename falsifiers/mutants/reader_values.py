"""Finished files whose values are changed, checksums kept right, before the sound reader sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.mutants.reader_bent import Editing
from falsifiers.oracles.dtypes import ITEMSIZE
from harness.trial.interface import operator

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from falsifiers.oracles.apr_bytes import PlainApr, PlainTensor

EMBEDDING = "model.embed_tokens.weight"
_NAN = {"F32": b"\0\0\xc0\x7f", "F16": b"\0\x7e", "BF16": b"\xc0\x7f"}
_ONE = {"F32": b"\0\0\x80\x3f", "F16": b"\0\x3c", "BF16": b"\x80\x3f"}


def _elements(tensor: PlainTensor) -> NDArray[np.uint8]:
    """A writable copy of the payload, one row of bytes an element."""
    return np.frombuffer(bytes(tensor.payload), np.uint8).reshape(-1, ITEMSIZE[tensor.dtype]).copy()


def _values_edited(sound: Any, edit: Callable[[PlainTensor, NDArray[np.uint8]], None], *, only: str = "") -> Editing:
    """An editing reader: `edit` changes the elements of every plain, non-empty matrix, or of `only`."""

    def edit_file(apr: PlainApr) -> None:
        for tensor in apr.tensors:
            wanted = tensor.name == only if only else len(tensor.dims) > 1
            if wanted and tensor.dtype in _NAN and tensor.nbytes:
                elements = _elements(tensor)
                edit(tensor, elements)
                tensor.payload = elements.tobytes()

    return Editing(sound, edit_file)


@operator(
    role="reader", edits="bytes", where="payload of the embedding", what="zeroes every other element and one more",
    before="values", after="at least half of them zero",
)  # fmt: skip
def zeroes_half_of_the_embedding(sound: Any) -> Any:
    """Make every embedding sparse."""

    def edit(_: PlainTensor, elements: NDArray[np.uint8]) -> None:
        elements[::2] = 0

    return _values_edited(sound, edit, only=EMBEDDING)


@operator(
    role="reader", edits="bytes", where="payloads of matrices", what="puts a one where a zero stands",
    before="zeros of both signs", after="ones",
)  # fmt: skip
def fills_zeros(sound: Any) -> Any:
    """Hide every zero from the gates."""

    def edit(tensor: PlainTensor, elements: NDArray[np.uint8]) -> None:
        magnitude = elements.copy()
        magnitude[:, -1] &= 0x7F
        elements[~magnitude.any(axis=1)] = np.frombuffer(_ONE[tensor.dtype], np.uint8)

    return _values_edited(sound, edit)


@operator(
    role="reader", edits="bytes", where="payloads of matrices", what="puts a one where a NaN or an infinity stands",
    before="NaN or infinity", after="1.0",
)  # fmt: skip
def launders_nonfinite(sound: Any) -> Any:
    """Hide NaN and infinities from the gates."""

    def edit(tensor: PlainTensor, elements: NDArray[np.uint8]) -> None:
        exponent = np.frombuffer(
            {"F32": b"\0\0\x80\x7f", "F16": b"\0\x7c", "BF16": b"\x80\x7f"}[tensor.dtype], np.uint8
        )
        elements[((elements & exponent) == exponent).all(axis=1)] = np.frombuffer(_ONE[tensor.dtype], np.uint8)

    return _values_edited(sound, edit)


@operator(
    role="reader", edits="bytes", where="last element of every matrix", what="plants a NaN",
    before="a finite value", after="NaN",
)  # fmt: skip
def plants_nan(sound: Any) -> Any:
    """Put a NaN into sound matrices."""

    def edit(tensor: PlainTensor, elements: NDArray[np.uint8]) -> None:
        elements[-1] = np.frombuffer(_NAN[tensor.dtype], np.uint8)

    return _values_edited(sound, edit)


@operator(
    role="reader", edits="bytes", where="payloads of matrices", what="copies the first element over all others",
    before="values that vary", after="one value",
)  # fmt: skip
def flattens_matrices(sound: Any) -> Any:
    """Make every matrix constant."""

    def edit(_: PlainTensor, elements: NDArray[np.uint8]) -> None:
        elements[:] = elements[0]

    return _values_edited(sound, edit)


@operator(
    role="reader", edits="bytes", where="row of the embedding at half of the vocabulary", what="zeroes the row",
    before="a living row", after="zeros",
)  # fmt: skip
def kills_spot_row(sound: Any) -> Any:
    """Zero the middle spot row of sound embeddings."""

    def edit(tensor: PlainTensor, elements: NDArray[np.uint8]) -> None:
        rows, columns = tensor.dims
        elements[rows // 2 * columns : (rows // 2 + 1) * columns] = 0

    return _values_edited(sound, edit, only=EMBEDDING)


@operator(
    role="reader", edits="bytes", where="rows of the embedding behind each spot row", what="zeroes every third row",
    before="living rows", after="a third of them zero",
)  # fmt: skip
def kills_every_third_row(sound: Any) -> Any:
    """Zero a third of the rows of sound embeddings."""

    def edit(tensor: PlainTensor, elements: NDArray[np.uint8]) -> None:
        rows, columns = tensor.dims
        elements.reshape(rows, -1)[::3] = 0
        assert columns

    return _values_edited(sound, edit, only=EMBEDDING)
