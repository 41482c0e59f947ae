from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.contract.loader import load_contract
from harness.contract.models import Dialect, FindingSeverity

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "contracts"
BAD = sorted((EXAMPLES / "bad").glob("*.yaml"))
GOOD = sorted((EXAMPLES / "good").glob("*.yaml"))


def expected(file):
    """The codes and places that the first line of an example promises."""
    promise = re.match(r"# expect: (.*)", file.read_text())
    assert promise is not None, f"{file.name} does not say what is expected"
    return sorted(promise[1].split("; "))


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_defect_is_found_where_it_stands(file):
    """Each defective example gives the errors that its first line names, at their line and column, and no other."""
    contract = load_contract(file)
    errors = [finding for finding in contract.findings if finding.severity is FindingSeverity.ERROR]
    assert sorted(f"{f.code} {f.span.line}:{f.span.column}" for f in errors) == expected(file)
    for finding in errors:
        assert finding.span.file == file.as_posix()
        assert finding.message


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_sound_example_has_no_findings(file):
    """Sound examples are strict, quiet, and every clause that stands is bound."""
    contract = load_contract(file)
    assert contract.findings == ()
    assert contract.dialect is Dialect.STRICT
    assert contract.id == file.stem
    for clause in contract.clauses:
        assert (clause.check is not None) == (not clause.why_unbound)
        assert clause.retired is not None or clause.check is not None


def test_each_error_code_of_the_loader_has_an_example():
    """No code of the loader is without a file that earns it."""
    seen = {promise.split()[0] for file in BAD for promise in expected(file)}
    wanted = {f"FC{number:03}" for number in (2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 18)}
    assert wanted <= seen
