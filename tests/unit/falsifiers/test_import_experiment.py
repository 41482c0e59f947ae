from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import pytest
from import_clauses import CLAUSES
from second_importer import SecondImporter

from falsifiers.oracles.apr_bytes import read_apr, restore_checksums, write_plain_apr
from falsifiers.oracles.source_bytes import SourceError
from falsifiers.strategies.checkpoints import FinishedPair, GeneratedCheckpoint, RealSource
from falsifiers.strategies.imported import truth_of
from falsifiers.strategies.imports import IMPORTS
from falsifiers.strategies.populations import boundary_checkpoints
from falsifiers.strategies.sources import rope_permute, rope_unpermute, write_source
from harness.contract.models import Population
from harness.subject.importer import Conversion
from harness.verdict.errors import RefusedError
from harness.verdict.verdicts import RunState

POPULATION = Population(partitions=("gguf",), examples=4)
CASE = boundary_checkpoints(("qwen2",), blocks=False)[0]
CALLS = next(clause for clause in CLAUSES if clause.id == "FALSIFY-IMPORT-001")


@dataclass
class Leaves:
    """An importer that does one thing to its destination and reports one state."""

    what: object
    state: RunState = RunState.RAN
    role: str = "importer"
    label: str = "reference"
    identity: str = "leaves"

    def convert(self, source, dest):
        self.what(dest)
        return Conversion(self.state, "said so", 0.5)


@pytest.mark.parametrize(
    ("what", "state"),
    [
        (lambda dest: None, RunState.RAN),
        (lambda dest: dest.mkdir(), RunState.RAN),
        (lambda dest: dest.write_bytes(b""), RunState.RAN),
        (lambda dest: dest.write_bytes(b"APR\0" + bytes(200)), RunState.RAN),
        (lambda dest: dest.write_bytes(b"GGUF" + bytes(200)), RunState.RAN),
        (lambda dest: None, RunState.EXITED),
        (lambda dest: None, RunState.REFUSED),
        (lambda dest: None, RunState.TIMED_OUT),
    ],
    ids=["nothing", "folder", "empty", "version-0", "gguf", "exited", "refused", "timed-out"],
)
def test_calls_without_a_readable_file_are_one_finding(what, state, tmp_path):
    """However a call comes to nothing, FALSIFY-IMPORT-001 says so and the other clauses do not guess."""
    answer = IMPORTS.exercise(Leaves(what, state), CASE, tmp_path, {})
    assert answer.state is (RunState.NO_OUTPUT if state is RunState.RAN else state)
    assert "said so" in answer.message
    for clause in CLAUSES:
        seen = clause.observe(CASE, answer, tmp_path)
        assert (clause.out(seen) == {"failed_calls"}) if clause is CALLS else seen.not_measured


@pytest.mark.parametrize(
    ("change", "may"),
    [
        ({"contents": "nan"}, True),
        ({"dtype": "Q4_K", "container": "gguf"}, True),
        ({"contents": "edges"}, False),
        ({"dtype": "BF16", "container": "gguf"}, False),
    ],
)
def test_an_importer_may_turn_away_nans_and_block_types_and_nothing_else(change, may):
    """NaNs are the data gates' business, and block types are not for everybody: turning them away is not accused."""
    sizes = {"hidden": 256, "heads": 2, "kv_heads": 1, "head_dim": 8, "intermediate": 6, "vocab": 9, "layers": 1}
    assert IMPORTS.may_decline(GeneratedCheckpoint(family="llama", **sizes, **change)) is may


def test_real_sources_are_tried_under_their_name(root, tmp_path):
    """A real source is named as a person would, and a changed one is refused, not tried under its old name."""
    copy = tmp_path / "ckpt"
    shutil.copytree(root / "tests" / "artifacts" / "llama-nano", copy)
    case = next(case for case in IMPORTS.boundary(POPULATION, [copy]) if isinstance(case, RealSource))
    assert Path(case.path).name == "model.safetensors"
    folder = tmp_path / "run"
    folder.mkdir()
    assert IMPORTS.exercise(SecondImporter(), case, folder, {}).state is RunState.RAN
    (copy / "config.json").write_text("{}", encoding="utf-8")
    again = tmp_path / "again"
    again.mkdir()
    with pytest.raises(RefusedError, match="has changed"):
        IMPORTS.exercise(SecondImporter(), case, again, {})


class Vandal(SecondImporter):
    """An importer that converts, leaves a file beside its source, and then writes into the source itself."""

    def convert(self, source, dest):
        done = super().convert(source, dest)
        (source.parent / "litter").write_text("x", encoding="utf-8")
        for file in source.parent.iterdir():
            with file.open("ab") as stream:
                stream.write(bytes(7))
        return done


@pytest.mark.parametrize("name", ["llama-nano", "llama-nano.f16.gguf"])
def test_a_subject_gets_nobody_s_own_files_to_write_to(root, tmp_path, name):
    """The user's model is copied, with what stands beside it and is no weights, so that no converter can spoil it."""
    artifacts = root / "tests" / "artifacts"
    own = tmp_path / "models"
    shutil.copytree(artifacts, own)
    beside = own / name if (own / name).is_dir() else own
    for extra in ("tokenizer.json", "other.safetensors"):
        (beside / extra).write_text("{}", encoding="utf-8")
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    case = next(case for case in IMPORTS.boundary(POPULATION, [own / name]) if isinstance(case, RealSource))
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert IMPORTS.exercise(Vandal(), case, folder, {}).state is RunState.RAN
        assert (folder / "source" / "tokenizer.json").is_file()
        assert not (folder / "source" / "other.safetensors").exists()
    assert {path: path.read_bytes() for path in own.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("content", [None, b"", b"GGUF", b"GGUF" + bytes(64)])
def test_broken_sources_are_not_left_out_in_silence(content, tmp_path):
    """A source that the configuration names and that cannot be read is an error that names it."""
    path = tmp_path / "gone.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RefusedError, match=r"gone\.gguf"):
        IMPORTS.boundary(POPULATION, [path])


def test_sources_of_other_families_are_for_other_importers(shared):
    """A BERT checkpoint among the sources is passed over."""
    cases = IMPORTS.boundary(POPULATION, [shared / "artifacts" / "ckpt" / "bert-tiny"])
    assert not any(isinstance(case, RealSource) for case in cases)


def test_finished_files_are_judged_without_a_call(tmp_path):
    """A finished pair calls nobody, and only APR files make one."""
    folder = tmp_path / "made"
    folder.mkdir()
    made = IMPORTS.exercise(SecondImporter(), CASE, folder, {})
    artifact = folder / made.files["dest"]
    case = IMPORTS.finished(artifact, None)
    assert isinstance(case, FinishedPair)
    answer = IMPORTS.exercise(None, case, tmp_path, {})
    assert answer.state is RunState.RAN
    assert (tmp_path / answer.files["dest"]) == artifact
    assert IMPORTS.finished(tmp_path / "model.gguf", None) is None
    for made_first, is_apr in ((os.mkfifo, False), (lambda path: shutil.copy(artifact, path), True)):
        other = tmp_path / f"renamed-{is_apr}.bin"
        made_first(other)
        assert (IMPORTS.finished(other, None) is not None) is is_apr
    os.mkfifo(tmp_path / "pipe.apr")
    for name in ("no.apr", "pipe.apr"):
        missing = IMPORTS.exercise(None, FinishedPair(artifact=str(tmp_path / name)), tmp_path, {})
        assert missing.state is RunState.NO_OUTPUT


def test_a_source_that_tells_nothing_is_named(root, tmp_path):
    """A pipe is not waited for, and a source without a family is told from one of a family unknown here."""
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(SourceError, match="no regular file"):
        truth_of(FinishedPair(artifact="m.apr", source=str(tmp_path / "model.safetensors")))
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copyfile(root / "tests" / "artifacts" / "llama-nano" / "model.safetensors", bare / "model.safetensors")
    with pytest.raises(SourceError, match=r"neither the file nor a config\.json"):
        truth_of(FinishedPair(artifact="m.apr", source=str(bare)))


def _judged(tmp_path, spoil):
    """Clause -> (not measured, measures out of their bounds, message) of a spoilt import of CASE."""
    made = IMPORTS.exercise(SecondImporter(), CASE, tmp_path, {})
    spoil(tmp_path / made.files["dest"])
    seen = {clause.id: (clause, clause.observe(CASE, made, tmp_path)) for clause in CLAUSES}
    return {
        name: (seen.not_measured, set() if seen.not_measured else clause.out(seen), seen.message)
        for name, (clause, seen) in seen.items()
    }


def test_metadata_that_cannot_be_read_are_not_taken_for_empty(tmp_path):
    """The container's clause names them; those about what they say, or must not say, have nothing to go by."""

    def spoil(path):
        data = bytearray(path.read_bytes())
        data[64] = ord("!")
        restore_checksums(data)
        path.write_bytes(data)

    told = _judged(tmp_path, spoil)
    assert {name for name, (gap, _, _) in told.items() if gap} == {"F-IMPORT-006", "F-IMPORT-007", "F-IMPORT-008"}
    assert "metadata cannot be read" in told["F-IMPORT-007"][0]
    assert {name for name, (_, out, _) in told.items() if out} == {"F-IMPORT-009"}


def test_a_name_that_stands_twice_is_told_from_one_that_nobody_knows(tmp_path):
    """Both are names too many; what to look for is another thing."""

    def spoil(path):
        apr = read_apr(path)
        for tensor in apr.tensors:
            tensor.payload = bytes(tensor.payload)
        stranger = replace(apr.tensors[0], name="stranger")
        write_plain_apr(path, apr.metadata, [*apr.tensors, apr.tensors[-1], stranger])

    _, out, message = _judged(tmp_path, spoil)["F-IMPORT-002"]
    assert out == {"wrong_names", "invented_tensors"}
    assert message == "model.norm.weight stands there more than once; stranger is in no source"


def test_clauses_that_need_a_source_say_so(tmp_path):
    """Without its source a finished file is judged by exactly the clauses that declare that they need none."""
    made = IMPORTS.exercise(SecondImporter(head_copy="kept"), CASE, tmp_path, {})
    case = IMPORTS.finished(tmp_path / made.files["dest"], None)
    answer = IMPORTS.exercise(None, case, tmp_path, {})
    able = {c.id for c in CLAUSES if c.falsifier.finished_file and not c.observe(case, answer, tmp_path).not_measured}
    assert able == {c.id for c in CLAUSES if c.falsifier.finished_file and not c.falsifier.needs_source}
    assert {"F-LAYOUT-CONTRACT-002", "F-LAYOUT-CONTRACT-004", "F-IMPORT-009"} <= able


def test_rope_reordering_is_an_involution_of_two_functions():
    """Undoing the exporter's order gives the rows back, and the order itself is halves to pairs."""
    rows = bytes(range(16))
    stored = rope_permute(rows, 16, 2)
    assert list(stored[:8]) == [0, 4, 1, 5, 2, 6, 3, 7]
    assert rope_unpermute(stored, 16, 2) == rows


def test_alignment_of_its_own_moves_the_data(tmp_path):
    """In the boundary cases an importer that takes 32 for granted reads from another place."""
    for number, case in enumerate(boundary_checkpoints(("qwen2", "llama"), blocks=False)):
        if case.alignment > 32 and case.container == "gguf":
            folder = tmp_path / str(number)
            folder.mkdir()
            reader = gguf.GGUFReader(write_source(case, folder))
            end = max(t.field.offset + sum(int(part.nbytes) for part in t.field.parts) for t in reader.tensors)
            assert reader.data_offset != end + -end % 32


@pytest.mark.parametrize(
    "wrong",
    [
        {"kv_heads": 3},
        {"head_dim": 5},
        {"pad_token": 17},
        {"dtype": "Q4_K"},
        {"hidden": 14},
        {"omit": ("num_key_value_heads",)},
        {"omit": ("tie_word_embeddings",)},
    ],
)
def test_unlawful_checkpoints_cannot_be_described(wrong):
    """A case file edited into nonsense is refused where it is read."""
    lawful = CASE.model_dump() | {"hidden": 16, "heads": 4, "kv_heads": 1, "head_dim": 4}
    assert GeneratedCheckpoint(**lawful).tied
    with pytest.raises(ValueError, match="validation error"):
        GeneratedCheckpoint(**(lawful | wrong))
