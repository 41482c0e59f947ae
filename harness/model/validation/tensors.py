"""A tensor that has passed every gate: the only kind that a model view takes, and `admit` is its only door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Self, final
from weakref import WeakKeyDictionary

import numpy as np

from harness.model.validation.gates import describe_failures
from harness.model.validation.layout import PAYLOAD_SIZE, ROWS_OF_VOCABULARY, ModelDims, wrong_dims
from harness.model.validation.roles import Role, role_of
from harness.model.validation.survey import Values
from harness.verdict.errors import ArtifactError, ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from harness.model.validation.gates import Gates

UNKNOWN_DIMS = ModelDims(vocab=None, hidden=None)


class TensorRefusedError(ArtifactError):
    """A tensor breaks rules; `rules` is the whole set, `rule` the first of them by name."""

    def __init__(self, name: str, failures: Mapping[str, str], *, file: str = "") -> None:
        super().__init__(
            "; ".join(f"{rule}: {seen}" for rule, seen in sorted(failures.items())),
            rule=min(failures),
            file=file,
            tensor=name,
        )
        self.rules = frozenset(failures)


@dataclass(frozen=True, slots=True)
class _Facts:
    name: str
    dims: tuple[int, ...]
    dtype: str
    role: Role
    values: NDArray[np.generic]


@final
class ValidatedTensor:
    """A tensor that `admit` has let in. It holds nothing that could be changed from outside.

    Its facts stand in a register of this module, keyed by the object itself, so that an object made by any other way
    (object.__new__, copy, pickle, a subclass, a look-alike) is not in it and has neither facts nor admission.
    """

    __slots__ = ("__weakref__",)

    def __init__(self) -> None:
        raise TypeError("a ValidatedTensor comes from ValidatedTensor.admit only")

    def __init_subclass__(cls) -> None:
        raise TypeError("ValidatedTensor cannot be subclassed: a subclass could skip the gates")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a ValidatedTensor cannot be copied or pickled: admit its values again")

    @classmethod
    def admit(  # noqa: PLR0913 - what the gates must know, all but the first by keyword
        cls,
        name: str,
        *,
        dims: tuple[int, ...],
        dtype: str,
        values: ArrayLike,
        gates: Gates,
        model: ModelDims = UNKNOWN_DIMS,
        padding_row: int | None = None,
    ) -> Self:
        """Copy `values`, hold the copy to every gate, and wrap it. Raises TensorRefusedError with the set of rules.

        Raises ContractError when there are no gates: nothing could be called validated by them.

        `dims` outermost first, `dtype` as the file has it (`BF16`), `values` decoded and as many as `dims` say. The
        copy is taken before the first look, so that changing the original later, or meanwhile, changes nothing.
        """
        if gates.thresholds is None:
            raise ContractError(
                "a tensor cannot be validated without gates of data quality",
                place="semantic_validation",
                way_out="state the thresholds in the contract",
            )
        dims = tuple(int(dim) for dim in dims)
        sealed = _sealed(name, dims, values)
        role = role_of(name, dims)
        failures = describe_failures(role, Values.of(sealed), gates, padding_row=padding_row)
        if problem := wrong_dims(name, dims, model):
            failures[ROWS_OF_VOCABULARY] = problem
        if failures:
            raise TensorRefusedError(name, failures)
        tensor: Self = object.__new__(cls)
        _REGISTER[tensor] = _Facts(name, dims, dtype, role, sealed)
        return tensor

    @property
    def name(self) -> str:
        """Name of the tensor, as its file has it."""
        return facts_of(self).name

    @property
    def dims(self) -> tuple[int, ...]:
        """Outermost first."""
        return facts_of(self).dims

    @property
    def dtype(self) -> str:
        """Element type in the file, upper case."""
        return facts_of(self).dtype

    @property
    def role(self) -> Role:
        """What the tensor is for."""
        return facts_of(self).role

    @property
    def values(self) -> NDArray[np.generic]:
        """The values in their dims, read-only for good: they stand on an immutable buffer."""
        return facts_of(self).values


_REGISTER: WeakKeyDictionary[ValidatedTensor, _Facts] = WeakKeyDictionary()


def facts_of(tensor: object) -> _Facts:
    """What was recorded when `tensor` was admitted. Raises TensorRefusedError when it never was.

    The type is asked of the interpreter, since an object can lie about its `__class__`.
    """
    if type(tensor) is not ValidatedTensor or tensor not in _REGISTER:
        kind = type(tensor).__name__
        raise TensorRefusedError("", {UNVALIDATED: f"{kind} has not passed ValidatedTensor.admit"})
    return _REGISTER[tensor]


UNVALIDATED = "FALSIFY-002"
"""What is named when something that was not admitted is offered: the clause of `tensor-layout-v1` that forbids it."""


def _sealed(name: str, dims: tuple[int, ...], values: ArrayLike) -> NDArray[np.generic]:
    """A private copy of `values` in `dims`, on a bytes object, which numpy refuses to make writable again."""
    given = np.asarray(values)
    if given.dtype.hasobject or given.dtype.kind not in "fiub":
        raise TensorRefusedError(name, {UNVALIDATED: f"values of dtype {given.dtype} are no numbers"})
    elements = 1
    for dim in dims:
        elements *= dim
    if given.size != elements or any(dim < 0 for dim in dims):
        raise TensorRefusedError(name, {PAYLOAD_SIZE: f"{given.size} values for dims {list(dims)}"})
    return np.frombuffer(given.tobytes(), dtype=given.dtype).reshape(dims)
