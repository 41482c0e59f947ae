import numpy as np
import pytest
from reader_clauses import BOUND

from falsifiers.strategies.door_cases import LEGAL_DOORS, SIDE_DOORS, VALUES, VESSELS, DoorCase
from falsifiers.strategies.doors import DOORS
from harness.subject.doors import DOORS as OF_THE_VIEW
from harness.trial.answers import AnswerStore


def test_every_door_of_the_view_is_tried():
    """The experiment knows the same doors as the view that is on trial, and files besides."""
    assert {*SIDE_DOORS, *LEGAL_DOORS} == {*OF_THE_VIEW, "file"}
    tried = {case.door for case in DOORS.boundary(None, ())}
    assert tried == {*SIDE_DOORS, *LEGAL_DOORS}


@pytest.mark.parametrize("vessel", VESSELS)
def test_vessels_hold_the_values(vessel):
    """Whatever the values come in, they are the case's values."""
    case = DoorCase(door="admit", value="nan", vessel=vessel, rows=3, columns=4, seed=1)
    assert np.array_equal(np.asarray(case.offered(), np.float32), case.contents(), equal_nan=True)


@pytest.mark.parametrize("value", VALUES)
def test_only_healthy_values_may_enter(value):
    """A legal door is open for healthy values only, a side door for none."""
    case = DoorCase(door="admit", value=value, rows=2, columns=2, seed=0)
    assert case.may_enter is (value == "healthy")
    assert not case.model_copy(update={"door": "raw"}).may_enter


def test_the_mutated_value_is_seen_through_every_vessel(tmp_path):
    """A reader whose mutation door is open is caught whatever the value comes in."""
    bound = BOUND["FALSIFY-002"]
    attack = bound.attack(AnswerStore(tmp_path))
    mutant = bound.operator("keeps_the_given_array").plant(attack.subject)
    cases = [
        DoorCase(door="mutation", value="infinite", vessel=vessel, rows=2, columns=2, seed=0) for vessel in VESSELS
    ]
    assert len(attack.on(mutant).search(cases).failures) == len(VESSELS)
