from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.architecture.configuration import (
    APR_FLOATS,
    APR_INTEGERS,
    CONFIG_KEYS,
    Architecture,
    from_apr_metadata,
    from_gguf_metadata,
    from_hf_config,
    read_apr_metadata,
)
from harness.model.architecture.stated import ArchitectureError

CONFIG = {
    "model_type": "llama",
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "intermediate_size": 80,
    "vocab_size": 333,
    "max_position_embeddings": 77,
    "rope_parameters": {"rope_theta": 12345.0, "rope_type": "default"},
    "rms_norm_eps": 3e-6,
    "head_dim": 8,
    "attention_bias": False,
    "tie_word_embeddings": False,
}
READ = Architecture(
    "llama", 48, 3, 6, 2, 80, 333, 77, 12345.0, 3e-6, 8, attention_bias=False, tie_word_embeddings=False
)
APR = {
    "architecture": "qwen2",
    "hidden_size": 48,
    "num_layers": 3,
    "num_heads": 6,
    "num_kv_heads": 2,
    "intermediate_size": 80,
    "vocab_size": 333,
    "max_position_embeddings": 77,
    "rope_theta": 12345.0,
    "rms_norm_eps": 3e-6,
}
FIELD_OF = {key: field for field, key in CONFIG_KEYS.items()} | {
    "rms_norm_eps": "rms_norm_eps",
    "rope_parameters": "rope_theta",
    "attention_bias": "attention_bias",
    "tie_word_embeddings": "tie_word_embeddings",
}


def test_every_key_is_read() -> None:
    """Each key of a configuration ends in its own field, none of which equals a usual value."""
    assert from_hf_config(CONFIG) == READ


@pytest.mark.parametrize("null", [False, True], ids=["absent", "null"])
@pytest.mark.parametrize("key", sorted(FIELD_OF))
def test_what_is_not_stated_stays_none(key, null) -> None:
    """Leaving a key out, or setting it to null, makes exactly its field None: there are no defaults."""
    config = {name: value for name, value in CONFIG.items() if name != key} | ({key: None} if null else {})
    assert from_hf_config(config) == replace(READ, **{FIELD_OF[key]: None})


@given(key=st.sampled_from(sorted(CONFIG_KEYS.values())), value=st.integers(1, 2**32 - 1))
def test_a_changed_key_changes_exactly_its_field(key, value) -> None:
    """No field is computed from another one."""
    assert from_hf_config(CONFIG | {key: value}) == replace(READ, **{FIELD_OF[key]: value})


@pytest.mark.parametrize("value", [0, -1, 2**32, 48.0, "48", True, [48], {}])
@pytest.mark.parametrize("key", sorted(CONFIG_KEYS.values()))
def test_integers_are_integers(key, value) -> None:
    """Zero, floats, text, booleans and containers are refused, and the key is named."""
    with pytest.raises(ArchitectureError, match=f"key {key}"):
        from_hf_config(CONFIG | {key: value})


@pytest.mark.parametrize("value", ["1e-6", float("nan"), float("inf"), 0, -1.0, True, 1e39])
def test_floats_are_positive_float32(value) -> None:
    """Text, NaN, infinities, and what no float32 holds are refused."""
    with pytest.raises(ArchitectureError, match="rms_norm_eps"):
        from_hf_config(CONFIG | {"rms_norm_eps": value})


def test_every_fault_is_kept() -> None:
    """Three wrong keys are three problems, not the first one."""
    with pytest.raises(ArchitectureError) as caught:
        from_hf_config(CONFIG | {"vocab_size": "a", "head_dim": 1.5, "tie_word_embeddings": 1})
    assert [one.field for one in caught.value.problems] == ["vocab_size", "head_dim", "tie_word_embeddings"]


def test_rotary_base_of_both_schemas() -> None:
    """Transformers 4 writes rope_theta at the top, 5 inside rope_parameters; both agree or the file is refused."""
    old = {key: value for key, value in CONFIG.items() if key != "rope_parameters"} | {"rope_theta": 500000}
    assert from_hf_config(old).rope_theta == 500000.0
    assert from_hf_config(CONFIG | {"rope_theta": 12345.0}).rope_theta == 12345.0
    with pytest.raises(ArchitectureError, match=r"rope_parameters\.rope_theta"):
        from_hf_config(CONFIG | {"rope_theta": 10000.0})
    for value in (5, {"rope_theta": "10000"}):
        with pytest.raises(ArchitectureError, match="rope_parameters"):
            from_hf_config(CONFIG | {"rope_parameters": value})


@pytest.mark.parametrize("model_type", ["phi3", "Llama", "", None, 5, "qwen2_moe"])
def test_other_families_are_refused_by_name(model_type) -> None:
    """An unknown family is refused with its name and the list of those that are known, in every format."""
    with pytest.raises(ArchitectureError, match="llama, qwen2"):
        from_hf_config(CONFIG | {"model_type": model_type})
    with pytest.raises(ArchitectureError, match="llama, qwen2"):
        from_gguf_metadata({"general.architecture": model_type}, [])
    with pytest.raises(ArchitectureError, match="llama, qwen2"):
        from_apr_metadata(APR | {"architecture": model_type})


@pytest.mark.parametrize(
    "change",
    [{"hidden_act": "gelu"}, {"mlp_bias": True}, {"attention_bias": True}, {"partial_rotary_factor": 0.5}],
    ids=lambda change: next(iter(change)),
)
def test_a_llama_that_is_built_otherwise_is_refused(change) -> None:
    """A choice for which no tensor inventory is known is no silent loss."""
    with pytest.raises(ArchitectureError, match=next(iter(change))):
        from_hf_config(CONFIG | change)


def test_the_family_fixes_the_bias() -> None:
    """A qwen2 has biases on q, k and v without saying so, and is refused when it says otherwise."""
    silent = {key: value for key, value in CONFIG.items() if key != "attention_bias"} | {"model_type": "qwen2"}
    assert from_hf_config(silent).attention_bias is True
    with pytest.raises(ArchitectureError, match="attention_bias"):
        from_hf_config(silent | {"attention_bias": False})


def test_real_configurations(shared) -> None:
    """The old and the new form of the same real configuration read the same."""
    for name in ("llama-gqa4-sharded", "qwen2-h224"):
        new = json.loads((shared / "artifacts" / "ckpt" / name / "config.json").read_text())
        old = json.loads((shared / "artifacts" / "config_v4" / f"{name}.config.json").read_text())
        assert from_hf_config(new) == from_hf_config(old)
    assert from_hf_config(old).rope_theta == 1e6


GGUF = {
    "general.architecture": "llama",
    "llama.block_count": 3,
    "llama.context_length": 77,
    "llama.embedding_length": 48,
    "llama.feed_forward_length": 80,
    "llama.attention.head_count": 6,
    "llama.attention.head_count_kv": 2,
    "llama.rope.freq_base": 12345.0,
    "llama.attention.layer_norm_rms_epsilon": float(np.float32(3e-6)),
    "llama.attention.key_length": 8,
    "llama.attention.value_length": 8,
    "llama.vocab_size": 333,
}


def test_gguf_keys_say_the_same() -> None:
    """The keys of GGUF give the same architecture; an epsilon widened from float32 is the decimal that was meant."""
    assert from_gguf_metadata(GGUF, ["output.weight"]) == READ
    assert from_gguf_metadata(GGUF, []) == replace(READ, tie_word_embeddings=True)
    assert from_gguf_metadata(GGUF, ["output.weight", "blk.0.attn_q.bias"]) == replace(READ, attention_bias=True)


def test_gguf_vocabulary_by_its_tokens() -> None:
    """Without a vocab_size the list of tokens counts; without both nothing is said."""
    bare = {key: value for key, value in GGUF.items() if key != "llama.vocab_size"}
    assert from_gguf_metadata(bare | {"tokenizer.ggml.tokens": ["a"] * 9}, ["output.weight"]).vocab_size == 9
    assert from_gguf_metadata(bare, ["output.weight"]).vocab_size is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("llama.expert_count", 8),
        ("llama.attention.value_length", 16),
        ("llama.rope.dimension_count", 4),
        ("llama.rope.scaling.type", "yarn"),
        ("llama.block_count", 3.0),
    ],
)
def test_gguf_faults_are_named(key, value) -> None:
    """A mixture of experts, two widths of a head, scaled positions and wrong types are refused by their key."""
    with pytest.raises(ArchitectureError, match=key):
        from_gguf_metadata(GGUF | {key: value}, [])


@pytest.mark.parametrize("nothing", [False, True], ids=["absent", "null"])
@pytest.mark.parametrize("field", [*APR_INTEGERS, *APR_FLOATS, "architecture"])
def test_apr_states_every_field(field, nothing) -> None:
    """Training needs each field stated: a missing or null one is an error that names it."""
    metadata = {key: value for key, value in APR.items() if key != field} | ({field: None} if nothing else {})
    with pytest.raises(ArchitectureError) as caught:
        from_apr_metadata(metadata, file="x.apr")
    assert [one.key for one in caught.value.problems] == [field]
    assert "x.apr" in str(caught.value)


def test_apr_tie_is_stated_or_unknown() -> None:
    """The declared tie wins over what the head was made of; without both the metadata does not say."""
    assert from_apr_metadata(APR).tie_word_embeddings is None
    assert from_apr_metadata(APR | {"tied_embeddings": True}).tie_word_embeddings is True
    assert from_apr_metadata(APR | {"tied_embeddings": True, "tie_word_embeddings": False}).tie_word_embeddings is False


@given(wrong=st.sets(st.sampled_from([*APR_INTEGERS, *APR_FLOATS]), min_size=1), value=st.sampled_from(["8", True, -1]))
def test_apr_problems_are_the_wrong_fields(wrong, value) -> None:
    """The fields with a problem are those that were made wrong, and the others are still read."""
    architecture, problems = read_apr_metadata(APR | dict.fromkeys(wrong, value))
    assert {one.field for one in problems} == wrong
    read = asdict(architecture)
    assert all((read[field] is None) == (field in wrong) for field in (*APR_INTEGERS, *APR_FLOATS))
