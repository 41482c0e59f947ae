import numpy as np
import pytest
from pydantic import ValidationError
from reader_clauses import BOUND, SHELVES, TABLES

from falsifiers.oracles.apr_bytes import read_apr, write_plain_apr
from falsifiers.strategies.admissions import FinishedFile, gates_if_any
from falsifiers.strategies.heads import HEADS, HeadCase
from falsifiers.strategies.small_models import HEAD, Shape, healthy
from harness.model.validation.gates import Gates
from harness.model.validation.tensors import ValidatedTensor
from harness.subject.reader import Admission
from harness.trial.answers import AnswerStore
from harness.trial.interface import Context
from harness.trial.profiles import Budget
from harness.trial.search import Attack
from harness.verdict.errors import ContractError
from harness.verdict.verdicts import RunState, Verdict

CLAUSE = BOUND["FALSIFY-005"]
SHAPE_RULE = "F-LAYOUT-CONTRACT-002"
REVERSED = HeadCase(order="reversed", name=HEAD, family="gemma2", dtype="F32", vocab=12, hidden=8, seed=1)
RIGHT = REVERSED.model_copy(update={"order": "right"})


class Witnessing:
    """A reader that admits everything and keeps what it was given."""

    role = "reader"
    label = "reference"
    identity = "witnessing"

    def admit(self, artifact, gates):
        """Admit."""
        self.gates = gates
        self.apr = read_apr(artifact)
        return Admission(RunState.RAN)


def searched(cases, store, parameters, subject=None):
    """The tally of `cases` on `subject`, the reference if none, under `parameters`."""
    context = Context(CLAUSE.falsifier.parameters.model_validate(parameters), TABLES, SHAPE_RULE)
    subject = subject or SHELVES.reference("reader")
    return Attack(CLAUSE.falsifier, CLAUSE.check, subject, context, AnswerStore(store), Budget(60.0)).search(cases)


def test_wider_heads_are_outside_what_was_asked(tmp_path):
    """A head of more than max_hidden is declined and shows nothing, one of exactly max_hidden is judged."""
    wide = REVERSED.model_copy(update={"hidden": 12, "vocab": 16})
    tally = searched([REVERSED, wide], tmp_path / "bounded", {"max_hidden": 8}, Witnessing())
    assert (tally.valid, tally.declined) == (1, 1)
    assert [failure.case for failure in tally.failures] == [REVERSED]
    assert searched([wide], tmp_path / "unbounded", {}, Witnessing()).failures


def test_a_narrow_population_without_cases_is_not_measured(tmp_path):
    """When every case is too wide, nothing was shown."""
    tally = searched([REVERSED, RIGHT], tmp_path, {"max_hidden": 4})
    assert tally.verdict(required=2, whole_population=True)[0] is Verdict.NOT_MEASURED


@pytest.mark.parametrize("written", [0, -1, "many", 1.5])
def test_max_hidden_is_a_size(written):
    """Only a positive whole number bounds the hidden size."""
    with pytest.raises(ValidationError):
        CLAUSE.falsifier.parameters.model_validate({"max_hidden": written})


def test_gemma2_has_four_norms_a_layer_and_a_stored_head(tmp_path):
    """Models of that family have its names and say who they are."""
    reader = Witnessing()
    HEADS.exercise(reader, RIGHT, tmp_path, TABLES)
    norms = {tensor.name.split(".")[3] for tensor in reader.apr.tensors if "layernorm" in tensor.name}
    assert norms == {
        "input_layernorm",
        "post_attention_layernorm",
        "pre_feedforward_layernorm",
        "post_feedforward_layernorm",
    }
    assert HEAD in {tensor.name for tensor in reader.apr.tensors}
    assert reader.apr.metadata["architecture"] == "gemma2"
    assert reader.apr.metadata["hf_architecture"] == "Gemma2ForCausalLM"


@pytest.mark.parametrize("family", HEADS.architectures)
def test_the_reference_judges_heads_without_gates(family, tmp_path):
    """Without a table of gates a reversed head is refused for its shape, a right one is admitted, whatever family."""
    for number, case in enumerate((REVERSED, RIGHT)):
        folder = tmp_path / str(number)
        folder.mkdir()
        answer = HEADS.exercise(SHELVES.reference("reader"), case.model_copy(update={"family": family}), folder, {})
        assert answer.data["refused"] == ({} if case.is_right else {HEAD: [SHAPE_RULE]})


def test_values_are_judged_by_gates_only(tmp_path):
    """The same file with a NaN is refused under the contract's gates, admitted without, and that is said."""
    tensors = healthy(Shape(), 3)
    tensors[HEAD].payload = np.full((24, 16), np.nan, "<f4").tobytes()
    write_plain_apr(tmp_path / "model.apr", Shape().metadata(), list(tensors.values()))
    case = FinishedFile(path=str(tmp_path / "model.apr"))
    reference = SHELVES.reference("reader")
    assert "F-DATA-QUALITY-002" in HEADS.exercise(reference, case, tmp_path, TABLES).data["refused"][HEAD]
    answer = HEADS.exercise(reference, case, tmp_path, {})
    assert answer.state is RunState.RAN
    assert "not judged: the values of any tensor" in answer.message


def test_a_table_that_is_there_is_handed_over_whole(tmp_path):
    """What the contract states goes to the reader as it is, and half of a table is refused."""
    reader = Witnessing()
    HEADS.exercise(reader, RIGHT, tmp_path, TABLES)
    assert reader.gates == TABLES["semantic_validation"]
    half = {"semantic_validation": {"numeric": TABLES["semantic_validation"]["numeric"]}}
    with pytest.raises(ContractError, match="density"):
        HEADS.exercise(SHELVES.reference("reader"), RIGHT, tmp_path, half)
    with pytest.raises(ContractError):
        gates_if_any({"semantic_validation": "none"})


def test_nothing_is_validated_without_gates():
    """The door of the model view stays shut when there is nothing to validate by."""
    with pytest.raises(ContractError, match="without gates"):
        ValidatedTensor.admit("w", dims=(2, 2), dtype="F32", values=np.eye(2), gates=Gates.read({}))
