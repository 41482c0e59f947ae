from __future__ import annotations

import pytest
from conftest import CLAUSE, CONTRACT, SOUND, write

GOOD = CLAUSE.format(id="FALSIFY-OWN-001", **SOUND)


@pytest.mark.parametrize(
    "content",
    ["", "# nothing\n", "metadata: {}\n", "[]\n", "just text\n", CONTRACT.format(id="own-v1", clauses="  []")],
    ids=["empty", "comment", "no clauses", "list", "text", "empty list of clauses"],
)
def test_a_contract_without_clauses_is_not_measured(falsify, project, content):
    """Nothing to check is exit 2, never a pass, in gate and in pytest."""
    write(project, "contracts/own-v1.yaml", content)
    done = falsify("gate", cwd=project)
    assert done.code == 2, done.out + done.err
    assert falsify("contracts", tool="pytest", cwd=project).code != 0


def test_a_project_without_contracts_is_not_measured(falsify, project):
    """An empty folder of contracts is exit 2."""
    assert falsify("gate", cwd=project).code == 2


def test_a_selector_that_matches_nothing_is_not_measured(falsify, project):
    """-k without a match is exit 2 in gate and exit 5 in pytest."""
    write(project, "contracts/own-v1.yaml", CONTRACT.format(id="own-v1", clauses=GOOD))
    assert falsify("gate", "-k", "FALSIFY-99999", cwd=project).code == 2
    assert falsify("contracts", "-k", "FALSIFY-99999", tool="pytest", cwd=project).code == 5


def test_only_unbound_clauses_are_not_measured(falsify, project):
    """A contract that nothing binds passes nothing."""
    clause = "  - {id: FALSIFY-OWN-001, rule: R-001, prediction: It holds., if_fails: It does not., severity: P0}"
    write(project, "contracts/own-v1.yaml", CONTRACT.format(id="own-v1", clauses=clause))
    done = falsify("gate", "--json", cwd=project)
    assert done.code == 2
    (check,) = done.document["checks"]
    assert (check["verdict"], check["reason"]) == ("NOT_MEASURED", "unbound")


def test_an_unbound_clause_beside_a_bound_one_changes_nothing_unless_required(falsify, project):
    """UNBOUND is listed and counted; with --require-bound it makes exit 2."""
    unbound = "  - {id: FALSIFY-OWN-002, rule: R-001, prediction: It holds., if_fails: It does not., severity: P0}\n"
    write(project, "contracts/own-v1.yaml", CONTRACT.format(id="own-v1", clauses=GOOD + unbound))
    done = falsify("gate", "--json", cwd=project)
    assert done.code == 0, done.err
    assert done.document["summary"]["unbound"] == 1
    assert falsify("gate", "--require-bound", cwd=project).code == 2


@pytest.mark.parametrize("artifact", ["nothere.apr", "empty.apr", "junk.apr", "folder"])
def test_an_artifact_that_is_none_is_not_measured(falsify, root, tmp_path, artifact):
    """A missing, empty or foreign file, and a folder without one, are exit 2."""
    (tmp_path / "empty.apr").write_bytes(b"")
    (tmp_path / "junk.apr").write_bytes(b"not a model\n" * 9)
    (tmp_path / "folder").mkdir()
    done = falsify("gate", "--artifact", artifact, "-k", "F-DATA-QUALITY-002", cwd=tmp_path)
    assert done.code == 2, done.out + done.err


def test_a_population_that_cannot_be_reached_is_not_measured(falsify, project):
    """A clause whose partition never occurs for its families is exit 2, with the partition named."""
    clause = GOOD.replace("architectures: [qwen2, llama]", "architectures: [qwen2]").replace(
        "partitions: [safetensors, gguf]", "partitions: [gguf_llama]"
    )
    write(project, "contracts/own-v1.yaml", CONTRACT.format(id="own-v1", clauses=clause))
    done = falsify("gate", "--json", cwd=project)
    assert done.code == 2
    assert "gguf_llama" in done.document["checks"][0]["message"]


def test_a_check_without_mutants_is_refused(falsify, project):
    """A clause that cannot be shown to bite is not armed, and the contract has an error."""
    clause = GOOD[: GOOD.index("      mutants:")] + "      mutants: []\n"
    write(project, "contracts/own-v1.yaml", CONTRACT.format(id="own-v1", clauses=clause))
    assert falsify("gate", cwd=project).code == 2
    assert falsify("lint", "contracts", cwd=project).code == 1


def test_a_misspelt_container_loses_no_clause_and_passes_nothing(falsify, project):
    """`falsification_testz` is an error that names the right key; its clauses are still there."""
    text = CONTRACT.format(id="own-v1", clauses=GOOD).replace("falsification_tests:", "falsification_testz:")
    write(project, "contracts/own-v1.yaml", text)
    done = falsify("gate", "--json", cwd=project)
    assert done.code == 2
    assert [check["clause"] for check in done.document["checks"]] == ["FALSIFY-OWN-001"]
    lint = falsify("lint", "contracts", cwd=project)
    assert lint.code == 1
    assert "falsification_tests" in lint.out
