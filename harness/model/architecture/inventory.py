"""The tensors that an architecture must have: names, roles, dims, parameter counts, and what contradicts them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from math import prod
from typing import TYPE_CHECKING

from harness.model.architecture.families import FAMILIES, SUPPORTED, Family, Role
from harness.model.architecture.stated import ArchitectureError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.model.architecture.configuration import Architecture

MOST_LAYERS = 4096
"""More layers than any decoder has; a header that claims millions is refused before it is enumerated."""


@unique
class Size(StrEnum):
    """A symbol in the template of a tensor's dims."""

    VOCAB = "vocab"
    HIDDEN = "hidden"
    FFN = "ffn"
    HEADS = "heads x head_dim"
    KV_HEADS = "kv_heads x head_dim"


TEMPLATES: dict[Role, tuple[Size, ...]] = {
    Role.EMBEDDING: (Size.VOCAB, Size.HIDDEN),
    Role.HEAD: (Size.VOCAB, Size.HIDDEN),
    Role.FINAL_NORM: (Size.HIDDEN,),
    Role.ATTENTION_NORM: (Size.HIDDEN,),
    Role.Q: (Size.HEADS, Size.HIDDEN),
    Role.K: (Size.KV_HEADS, Size.HIDDEN),
    Role.V: (Size.KV_HEADS, Size.HIDDEN),
    Role.Q_BIAS: (Size.HEADS,),
    Role.K_BIAS: (Size.KV_HEADS,),
    Role.V_BIAS: (Size.KV_HEADS,),
    Role.O: (Size.HIDDEN, Size.HEADS),
    Role.FFN_NORM: (Size.HIDDEN,),
    Role.GATE: (Size.FFN, Size.HIDDEN),
    Role.UP: (Size.FFN, Size.HIDDEN),
    Role.DOWN: (Size.HIDDEN, Size.FFN),
}
"""Dims of each role, outermost first: [out, in] for every matrix."""

_FIELDS = {
    Size.VOCAB: ("vocab_size",),
    Size.HIDDEN: ("hidden_size",),
    Size.FFN: ("intermediate_size",),
    Size.HEADS: ("num_heads", "head_dim"),
    Size.KV_HEADS: ("num_kv_heads", "head_dim"),
}


@dataclass(frozen=True, slots=True)
class ExpectedTensor:
    """A tensor that an architecture must have."""

    name: str
    role: Role
    dims: tuple[int, ...]
    """Outermost first."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A tensor that is missing, that nobody expects, or whose dims are not what the metadata says."""

    tensor: str
    found: tuple[int, ...] | None
    """Dims in the file; None when the tensor is missing."""
    expected: tuple[int | None, ...] | None
    """Dims by the metadata, None for a size that it does not state; None when there should be no such tensor."""

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.tensor} is missing"
        if self.expected is None:
            return f"{self.tensor} is no tensor of this architecture"
        return f"{self.tensor} has dims {list(self.found)}, the metadata says {_shown(self.expected)}"


def expected_tensors(architecture: Architecture) -> dict[str, ExpectedTensor]:
    """Name -> tensor of every tensor that `architecture` must have, in the order of a forward pass.

    Raises ArchitectureError naming the field that is not stated, and sizes that fit no attention.
    """
    known = sizes(architecture)
    tensors: dict[str, ExpectedTensor] = {}
    for name, role in _names(architecture):
        for size in TEMPLATES[role]:
            if size not in known:
                missing = [field for field in _FIELDS[size] if getattr(architecture, field) is None]
                raise _not_stated((missing or [_FIELDS[size][0]])[0])
        tensors[name] = ExpectedTensor(name, role, tuple(known[size] for size in TEMPLATES[role]))
    return tensors


def parameter_count(architecture: Architecture) -> int:
    """Elements of all tensors; a tied head counts once. Raises ArchitectureError as `expected_tensors` does."""
    return sum(prod(tensor.dims) for tensor in expected_tensors(architecture).values())


def sizes(architecture: Architecture) -> dict[Size, int]:
    """The sizes that follow from what is stated; without a stated head_dim it is hidden / heads.

    Raises ArchitectureError when kv heads do not divide heads, or heads do not divide hidden without a head_dim.
    """
    hidden, heads, kv_heads = architecture.hidden_size, architecture.num_heads, architecture.num_kv_heads
    if heads is not None and kv_heads is not None and heads % kv_heads:
        problem = Problem("num_kv_heads", "num_kv_heads", kv_heads, f"a divisor of the {heads} heads")
        raise ArchitectureError("heads cannot be shared evenly", problems=[problem])
    head_dim = architecture.head_dim
    if head_dim is None and hidden is not None and heads is not None:
        if hidden % heads:
            problem = Problem("num_heads", "num_heads", heads, f"a divisor of hidden_size {hidden}, or a head_dim")
            raise ArchitectureError("the width of a head does not follow", problems=[problem])
        head_dim = hidden // heads
    stated = {
        Size.VOCAB: architecture.vocab_size,
        Size.HIDDEN: hidden,
        Size.FFN: architecture.intermediate_size,
        Size.HEADS: None if heads is None or head_dim is None else heads * head_dim,
        Size.KV_HEADS: None if kv_heads is None or head_dim is None else kv_heads * head_dim,
    }
    return {size: value for size, value in stated.items() if value is not None}


def contradictions(architecture: Architecture, found: Mapping[str, tuple[int, ...]]) -> list[Contradiction]:
    """Every tensor of `found` (name -> dims) that contradicts `architecture`, and every one that is missing.

    A size that is not stated is taken from the first tensor that has it: then the tensors must agree with each other.
    Family, layers and tie must be stated. Raises ArchitectureError as `expected_tensors` does.
    """
    known = sizes(architecture)
    faults: list[Contradiction] = []
    names = dict(_names(architecture))
    for name, role in names.items():
        template = TEMPLATES[role]
        dims = found.get(name)
        if dims is None or len(dims) != len(template):
            faults.append(Contradiction(name, dims, tuple(known.get(size) for size in template)))
            continue
        expected = tuple(known.setdefault(size, dim) for size, dim in zip(template, dims, strict=True))
        if dims != expected:
            faults.append(Contradiction(name, dims, expected))
    faults += [Contradiction(name, dims, None) for name, dims in found.items() if name not in names]
    return faults


def _shown(dims: tuple[int | None, ...]) -> str:
    return f"[{', '.join('?' if dim is None else str(dim) for dim in dims)}]"


def _names(architecture: Architecture) -> Iterator[tuple[str, Role]]:
    family = _family(architecture)
    layers, tied = architecture.num_layers, architecture.tie_word_embeddings
    if layers is None:
        raise _not_stated("num_layers")
    if tied is None:
        raise _not_stated("tie_word_embeddings")
    if layers > MOST_LAYERS:
        problem = Problem("num_layers", "num_layers", layers, f"at most {MOST_LAYERS}")
        raise ArchitectureError("no decoder has so many layers", problems=[problem])
    yield Role.EMBEDDING.in_layer(), Role.EMBEDDING
    for layer in range(layers):
        for role in family.layer_roles:
            yield role.in_layer(layer), role
    yield Role.FINAL_NORM.in_layer(), Role.FINAL_NORM
    if not tied:
        yield Role.HEAD.in_layer(), Role.HEAD


def _family(architecture: Architecture) -> Family:
    slug = architecture.family
    if slug is None or slug not in FAMILIES:
        problem = Problem("family", "family", slug, f"one of {SUPPORTED}")
        raise ArchitectureError("no inventory of this family is known", problems=[problem])
    family = FAMILIES[slug]
    if architecture.attention_bias is not None and architecture.attention_bias != family.qkv_bias:
        problem = Problem("attention_bias", "attention_bias", architecture.attention_bias, str(family.qkv_bias).lower())
        raise ArchitectureError(f"no inventory of a {slug} like this is known", problems=[problem])
    return family


def _not_stated(field: str) -> ArchitectureError:
    problem = Problem(field, field, None, "a value: without it the tensors do not follow")
    return ArchitectureError(f"{field} is not stated", problems=[problem])
