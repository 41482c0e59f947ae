import json

import pytest
from unit.reporting.factory import discharge, evidence, falsified, realistic

from harness.ledger.discharge import Discharge
from harness.reporting.json_report import to_json
from harness.verdict.evidence import LimitRecord

READ_BY_OTHERS = {
    "contract", "clause", "subject", "verdict", "reason", "location", "message", "measured", "limit", "denominator",
    "examples", "mutants", "vacuous", "case", "duration_s",
}  # fmt: skip


def test_the_keys_that_scripts_read_are_there():
    """The document has the documented keys at the top, in every check, and one level further down."""
    document = json.loads(to_json(realistic()))
    assert {"schema", "summary", "checks"} <= document.keys()
    assert document["schema"] == "falsify.discharge/1"
    for check in document["checks"]:
        assert check.keys() >= READ_BY_OTHERS
        assert {"file", "line", "column"} <= check["location"].keys()
        assert {"valid", "rejected"} <= check["examples"].keys()
        assert all({"name", "outcome"} <= mutant.keys() for mutant in check["mutants"])


def test_a_report_reads_back_as_the_run_that_wrote_it():
    """Loading the document gives an equal discharge, and writing that gives the same bytes."""
    finite = discharge(*(check for check in realistic().checks if check.clause != "FALSIFY-IMPORT-005"))
    assert Discharge.model_validate(json.loads(to_json(finite))) == finite
    assert Discharge.model_validate_json(to_json(finite)) == finite
    text = to_json(realistic())
    assert to_json(Discharge.model_validate(json.loads(text))) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_bare_nan_is_written(value):
    """A measure, margin, limit or counterexample that JSON cannot write becomes its name, and reads back."""
    limit = LimitRecord(measure="m", at_most=value)
    text = to_json(
        discharge(falsified(measured={"m": value}, margin=value, limit=limit, counterexample={"x": [value]}))
    )

    def refuse(name):
        raise AssertionError(name)

    document = json.loads(text, parse_constant=refuse)
    assert document["checks"][0]["measured"]["m"] in {"NaN", "Infinity", "-Infinity"}
    assert repr(Discharge.model_validate(document).checks[0].measured["m"]) == repr(value)


def test_the_document_is_ascii_with_a_newline_at_its_end():
    """The bytes do not depend on anybody's encoding, and text tools find a whole last line."""
    text = to_json(discharge(evidence(message="größer als ≤ 0 \u202e")))
    assert text.isascii()
    assert text.endswith("}\n")
