from __future__ import annotations

import hashlib
import re
from collections import Counter

import pytest
import yaml

from harness.contract.discovery import find_contracts
from harness.contract.loader import load_contract
from harness.contract.models import CLAUSE_ID, Dialect, FindingSeverity

BLOCKS = (
    "falsification_tests",
    "falsification",
    "falsification_conditions",
    "tests",
    "gates",
    "acceptance_criteria",
    "rejection_criteria",
    "kill_criteria",
)
HOLDERS = ("invariants", "obligations", "hypotheses")
FIELDS = ("falsifier", "falsification", "falsification_test")
HEADS = frozenset(
    {"metadata", "equations", "proof_obligations", "kernel_structure", "simd_dispatch", "enforcement", "status"}
    | {"kani_harnesses", "qa_gate", "verification_summary", "contract_id", "name", "title", "version"}
)


@pytest.fixture(scope="module")
def corpus(shared):
    """Every file of the corpus, with the contract that was made of it."""
    folder = shared / "corpus"
    if not folder.is_dir():
        pytest.skip("the corpus (../shared/corpus) is not on this machine")
    files = sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")])
    return [(file, load_contract(file, shown=file.relative_to(folder).as_posix())) for file in files]


def recount(data):
    """Clauses by container, counted in raw data by somebody who knows nothing of the loader."""
    counts = Counter()
    if not isinstance(data, dict):
        return counts
    for block in BLOCKS:
        if isinstance(data.get(block), list | dict):
            counts[block] += len(data[block])
    for holder in HOLDERS:
        held = data.get(holder) or []
        for entry in held.values() if isinstance(held, dict) else held:
            for field in FIELDS:
                if isinstance(entry, dict) and field in entry:
                    counts[f"{holder}[].{field}"] += 1
    return counts


def raw(file):
    """The file as PyYAML reads it."""
    return yaml.load(file.read_bytes(), yaml.CSafeLoader)


def test_no_clause_of_the_corpus_is_lost(corpus):
    """Container by container, every file gives as many clauses as an independent recount of the raw YAML."""
    total = Counter()
    for file, contract in corpus:
        found = Counter(clause.container for clause in contract.clauses)
        assert found == recount(raw(file)), file
        total += found
    assert total["falsification_tests"] >= 1400
    assert len(total) >= 10


def test_every_file_loads_or_says_what_is_wrong(corpus):
    """A file without clauses has a finding; nothing is an error but the one file that holds only comments."""
    errors = []
    for file, contract in corpus:
        assert contract.clauses or contract.findings, file
        assert contract.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        errors += [(file.name, f.code) for f in contract.findings if f.severity is FindingSeverity.ERROR]
    assert errors == [("_schema.yaml", "FC003")]
    assert all(contract.clauses for file, contract in corpus if b"falsification_tests:" in file.read_bytes())


def test_every_clause_points_at_its_source(corpus):
    """The span begins at the clause: its first line holds the id, its text as YAML gives the clause's own item."""
    for file, contract in corpus:
        lines = file.read_text().splitlines()
        for clause in contract.clauses:
            if clause.container != "falsification_tests":
                continue
            first = lines[clause.span.line - 1][clause.span.column - 1 :]
            assert clause.id in first, clause.qualified
            body = lines[clause.span.line - 1 : clause.span.end_line]
            body[-1] = body[-1][: clause.span.end_column - 1]
            body[0] = " " * (clause.span.column - 1) + first[: len(body[0])]
            item = yaml.load("\n".join(body), yaml.CSafeLoader)
            assert str(item["id"]) == clause.id
            assert clause.contract_id == file.stem


def test_what_was_not_understood_is_named_key_by_key(corpus):
    """Each top-level key that is none of the language's has a note of its own that points at it."""
    for file, contract in corpus:
        data = raw(file)
        if not isinstance(data, dict) or contract.dialect is not Dialect.KERNEL:
            continue
        noted = {f.message.split("`")[1] for f in contract.findings if f.code == "FC019" and "block" in f.message}
        strange = set(data) & {"gap_register", "toyota_way_principles", "five_whys", "conformance", "benchmarks"}
        assert strange <= noted, file
        assert not noted & {*HEADS, *BLOCKS, *HOLDERS}
        lines = file.read_text().splitlines()
        for finding in contract.findings:
            if finding.code == "FC019":
                name = finding.message.split("`")[1]
                assert lines[finding.span.line - 1][finding.span.column - 1 :].startswith(name)


def test_foreign_clauses_are_unbound_and_unique(corpus):
    """Nothing arms a foreign clause by itself; ids are unique in a file and, when ours, follow the grammar."""
    for file, contract in corpus:
        ids = [clause.id for clause in contract.clauses]
        assert len(ids) == len(set(ids)), file
        for clause in contract.clauses:
            assert clause.check is None
            assert clause.why_unbound
            assert clause.dialect is contract.dialect is not Dialect.STRICT
            if clause.positional:
                assert re.match(CLAUSE_ID, clause.id)


def test_the_parts_of_clauses_are_found(corpus):
    """Nearly every clause says what it predicts, and the public spellings of the other parts are read."""
    clauses = [clause for _, contract in corpus for clause in contract.clauses]
    silent = [clause.qualified for clause in clauses if not clause.prediction]
    assert len(silent) <= 4
    assert sum(bool(clause.if_fails) for clause in clauses) > 0.88 * len(clauses)
    assert sum(bool(clause.test) for clause in clauses) > 0.95 * len(clauses)


def test_the_dialects_of_the_corpus(corpus):
    """Each public dialect occurs, told by keys."""
    found = Counter(contract.dialect for _, contract in corpus)
    assert found == {
        Dialect.KERNEL: 264,
        Dialect.WORK: 90,
        Dialect.MODEL_FAMILY: 31,
        Dialect.REGISTRY: 12,
        Dialect.SHORT: 7,
        Dialect.SHIP: 7,
        Dialect.PROBAR: 5,
        Dialect.NAMED_KIND: 3,
        Dialect.BINDINGS: 2,
        Dialect.ACCEPTANCE: 2,
    }


def test_discovery_finds_the_whole_corpus(shared, corpus):
    """A folder stands for all YAML files below it."""
    assert sorted(find_contracts([shared / "corpus"])) == [file for file, _ in corpus]
