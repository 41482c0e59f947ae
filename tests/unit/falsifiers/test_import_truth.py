from __future__ import annotations

import pytest
from import_clauses import CLAUSES

from falsifiers.oracles.apr_bytes import read_apr
from falsifiers.oracles.dtypes import widen
from falsifiers.oracles.source_bytes import SourceError
from falsifiers.strategies.architectures import role_of
from falsifiers.strategies.imports import IMPORTS
from falsifiers.strategies.populations import boundary_checkpoints
from falsifiers.strategies.sources import write_source
from falsifiers.strategies.truth import truth_of_files, truth_of_generated

CASES = boundary_checkpoints(("qwen2", "llama"), blocks=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family}-{case.container}-{case.dtype}-{case.seed}")
def test_files_say_what_the_specification_says(case, tmp_path):
    """The truth read back from the written files is the truth of the specification, tensor by tensor, key by key."""
    read, meant = truth_of_files(write_source(case, tmp_path)), truth_of_generated(case)
    assert meant.tensors
    assert set(read.tensors) == set(meant.tensors)
    for name, tensor in meant.tensors.items():
        found = read.tensors[name]
        assert (found.dims, found.dtype, found.role) == (tensor.dims, tensor.dtype, tensor.role)
        assert bytes(found.payload) == bytes(tensor.payload), name
    assert read.architecture == meant.architecture
    assert read.tied is meant.tied
    assert {
        key: pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
        for key, value in meant.stated.items()
    } == read.stated
    assert meant.unstated - {"chat_template"} == read.unstated


def test_real_exporter_and_checkpoint_agree(root):
    """llama.cpp's own GGUF of a checkpoint, q and k undone, holds the values of that checkpoint under its names."""
    artifacts = root / "tests" / "artifacts"
    checkpoint = truth_of_files(artifacts / "llama-nano")
    for kind in ("f16", "f32"):
        exported = truth_of_files(artifacts / f"llama-nano.{kind}.gguf")
        assert set(exported.tensors) == set(checkpoint.tensors)
        for name, tensor in checkpoint.tensors.items():
            found = exported.tensors[name]
            assert found.dims == tensor.dims
            assert (widen(found.dtype, found.payload) == widen(tensor.dtype, tensor.payload)).all(), name


def test_other_families_are_no_source(shared):
    """What nobody here can judge is refused by the name of its family."""
    with pytest.raises(SourceError, match="gpt2"):
        truth_of_files(shared / "artifacts" / "ckpt" / "gpt2-tiny")


def judged(artifact, source, folder):
    """Clause -> measures out of bounds, for a finished file."""
    case = IMPORTS.finished(artifact, source)
    answer = IMPORTS.exercise(None, case, folder, {})
    seen = {}
    for clause in CLAUSES:
        if clause.falsifier.finished_file and (source is not None or not clause.falsifier.needs_source):
            observation = clause.observe(case, answer, folder)
            assert not observation.not_measured, (clause.id, observation.not_measured)
            if clause.out(observation):
                seen[clause.id] = observation.message
    return seen


def test_false_flag_of_the_released_tool_is_found_and_nothing_else(shared, tmp_path):
    """The public tool's import of an untied llama checkpoint is right but for its flag, and accused of that alone."""
    artifact, source = shared / "artifacts/apr/llama-nano.apr", shared / "artifacts/ckpt/llama-nano"
    seen = judged(artifact, source, tmp_path)
    assert seen == {"F-IMPORT-008": "tied_embeddings says True, the model is not tied"}
    assert set(judged(artifact, None, tmp_path)) == {"F-IMPORT-008"}


def test_what_the_released_tool_gets_right_is_not_accused(shared, tmp_path):
    """The public tool's import of a qwen2 GGUF with K-quant blocks holds every clause."""
    name = "qwen2-trained.libllama-Q6_K.gguf"
    assert judged(shared / f"artifacts/apr/{name}.apr", shared / f"artifacts/gguf/{name}", tmp_path) == {}


def test_empty_head_of_the_released_tool_is_found(shared, tmp_path):
    """A tied BF16 model got a head of 0 bytes from the public tool: size, logits and tie say so."""
    artifact, source = shared / "artifacts/apr/qwen2-h224.apr", shared / "artifacts/ckpt/qwen2-h224"
    assert set(judged(artifact, source, tmp_path)) == {"F-IMPORT-008", "F-LAYOUT-CONTRACT-004", "F-LAYOUT-CONTRACT-005"}
    assert set(judged(artifact, None, tmp_path)) == {"F-IMPORT-008", "F-LAYOUT-CONTRACT-004"}


def test_names_and_rows_of_the_released_tool_are_found(shared, tmp_path):
    """From a llama GGUF the public tool keeps GGUF's names and the exporter's order of q and k rows."""
    seen = judged(
        shared / "artifacts/apr/llama-nano.f32.gguf.apr", shared / "artifacts/gguf/llama-nano.f32.gguf", tmp_path
    )
    assert {"F-IMPORT-002", "F-IMPORT-003"} <= set(seen)
    assert "rows stand elsewhere" in seen["F-IMPORT-003"]
    assert {"F-IMPORT-004", "F-IMPORT-009", "F-LAYOUT-CONTRACT-001"}.isdisjoint(seen)


def test_every_file_of_the_released_tool_can_be_read(shared):
    """The plain reader opens all of them, and finds no fault with their containers."""
    files = sorted((shared / "artifacts/apr").glob("*.apr"))
    assert files
    assert {file.name: read_apr(file).problems for file in files} == {file.name: [] for file in files}


def test_roles_are_found_by_either_name():
    """A tensor keeps its role under the checkpoint's name and under GGUF's."""
    for case in CASES:
        for tensor in truth_of_generated(case).tensors.values():
            assert role_of(tensor.name) == (tensor.role, tensor.layer)
    assert role_of("blk.11.attn_k.bias") == ("k_bias", 11)
    assert role_of("model.layers.01.mlp.up_proj.weight") is None
