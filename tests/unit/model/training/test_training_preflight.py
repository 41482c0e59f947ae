from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.architecture.configuration import Architecture
from harness.model.architecture.inventory import expected_tensors
from harness.model.architecture.mismatch import FIELDS
from harness.model.artifact.apr_writer import TensorSource, write_apr
from harness.model.artifact.dtypes import F16
from harness.model.conversion.convert import convert
from harness.model.training.preflight import PreflightResult, preflight
from harness.verdict.errors import UsageError

QWEN = Architecture("qwen2", 48, 3, 6, 2, 80, 50, 64, 1e6, 1e-6, None, attention_bias=True, tie_word_embeddings=True)
LLAMA = Architecture("llama", 64, 2, 4, 1, 96, 99, 128, 1e4, 1e-5, 16, attention_bias=False, tie_word_embeddings=False)
OTHER = {
    "family": ("qwen2", "llama"),
    "vocab_size": (77, 78),
    "hidden_size": (96, 120),
    "num_layers": (5, 6),
    "num_heads": (12, 24),
    "num_kv_heads": (3, 6),
    "intermediate_size": (70, 71),
    "max_position_embeddings": (32, 33),
    "attention_bias": (True, False),
    "rope_theta": (5e5, 6e5),
    "rms_norm_eps": (1e-4, 1e-3),
    "tie_word_embeddings": (True, False),
}


def other(architecture: Architecture, field: str) -> object:
    """A value of `field` that `architecture` does not have."""
    return next(value for value in OTHER[field] if value != getattr(architecture, field))


def metadata_of(architecture: Architecture) -> dict:
    """APR metadata that states `architecture`."""
    stated = asdict(architecture)
    del stated["attention_bias"]
    return {"architecture": stated.pop("family"), **{key: value for key, value in stated.items() if value is not None}}


def dims_of(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Name -> dims of every tensor of `architecture`."""
    return {name: tensor.dims for name, tensor in expected_tensors(architecture).items()}


def write(path: Path, metadata: dict, dims: dict[str, tuple[int, ...]]) -> Path:
    """A real APR file on disk."""
    sources = [TensorSource(name, one, F16, partial(iter, [bytes(F16.nbytes(one))])) for name, one in dims.items()]
    write_apr(path, metadata, sources, overwrite=True)
    return path


class Probe:
    """The stage behind the checks; remembers whether it was reached."""

    def __init__(self) -> None:
        self.reached = False

    def __call__(self) -> None:
        self.reached = True


def run(path: Path, target: dict) -> PreflightResult:
    """Run the preflight; the probe is reached exactly when no stage refused."""
    probe = Probe()
    result = preflight(path, target, probe)
    assert probe.reached is result.passed is (result.stage == "")
    assert bool(result.message) is not result.passed
    return result


def target_of(architecture: Architecture) -> dict:
    """A target that states every field that is compared."""
    return {field: getattr(architecture, field) for field in FIELDS}


@pytest.mark.parametrize("architecture", [QWEN, LLAMA], ids=["qwen2", "llama"])
def test_a_file_that_fits_reaches_the_probe(tmp_path, architecture) -> None:
    """The clean twin of everything below: the probe runs, and nothing is reported."""
    path = write(tmp_path / "x.apr", metadata_of(architecture), dims_of(architecture))
    assert run(path, target_of(architecture)) == PreflightResult("")


@settings(deadline=None)
@given(st.sampled_from([QWEN, LLAMA]), st.sets(st.sampled_from(FIELDS)))
def test_a_changed_target_is_reported_completely(architecture, changed) -> None:
    """For every subset of fields that the target asks otherwise, exactly that subset is reported, both values."""
    target = target_of(architecture) | {field: other(architecture, field) for field in changed}
    with tempfile.TemporaryDirectory() as folder:
        result = run(write(Path(folder) / "x.apr", metadata_of(architecture), dims_of(architecture)), target)
    assert result.mismatches == {field: (target[field], getattr(architecture, field)) for field in changed}
    assert result.stage == ("architecture" if changed else "")
    assert all(field in result.message and str(target[field]) in result.message for field in changed)


@settings(deadline=None)
@given(st.sampled_from([QWEN, LLAMA]), st.sets(st.sampled_from(FIELDS)))
def test_changed_metadata_is_reported_completely(architecture, changed) -> None:
    """The same when the file's metadata (for bias: its tensors) was changed and contradicts the file's own tensors."""
    found = replace(architecture, **{field: other(architecture, field) for field in changed})
    dims = dims_of(architecture)
    if "attention_bias" in changed:
        dims = dims_of(replace(architecture, family=other(architecture, "family"), attention_bias=None))
    with tempfile.TemporaryDirectory() as folder:
        result = run(write(Path(folder) / "x.apr", metadata_of(found), dims), target_of(architecture))
    assert result.mismatches == {field: (getattr(architecture, field), getattr(found, field)) for field in changed}


@pytest.mark.parametrize(
    ("name", "dims", "field", "shown"),
    [
        ("model.embed_tokens.weight", (51, 48), "vocab_size", 51),
        ("model.embed_tokens.weight", (50, 24), "hidden_size", 24),
        ("model.layers.1.self_attn.q_proj.weight", (32, 48), "num_heads", 4),
        ("model.layers.1.self_attn.k_proj.weight", (48, 48), "num_kv_heads", 6),
        ("model.layers.2.self_attn.k_proj.weight", (17, 48), "num_kv_heads", None),
        ("model.layers.2.mlp.gate_proj.weight", (81, 48), "intermediate_size", 81),
        ("model.layers.2.mlp.gate_proj.weight", (80, 47), "hidden_size", 47),
        ("model.layers.3.mlp.gate_proj.weight", (80, 48), "num_layers", 4),
        ("lm_head.weight", (49, 48), "vocab_size", 49),
        ("model.layers.0.self_attn.q_norm.weight", (8,), "family", "qwen3"),
    ],
)
@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not-asked"])
def test_a_file_that_contradicts_itself(tmp_path, name, dims, field, shown, asked) -> None:  # noqa: PLR0917 - the parametrised case
    """Metadata that fits the target while a tensor of any layer does not is a fault of its own, marked as such."""
    path = write(tmp_path / "x.apr", metadata_of(QWEN), dims_of(QWEN) | {name: dims})
    target = target_of(QWEN) if asked else {"rope_theta": 1e6}
    result = run(path, target)
    assert result.mismatches == {field: (getattr(QWEN, field), shown)}
    assert "contradicts itself" in result.message


def test_an_untied_file_without_a_head(tmp_path) -> None:
    """Metadata that promises a head of its own contradicts a file that has none."""
    path = write(tmp_path / "x.apr", metadata_of(QWEN) | {"tie_word_embeddings": False}, dims_of(QWEN))
    assert run(path, {"vocab_size": 50}).mismatches == {"tie_word_embeddings": (False, True)}


@pytest.mark.parametrize("stored", [True, False])
def test_a_tie_that_is_not_stated_is_seen(tmp_path, stored) -> None:
    """Without a statement the stored head decides."""
    metadata = metadata_of(replace(QWEN, tie_word_embeddings=None))
    path = write(tmp_path / "x.apr", metadata, dims_of(replace(QWEN, tie_word_embeddings=not stored)))
    assert run(path, {"tie_word_embeddings": not stored}).passed
    assert run(path, {"tie_word_embeddings": stored}).mismatches == {"tie_word_embeddings": (stored, not stored)}


@pytest.mark.parametrize(("name", "seen"), [("q_proj.bias", "llama"), ("q_proj.weight", None)])
def test_names_speak_of_a_family(tmp_path, name, seen) -> None:
    """Only a bias on q tells qwen2 from llama; without one a file that calls itself qwen2 is refused, both named."""
    dims = {key: one for key, one in dims_of(QWEN).items() if not key.endswith(name)}
    result = run(write(tmp_path / "x.apr", metadata_of(QWEN), dims), {"vocab_size": 50})
    if seen:
        assert result.mismatches == {"family": ("qwen2", "llama")}
        assert "qwen2" in result.message
        assert "llama" in result.message
    else:
        assert "q_proj.weight" in result.message


@pytest.mark.parametrize("value", [None, "48", 48.5, True, [48]])
@pytest.mark.parametrize("field", ["hidden_size", "num_kv_heads", "max_position_embeddings"])
def test_fields_that_the_file_does_not_state_properly(tmp_path, field, value) -> None:
    """A missing or wrongly typed field is refused by name and not filled in, whether the target states it or not."""
    from harness.model.artifact.rust_json import encode

    stated = metadata_of(QWEN) | {field: value}
    text = "{" + ",".join(f"{encode(key)}:{encode(one)}" for key, one in stated.items()) + "}"
    path = tmp_path / "x.apr"
    write(path, text.encode(), dims_of(QWEN))
    for target in (target_of(QWEN), {"vocab_size": 50}):
        result = run(path, target)
        assert result.stage == "architecture"
        assert result.mismatches == {field: (target.get(field), value)}


@pytest.mark.parametrize("family", ["Qwen2", "QWEN2", "qwen2 ", "mamba", "Qwen2ForCausalLM", None])
def test_unknown_families_are_refused(tmp_path, family) -> None:
    """A family is known by its exact slug; every other spelling is refused with the value that was found."""
    metadata = {key: one for key, one in metadata_of(QWEN).items() if key != "architecture"}
    metadata |= {"architecture": family} if family else {}
    result = run(write(tmp_path / "x.apr", metadata, dims_of(QWEN)), target_of(QWEN))
    assert result.mismatches == {"family": ("qwen2", family)}
    assert "llama, qwen2" in result.message


@pytest.mark.parametrize("architecture", [QWEN, LLAMA], ids=["qwen2", "llama"])
def test_a_file_without_tensors(tmp_path, architecture) -> None:
    """Metadata alone is not enough: nothing to compare is a refusal, and no field is accused."""
    result = run(write(tmp_path / "x.apr", metadata_of(architecture), {}), target_of(architecture))
    assert (result.stage, result.mismatches) == ("architecture", {})
    assert "model.embed_tokens.weight" in result.message


def test_stages_before_the_architecture(tmp_path, root) -> None:
    """A missing file, a folder, a pipe, a wrong magic and broken metadata are refused by the first stage concerned."""
    sound = write(tmp_path / "x.apr", metadata_of(QWEN), dims_of(QWEN)).read_bytes()
    broken = tmp_path / "broken.apr"
    os.mkfifo(tmp_path / "pipe.apr")
    for missing in (tmp_path / "none.apr", tmp_path, tmp_path / "pipe.apr"):
        assert run(missing, target_of(QWEN)).stage == "open"
    for content in (b"", b"APR", b"APR1" + sound[4:], b"GGUF"):
        broken.write_bytes(content)
        assert run(broken, target_of(QWEN)).stage == "magic"
    for content in (sound[:4], sound[:100], sound[:70] + b"\xff" + sound[71:], sound[:5] + b"\x09" + sound[6:]):
        broken.write_bytes(content)
        result = run(broken, target_of(QWEN))
        assert result.stage == "metadata"
        assert str(broken) in result.message


def test_unreadable_file(tmp_path) -> None:
    """A path that no system call takes is a refusal like any other."""
    assert run(Path("a\0b"), target_of(QWEN)).stage == "open"
    assert run(tmp_path / ("x" * 5000), target_of(QWEN)).stage == "open"


@pytest.mark.parametrize(
    ("target", "word"),
    [({}, "no field"), ({"vocab_size": None}, "no field"), ({"vocab": 5}, "vocab"),
     ({"vocab_size": "50"}, "vocab_size"), ({"tie_word_embeddings": 1}, "tie_word_embeddings"),
     ({"num_heads": True}, "num_heads")],
    ids=str,
)  # fmt: skip
def test_a_target_that_cannot_be_meant(tmp_path, target, word) -> None:
    """An empty target compares nothing and a misspelt one too little; both are wrong usage, before any file is read."""
    probe = Probe()
    with pytest.raises(UsageError, match=word):
        preflight(tmp_path / "none.apr", target, probe)
    assert not probe.reached


def test_integers_are_floats_where_floats_are_asked(tmp_path) -> None:
    """A rotary base that was written without a fraction is the same number."""
    assert run(write(tmp_path / "x.apr", metadata_of(QWEN), dims_of(QWEN)), {"rope_theta": 1000000}).passed


@pytest.mark.parametrize("name", ["llama-nano", "qwen2-h224", "llama-nano.f32.gguf"])
def test_real_conversions_fit_themselves(root, tmp_path, name) -> None:
    """What the converter writes of real checkpoints passes for its own architecture and for no other vocabulary."""
    convert(root / "tests" / "artifacts" / name, tmp_path / "x.apr")
    assert run(tmp_path / "x.apr", {"vocab_size": 512, "family": name.split("-")[0]}).passed
    assert run(tmp_path / "x.apr", {"vocab_size": 511}).mismatches == {"vocab_size": (511, 512)}


def test_files_of_the_released_tool(shared, tmp_path) -> None:
    """The released importer's files: those with checkpoint names are compared, those with GGUF names refused."""
    folder = shared / "artifacts" / "apr"
    assert run(folder / "qwen2-trained.apr", {"family": "qwen2", "num_layers": 3, "num_kv_heads": 1}).passed
    assert run(folder / "llama-nano.apr", {"family": "llama", "attention_bias": False}).passed
    assert "model.embed_tokens.weight" in run(folder / "llama-nano.f32.gguf.apr", {"family": "llama"}).message
    assert run(folder / "gpt2-tiny.apr", {"family": "llama"}).mismatches["family"] == ("llama", "gpt2")
