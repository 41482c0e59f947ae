from __future__ import annotations

import pytest
from conftest import CLAUSE, CONTRACT, SOUND

pytest_plugins = ["pytester"]

OWN = '''
from falsifiers.strategies.imports import IMPORTS
from harness.trial.interface import Measure, Observation, falsifier


@falsifier(experiment=IMPORTS, measures=[Measure("empty_files", "files", "imports of no bytes")])
def imports_are_not_empty(case, witness, context):
    """Every import has bytes."""
    return Observation({"empty_files": int(witness.file("dest").stat().st_size == 0)}, compared=1)


@falsifier(experiment=IMPORTS, measures=[Measure("large_files", "files", "imports of more than one byte")])
def imports_are_tiny(case, witness, context):
    """No import has more than one byte, which is false."""
    size = witness.file("dest").stat().st_size
    return Observation({"large_files": int(size > 1)}, compared=1, message=f"{size} bytes")
'''

MUTANTS = """
from harness.trial.interface import operator


class Emptying:
    role, label, identity = "importer", "mutant", "empties"

    def __init__(self, reference):
        self.reference = reference

    def convert(self, source, dest):
        done = self.reference.convert(source, dest)
        dest.write_bytes(b"")
        return done


@operator(role="importer", edits="bytes", where="file", what="no bytes", before="a file", after="nothing")
def empties(reference):
    return Emptying(reference)
"""

HOLDS = CLAUSE.format(id="FALSIFY-SOUND-001", **SOUND)
FALSE = CLAUSE.format(
    id="FALSIFY-FALSE-002",
    prediction="Every import is tiny.",
    falsifier="own.imports_are_tiny",
    measure="large_files",
    mutant="empties",
    second="extra_buffer_kept",
)
UNBOUND = "  - {id: FALSIFY-LATER-005, rule: R-001, prediction: It holds., if_fails: It does not., severity: P0}\n"


@pytest.fixture
def repository(pytester):
    """A user's repository with a sound clause, a false one and an unbound one."""
    pytester.makepyprojecttoml('[tool.falsify]\ncontracts = ["contracts"]\nprofile = "dev"\n')
    (pytester.path / "contracts").mkdir()
    (pytester.path / "falsifiers").mkdir()
    (pytester.path / "falsifiers" / "own.py").write_text(OWN)
    (pytester.path / "falsifiers" / "__init__.py").write_text('"""A package that must not hide ours."""\n')
    (pytester.path / "falsifiers" / "mutants.py").write_text(MUTANTS)
    (pytester.path / "contracts" / "own-v1.yaml").write_text(
        CONTRACT.format(id="own-v1", clauses=HOLDS + FALSE + UNBOUND)
    )
    return pytester


def test_verdicts_become_outcomes(repository):
    """Corroborated passes, falsified fails, unbound is skipped with that reason; a person is told what is needed."""
    result = repository.runpytest_subprocess("contracts", "-rs")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*UNBOUND*",
        ]
    )
    text = result.stdout.str()
    for told in ("Every import is tiny.", "bytes", "Something is lost.", "contracts/own-v1.yaml:", "falsify replay"):
        assert told in text
    assert "Traceback" not in text


def test_node_ids_are_file_clause_and_subject(repository):
    """Items are named contracts/own-v1.yaml::FALSIFY-SOUND-001[reference], and one can be run by its id."""
    collected = repository.runpytest_subprocess("contracts", "--collect-only", "-q")
    collected.stdout.fnmatch_lines(["contracts/own-v1.yaml::FALSIFY-SOUND-001?reference?"])
    one = repository.runpytest_subprocess("contracts/own-v1.yaml::FALSIFY-SOUND-001[reference]")
    one.assert_outcomes(passed=1)


def test_k_selects_by_short_id_exactly(repository):
    """-k FALSIFY-001 takes ids that end with -001, alone and inside an expression, and nothing else."""
    result = repository.runpytest_subprocess("contracts", "-k", "FALSIFY-001 or FALSIFY-005", "--collect-only", "-q")
    text = result.stdout.str()
    assert "FALSIFY-SOUND-001" in text
    assert "FALSIFY-LATER-005" in text
    assert "FALSIFY-FALSE-002" not in text
    assert repository.runpytest_subprocess("contracts", "-k", "FALSIFY-0015").ret == 5
    other = repository.runpytest_subprocess("contracts", "-k", "not FALSIFY-002 and own-v1", "--collect-only", "-q")
    assert "FALSIFY-FALSE-002" not in other.stdout.str()


def test_k_leaves_other_tests_to_pytest(repository):
    """A term that is no FALSIFY-NNN selects ordinary tests as it always did, beside contract items."""
    repository.makepyfile(test_plain="def test_apple(): pass\n\ndef test_pear(): pass\n")
    result = repository.runpytest_subprocess(
        "-k", "FALSIFY-001 or apple", "--collect-only", "-q", "contracts", "test_plain.py"
    )
    text = result.stdout.str()
    assert "test_apple" in text
    assert "test_pear" not in text
    assert "FALSIFY-SOUND-001" in text


def test_marks_select_by_severity_and_role(repository):
    """-m P1 and -m importer take bound clauses; the marks are registered, so --strict-markers holds."""
    result = repository.runpytest_subprocess(
        "contracts", "-m", "importer and P1", "--strict-markers", "--collect-only", "-q"
    )
    text = result.stdout.str()
    assert "FALSIFY-SOUND-001" in text
    assert "FALSIFY-LATER-005" not in text


def test_x_and_lf_work(repository):
    """-x stops at the first failure, and --lf runs what failed last."""
    repository.runpytest_subprocess("contracts", "-x").assert_outcomes(passed=1, failed=1)
    repository.runpytest_subprocess("contracts", "--lf").assert_outcomes(failed=1)


def test_xdist_gives_the_same_outcomes(repository):
    """Two workers find what one finds."""
    repository.runpytest_subprocess("contracts", "-n", "2").assert_outcomes(passed=1, failed=1, skipped=1)


def test_fixtures_reach_contract_items(repository):
    """An autouse fixture of the user's conftest runs around every clause."""
    repository.makeconftest(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def around(request):
            print('around', request.node.name)
            yield
        """
    )
    result = repository.runpytest_subprocess("contracts", "-k", "SOUND", "-s")
    result.stdout.fnmatch_lines(["*around FALSIFY-SOUND-001?reference?*"])


def test_reports_are_written_when_asked_for(repository):
    """--falsify-reports writes the discharge of the run, with the evidence that travelled in the reports."""
    import json

    repository.runpytest_subprocess("contracts", "--falsify-reports", "found", "-n", "2")
    document = json.loads((repository.path / "found" / "discharge.json").read_text())
    assert {check["clause"]: check["verdict"] for check in document["checks"]} == {
        "FALSIFY-SOUND-001": "CORROBORATED",
        "FALSIFY-FALSE-002": "FALSIFIED",
        "FALSIFY-LATER-005": "NOT_MEASURED",
    }


def test_the_users_folder_and_the_built_in_package_do_not_hide_each_other(repository):
    """Run with the folder first on the import path, both the user's and the built-in falsifiers are found."""
    import sys

    result = repository.run(sys.executable, "-m", "pytest", "contracts")
    result.assert_outcomes(passed=1, failed=1, skipped=1)


def test_a_project_without_a_table_is_left_alone(pytester):
    """Without [tool.falsify] no YAML file is collected."""
    (pytester.path / "contracts").mkdir()
    (pytester.path / "contracts" / "other.yaml").write_text("key: value\n")
    assert pytester.runpytest_subprocess("contracts").ret == 5


def test_a_contract_with_an_error_fails(repository):
    """An error of the contract itself is a failing item beside its clauses."""
    text = CONTRACT.format(id="own-v1", clauses=HOLDS).replace("severity: P1", "severity: P9")
    (repository.path / "contracts" / "own-v1.yaml").write_text(text)
    result = repository.runpytest_subprocess("contracts")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*own-v1.yaml:*FC0*"])


def test_errors_of_a_contract_are_told_whatever_is_selected(repository):
    """-k that selects a clause takes the errors of its contract along, so that no part is green unseen."""
    text = CONTRACT.format(id="own-v1", clauses=HOLDS + HOLDS.replace("SOUND-001", "OTHER-002").replace("P1", "P9"))
    (repository.path / "contracts" / "own-v1.yaml").write_text(text)
    assert repository.runpytest_subprocess("contracts", "-k", "SOUND").ret == 1
    assert repository.runpytest_subprocess("contracts", "-k", "FALSIFY-001").ret == 1


def test_a_falsifier_that_exits_is_a_fault(falsify, repository):
    """sys.exit(0) in a user's falsifier is no pass: exit 3, and the other clauses still run."""
    own = OWN.replace("size = witness", "raise SystemExit(0)\n    size = witness")
    (repository.path / "falsifiers" / "own.py").write_text(own)
    done = falsify("gate", "--json", cwd=repository.path)
    assert done.code == 3
    assert done.verdicts()["FALSIFY-SOUND-001"] == "CORROBORATED"


def test_a_foreign_subject_is_tried_under_pytest_too(repository):
    """--falsify-subject puts a program on trial; one that always fails falsifies nothing but gives no pass either."""
    result = repository.runpytest_subprocess(
        "contracts", "-k", "SOUND", "--falsify-subject", "importer=false {source} {dest}"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*NOT_MEASURED*"])
