"""Thresholds come from the contract, all of them, as written."""

from __future__ import annotations

import copy
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from harness.model.validation.gates import Gates, failed_rules
from harness.model.validation.roles import Role
from harness.verdict.errors import ContractError

KEYS = [
    ("density", "embedding_max_zero_pct"),
    ("density", "weight_max_zero_pct"),
    ("numeric", "allow_nan"),
    ("numeric", "allow_inf"),
    ("distribution", "min_l2_norm"),
    ("distribution", "require_variation"),
    ("spot_check", "sample_percentiles"),
    ("spot_check", "min_token_l2"),
    ("dead_rows", "max_dead_pct"),
    ("dead_rows", "min_row_l2"),
]


def thresholds_of(table):
    """The thresholds that `table` states."""
    thresholds = Gates.read(table).thresholds
    assert thresholds is not None
    return thresholds


def test_a_table_that_is_not_there_means_no_gates():
    """An empty mapping gives no thresholds, and a gate of it judges nothing, NaN and emptiness included."""
    gates = Gates.read({})
    assert gates.thresholds is None
    for values in (np.full((4, 2), np.nan), np.zeros((4, 2)), np.zeros((0, 2))):
        assert failed_rules(Role.HEAD, values, gates, padding_row=None) == set()


@pytest.mark.parametrize(("gate", "key"), KEYS)
def test_no_threshold_has_a_default(table, gate, key):
    """Each key that is missing is named, since the code knows no value for it."""
    poor = copy.deepcopy(table)
    del poor[gate][key]
    with pytest.raises(ContractError, match=f"{gate}.{key}: field required"):
        Gates.read(poor)


@pytest.mark.parametrize("gate", ["density", "numeric", "distribution", "spot_check", "dead_rows"])
def test_no_gate_has_a_default(table, gate):
    """A whole gate that is missing is named too."""
    poor = {name: content for name, content in table.items() if name != gate}
    with pytest.raises(ContractError, match=f"{gate}: field required"):
        Gates.read(poor)


@pytest.mark.parametrize(
    ("gate", "key", "value"),
    [
        ("density", "embedding_max_zero_pct", 100.5),
        ("density", "embedding_max_zero_pct", -1),
        ("density", "embedding_max_zero_pct", True),
        ("density", "embedding_max_zero_pct", None),
        ("density", "embedding_max_zero_pct", float("nan")),
        ("density", "embedding_max_zero_pct", "half"),
        ("distribution", "min_l2_norm", "1e999999999"),
        ("distribution", "min_l2_norm", float("inf")),
        ("numeric", "allow_nan", "no"),
        ("spot_check", "sample_percentiles", []),
        ("spot_check", "sample_percentiles", [100]),
        ("spot_check", "sample_percentiles", 10),
        ("dead_rows", "max_daed_pct", 25.0),
    ],
)
def test_impossible_values_are_refused(table, gate, key, value):
    """A threshold that cannot be one, or an unknown key, is refused by name and quickly."""
    strange = copy.deepcopy(table)
    strange[gate][key] = value
    with pytest.raises(ContractError, match=f"{gate}.{key}"):
        Gates.read(strange)


@pytest.mark.parametrize("written", [1.0e-6, "1e-6", "0.000001", Decimal("1e-6"), Fraction(1, 10**6)])
def test_a_number_means_what_is_written(table, written):
    """1e-6 is a millionth and not the double beside it, however the loader hands it over."""
    spelled = copy.deepcopy(table)
    spelled["dead_rows"]["min_row_l2"] = written
    assert thresholds_of(spelled).dead_rows.min_row_l2 == Fraction(1, 10**6)


def test_words_beside_thresholds_are_let_be(table):
    """Public contracts explain their gates in a note."""
    noted = copy.deepcopy(table)
    noted["density"]["note"] = "why"
    assert thresholds_of(noted).density.embedding_max_zero_pct == 50
