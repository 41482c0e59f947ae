"""F-LAYOUT-CONTRACT-002 and 004: heads and embeddings are [vocab, hidden], payloads have the size of their dims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.model.validation.roles import Role, inside_a_layer, role_of

if TYPE_CHECKING:
    from harness.model.artifact.view import TensorEntry

ROWS_OF_VOCABULARY = "F-LAYOUT-CONTRACT-002"
PAYLOAD_SIZE = "F-LAYOUT-CONTRACT-004"


@dataclass(frozen=True, slots=True)
class ModelDims:
    """What a file says about the model; None where it says nothing."""

    vocab: int | None
    hidden: int | None

    @property
    def known(self) -> bool:
        """True when dims can be judged in full."""
        return self.vocab is not None and self.hidden is not None


def wrong_dims(name: str, dims: tuple[int, ...], model: ModelDims) -> str:
    """Why the dims of an embedding or a head (outermost first) break F-LAYOUT-CONTRACT-002; "" when they do not.

    Dims are compared one by one: their product is the same either way round. A tensor outside the layers that has
    exactly the dims [hidden, vocab] is a reversed head under whatever name, since no other tensor has them.
    """
    named = role_of(name, dims) in {Role.EMBEDDING, Role.HEAD}
    if not named and not _reversed_under_another_name(name, dims, model):
        return ""
    expected = (model.vocab, model.hidden)
    fits = len(dims) == 2 and all(want in {None, have} for want, have in zip(expected, dims, strict=True))
    if fits:
        return ""
    shown = ", ".join("vocab" if want is None else str(want) for want in expected)
    return f"dims {list(dims)}; [vocab, hidden] is [{shown}]"


def wrong_size(entry: TensorEntry) -> str:
    """Why the payload of `entry` breaks F-LAYOUT-CONTRACT-004; "" when its size is that of its dims and dtype."""
    if entry.nbytes == entry.expected_nbytes:
        return ""
    return f"{entry.nbytes} bytes for {entry.dtype.name} {list(entry.dims)}, which takes {entry.expected_nbytes}"


def _reversed_under_another_name(name: str, dims: tuple[int, ...], model: ModelDims) -> bool:
    return model.known and dims == (model.hidden, model.vocab) and not inside_a_layer(name)
