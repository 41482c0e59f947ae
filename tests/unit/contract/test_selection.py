from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.selection import Selection
from harness.verdict.errors import UsageError

IDS = [
    "FALSIFY-005",
    "FALSIFY-APR-PRETRAIN-INIT-005",
    "FALSIFY-0051",
    "FALSIFY-0005",
    "FALSIFY-1005",
    "GATE-FALSIFY-005",
]


def chosen(expression, ids=IDS, keywords=()):
    """The ids that an expression selects."""
    return [identity for identity in ids if Selection(expression).matches(identity, keywords)]


@pytest.mark.parametrize("expression", ["FALSIFY-005", "falsify-005", "Falsify-005 and Falsify-005", "(FALSIFY-005)"])
def test_a_short_id_means_exactly_its_clauses(expression):
    """The short and the long form are selected, and nothing that merely contains the text."""
    assert chosen(expression) == ["FALSIFY-005", "FALSIFY-APR-PRETRAIN-INIT-005"]


def test_a_short_id_in_an_expression():
    """Inside not, and, or a short id keeps its meaning."""
    assert chosen("not FALSIFY-005") == ["FALSIFY-0051", "FALSIFY-0005", "FALSIFY-1005", "GATE-FALSIFY-005"]
    assert chosen("FALSIFY-005 and pretrain") == ["FALSIFY-APR-PRETRAIN-INIT-005"]
    assert chosen("FALSIFY-0051 or FALSIFY-1005") == ["FALSIFY-0051", "FALSIFY-1005"]


def test_a_short_id_selects_nothing_that_is_no_clause():
    """A test function whose name contains the id is no clause, and so is a keyword equal to it."""
    assert not Selection("FALSIFY-005").matches("", ["test_FALSIFY-005", "FALSIFY-005"])
    assert not Selection("FALSIFY-005").matches("GATE-A-001", ["FALSIFY-005"])


def test_other_terms_are_parts_of_keywords():
    """As in pytest, a term is a substring of any keyword in any case; the id is one of them."""
    keywords = ("Tensor-Layout-v1", "reference")
    assert Selection("tensor-LAYOUT").matches("A-1", keywords)
    assert Selection("a-1 and not importer").matches("A-1", keywords)
    assert not Selection("importer").matches("A-1", keywords)
    assert chosen("FALSIFY") == IDS
    assert chosen("gate-falsify") == ["GATE-FALSIFY-005"]


@pytest.mark.parametrize("expression", ["", "  "])
def test_an_empty_expression_selects_everything(expression):
    """Nothing asked, nothing left out."""
    assert chosen(expression) == IDS


@pytest.mark.parametrize("expression", ["(", "and", "a b", "FALSIFY-005 or", "a !", "not", "(" * 5000, "a and (b"])
def test_a_broken_expression_is_wrong_usage(expression):
    """What pytest refuses is refused with the place and the expression."""
    with pytest.raises(UsageError) as caught:
        Selection(expression)
    assert "-k" in str(caught.value)


def test_a_term_with_arguments_is_wrong_usage():
    """Arguments belong to marks."""
    with pytest.raises(UsageError, match="takes no arguments"):
        Selection("device(serial='1')").matches("A-1", ())


@given(
    st.integers(0, 10_000), st.lists(st.sampled_from(["APR", "INIT", "2", "B_C"]), max_size=3), st.integers(0, 10_000)
)
def test_a_number_selects_itself_only(asked, words, number):
    """Whatever stands between, the number has to be the asked one, digit by digit."""
    identity = "-".join(["FALSIFY", *words, str(number)])
    assert Selection(f"FALSIFY-{asked}").matches(identity, ()) == (asked == number)
