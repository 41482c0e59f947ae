"""The thresholds that tests are written against, as a contract states them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.model.validation.gates import Gates


@pytest.fixture(scope="session")
def table() -> dict[str, Any]:
    """A table `semantic_validation`."""
    return {
        "density": {"embedding_max_zero_pct": 50.0, "weight_max_zero_pct": 80.0},
        "numeric": {"allow_nan": False, "allow_inf": False},
        "distribution": {"min_l2_norm": 1.0e-6, "require_variation": True},
        "spot_check": {"sample_percentiles": [10, 50, 90], "min_token_l2": 1.0e-6},
        "dead_rows": {"max_dead_pct": 25.0, "min_row_l2": 1.0e-6},
    }


@pytest.fixture(scope="session")
def gates(table: dict[str, Any]) -> Gates:
    """The gates of that table."""
    return Gates.read(table)
