"""Nothing enters a model view but what the gates let pass."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

from harness.model.validation.layout import ModelDims
from harness.model.validation.model_view import ModelView
from harness.model.validation.roles import Role
from harness.model.validation.tensors import TensorRefusedError, ValidatedTensor

NAME = "model.layers.0.mlp.up_proj.weight"


@pytest.fixture
def admit(gates):
    """Admits values under these tests' gates."""

    def through(values, *, name=NAME, dims=None, **rest):
        shape = np.shape(values) if dims is None else dims
        return ValidatedTensor.admit(name, dims=shape, dtype="F32", values=values, gates=gates, **rest)

    return through


@pytest.fixture
def sound():
    """A healthy matrix, fresh for each test."""
    return np.random.default_rng(5).normal(size=(6, 4)).astype(np.float32)


@pytest.fixture
def tensor(admit, sound):
    """An admitted tensor."""
    return admit(sound)


def test_an_admitted_tensor_enters_and_keeps_its_facts(tensor, sound):
    """The legal door works."""
    view = ModelView([tensor])
    assert list(view) == [NAME]
    assert len(view) == 1
    assert NAME in view
    assert "other" not in view
    assert view[NAME] is tensor
    assert (tensor.name, tensor.dims, tensor.dtype, tensor.role) == (NAME, (6, 4), "F32", Role.MATRIX)
    assert np.array_equal(tensor.values, sound)


def test_a_refusal_names_the_whole_set_of_rules(admit):
    """Shape and data are refused together, by one error."""
    reversed_head = np.zeros((4, 6), np.float32)
    reversed_head[1, 1] = np.nan
    with pytest.raises(TensorRefusedError) as refused:
        admit(reversed_head, name="lm_head.weight", model=ModelDims(vocab=6, hidden=4))
    assert refused.value.rules == {
        "F-LAYOUT-CONTRACT-002", "F-DATA-QUALITY-001", "F-DATA-QUALITY-002", "F-DATA-QUALITY-004", "F-DATA-QUALITY-005",
    }  # fmt: skip
    assert refused.value.tensor == "lm_head.weight"


@pytest.mark.parametrize("dims", [(5, 4), (24, 1, 2), (-6, -4), ()])
def test_values_must_be_as_many_as_dims_say(admit, sound, dims):
    """Dims are a claim about the values, and it is checked."""
    with pytest.raises(TensorRefusedError, match="24 values"):
        admit(sound, dims=dims)


@pytest.mark.parametrize("values", [np.array([object()] * 4), np.array(["a", "b"]), np.array([1j, 2j])])
def test_values_that_are_no_numbers_are_refused(admit, values):
    """Objects, text and complex numbers are no weights."""
    with pytest.raises(TensorRefusedError, match="no numbers"):
        admit(values)


INTRUDERS = {
    "raw array": lambda tensor: tensor.values,
    "list": lambda tensor: tensor.values.tolist(),
    "memoryview": lambda tensor: memoryview(tensor.values),
    "bytes": lambda tensor: tensor.values.tobytes(),
    "name": lambda tensor: tensor.name,
    "none": lambda _: None,
    "class": lambda _: ValidatedTensor,
    "look-alike": lambda tensor: SimpleNamespace(
        name=tensor.name, dims=tensor.dims, dtype="F32", role=tensor.role, values=tensor.values
    ),
    "claimed class": lambda tensor: type("Duck", (), {"__class__": ValidatedTensor, "name": tensor.name})(),
    "uninitialised": lambda _: object.__new__(ValidatedTensor),
    "claimed class, equal to an admitted one": lambda tensor: type(
        "Equal",
        (),
        {
            "__class__": ValidatedTensor,
            "__hash__": lambda _: hash(tensor),
            "__eq__": lambda *_: True,
            "name": tensor.name,
        },
    )(),
    "equal to an admitted one": lambda tensor: type(
        "Equal", (), {"__hash__": lambda _: hash(tensor), "__eq__": lambda *_: True, "name": tensor.name}
    )(),
}


@pytest.mark.parametrize("make", INTRUDERS.values(), ids=INTRUDERS.keys())
def test_nothing_else_enters(tensor, make):
    """Whatever has not passed `admit` is refused by the view, also beside a tensor that has."""
    with pytest.raises(TensorRefusedError, match="has not passed"):
        ModelView([tensor, make(tensor)])


def test_a_mapping_of_raw_arrays_does_not_enter(sound):
    """A mapping iterates over its names, and a name is no tensor."""
    with pytest.raises(TensorRefusedError):
        ModelView({NAME: sound})


def test_an_object_turned_into_the_class_does_not_enter(tensor):
    """Assigning __class__ makes an instance without an admission."""

    class Blank:
        __slots__ = ("__weakref__",)

    blank = Blank()
    blank.__class__ = ValidatedTensor
    assert type(blank) is ValidatedTensor
    with pytest.raises(TensorRefusedError, match="has not passed"):
        ModelView([blank])
    assert ModelView([tensor])


@pytest.mark.parametrize("sealed", [ValidatedTensor, ModelView])
def test_neither_class_can_be_subclassed(sealed):
    """A subclass could answer for itself."""
    with pytest.raises(TypeError, match="cannot be subclassed"):
        type("Free", (sealed,), {})


def test_the_constructor_admits_nothing(sound):
    """Calling the class is no door."""
    with pytest.raises(TypeError):
        ValidatedTensor(NAME, sound)
    with pytest.raises(TypeError, match="admit only"):
        ValidatedTensor()


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_neither_tensors_nor_views_can_be_copied(tensor, way):
    """A copy would be an instance that nobody admitted."""
    for sealed in (tensor, ModelView([tensor])):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            way(sealed)


@pytest.mark.parametrize("attribute", ["name", "dims", "dtype", "role", "values", "_values", "extra", "__dict__"])
def test_an_admitted_tensor_has_nothing_to_overwrite(tensor, attribute):
    """Neither plain assignment nor object.__setattr__ finds a place."""
    for assign in (setattr, object.__setattr__):
        with pytest.raises((AttributeError, TypeError)):
            assign(tensor, attribute, "other")


def test_values_given_can_change_afterwards_without_effect(tensor, sound):
    """The values were copied before they were judged."""
    before = tensor.values.copy()
    sound[...] = np.nan
    assert np.array_equal(tensor.values, before)


def test_values_of_the_view_cannot_be_written(tensor):
    """The array is read-only and cannot be made writable, nor can its base."""
    values = tensor.values
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0] = np.nan
    with pytest.raises(ValueError, match="WRITEABLE"):
        values.setflags(write=True)
    with pytest.raises(TypeError):
        memoryview(values)[0, 0] = 1.0
    base = values
    while isinstance(base, np.ndarray):
        assert not base.flags.writeable
        base = base.base
    assert isinstance(base, bytes)


def test_values_that_change_between_two_looks_are_looked_at_once(admit, sound):
    """A hostile value that shows something else at the second look is copied at the first, and the copy is judged."""

    class Shifty:
        looks = 0

        def __array__(self, dtype=None, copy=None):
            self.looks += 1
            return sound if self.looks == 1 else np.full_like(sound, np.nan)

    admitted = admit(Shifty(), dims=sound.shape)
    assert np.array_equal(admitted.values, sound)


def test_a_view_is_filled_once(tensor, admit, sound):
    """A second initialisation would exchange the content."""
    view = ModelView([tensor])
    with pytest.raises(TypeError, match="filled once"):
        view.__init__([admit(sound, name="b")])
    with pytest.raises(TensorRefusedError, match="never filled"):
        len(object.__new__(ModelView))


def test_two_tensors_of_one_name_do_not_enter(tensor, admit, sound):
    """The later would hide the earlier."""
    with pytest.raises(TensorRefusedError, match="two tensors"):
        ModelView([tensor, admit(sound)])


def test_admission_ends_with_the_tensor(admit, sound):
    """An object at the address of an admitted tensor that is gone is not admitted, and nothing is kept of it."""
    for _ in range(20):
        tensor = admit(sound)
        remains = weakref.ref(tensor)
        del tensor
        gc.collect()
        assert remains() is None
        with pytest.raises(TensorRefusedError):
            ModelView([object.__new__(ValidatedTensor)])
