import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.reporting.factory import LAYOUT, discharge, evidence, falsified, not_measured, unbound, vacuous

from harness.ledger.records import Fault, FindingRecord
from harness.verdict.evidence import Location
from harness.verdict.verdicts import ExitCode, Verdict

FAULT = Fault(where="harness.trial.run", message="an index was out of range")
CHECKS = {
    "held": evidence(),
    "falsified": falsified(),
    "flaky": evidence("FALSIFY-003", verdict=Verdict.FLAKY),
    "not measured": not_measured(),
    "vacuous": vacuous(),
    "vacuous and falsified": falsified("FALSIFY-009", vacuous=True),
    "unbound": unbound(),
}


def finding(severity):
    """A finding of lint, as the loader hands it over."""
    place = Location(file="contracts/a.yaml", line=1, column=1, end_line=1, end_column=2)
    return FindingRecord(code="FC012", severity=severity, message="unknown key `limt`", location=place)


@pytest.mark.parametrize(
    ("checks", "run", "code"),
    [
        ((), {}, 2),
        (("held",), {}, 0),
        (("falsified",), {}, 1),
        (("flaky",), {}, 1),
        (("not measured",), {}, 2),
        (("vacuous",), {}, 2),
        (("vacuous and falsified",), {}, 1),
        (("unbound",), {}, 2),
        (("unbound",), {"require_bound": True}, 2),
        (("held", "unbound"), {}, 0),
        (("held", "unbound"), {"require_bound": True}, 2),
        (("held",), {"require_bound": True}, 0),
        (("held", "falsified"), {}, 1),
        (("held", "vacuous"), {}, 2),
        (("falsified", "not measured", "vacuous", "unbound"), {"require_bound": True}, 1),
        (("flaky", "not measured"), {}, 1),
        (("held",), {"faults": (FAULT,)}, 3),
        (("falsified", "not measured"), {"faults": (FAULT,)}, 3),
        ((), {"faults": (FAULT,)}, 3),
        (("held",), {"findings": (finding("error"),)}, 2),
        (("falsified",), {"findings": (finding("error"),)}, 1),
        (("held",), {"findings": (finding("warning"), finding("note"))}, 0),
        (("held",), {"interrupted": "Ctrl-C"}, 2),
        (("falsified",), {"interrupted": "Ctrl-C"}, 1),
    ],
)
def test_exit_code_of(checks, run, code):
    """3 for faults, over 1 for counterexamples, over 2 for what was not measured, over 0."""
    found = discharge(*(CHECKS[name] for name in checks), **run)
    assert found.exit_code() == code
    assert bool(found.grounds()) == (code != 0), "an exit code other than 0 has at least one ground, and 0 has none"


@given(
    names=st.lists(st.sampled_from(sorted(CHECKS)), max_size=5),
    faulty=st.booleans(),
    severities=st.lists(st.sampled_from(["error", "warning", "note"]), max_size=2),
    interrupted=st.sampled_from(["", "time"]),
    require=st.booleans(),
)
def test_exit_code_follows_the_rules_of_the_command_line(names, faulty, severities, interrupted, require):
    """The exit code of any mixture is the one that the rules, written down a second time as sets, give."""
    found = discharge(
        *(CHECKS[name] for name in names),
        faults=(FAULT,) if faulty else (),
        findings=tuple(finding(severity) for severity in severities),
        interrupted=interrupted,
        require_bound=require,
    )
    seen = set(names)
    if faulty:
        expected = 3
    elif seen & {"falsified", "flaky", "vacuous and falsified"}:
        expected = 1
    elif (
        not seen - {"unbound"}
        or seen & {"not measured", "vacuous"}
        or "error" in severities
        or interrupted
        or (require and "unbound" in seen)
    ):
        expected = 2
    else:
        expected = 0
    assert found.exit_code() == expected


def test_grounds_are_said_gravest_first():
    """The reasons for the exit code come in the order 3, 1, 2, so that the first one explains it."""
    found = discharge(CHECKS["vacuous"], CHECKS["falsified"], faults=(FAULT,), interrupted="Ctrl-C")
    codes = [ground.code for ground in found.grounds()]
    assert codes == [ExitCode.FAULT, ExitCode.FALSIFIED, ExitCode.NOT_MEASURED, ExitCode.NOT_MEASURED]


def test_nothing_selected_names_the_selector():
    """A selector that matches nothing is not measured, and the ground repeats the selector."""
    (ground,) = discharge(selection="FALSIFY-999").grounds()
    assert ground.code is ExitCode.NOT_MEASURED
    assert "FALSIFY-999" in ground.message


def test_a_contract_is_worth_its_worst_bound_clause():
    """Unbound clauses are left out, vacuous ones are worth NOT_MEASURED, and a contract without checks too."""
    bare = discharge(CHECKS["held"], unbound("FALSIFY-001", contract=LAYOUT), CHECKS["unbound"])
    assert bare.by_contract() == {LAYOUT: Verdict.CORROBORATED, CHECKS["unbound"].contract: Verdict.NOT_MEASURED}
    assert discharge(CHECKS["held"], CHECKS["vacuous"]).by_contract() == {LAYOUT: Verdict.NOT_MEASURED}
    assert discharge(CHECKS["held"], CHECKS["falsified"], CHECKS["vacuous"]).by_contract() == {
        LAYOUT: Verdict.FALSIFIED
    }
    assert discharge(contracts=bare.contracts).by_contract()[LAYOUT] is Verdict.NOT_MEASURED
