import shutil

import pytest
from reader_clauses import BOUND

from falsifiers.oracles.apr_bytes import rewrite, write_plain_apr
from falsifiers.strategies.small_models import HEAD, Shape, healthy
from harness.subject.artifact import ArtifactSubject
from harness.trial.answers import AnswerStore

FINISHED = [name for name, bound in BOUND.items() if bound.falsifier.finished_file]


def judge(clause, path, tmp_path):
    """What a clause says of a finished file: (measures out of bounds, why it was not measured)."""
    bound = BOUND[clause]
    store = AnswerStore(tmp_path)
    case = bound.falsifier.experiment.finished(path, None)
    tally = bound.attack(store).on(ArtifactSubject("reader", path)).search([case])
    return [failure.measures for failure in tally.failures], tally.why_not_measured


@pytest.fixture
def model(tmp_path):
    """A healthy model on disk."""
    path = tmp_path / "model.apr"
    shape = Shape(vocab=20, hidden=8)
    write_plain_apr(path, shape.metadata(), healthy(shape, 3).values())
    return path


@pytest.mark.parametrize("clause", FINISHED)
def test_healthy_files_hold(clause, model, tmp_path):
    """A healthy finished file is judged and falsifies nothing."""
    assert judge(clause, model, tmp_path / "answers") == ([], "")


@pytest.mark.parametrize("clause", FINISHED)
def test_unreadable_files_are_not_measured(clause, tmp_path):
    """A file that nobody can read is no pass."""
    path = tmp_path / "junk.apr"
    path.write_bytes(b"not a model\n")
    failures, why = judge(clause, path, tmp_path / "answers")
    assert not failures
    assert "could not be" in why


def test_reversed_head_in_a_finished_file(model, tmp_path):
    """A finished file with a reversed head falsifies FALSIFY-005."""

    def reverse(apr):
        apr.tensor(HEAD).dims = apr.tensor(HEAD).dims[::-1]

    rewrite(model, reverse)
    assert judge("FALSIFY-005", model, tmp_path / "answers") == ([("accepted_heads",)], "")


def test_head_without_stated_sizes_is_not_measured(model, tmp_path):
    """Where vocabulary and hidden size are not stated, nothing was compared."""
    rewrite(model, lambda apr: apr.metadata.pop("vocab_size"))
    failures, why = judge("FALSIFY-005", model, tmp_path / "answers")
    assert not failures
    assert "could not be judged" in why


def test_values_nobody_could_look_at_are_not_measured(model, tmp_path):
    """A payload of a wrong size hides its values from the gates, which is no pass either."""

    def cut(apr):
        tensor = apr.tensor(HEAD)
        tensor.payload, tensor.nbytes = b"", 0

    rewrite(model, cut)
    failures, why = judge("F-DATA-QUALITY-002", model, tmp_path / "answers")
    assert not failures
    assert HEAD in why


def test_nan_in_a_finished_file(model, tmp_path):
    """A finished file with a NaN falsifies the clauses on finite values and no other."""

    def spoil(apr):
        tensor = apr.tensor(HEAD)
        tensor.payload = b"\0\0\xc0\x7f" + tensor.payload[4:]

    rewrite(model, spoil)
    red = {clause for clause in FINISHED if judge(clause, model, tmp_path / clause)[0]}
    assert red == {"FALSIFY-003", "F-DATA-QUALITY-002"}


def test_real_files_are_healthy(shared, tmp_path):
    """No gate fails on a clean file that third-party tools made."""
    clean = [
        *shared.glob("artifacts/gguf/llama-nano.*16.gguf"),
        *shared.glob("artifacts/gguf/*.q8_0.gguf"),
        *shared.glob("artifacts/ckpt/*/model.safetensors"),
    ]
    assert len(clean) > 10
    for number, source in enumerate(clean):
        copied = tmp_path / str(number)
        shutil.copytree(source.parent, copied) if source.suffix == ".safetensors" else copied.mkdir()
        shutil.copyfile(source, copied / source.name)
        for clause in ("FALSIFY-005", "F-DATA-QUALITY-004"):
            assert judge(clause, copied / source.name, copied / clause) == ([], ""), source
