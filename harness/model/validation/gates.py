"""The data-quality gates F-DATA-QUALITY-001 to 005: thresholds from the contract, the set of failed rules as answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.model.validation.norms import rows_at_most, whole_at_most
from harness.model.validation.roles import Role
from harness.model.validation.survey import Values, survey
from harness.verdict.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from harness.model.kernels.statistics import Statistics

DENSITY = "F-DATA-QUALITY-001"
NUMERIC = "F-DATA-QUALITY-002"
DISTRIBUTION = "F-DATA-QUALITY-003"
SPOT_ROWS = "F-DATA-QUALITY-004"
DEAD_ROWS = "F-DATA-QUALITY-005"

_LONGEST_EXPONENT = 150
"""Squares stay within float64; and without a bound `1e999999999` would become an integer of a gigabyte."""


def _as_written(value: object) -> Fraction:
    """The number as the contract's text has it: 1e-6 is a millionth, not the double next to it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        raise ValueError("a number is expected")  # noqa: TRY004 - pydantic turns ValueError into its own error
    if isinstance(value, Fraction):
        return value
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation as error:
        raise ValueError("a decimal number is expected") from error
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST_EXPONENT:
        raise ValueError("a finite number of ordinary size is expected")
    return Fraction(number)


Number = Annotated[Fraction, BeforeValidator(_as_written)]
Percent = Annotated[Number, Field(ge=0, le=100)]
Norm = Annotated[Number, Field(ge=0)]
Percentile = Annotated[Number, Field(ge=0, lt=100)]


class _Gate(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    note: str = ""
    """Words for people; public contracts carry them here."""


class Density(_Gate):
    """Share of zeros, in percent of all elements, at which a tensor is refused."""

    embedding_max_zero_pct: Percent
    weight_max_zero_pct: Percent


class Numeric(_Gate):
    """Whether values may be no numbers."""

    allow_nan: bool
    allow_inf: bool


class Distribution(_Gate):
    """L2 norm at or below which a tensor is degenerate, and whether its values must differ."""

    min_l2_norm: Norm
    require_variation: bool


class SpotCheck(_Gate):
    """Percentiles of the vocabulary whose rows are looked at, and the L2 norm at or below which one is refused."""

    sample_percentiles: Annotated[tuple[Percentile, ...], Field(min_length=1, strict=False)]
    min_token_l2: Norm


class DeadRows(_Gate):
    """L2 norm at or below which a row is dead, and the percentage of dead rows at which a tensor is refused."""

    max_dead_pct: Percent
    min_row_l2: Norm


class Thresholds(BaseModel):
    """The contract's table `semantic_validation`; every threshold comes from there and none has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    density: Density
    numeric: Numeric
    distribution: Distribution
    spot_check: SpotCheck
    dead_rows: DeadRows


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates of a contract: all of them, or none where it says nothing about data."""

    thresholds: Thresholds | None

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """Gates from plain data; an empty mapping stands for a table that is not there.

        Raises ContractError that names every missing, unknown or impossible key of a table that is.
        """
        if not table:
            return cls(None)
        try:
            return cls(Thresholds.model_validate(dict(table)))
        except ValidationError as error:
            found = [f"{'.'.join(map(str, item['loc']))}: {item['msg'].lower()}" for item in error.errors()]
            raise ContractError(
                "the gates of data quality cannot be read",
                place="semantic_validation",
                found="; ".join(found),
                expected="density, numeric, distribution, spot_check and dead_rows with all their thresholds",
                way_out="state each threshold in the contract; the code has none of its own",
            ) from error


def failed_rules(role: Role, values: NDArray[Any], gates: Gates, *, padding_row: int | None) -> frozenset[str]:
    """The rules that `values` break; empty means that every gate lets them pass.

    `values` in their dims (rows first), of any floating dtype. `padding_row` is the row that is zero by construction,
    or None. NaN and infinities break F-DATA-QUALITY-002 and are not taken out for the others: a norm that is NaN or
    infinite is not at most anything, and values of which one is NaN are not all equal.
    """
    return frozenset(describe_failures(role, Values.of(values), gates, padding_row=padding_row))


def describe_failures(role: Role, values: Values, gates: Gates, *, padding_row: int | None) -> dict[str, str]:
    """As `failed_rules`, each rule with what was seen. Integers and booleans are buffers: only emptiness counts.

    Where the contract has no gates, nothing is read and nothing fails. Raises ArtifactError when the pieces cannot be
    decoded.
    """
    limits = gates.thresholds
    if limits is None:
        return {}
    if 0 in values.dims:
        return {DISTRIBUTION: "the tensor is empty"}
    tokens = role in {Role.EMBEDDING, Role.HEAD} and len(values.dims) == 2
    seen = survey(values, rows=tokens)
    if not seen.floating:
        return {}
    failures = _numeric(seen.whole, limits.numeric)
    if role is Role.VECTOR:
        return failures
    failures |= _density(role, seen.whole, limits.density)
    failures |= _distribution(values, seen.whole, limits.distribution)
    if seen.norms is not None:
        failures |= _spot_rows(values, seen.norms, limits.spot_check, padding_row)
        failures |= _dead_rows(values, seen.norms, limits.dead_rows, padding_row)
    return failures


def _numeric(seen: Statistics, gate: Numeric) -> dict[str, str]:
    if (seen.nan and not gate.allow_nan) or (seen.infinite and not gate.allow_inf):
        return {NUMERIC: f"{seen.nan} NaN and {seen.infinite} infinite values of {seen.count}"}
    return {}


def _density(role: Role, seen: Statistics, gate: Density) -> dict[str, str]:
    limit = gate.weight_max_zero_pct if role is Role.MATRIX else gate.embedding_max_zero_pct
    if seen.zeros * 100 >= limit * seen.count:
        return {DENSITY: f"{seen.zeros} of {seen.count} values are zero; refused at {float(limit):g} %"}
    return {}


def _distribution(values: Values, seen: Statistics, gate: Distribution) -> dict[str, str]:
    finite = not seen.nan and not seen.infinite
    if finite and whole_at_most(values, seen.l2, gate.min_l2_norm):
        return {DISTRIBUTION: f"L2 norm {seen.l2:g}; refused at {float(gate.min_l2_norm):g}"}
    if gate.require_variation and seen.count > 1 and not seen.nan and seen.minimum == seen.maximum:
        return {DISTRIBUTION: f"all {seen.count} values are {seen.minimum:g}"}
    return {}


def _spot_rows(values: Values, norms: NDArray[np.float64], gate: SpotCheck, padding_row: int | None) -> dict[str, str]:
    rows = {math.floor(percentile * len(norms) / 100) for percentile in gate.sample_percentiles}
    dead = rows_at_most(values, norms, gate.min_token_l2, among=rows)
    found = sorted(row for row in rows if row != padding_row and dead[row])
    if found:
        return {SPOT_ROWS: f"rows {', '.join(map(str, found))} of {len(norms)} carry nothing"}
    return {}


def _dead_rows(values: Values, norms: NDArray[np.float64], gate: DeadRows, padding_row: int | None) -> dict[str, str]:
    dead = rows_at_most(values, norms, gate.min_row_l2)
    if padding_row is not None and 0 <= padding_row < len(dead):
        dead[padding_row] = False
    count = int(np.count_nonzero(dead))
    if count * 100 >= gate.max_dead_pct * len(dead):
        return {DEAD_ROWS: f"{count} of {len(dead)} rows carry nothing; refused at {float(gate.max_dead_pct):g} %"}
    return {}
