from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from harness.contract.models import Limit


@pytest.mark.parametrize(
    ("limit", "inside", "outside"),
    [
        ({"at_most": "0"}, [0, -1], [1, 1e-300, float("nan"), float("inf")]),
        ({"at_least": "0.9999"}, [0.9999000000000001, 1], [0.9998, float("nan")]),
        ({"between": ["0.2", "5"]}, [0.5, 5], [5.000000000000001, 0.19, float("nan")]),
    ],
)
def test_a_limit_holds_up_to_and_including_its_bounds(limit, inside, outside):
    """Bounds are inclusive and exact, and NaN is never inside."""
    made = Limit(measure="m", **limit)
    assert [made.holds(value) for value in inside] == [True] * len(inside)
    assert [made.holds(value) for value in outside] == [False] * len(outside)


def test_digits_beyond_a_double_count():
    """A bound is compared as written: 0.1 in a double is a little above one tenth."""
    assert not Limit(measure="m", at_most=Decimal("0.1")).holds(0.1)
    assert Limit(measure="m", at_most=Decimal("0.10000000000000000555111512312578270211815834045410156250")).holds(0.1)


@pytest.mark.parametrize(("value", "margin"), [(0.5, "0.3"), (0.1, "-0.1"), (6, "-1")])
def test_the_margin_is_the_distance_to_the_nearer_bound(value, margin):
    """Positive inside, negative outside."""
    assert Limit(measure="m", between=("0.2", "5")).margin(value).quantize(Decimal("0.1")) == Decimal(margin)


@pytest.mark.parametrize("bounds", [{}, {"at_most": 1, "at_least": 0}, {"between": [2, 1]}])
def test_a_limit_has_exactly_one_bound(bounds):
    """None, two, or an empty range are refused."""
    with pytest.raises(ValidationError):
        Limit(measure="m", **bounds)
