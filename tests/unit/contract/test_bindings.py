from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from harness.contract.bindings import arm, load_bindings, unplaced
from harness.contract.globs import matches
from harness.contract.loader import load_contract

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "contracts"
CHECK = """
    falsifier: books.cover_has_title
    subject: importer
    population: {partitions: [thin, thick], examples: 5}
    limit: {measure: missing_titles, at_most: 0.10000000000000000000001}
    mutants: [{name: blank_cover, shows: missing_titles}]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with somebody else's contract in it, and a folder for bindings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts" / "bindings").mkdir(parents=True)
    (tmp_path / "vendor").mkdir()
    shutil.copy(EXAMPLES / "foreign" / "ship.yaml", tmp_path / "vendor" / "ship.yaml")
    return tmp_path


def contract_of(project):
    """The contract of `project`, unarmed."""
    return load_contract(project / "vendor" / "ship.yaml", shown="vendor/ship.yaml")


def bind(project, name="a", *, contract="vendor/ship.yaml", sha256="null", clause="INV-BOOK-001", check=CHECK, more=""):
    """Write a binding file with one check block, and `more` of them."""
    text = f"contract: {contract}\nsha256: {sha256}\nchecks:\n  {clause}:{check}{more}"
    (project / "contracts" / "bindings" / f"{name}.yaml").write_text(text)


def armed(project):
    """The contract of `project`, armed with its bindings."""
    bindings = load_bindings([project / "contracts" / "bindings"])
    return arm(contract_of(project), bindings)


def clause_of(contract, identity="INV-BOOK-001"):
    """The clause of this id."""
    return next(clause for clause in contract.clauses if clause.id == identity)


def new(contract, project):
    """Findings that arming added."""
    return [finding for finding in contract.findings if finding not in contract_of(project).findings]


@pytest.mark.parametrize(
    "pattern", ["vendor/ship.yaml", "./vendor/ship.yaml", "vendor/*.yaml", '"**/ship.yaml"', '"*/s*"']
)
def test_a_binding_arms_a_clause(project, pattern):
    """The clause gets the check block, its place and who armed it; the others stay unbound."""
    bind(project, contract=pattern, sha256=contract_of(project).sha256)
    contract = armed(project)
    clause = clause_of(contract)
    assert clause.check.falsifier == "books.cover_has_title"
    assert clause.check.limit.at_most == Decimal("0.10000000000000000000001")
    assert clause.armed_by == "contracts/bindings/a.yaml"
    assert str(clause.check_span) == "contracts/bindings/a.yaml:5:5"
    assert clause.why_unbound == ""
    assert new(contract, project) == []
    assert [clause.id for clause in contract.clauses if clause.check is None] == ["GATE-BOOK-001", "FALSIFICATION-1"]


def test_a_binding_from_elsewhere_finds_the_contract_from_the_root(project, monkeypatch):
    """Paths are seen from the folder that holds contracts/, wherever one stands."""
    bind(project)
    monkeypatch.chdir(project / "vendor")
    contract = load_contract(Path("ship.yaml"))
    assert clause_of(arm(contract, load_bindings([project / "contracts" / "bindings"]))).check is not None


def test_the_check_block_is_part_of_the_clause(project):
    """Arming, and another threshold in the binding, change the clause's hash, so that old evidence is stale."""
    bind(project)
    first = clause_of(armed(project)).sha256
    bind(project, check=CHECK.replace("00001}", "00002}"))
    assert len({first, clause_of(armed(project)).sha256, clause_of(contract_of(project)).sha256}) == 3


def test_another_text_makes_the_binding_stale(project):
    """When the hash does not fit nothing is armed, and the clause says what was expected, found, kept and gone."""
    bind(project, sha256=f'"{"0" * 64}"', more=f"  GONE-001:{CHECK}")
    contract = armed(project)
    clause = clause_of(contract)
    assert clause.check is None
    for part in ("000000000000", contract.sha256[:12], "INV-BOOK-001", "gone: GONE-001", "contracts/bindings/a.yaml"):
        assert part in clause.stale
    assert clause.why_unbound == clause.stale
    assert [(f.code, f.span.line) for f in new(contract, project)] == [("FC030", 2), ("FC031", 10)]


def test_a_clause_that_is_not_there_is_reported(project):
    """The finding points at the id in the binding and names the nearest one."""
    bind(project, clause="INV-BOOK-002")
    (finding,) = new(armed(project), project)
    assert (finding.code, str(finding.span)) == ("FC031", "contracts/bindings/a.yaml:4:3")
    assert finding.hint == "did you mean INV-BOOK-001?"


def test_the_first_of_two_check_blocks_holds(project):
    """Two bindings for one clause are an error; the first file by name wins."""
    bind(project, "a")
    bind(project, "b", check=CHECK.replace("cover_has_title", "other"))
    contract = armed(project)
    assert clause_of(contract).check.falsifier == "books.cover_has_title"
    (finding,) = new(contract, project)
    assert (finding.code, str(finding.span)) == ("FC033", "contracts/bindings/b.yaml:4:3")


def test_a_clause_with_a_check_of_its_own_keeps_it(project):
    """A binding does not override what the contract says."""
    shutil.copy(EXAMPLES / "good" / "smallest.yaml", project / "smallest.yaml")
    bind(project, contract="smallest.yaml", clause="FALSIFY-PAGE-001")
    own = load_contract(project / "smallest.yaml", shown="smallest.yaml")
    contract = arm(own, load_bindings([project / "contracts" / "bindings"]))
    assert contract.clauses == own.clauses
    assert [finding.code for finding in contract.findings] == ["FC033"]


def test_a_broken_check_block_leaves_its_neighbours_alone(project):
    """One clause is armed, the other says why not, with the finding of a contract's own check block."""
    bind(project, more="  GATE-BOOK-001:" + CHECK.replace("subject: importer", "subject: 5"))
    contract = armed(project)
    assert clause_of(contract).check is not None
    broken = clause_of(contract, "GATE-BOOK-001")
    assert broken.check is None
    assert "contracts/bindings/a.yaml:12:14" in broken.why_unbound
    assert [(f.code, f.span.line) for f in new(contract, project)] == [("FC006", 12)]


BROKEN = {
    "not yaml": ("contract: [", {"FC002", "FC032"}),
    "empty": ("", {"FC011", "FC032"}),
    "a list": ("- a", {"FC011", "FC012", "FC032"}),
    "no contract": (f"checks:\n  A-1:{CHECK}", {"FC011", "FC032"}),
    "no checks": ("contract: a.yaml", {"FC011", "FC032"}),
    "empty checks": ("contract: a.yaml\nchecks: {}", {"FC012", "FC032"}),
    "unknown key": (f"contract: a.yaml\nsha: ''\nchecks:\n  A-1:{CHECK}", {"FC010", "FC032"}),
    "bad hash": (f"contract: a.yaml\nsha256: abc\nchecks:\n  A-1:{CHECK}", {"FC012", "FC032"}),
    "a number for a hash": (f"contract: a.yaml\nsha256: {'1' * 64}\nchecks:\n  A-1:{CHECK}", {"FC006", "FC032"}),
}


@pytest.mark.parametrize(("text", "codes"), BROKEN.values(), ids=BROKEN)
def test_a_binding_that_cannot_be_read_arms_nothing(project, text, codes):
    """It fits no contract, and its findings, FC032 among them, are told with those of no contract."""
    (project / "contracts" / "bindings" / "a.yaml").write_text(text)
    bindings = load_bindings([project / "contracts" / "bindings"])
    found = unplaced(bindings, [contract_of(project)])
    assert {finding.code for finding in found} >= {"FC032"}
    assert {finding.code for finding in found} <= codes
    assert not [finding for finding in found if finding.message.startswith("the contract")]
    assert arm(contract_of(project), bindings) == contract_of(project)


def test_a_binding_for_nothing_is_reported(project):
    """A pattern that fits no loaded contract is an error at its place; one that fits is none."""
    bind(project, contract="vendor/*.yml")
    bindings = load_bindings([project / "contracts" / "bindings"])
    (finding,) = unplaced(bindings, [contract_of(project)])
    assert (finding.code, str(finding.span)) == ("FC031", "contracts/bindings/a.yaml:1:11")
    bind(project)
    assert unplaced(load_bindings([project / "contracts" / "bindings"]), [contract_of(project)]) == []


def test_no_folder_holds_no_bindings(project):
    """A project without bindings needs no folder for them."""
    assert load_bindings([project / "nowhere"]) == []


def test_a_contract_of_the_corpus_is_armed(shared, tmp_path):
    """One clause of a real public contract becomes bound, pinned by the hash of the real file."""
    file = shared / "corpus" / "paiml+aprender" / "contracts" / "apr-pretrain-from-init-v1.yaml"
    if not file.is_file():
        pytest.skip("the corpus (../shared/corpus) lacks apr-pretrain-from-init-v1.yaml")
    folder = tmp_path / "contracts" / "bindings"
    folder.mkdir(parents=True)
    contract = load_contract(file)
    text = (
        f'contract: "**/apr-pretrain-from-init-v1.yaml"\nsha256: {contract.sha256}\n'
        f"checks:\n  FALSIFY-APR-PRETRAIN-INIT-005:{CHECK}"
    )
    (folder / "a.yaml").write_text(text)
    bound = [clause.id for clause in arm(contract, load_bindings([folder])).clauses if clause.check is not None]
    assert bound == ["FALSIFY-APR-PRETRAIN-INIT-005"]


@pytest.mark.parametrize(
    ("pattern", "path", "like"),
    [
        ("a/*.yaml", "a/b.yaml", True),
        ("a/*.yaml", "a/b/c.yaml", False),
        ("**/c.yaml", "c.yaml", True),
        ("**/c.yaml", "a/b/c.yaml", True),
        ("a/**", "a/b/c.yaml", True),
        ("a/?.yaml", "a/b.yaml", True),
        ("a/?.yaml", "a//.yaml", False),
        ("[ab].yaml", "a.yaml", True),
        ("[!ab].yaml", "a.yaml", False),
        ("[a-c]x", "bx", True),
        ("a+b.yaml", "a+b.yaml", True),
        ("a.yaml", "aXyaml", False),
        ("[", "[", True),
    ],
)
def test_globs(pattern, path, like):
    """A star stays inside a folder, two do not, and everything else is itself."""
    assert matches(pattern, path) is like
