from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lint_samples import SOUND, contract

from harness.contract.lint_places import Places, sliced
from harness.contract.positions import Span

KEYED = """\
metadata: {description: keyed clauses, version: "1.0", references: [x]}
falsification_tests:
  FALSIFY-007:
    obligation: the loss falls
    test: apr eval || true
"""


def test_value_is_cut_out_of_the_text(tmp_path):
    """`text` gives a value as written, quotes included, and nothing for a path that is not there."""
    places = Places(contract(tmp_path, SOUND))
    assert places.text("proof_obligations", 0, "property") == '"heads are [vocab, hidden]"'
    assert places.text("metadata", "nothing") == ""


def test_path_of_a_listed_clause(tmp_path):
    """A clause in a list is found by where it stands."""
    loaded = contract(tmp_path, SOUND)
    assert Places(loaded).path_of(loaded.clauses[0]) == ("falsification_tests", 0)


def test_path_of_a_clause_whose_id_is_a_key(tmp_path):
    """A clause that starts at its key has the path of the value behind it."""
    loaded = contract(tmp_path, KEYED)
    assert Places(loaded).path_of(loaded.clauses[0]) == ("falsification_tests", "FALSIFY-007")
    assert Places(loaded).field(loaded.clauses[0], "test").line == 5


def test_place_inside_a_check_falls_back_to_what_encloses_it(tmp_path):
    """A part that is not written is missing from the nearest part that is."""
    loaded = contract(tmp_path, SOUND)
    places = Places(loaded)
    limit = places.at("falsification_tests", 0, "check", "limit")
    assert places.check(loaded.clauses[0], "limit", "at_least") == limit
    assert places.check(loaded.clauses[0], "refusal") == places.at("falsification_tests", 0, "check")


@given(st.text(alphabet="ab\n", max_size=40), st.data())
def test_slices_of_a_text(text, data):
    """A span that was made from two offsets gives back the characters between them."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))

    def place(offset):
        before = text[:offset]
        return before.count("\n") + 1, offset - before.rfind("\n")

    assert sliced(text, Span("f", *place(start), *place(end))) == text[start:end]


@pytest.mark.parametrize("span", [Span("f", 9, 1, 9, 4), Span("f", 1, 9, 1, 12)])
def test_slice_outside_the_text_is_empty(span):
    """A span of another text gives nothing, and no error."""
    assert sliced("ab\n", span) == ""
