from __future__ import annotations

import pytest

from harness.cli.configuration import Configuration, Table
from harness.cli.explain_command import explanation
from harness.cli.explain_pages import Sheet, clause_page, falsifier_page, limit_in_words, mutant_page, role_page
from harness.cli.main import run
from harness.cli.registry import Shelf, Shelves
from harness.contract.catalogue import CATALOGUE
from harness.contract.loader import load_text
from harness.contract.models import Limit
from harness.subject.roles import ROLES
from harness.trial.interface import Experiment, Falsifier, Measure, NoParameters, Operator
from harness.verdict.errors import UsageError
from harness.verdict.verdicts import Direction

CONTRACT = """\
metadata: {id: own-v1, version: 1.0.0, description: d, references: [x]}
falsification_tests:
  - id: FALSIFY-OWN-007
    rule: R-001
    prediction: the sky is blue
    if_fails: it rains
    severity: P1
    check:
      falsifier: sky.is_blue
      subject: reader
      population: {partitions: [noon], blind: [night], examples: 3}
      limit: {measure: redness, at_most: 0}
      mutants:
        - {name: paints_red, shows: redness}
        - {name: is_not_there, shows: redness}
  - id: FALSIFY-OWN-008
    rule: R-002
    prediction: nobody tries this
    if_fails: nothing
"""


class Sky(Experiment):
    """An experiment with two classes and no cases."""

    name, role, case_type = "sky", "reader", None
    partitions = {"noon": "the sun is high", "night": "nothing is seen"}
    architectures = ("llama",)

    def boundary(self, population, sources):
        """No case."""
        return ()

    def strategy(self, population):
        """No case either."""
        raise NotImplementedError

    def partitions_of(self, case):
        """None."""
        return frozenset()

    def exercise(self, subject, case, folder, tables):
        """Nothing is exercised."""
        raise NotImplementedError


@pytest.fixture
def falsifier():
    """A falsifier of readers."""
    redness = Measure("redness", "pixels", "red pixels of the sky", Direction.LOWER_IS_BETTER)
    return Falsifier("sky.is_blue", Sky(), NoParameters, (redness,), lambda *_: None, "The sky is blue.")


@pytest.fixture
def shelves(falsifier):
    """A registry with that falsifier and one mutant."""
    paint = Operator("paints_red", "reader", "output", "every pixel", "swaps channels", "blue", "red", lambda s: s)
    return Shelves(Shelf(), Shelf({falsifier.name: falsifier}, {("reader", "paints_red"): paint}))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the contract above."""
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "own-v1.yaml").write_text(CONTRACT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def test_clause_page_says_how_the_clause_is_attacked(shelves):
    """Place, words, falsifier, measure, limit, classes and mutants stand on the page of a bound clause."""
    contract = load_text(CONTRACT, "own-v1.yaml")
    page = clause_page(contract, contract.clauses[0], shelves, 80)
    assert page.splitlines()[0] == "own-v1.yaml:3:5: own-v1::FALSIFY-OWN-007 (P1)"
    for part in (
        "rule         R-001",
        "prediction   the sky is blue",
        "if it fails  it rains",
        "sky.is_blue: The sky is blue.",
        "redness [pixels], lower is better: red pixels of the sky",
        "falsified when redness > 0",
        "reached      noon: the sun is high",
        "blind        night: nothing is seen",
        "edits output, seen by redness",
        "where        every pixel",
        "what         swaps channels",
        "from         blue",
        "to           red",
        "is_not_there unknown mutant",
    ):
        assert part in page
    assert max(map(len, page.splitlines())) <= 80


def test_clause_page_of_an_unbound_clause_says_why(shelves):
    """A clause that nothing runs is told as that."""
    contract = load_text(CONTRACT, "own-v1.yaml")
    page = clause_page(contract, contract.clauses[1], shelves, 80)
    assert "unbound      no check block" in page
    assert "attacked" not in page


def test_falsifier_page_lists_what_contracts_may_write(falsifier, shelves):
    """Measures, classes, families and mutants stand on the page of a falsifier."""
    page = falsifier_page(falsifier, tuple(shelves.project.operators.values()), 80)
    for part in ("redness [pixels]", "noon: the sun is high", "families     llama", "mutants      paints_red"):
        assert part in page


def test_mutant_page_is_the_record(shelves):
    """Role, what is edited, where, what, from and to."""
    page = mutant_page(tuple(shelves.project.operators.values()), 80)
    for part in ("paints_red: a mutant", "role         reader", "edits output", "from         blue"):
        assert part in page


@pytest.mark.parametrize("name", ROLES)
def test_role_page_has_every_placeholder_and_the_example(name):
    """A role's page is enough to write its command template."""
    page = role_page(ROLES[name], 120)
    assert all(f"{{{placeholder}}}" in page for placeholder in ROLES[name].placeholders)
    assert ROLES[name].example in page
    assert page.count("(required)") == len(ROLES[name].required)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"at_most": 0}, "m > 0"),
        ({"at_least": "0.5"}, "m < 0.5"),
        ({"between": (1, 2)}, "m < 1 or m > 2"),
    ],
)
def test_limits_in_words(bounds, words):
    """A limit is told by when it is crossed."""
    assert limit_in_words(Limit(measure="m", **bounds)) == words


def test_long_labels_get_a_line_of_their_own():
    """A label that would push its text out of the column stands above it."""
    sheet = Sheet(40)
    sheet.row("a_label_of_twenty_ch", "text")
    assert sheet.lines == ["a_label_of_twenty_ch", " " * 13 + "text"]


@pytest.mark.parametrize("name", ["FALSIFY-OWN-007", "own-v1::FALSIFY-OWN-007", "FALSIFY-007"])
def test_clause_is_found_by_each_of_its_names(project, capsys, name):
    """The id, the qualified id and the short form lead to the clause, and to no other."""
    assert run(["explain", name]) == 0
    shown = capsys.readouterr().out
    assert "contracts/own-v1.yaml:3:5: own-v1::FALSIFY-OWN-007" in shown
    assert "OWN-008" not in shown


@pytest.mark.parametrize("name", ["FC012", "fc012", "importer"])
def test_codes_and_roles_are_explained_anywhere(tmp_path, monkeypatch, capsys, name):
    """A code or a role needs no contract."""
    monkeypatch.chdir(tmp_path)
    assert run(["explain", name]) == 0
    assert capsys.readouterr().out.strip()


def test_code_is_explained_by_its_page(tmp_path):
    """What is shown for a code is its page."""
    settings = Configuration(tmp_path, Table(), written=False)
    assert explanation("FC010", (), settings, 80) == CATALOGUE["FC010"].text.rstrip("\n")


@pytest.mark.parametrize(
    ("wrong", "right"), [("FALSIFY-OWN-07", "FALSIFY-OWN-007"), ("imprter", "importer"), ("FC0123", "FC012")]
)
def test_unknown_name_is_wrong_usage_and_names_the_nearest(project, capsys, wrong, right):
    """Exit 3, and the nearest names on standard error."""
    assert run(["explain", wrong]) == 3
    captured = capsys.readouterr()
    assert right in captured.err
    assert captured.out == ""


def test_unknown_name_without_a_near_one_says_what_there_is(tmp_path):
    """Nothing is guessed for a name that is like no other."""
    with pytest.raises(UsageError) as caught:
        explanation("zzzzzzzz", (), Configuration(tmp_path, Table(), written=False), 80)
    assert "importer" in caught.value.way_out
