import pytest
from unit.reporting.factory import evidence

from harness.ledger.standing import Standing
from harness.verdict.verdicts import ExitCode, Verdict

V, S, X = Verdict, Standing, ExitCode

TABLE = [
    # verdict, bound, vacuous -> standing, exit code, what it is worth
    (V.FALSIFIED, True, False, S.FALSIFIED, X.FALSIFIED, V.FALSIFIED),
    (V.FALSIFIED, True, True, S.FALSIFIED, X.FALSIFIED, V.FALSIFIED),
    (V.FALSIFIED, False, False, S.FALSIFIED, X.FALSIFIED, V.FALSIFIED),
    (V.FALSIFIED, False, True, S.FALSIFIED, X.FALSIFIED, V.FALSIFIED),
    (V.FLAKY, True, False, S.FLAKY, X.FALSIFIED, V.FLAKY),
    (V.FLAKY, True, True, S.FLAKY, X.FALSIFIED, V.FLAKY),
    (V.FLAKY, False, False, S.FLAKY, X.FALSIFIED, V.FLAKY),
    (V.FLAKY, False, True, S.FLAKY, X.FALSIFIED, V.FLAKY),
    (V.NOT_MEASURED, True, False, S.NOT_MEASURED, X.NOT_MEASURED, V.NOT_MEASURED),
    (V.NOT_MEASURED, True, True, S.NOT_MEASURED, X.NOT_MEASURED, V.NOT_MEASURED),
    (V.NOT_MEASURED, False, False, S.UNBOUND, X.CLEAN, V.NOT_MEASURED),
    (V.NOT_MEASURED, False, True, S.UNBOUND, X.CLEAN, V.NOT_MEASURED),
    (V.CORROBORATED, True, False, S.CORROBORATED, X.CLEAN, V.CORROBORATED),
    (V.CORROBORATED, True, True, S.VACUOUS, X.NOT_MEASURED, V.NOT_MEASURED),
    (V.CORROBORATED, False, False, S.UNBOUND, X.CLEAN, V.NOT_MEASURED),
    (V.CORROBORATED, False, True, S.UNBOUND, X.CLEAN, V.NOT_MEASURED),
]


@pytest.mark.parametrize("row", TABLE)
def test_every_combination_stands_as_one_thing(row):
    """Verdict, bound and vacuous decide the standing, its exit code and what it is worth; all sixteen are listed."""
    verdict, bound, vacuous, *expected = row
    found = Standing.of(evidence(verdict=verdict, bound=bound, vacuous=vacuous))
    assert [found, found.exit_code, found.verdict] == expected


def test_the_table_is_complete():
    """No combination of verdict, bound and vacuous is missing from the table above."""
    assert {row[:3] for row in TABLE} == {(v, b, c) for v in Verdict for b in (True, False) for c in (True, False)}


@pytest.mark.parametrize(("vacuous", "standing"), [(True, S.VACUOUS), (False, S.NOT_MEASURED)])
def test_a_property_that_never_looked_is_vacuous(vacuous, standing):
    """It compared its own tables with each other: that is no missing answer, it is a check that proves nothing."""
    check = evidence(verdict=V.NOT_MEASURED, reason="never_looked", vacuous=vacuous)
    assert Standing.of(check) is standing
    assert Standing.of(check).exit_code is X.NOT_MEASURED
