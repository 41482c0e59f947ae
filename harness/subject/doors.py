"""The ways by which somebody could try to get values into a model view; one of them is legal."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.model.validation.model_view import ModelView
from harness.model.validation.tensors import ValidatedTensor
from harness.subject.reader import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.model.validation.gates import Gates

    Door = Callable[[str, tuple[int, ...], Any, Gates], tuple[Listing, ...]]
    """Takes name, dims, value and gates; lists the view that has `value` in it, or raises."""


def _view(*offered: Any) -> tuple[Listing, ...]:
    view = ModelView(offered)
    tensors = [view[name] for name in view]
    return tuple(Listing(one.name, one.dims, one.dtype, one.values.nbytes) for one in tensors)


def _admit(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:
    """The legal one: through every gate."""
    return _view(_admitted(name, dims, value, gates))


def _raw(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:  # noqa: ARG001 - a door
    """The value itself in the place of a tensor."""
    return _view(value)


def _constructor(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:
    """The class called directly, with all that `admit` takes."""
    made: Any = ValidatedTensor
    return _view(made(name, dims=dims, dtype="F32", values=value, gates=gates))


def _mapping(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:  # noqa: ARG001 - a door
    """A mapping from the name to the value instead of tensors."""
    return _view({name: value})


def _list(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:  # noqa: ARG001 - a door
    """The value as nested lists."""
    return _view(np.asarray(value).reshape(dims).tolist())


def _memoryview(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:  # noqa: ARG001 - a door
    """The value as a buffer."""
    return _view(memoryview(np.asarray(value).tobytes()))


def _subclass(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:  # noqa: ARG001 - a door
    """A subclass of the validated tensor that brings facts of its own."""
    facts = {"name": name, "dims": dims, "dtype": "F32", "values": value, "__init__": lambda _: None}
    made: Any = type("Free", (ValidatedTensor,), facts)
    return _view(made())


def _duck(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:  # noqa: ARG001 - a door
    """An object with the same attributes that claims the same class."""
    facts = {"name": name, "dims": dims, "dtype": "F32", "values": value, "__class__": ValidatedTensor}
    made: Any = type("Duck", (), facts)
    return _view(made())


def _new(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:  # noqa: ARG001 - a door
    """An instance made behind the constructor's back."""
    return _view(_forced(object.__new__(ValidatedTensor), name, dims, value))


def _copy(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:
    """A copy of an admitted tensor with other values."""
    return _view(_forced(copy.copy(_sound(name, dims, gates)), name, dims, value))


def _replace(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:
    """The admitted tensor itself with other values."""
    return _view(_forced(_sound(name, dims, gates), name, dims, value))


def _pickle(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:
    """An admitted tensor through pickle, where the state can be exchanged."""
    return _view(_forced(pickle.loads(pickle.dumps(_sound(name, dims, gates))), name, dims, value))  # noqa: S301 - our own bytes


def _mutation(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> tuple[Listing, ...]:
    """Sound values that are overwritten after they were admitted: in the given array, then in the view's own."""
    given = _sound_values(dims)
    tensor = _admitted(name, dims, given, gates)
    listing = _view(tensor)
    wanted = np.asarray(value, given.dtype).reshape(dims)
    given[...] = wanted
    if np.array_equal(tensor.values, wanted, equal_nan=True):
        return listing
    try:
        inner = tensor.values
        inner.setflags(write=True)
    except ValueError as error:
        raise TypeError(f"the values of an admitted tensor cannot be written: {error}") from error
    inner[...] = wanted
    return listing


def _forced(tensor: Any, name: str, dims: tuple[int, ...], value: Any) -> Any:
    for attribute, content in (("name", name), ("dims", dims), ("dtype", "F32"), ("values", value)):
        object.__setattr__(tensor, attribute, content)
    return tensor


def _sound(name: str, dims: tuple[int, ...], gates: Gates) -> ValidatedTensor:
    return _admitted(name, dims, _sound_values(dims), gates)


def _sound_values(dims: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Values that pass every gate, in dims that any tensor may have."""
    elements = int(np.prod(dims))
    return (np.arange(elements, dtype=np.float32) % 7 + np.float32(1.5)).reshape(dims)


def _admitted(name: str, dims: tuple[int, ...], value: Any, gates: Gates) -> ValidatedTensor:
    return ValidatedTensor.admit(name, dims=dims, dtype="F32", values=value, gates=gates)


DOORS: Mapping[str, Door] = {
    "admit": _admit,
    "raw": _raw,
    "constructor": _constructor,
    "mapping": _mapping,
    "list": _list,
    "memoryview": _memoryview,
    "subclass": _subclass,
    "duck": _duck,
    "new": _new,
    "copy": _copy,
    "replace": _replace,
    "pickle": _pickle,
    "mutation": _mutation,
}
"""Name -> door."""
