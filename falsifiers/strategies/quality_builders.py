"""How each kind of tensor is made: exactly so many zeros, dead rows or strange values, and nothing else wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from falsifiers.strategies.quality_contents import Contents, Plan, spot_rows
from falsifiers.strategies.small_models import live

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from falsifiers.oracles.quality import Thresholds
    from falsifiers.strategies.quality_contents import Defect

    F32 = NDArray[np.float32]

FIRST_LIVE, VOCABULARY = 143_620, 151_936
"""The incident of PMAT-234: all rows before the first of these were zero, in a vocabulary of the second."""

EPSILON = 1e-8
"""Relative distance from a norm limit: a float32 sum cannot see it, a float64 sum can."""


def build(plan: Plan, thresholds: Thresholds) -> Contents:
    """Make the tensor of a plan, the same one every time."""
    generator = np.random.default_rng(plan.seed)
    if 0 in plan.dims:
        return Contents(np.empty(plan.dims, np.float32), zeros=0)
    contents = _BUILDERS[plan.defect](plan, thresholds, generator)
    if plan.padding is None:
        return contents
    fresh = int(np.count_nonzero(contents.values[plan.padding]))
    contents.values[plan.padding] = 0.0
    return replace(contents, zeros=contents.zeros + fresh, dead=contents.dead - {plan.padding}, padding=plan.padding)


def _none(plan: Plan, _: Thresholds, generator: np.random.Generator) -> Contents:
    return Contents(live(generator, plan.dims), zeros=0)


def _zeros(plan: Plan, thresholds: Thresholds, generator: np.random.Generator) -> Contents:
    """Zeros of both signs at the limit of the density gate, one element of every row alive, a subnormal among them."""
    values = live(generator, plan.dims)
    share = thresholds.weight_zeros if plan.place == "matrix" else thresholds.vocabulary_zeros
    reserved = plan.dims[-1] if plan.padding is not None else 0
    keep = np.ones(plan.dims, bool)
    keep[np.arange(plan.dims[0]), generator.integers(0, plan.dims[-1], plan.dims[0])] = False
    if plan.padding is not None:
        keep[plan.padding] = False
    places = generator.permutation(np.flatnonzero(keep))
    count = min(max(0, math.ceil(share * values.size) + plan.step - reserved), places.size)
    flat = values.reshape(-1)
    flat[places[:count]] = np.where(np.arange(count) % 2, 0.0, -0.0)
    if plan.subnormal:
        flat[places[count : count + 2]] = 1e-40
    return Contents(values, zeros=count)


def _dead_rows(plan: Plan, thresholds: Thresholds, generator: np.random.Generator) -> Contents:
    """Rows at the limit of the dead-row gate, none of them a spot row; every other one tiny instead of zero."""
    values = live(generator, plan.dims)
    rows = plan.dims[0]
    barred = {*spot_rows(rows, thresholds), plan.padding}
    places = [int(row) for row in generator.permutation(rows) if int(row) not in barred]
    dead = places[: max(0, math.ceil(thresholds.dead_rows * rows) + plan.step)]
    tiny = dead[::2] if plan.subnormal else []
    values[dead] = 0.0
    values[tiny] = np.float32(thresholds.dead_norm / plan.dims[-1] / 2)
    return Contents(values, zeros=(len(dead) - len(tiny)) * plan.dims[-1], dead=frozenset(dead))


def _spot_row(plan: Plan, thresholds: Thresholds, generator: np.random.Generator) -> Contents:
    """One spot row of zeros and nothing else wrong."""
    values = live(generator, plan.dims)
    spots = spot_rows(plan.dims[0], thresholds)
    row = spots[plan.where % len(spots)]
    values[row] = 0.0
    return Contents(values, zeros=plan.dims[-1], dead=frozenset({row}))


def _leading_zeros(plan: Plan, _: Thresholds, generator: np.random.Generator) -> Contents:
    """All rows before the first live one are zero, as in the incident, to the scale of this vocabulary."""
    values = live(generator, plan.dims)
    first = FIRST_LIVE * plan.dims[0] // VOCABULARY
    values[:first] = 0.0
    return Contents(values, zeros=first * math.prod(plan.dims[1:]), dead=frozenset(range(first)))


def _nonfinite(plan: Plan, _: Thresholds, generator: np.random.Generator) -> Contents:
    """One NaN or infinity, anywhere."""
    values = live(generator, plan.dims)
    values.reshape(-1)[plan.where % values.size] = (math.nan, math.inf, -math.inf)[plan.step % 3]
    return Contents(values, zeros=0, nonfinite=1)


def _norm(plan: Plan, thresholds: Thresholds, generator: np.random.Generator) -> Contents:
    """The whole tensor at the norm limit, an EPSILON below or above."""
    values = _of_norm(math.prod(plan.dims), thresholds.norm * (1 + (plan.step or 1) * EPSILON), generator)
    return Contents(values.reshape(plan.dims), zeros=0, degenerate=plan.step < 0)


def _spot_norm(plan: Plan, thresholds: Thresholds, generator: np.random.Generator) -> Contents:
    """One spot row at the norm limit, an EPSILON below or above."""
    values = live(generator, plan.dims)
    spots = spot_rows(plan.dims[0], thresholds)
    row = spots[plan.where % len(spots)]
    values[row] = _of_norm(plan.dims[-1], thresholds.spot_norm * (1 + (plan.step or 1) * EPSILON), generator)
    return Contents(values, zeros=0, dead=frozenset({row} if plan.step < 0 else ()))


def _of_norm(size: int, norm: float, generator: np.random.Generator) -> F32:
    """`size` >= 2 float32 values whose exact L2 norm is `norm`, to a hundredth of EPSILON: the last two make up."""
    values = [np.float32(norm * math.sqrt(0.8 / size))] * (size - 2)
    for share in (0.9999, 1.0):
        so_far = math.fsum(float(value) ** 2 for value in values)
        values.append(np.float32(math.sqrt(norm * norm * share - so_far)))
    return generator.permutation(np.array(values, np.float32))


def _constant(plan: Plan, _: Thresholds, generator: np.random.Generator) -> Contents:
    """One value everywhere; of a single element nobody can say that it does not vary."""
    values = np.full(plan.dims, live(generator, ())[()], np.float32)
    return Contents(values, zeros=0, degenerate=values.size > 1)


def _all_zero(plan: Plan, _: Thresholds, __: np.random.Generator) -> Contents:
    """Zero everywhere."""
    dead = frozenset(range(plan.dims[0]))
    return Contents(np.zeros(plan.dims, np.float32), zeros=math.prod(plan.dims), dead=dead, degenerate=True)


def _mixed(plan: Plan, _: Thresholds, generator: np.random.Generator) -> Contents:
    """Any number of zeros, dead rows and non-finite values at once; one element of every living row is alive."""
    values = live(generator, plan.dims)
    rows = plan.dims[0]
    dead = generator.permutation(rows)[: generator.integers(0, rows) if len(plan.dims) > 1 else 0]
    free = np.ones(plan.dims, bool)
    free[dead] = False
    if len(plan.dims) > 1:
        free[:, generator.integers(0, plan.dims[-1])] = False
    places = generator.permutation(np.flatnonzero(free))
    count = int(generator.integers(0, places.size + 1))
    strange = places[count : count + int(generator.integers(0, 3))]
    flat = values.reshape(-1)
    flat[places[:count]] = 0.0
    flat[strange] = generator.choice((math.nan, math.inf, -math.inf), strange.size)
    values[dead] = 0.0
    gone = frozenset(map(int, dead))
    width = values.size // rows
    return Contents(values, zeros=count + len(gone) * width, dead=gone, nonfinite=strange.size)


_Builder = Callable[[Plan, "Thresholds", np.random.Generator], Contents]
_BUILDERS: dict[Defect, _Builder] = {
    "none": _none,
    "zeros": _zeros,
    "dead_rows": _dead_rows,
    "spot_row": _spot_row,
    "leading_zeros": _leading_zeros,
    "nonfinite": _nonfinite,
    "norm": _norm,
    "spot_norm": _spot_norm,
    "constant": _constant,
    "all_zero": _all_zero,
    "empty": _none,
    "mixed": _mixed,
}
