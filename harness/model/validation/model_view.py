"""The view of a model that computations may trust: made of validated tensors and nothing else."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, final
from weakref import WeakKeyDictionary

from harness.model.validation.tensors import UNVALIDATED, TensorRefusedError, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.model.validation.tensors import ValidatedTensor


@final
class ModelView:
    """Tensors by name, each of them admitted by `ValidatedTensor.admit`.

    Anything else is refused with TensorRefusedError. Like its tensors, a view keeps its content in a register of this
    module, so that there is no attribute to replace and no uninitialised view to fill.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, tensors: Iterable[ValidatedTensor]) -> None:
        content: dict[str, ValidatedTensor] = {}
        for tensor in tensors:
            name = facts_of(tensor).name
            if name in content:
                raise TensorRefusedError(name, {UNVALIDATED: "two tensors have this name"})
            content[name] = tensor
        if self in _CONTENT:
            raise TypeError("a ModelView is filled once")
        _CONTENT[self] = MappingProxyType(content)

    def __init_subclass__(cls) -> None:
        raise TypeError("ModelView cannot be subclassed: a subclass could skip the check of its tensors")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a ModelView cannot be copied or pickled: build one from its tensors")

    def __getitem__(self, name: str) -> ValidatedTensor:
        return _content(self)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_content(self))

    def __len__(self) -> int:
        return len(_content(self))

    def __contains__(self, name: object) -> bool:
        return name in _content(self)


_CONTENT: WeakKeyDictionary[ModelView, Mapping[str, ValidatedTensor]] = WeakKeyDictionary()


def _content(view: ModelView) -> Mapping[str, ValidatedTensor]:
    try:
        return _CONTENT[view]
    except KeyError:
        raise TensorRefusedError("", {UNVALIDATED: "this ModelView was never filled"}) from None
