import json
from collections import Counter

import jsonschema
import pytest
from pydantic import ValidationError
from unit.reporting.factory import discharge, evidence, falsified, not_measured, realistic, unbound, vacuous

from harness.ledger.discharge import Discharge
from harness.ledger.schema import discharge_schema
from harness.ledger.standing import Standing
from harness.reporting.json_report import to_json
from harness.verdict.verdicts import Verdict


def test_summary_is_a_recount_of_the_checks():
    """Counts by verdict add up to the checks, and so do bound and unbound; vacuous counts any bound verdict."""
    found = discharge(evidence(), falsified(vacuous=True), not_measured(), vacuous(), unbound(vacuous=True))
    assert found.summary() == {
        "CORROBORATED": 2,
        "FALSIFIED": 1,
        "FLAKY": 0,
        "NOT_MEASURED": 2,
        "checks": 5,
        "bound": 4,
        "unbound": 1,
        "vacuous": 2,
    }


def test_all_verdicts_are_counted_even_in_an_empty_run():
    """A reader of the summary finds all four verdicts, at zero, when nothing was checked."""
    assert discharge().summary() == dict.fromkeys([*Verdict, "checks", "bound", "unbound", "vacuous"], 0)


def test_standings_add_up_to_the_checks():
    """Every check of a realistic run stands as exactly one thing."""
    found = realistic()
    assert found.standings() == {**dict.fromkeys(Standing, 0), **Counter(Standing.of(check) for check in found.checks)}
    assert sum(found.standings().values()) == len(found.checks)


@pytest.mark.parametrize("key", ["summary", "exit_code"])
def test_an_edited_count_is_refused(key):
    """A document whose summary or exit code does not follow from its checks does not load (law 4)."""
    document = json.loads(to_json(discharge(falsified())))
    document[key] = json.loads(to_json(discharge(evidence())))[key]
    with pytest.raises(ValidationError, match=f"{key} does not follow from the checks"):
        Discharge.model_validate(document)


def test_an_unknown_key_is_refused():
    """A key that the format does not have is an error, not an extension."""
    document = json.loads(to_json(discharge(evidence())))
    with pytest.raises(ValidationError, match="Extra inputs"):
        Discharge.model_validate({**document, "status": "DISCHARGED"})


def test_the_schema_accepts_what_is_written():
    """A realistic report, NaN and nested counterexamples included, is valid by the published schema."""
    schema = discharge_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(to_json(realistic())))


@pytest.mark.parametrize("key", ["schema", "summary", "exit_code", "checks", "seed"])
def test_the_schema_misses_what_others_read(key):
    """A report without one of the keys that scripts rely on is not valid by the published schema."""
    document = json.loads(to_json(discharge(evidence())))
    del document[key]
    assert not jsonschema.Draft202012Validator(discharge_schema()).is_valid(document)
