from dataclasses import replace
from itertools import combinations

import pytest
from reader_clauses import BOUND, SHELVES

from falsifiers.mutants.pretrainer import pairs_exchanged
from falsifiers.oracles.apr_bytes import read_apr
from falsifiers.strategies.preflight_cases import FIELDS, REQUIRED_KEYS, STAGES, PreflightCase
from falsifiers.strategies.preflight_files import PREFLIGHT
from harness.subject.pretrainer import Preflight
from harness.trial.answers import AnswerStore
from harness.verdict.verdicts import RunState

CLAUSE = BOUND["FALSIFY-APR-PRETRAIN-INIT-005"]


class Blunt:
    """A pretrainer that refuses everything and says nothing."""

    role = "pretrainer"
    label = "reference"
    identity = "blunt"

    def preflight(self, init, target, probe):
        """Refuse."""
        return Preflight(RunState.REFUSED, stage="unknown")


class Liar(Blunt):
    """Reports the right fields with one of both values replaced by the other."""

    def __init__(self, kept):
        self.identity = f"liar {kept}"
        self.kept = kept

    def preflight(self, init, target, probe):
        """Answer as the reference, values aside."""
        sound = SHELVES.reference("pretrainer").preflight(init, target, probe)
        told = {field: (pair[self.kept],) * 2 for field, pair in sound.mismatches.items()}
        return replace(sound, mismatches=told)


class Namer(Blunt):
    """Names the right fields, as a command does: what the file holds is not told."""

    identity = "namer"

    def preflight(self, init, target, probe):
        """Answer as the reference, without the file's values."""
        sound = SHELVES.reference("pretrainer").preflight(init, target, probe)
        return replace(sound, mismatches={field: (pair[0], None) for field, pair in sound.mismatches.items()})


class Recorder(Blunt):
    """Keeps what it was given."""

    identity = "recorder"

    def preflight(self, init, target, probe):
        """Record."""
        self.metadata = read_apr(init).metadata
        self.target = dict(target)
        return super().preflight(init, target, probe)


@pytest.mark.parametrize("field", FIELDS)
def test_targets_differ_in_the_named_field_only(field):
    """A target is the file's own architecture but for what the case names."""
    case = PreflightCase(family="qwen2", tied=True, differ=(field,))
    held, target = case.held(), case.target()
    assert {name for name in FIELDS if held[name] != target[name]} == {field}
    assert case.injected() == {field}


def test_files_hold_what_the_case_says(tmp_path):
    """The metadata on disk are those that the case calls held."""
    case, recorder = PreflightCase(family="llama", tied=False, layers=2), Recorder()
    PREFLIGHT.exercise(recorder, case, tmp_path, {})
    held = case.held()
    assert recorder.target == held
    for key in REQUIRED_KEYS[1:]:
        assert recorder.metadata[key] == held[key]
    assert recorder.metadata["architecture"] == held["family"]


def test_every_pair_of_fields_is_reported_whole(tmp_path):
    """The reference reports exactly the pair, whatever pair of fields differs."""
    cases = [
        PreflightCase(family=family, tied=False, differ=pair)
        for family in ("llama", "qwen2")
        for pair in combinations(FIELDS, 2)
    ]
    tally = CLAUSE.attack(AnswerStore(tmp_path)).search(cases)
    assert not tally.failures, tally.failures[0]
    assert tally.valid == 132


@pytest.mark.parametrize("key", range(len(REQUIRED_KEYS)))
@pytest.mark.parametrize("damage", ["null_key", "absent_key"])
def test_unstated_metadata_is_a_mismatch(damage, key, tmp_path):
    """A key that is null or missing is reported as its field, alone and beside another difference."""
    cases = [
        PreflightCase(family="llama", tied=True, damage=damage, key=key, differ=differ)
        for differ in ((), ("rms_norm_eps",), FIELDS)
    ]
    tally = CLAUSE.attack(AnswerStore(tmp_path)).search(cases)
    assert not tally.failures, tally.failures[0]


def test_refusing_everything_is_seen(tmp_path):
    """A pretrainer that refuses sound files too, and reports no field, is falsified for both."""
    attack = CLAUSE.attack(AnswerStore(tmp_path)).on(Blunt())
    tally = attack.search(CLAUSE.boundary())
    seen = {name for failure in tally.failures for name in failure.measures}
    assert seen == {"wrong_sets", "refused_sound"}


@pytest.mark.parametrize("kept", [0, 1])
def test_both_values_are_judged(kept, tmp_path):
    """Naming the right fields with the target's value twice, or the file's, is seen."""
    attack = CLAUSE.attack(AnswerStore(tmp_path)).on(Liar(kept))
    tally = attack.search([PreflightCase(family="llama", tied=False, differ=("vocab_size",))])
    assert [failure.measures for failure in tally.failures] == [("wrong_values",)]


@pytest.mark.parametrize("damage", [damage for damage, stage in STAGES.items() if stage == "architecture"])
def test_exchanged_values_are_seen_beside_any_damage(damage, tmp_path):
    """What the file holds, told as what the target asks for, is seen also where the metadata leave something out."""
    case = PreflightCase(family="qwen2", tied=False, damage=damage, differ=("vocab_size",))
    attack = CLAUSE.attack(AnswerStore(tmp_path)).on(pairs_exchanged.plant(SHELVES.reference("pretrainer")))
    tally = attack.search([case])
    assert [failure.measures for failure in tally.failures] == [("wrong_values",)]
    assert tally.measured["wrong_values"] == len(case.injected())


def test_names_without_values_are_no_fault(tmp_path):
    """A program that names the fields and does not say what the file holds is not blamed for values."""
    case = PreflightCase(family="qwen2", tied=False, differ=FIELDS)
    tally = CLAUSE.attack(AnswerStore(tmp_path)).on(Namer()).search([case])
    assert not tally.failures


@pytest.mark.parametrize("damage", [damage for damage, stage in STAGES.items() if stage != "architecture"])
def test_unreadable_files_need_no_fields(damage, tmp_path):
    """For a file that cannot be read, a refusal without fields is right, and a stage that is not told is no fault."""
    case = PreflightCase(family="llama", tied=True, damage=damage)
    assert not CLAUSE.attack(AnswerStore(tmp_path)).on(Blunt()).search([case]).failures
