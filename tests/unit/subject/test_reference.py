"""The built-in subjects, finished files as subjects, and how a role gets its subject."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness.subject.artifact import ArtifactSubject
from harness.subject.build import build_subject
from harness.subject.command import CommandImporter, CommandPretrainer, CommandReader
from harness.subject.doors import DOORS
from harness.subject.reference_importer import ReferenceImporter
from harness.subject.reference_pretrainer import ReferencePretrainer
from harness.subject.reference_reader import ReferenceReader
from harness.verdict.errors import ContractError, UsageError
from harness.verdict.verdicts import RunState

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "tests" / "artifacts" / "llama-nano" / "model.safetensors"
NAME = "model.layers.0.mlp.up_proj.weight"
GATES = {
    "density": {"embedding_max_zero_pct": 50.0, "weight_max_zero_pct": 80.0},
    "numeric": {"allow_nan": False, "allow_inf": False},
    "distribution": {"min_l2_norm": 1.0e-6, "require_variation": True},
    "spot_check": {"sample_percentiles": [10, 50, 90], "min_token_l2": 1.0e-6},
    "dead_rows": {"max_dead_pct": 25.0, "min_row_l2": 1.0e-6},
}
SOUND = np.random.default_rng(3).normal(size=(4, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> Path:
    """A real checkpoint as the reference converts it."""
    dest = tmp_path_factory.mktemp("converted") / "model.apr"
    done = ReferenceImporter().convert(SOURCE, dest)
    assert (done.state, done.message) == (RunState.RAN, "")
    return dest


def test_the_reference_converts_what_its_reader_admits(converted):
    """The two halves of the reference agree on a real model."""
    seen = ReferenceReader().admit(converted, GATES)
    assert (seen.state, seen.refused, seen.message) == (RunState.RAN, {}, "")
    assert {entry.name for entry in seen.listing} >= {"model.embed_tokens.weight", "lm_head.weight"}


def test_a_refused_source_is_a_failed_conversion(tmp_path):
    """The importer's refusal is EXITED with its message, and nothing is written."""
    broken = tmp_path / "model.safetensors"
    broken.write_bytes(b"nonsense")
    done = ReferenceImporter().convert(broken, tmp_path / "model.apr")
    assert done.state is RunState.EXITED
    assert "model.safetensors" in done.message
    assert not (tmp_path / "model.apr").exists()


def test_an_unexpected_exception_is_a_crash_of_the_reference(monkeypatch, tmp_path):
    """The built-in subjects are on trial too: what is no refusal is told as a crash, with its words."""

    def broken(*_, **__):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("harness.model.conversion.convert.convert", broken)
    monkeypatch.setattr("harness.model.validation.inspection.inspect_artifact", broken)
    monkeypatch.setattr("harness.model.training.preflight.preflight", broken)
    answers = (
        ReferenceImporter().convert(SOURCE, tmp_path / "model.apr"),
        ReferenceReader().admit(SOURCE, GATES),
        ReferencePretrainer().preflight(SOURCE, {}, tmp_path / "probe"),
    )
    assert [answer.state for answer in answers] == [RunState.CRASHED] * 3
    assert all("ZeroDivisionError: planted" in answer.message for answer in answers)


def test_a_file_that_cannot_be_read_is_refused_as_a_whole(tmp_path):
    """A container error stands under the file's own key."""
    (tmp_path / "model.apr").write_bytes(b"APR")
    seen = ReferenceReader().admit(tmp_path / "model.apr", GATES)
    assert seen.state is RunState.REFUSED
    assert set(seen.refused) == {""}


def test_a_file_without_tensors_is_not_admitted(tmp_path):
    """Empty is never a pass."""
    header = b"{}      "
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    seen = ReferenceReader().admit(tmp_path / "model.safetensors", GATES)
    assert (seen.state, seen.rules) == (RunState.REFUSED, {"no-tensors"})


def test_thresholds_that_are_missing_are_the_contracts_fault(tmp_path):
    """A table without one of its gates is a ContractError, and no verdict on the file."""
    part = {name: gate for name, gate in GATES.items() if name != "dead_rows"}
    with pytest.raises(ContractError):
        ReferenceReader().admit(tmp_path / "model.apr", part)


def test_values_are_handed_out_as_float32(converted):
    """Decoded values equal the F16 source's, widened."""
    from safetensors.numpy import load_file

    state, data, message = ReferenceReader().decode(converted, NAME)
    assert (state, message) == (RunState.RAN, "")
    assert data == load_file(SOURCE)[NAME].astype("<f4").tobytes()


def test_a_tensor_that_is_not_there_is_refused_by_name(converted, tmp_path):
    """No such tensor, no such file: refusals with a message."""
    assert ReferenceReader().decode(converted, "nope")[::2] == (
        RunState.REFUSED,
        f"{converted}: there is no tensor nope",
    )
    assert ReferenceReader().decode(tmp_path / "nope.apr", NAME)[0] is RunState.REFUSED


def test_the_legal_door_admits_and_refuses_by_the_gates():
    """`admit` lets sound values in and names the rules of others."""
    reader = ReferenceReader()
    seen = reader.offer("admit", NAME, (4, 6), SOUND, GATES)
    assert (seen.state, seen.refused) == (RunState.RAN, {})
    assert [(entry.name, entry.dims, entry.nbytes) for entry in seen.listing] == [(NAME, (4, 6), 96)]
    bad = SOUND.copy()
    bad[1, 1] = np.inf
    assert reader.offer("admit", NAME, (4, 6), bad, GATES).refused == {NAME: {"F-DATA-QUALITY-002"}}


@pytest.mark.parametrize("door", sorted(set(DOORS) - {"admit"}))
@pytest.mark.parametrize("value", [SOUND + 9, np.full((4, 6), np.nan, np.float32)], ids=["sound", "nan"])
@pytest.mark.parametrize("name", [NAME, "lm_head.weight", "model.norm.weight"])
def test_no_other_door_leads_into_a_model_view(door, value, name):
    """Sound values do not get in either: only `admit` makes a validated tensor."""
    seen = ReferenceReader().offer(door, name, (4, 6), value, GATES)
    assert (seen.state, seen.listing) == (RunState.REFUSED, ())
    assert set(seen.refused) == {name}
    assert seen.message


def test_each_door_would_be_noticed_if_it_were_open(monkeypatch):
    """With a view that takes anything and a tensor that can be changed, the doors report an intrusion."""
    from types import SimpleNamespace

    class Open:
        """A model view that looks at nothing."""

        def __init__(self, tensors):
            self.tensors = {str(number): tensor for number, tensor in enumerate(tensors)}

        def __iter__(self):
            return iter(self.tensors)

        def __getitem__(self, name):
            made = SimpleNamespace(name=NAME, dims=(4, 6), dtype="F32", values=SOUND)
            return made if self.tensors[name] is not None else None

    monkeypatch.setattr("harness.subject.doors.ModelView", Open)
    for door in ("raw", "mapping", "list", "memoryview", "duck"):
        assert ReferenceReader().offer(door, NAME, (4, 6), SOUND, GATES).state is RunState.RAN, door


def test_an_unknown_door_is_a_fault_of_the_falsifier():
    """A misspelt door must not look like a refusal."""
    with pytest.raises(UsageError, match="no such door"):
        ReferenceReader().offer("window", NAME, (4, 6), SOUND, GATES)


def test_preflight_passes_the_files_own_architecture_and_names_what_differs(converted, tmp_path):
    """The probe is written behind passed stages only; mismatches carry both values."""
    right = {"hidden_size": 32, "vocab_size": 512, "num_layers": 1}
    passed = ReferencePretrainer().preflight(converted, right, tmp_path / "probe")
    assert (passed.state, passed.stage, passed.probe_reached) == (RunState.RAN, "", True)
    refused = ReferencePretrainer().preflight(converted, right | {"num_layers": 2}, tmp_path / "other")
    assert (refused.state, refused.stage, refused.probe_reached) == (RunState.REFUSED, "architecture", False)
    assert refused.mismatches == {"num_layers": (2, 1)}


@pytest.mark.parametrize("target", [{}, {"hidden": 32}, {"hidden_size": "32"}])
def test_a_target_that_says_nothing_is_refused_before_the_file(converted, tmp_path, target):
    """Wrong usage of the trainer is its refusal, and the probe is not reached."""
    refused = ReferencePretrainer().preflight(converted, target, tmp_path / "probe")
    assert (refused.state, refused.stage, refused.probe_reached) == (RunState.REFUSED, "target", False)


def test_a_finished_file_is_its_own_answer(converted, tmp_path):
    """It is named by its file and known by its content; nothing is copied."""
    subject = ArtifactSubject("importer", converted)
    assert (subject.role, subject.label) == ("importer", "model.apr")
    assert subject.convert(SOURCE, tmp_path / "dest.apr").state is RunState.RAN
    assert not (tmp_path / "dest.apr").exists()
    assert ArtifactSubject("reader", converted).admit(converted, GATES).state is RunState.RAN
    assert ArtifactSubject("reader", converted).decode(converted, NAME)[0] is RunState.RAN
    assert ArtifactSubject("reader", converted).offer("raw", NAME, (4, 6), SOUND, GATES).state is RunState.REFUSED
    twin = tmp_path / "twin.apr"
    shutil.copy(converted, twin)
    assert ArtifactSubject("importer", twin).identity == subject.identity
    with twin.open("ab") as file:
        file.write(b"\0")
    assert ArtifactSubject("importer", twin).identity != subject.identity


def test_a_file_cannot_train(converted):
    """A role that a file cannot play is wrong usage."""
    with pytest.raises(UsageError, match="cannot play the pretrainer"):
        ArtifactSubject("pretrainer", converted)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "no such file"),
        (os.mkfifo, "a pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "a character device"),
        (lambda path: path.mkdir(), "a folder"),
    ],
)
def test_what_is_no_file_is_never_waited_for(tmp_path, make, why):
    """A pipe or a device has no content to be known by, and is not read to find out."""
    make(tmp_path / "odd.apr")
    subject = ArtifactSubject("reader", tmp_path / "odd.apr")
    assert subject.identity.startswith("unread: ")
    assert why in subject.identity
    assert subject.admit(tmp_path / "odd.apr", GATES).state is not RunState.RAN


@pytest.mark.parametrize(
    ("role", "reference", "command", "template"),
    [
        ("importer", ReferenceImporter, CommandImporter, "prog {source} {dest}"),
        ("reader", ReferenceReader, CommandReader, "prog {artifact}"),
        ("pretrainer", ReferencePretrainer, CommandPretrainer, "prog {init} {target}"),
    ],
)
def test_a_role_is_played_by_the_reference_or_by_a_command(role, reference, command, template):
    """Nothing said means the reference; every subject knows its role, its label and who it is."""
    ours, theirs = build_subject(role, None), build_subject(role, template)
    assert (type(ours), ours.role, ours.label) == (reference, role, "reference")
    assert ours.identity.startswith("reference falsify ")
    assert (type(theirs), theirs.role, theirs.label) == (command, role, "command")
    assert template in theirs.identity


def test_what_cannot_be_built_is_wrong_usage():
    """Unknown roles get the nearest name; an empty template is not the reference."""
    with pytest.raises(UsageError, match="did you mean importer"):
        build_subject("imprter", None)
    with pytest.raises(UsageError, match="empty"):
        build_subject("importer", "")
