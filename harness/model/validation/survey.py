"""The values of a tensor as the gates see them: pieces that can be read again, surveyed in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from harness.model.kernels.statistics import Accumulator, RowNorms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from harness.model.kernels.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Values:
    """A tensor's values: flat pieces in row-major order, afresh with each call, so that memory stays at one piece."""

    dims: tuple[int, ...]
    """Outermost first."""
    pieces: Callable[[], Iterable[NDArray[Any]]]

    @classmethod
    def of(cls, array: NDArray[Any]) -> Self:
        """The values of an array in its own dims."""
        return cls(array.shape, lambda: [array.reshape(-1)])


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the values shows."""

    whole: Statistics
    floating: bool
    """False for integers and booleans."""
    norms: NDArray[np.float64] | None
    """L2 norm of each row, float64, where rows were asked for; NaN or infinite when one of its values is."""


def survey(values: Values, *, rows: bool) -> Survey:
    """Read `values` once. `rows` asks for the norm of each row as well. Raises ArtifactError as the reader does."""
    whole = Accumulator()
    norms = RowNorms(values.dims) if rows else None
    floating = True
    for piece in values.pieces():
        floating = piece.dtype.kind == "f"
        whole.add(piece)
        if norms is not None:
            norms.add(piece)
    return Survey(whole.result(), floating, None if norms is None else norms.result())
