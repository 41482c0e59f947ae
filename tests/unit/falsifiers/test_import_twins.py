from __future__ import annotations

import json

import pytest
from import_clauses import CLAUSES
from pydantic import TypeAdapter
from second_importer import SecondImporter

from falsifiers.strategies.checkpoints import PARTITIONS, CheckpointCase
from falsifiers.strategies.imports import IMPORTS
from harness.contract.models import Population
from harness.trial.deck import draw
from harness.trial.interface import Witness

POPULATION = Population(partitions=("non_square",), examples=60)
WITH_BLOCKS = Population(partitions=("blocks",), examples=60)


def sources(root):
    """The real model files that the project commits."""
    artifacts = root / "tests" / "artifacts"
    return [artifacts / "llama-nano", *sorted(artifacts.glob("*.gguf"))]


def accusations(importer, cases, folder):
    """What the clauses hold against `importer`, and what they cannot measure, on `cases`."""
    found = []
    for number, case in enumerate(cases):
        place = folder / str(number)
        place.mkdir()
        answer = IMPORTS.exercise(importer, case, place, {})
        for clause in CLAUSES:
            seen = clause.observe(case, answer, place)
            blind = IMPORTS.partitions_of(case) & set(clause.check.population.blind)
            if seen.not_measured or seen.compared < 1 or (clause.out(seen) and not blind):
                found.append((clause.id, case, seen))
    return found


@pytest.mark.parametrize(
    ("importer", "drawn"),
    [
        (SecondImporter(), 60),
        (SecondImporter(nulls=True, head_copy="kept", arrival=True), 15),
        (SecondImporter(custom=True, head_copy="widened", old_bf16=True), 15),
    ],
    ids=["plain", "nulls-copy-arrival", "custom-widened-copy"],
)
def test_correct_importers_are_not_accused(importer, drawn, root, tmp_path):
    """Three right importers that differ in all that is free are measured by every clause and accused by none."""
    boundary = IMPORTS.boundary(POPULATION, sources(root))
    deck = draw(IMPORTS, POPULATION, seed_value=7, count=drawn).deck(boundary)
    cases = [*IMPORTS.boundary(WITH_BLOCKS, sources(root)), *deck.drawn[:drawn]]
    assert len(cases) >= 18 + drawn
    assert accusations(importer, cases, tmp_path) == []


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_boundary_reaches_every_partition_that_a_clause_asks_for(clause):
    """No clause depends on luck, nor on real sources, for the partitions of its population."""
    blind = set(clause.check.population.blind)
    cases = IMPORTS.boundary(clause.check.population, [])
    reached = {name for case in cases if not (found := IMPORTS.partitions_of(case)) & blind for name in found}
    assert set(clause.check.population.partitions) <= reached
    assert blind <= {name for case in cases for name in IMPORTS.partitions_of(case)}


def test_every_partition_can_be_reached(root):
    """What the experiment declares is what its boundary cases hit, with sources and block types."""
    cases = IMPORTS.boundary(WITH_BLOCKS, sources(root))
    assert {name for case in cases for name in IMPORTS.partitions_of(case)} == set(PARTITIONS)


def test_boundary_is_short_and_starts_small(root):
    """A program that needs a second a file gets through the boundary cases in a quarter of a minute."""
    cases = IMPORTS.boundary(POPULATION, sources(root))
    assert len(cases) <= 18
    assert all(case.kind == "generated" and case.layers <= 2 and case.hidden <= 24 for case in cases[:4])
    assert cases[4].kind == "real"


def test_families_of_the_population_are_kept_to():
    """A clause that names one family gets cases of that family only."""
    population = Population(partitions=("gguf",), architectures=("llama",), examples=8)
    drawn = draw(IMPORTS, population, seed_value=3, count=32).deck(IMPORTS.boundary(population, []))
    assert {case.family for case in (*drawn.boundary, *drawn.drawn)} == {"llama"}


def test_cases_travel_as_json(root):
    """A case read back from its JSON is the case, and makes the same files."""
    adapter = TypeAdapter(CheckpointCase)
    boundary = IMPORTS.boundary(POPULATION, sources(root))
    deck = draw(IMPORTS, POPULATION, seed_value=11, count=32).deck(boundary)
    for case in (*deck.boundary, *deck.drawn, IMPORTS.finished(root / "a.apr", root)):
        text = case.model_dump_json()
        assert adapter.validate_json(text) == case
        assert json.loads(text)["kind"] == case.kind


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_every_clause_looks_at_the_answer(clause, tmp_path):
    """No falsifier of imports computes on its own tables only."""
    case = IMPORTS.boundary(POPULATION, [])[0]
    witness = Witness(IMPORTS.exercise(SecondImporter(), case, tmp_path, {}), tmp_path)
    from harness.trial.interface import Context

    clause.falsifier.observe(case, witness, Context(None, clause.tables, ""))
    assert witness.looked
