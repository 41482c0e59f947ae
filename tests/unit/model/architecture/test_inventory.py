from __future__ import annotations

import json
from dataclasses import fields, replace
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.architecture.configuration import Architecture, from_hf_config
from harness.model.architecture.families import FAMILIES, gguf_names, layer_of, role_of_gguf_name
from harness.model.architecture.inventory import contradictions, expected_tensors, parameter_count
from harness.model.architecture.mismatch import FIELDS, mismatches
from harness.model.architecture.stated import ArchitectureError

QWEN = Architecture("qwen2", 896, 24, 14, 2, 4864, 151936, 32768, 1e6, 1e-6, None, attention_bias=True)
LLAMA = Architecture("llama", 1024, 24, 16, 4, 2816, 50257, 4096, 1e4, 1e-5, None, attention_bias=False)


@pytest.mark.parametrize(
    ("architecture", "tied", "tensors", "parameters"),
    [
        (QWEN, True, 290, 494_032_768),
        (QWEN, False, 291, 630_167_424),
        (LLAMA, True, 218, 322_045_952),
        (LLAMA, False, 219, 373_509_120),
    ],
    ids=["qwen2-tied", "qwen2-untied", "llama-tied", "llama-untied"],
)
def test_published_counts(architecture, tied, tensors, parameters) -> None:
    """The inventories of Qwen2.5-0.5B and Llama370M have the published numbers of tensors and parameters."""
    whole = replace(architecture, tie_word_embeddings=tied)
    assert len(expected_tensors(whole)) == tensors
    assert parameter_count(whole) == parameters


@pytest.mark.parametrize("name", ["llama-gqa4-sharded", "llama-nano", "qwen2-h224", "qwen2-trained"])
def test_names_and_dims_of_real_files(shared, name) -> None:
    """Names in both formats and dims are those that were traced through a real exporter, none more, none less."""
    folder = shared / "artifacts"
    architecture = from_hf_config(json.loads((folder / "ckpt" / name / "config.json").read_text()))
    traced = json.loads((folder / "mapping.json").read_text())[name]["tensors"]
    expected = expected_tensors(architecture)
    assert {row["hf"][0]: tuple(row["shape_rowmajor"]) for row in traced} == {
        tensor.name: tensor.dims for tensor in expected.values()
    }
    names = gguf_names(architecture.family, architecture.num_layers)
    assert {row["gguf"]: row["hf"][0] for row in traced} == {gguf: hf for gguf, hf in names.items() if hf in expected}
    for row in traced:
        role, layer = role_of_gguf_name(architecture.family, row["gguf"])
        assert role.in_layer(layer) == row["hf"][0]
        assert FAMILIES[architecture.family].transform(role) == row["transform"].partition("(")[0]


@pytest.mark.parametrize(
    "name", ["blk.x.attn_q.weight", "blk.00.attn_q.weight", "blk.0.rope", "x", "blk.0", "blk.-1.a.b"]
)
def test_unknown_names_are_unknown(name) -> None:
    """A name that the family does not have has no role, and is not taken for a similar one."""
    assert role_of_gguf_name("llama", name) is None
    assert layer_of(name) is None


@st.composite
def architectures(draw) -> Architecture:
    """Small lawful architectures of both families, with and without a stated head_dim."""
    kv = draw(st.integers(1, 4))
    heads = kv * draw(st.integers(1, 4))
    width = 2 * draw(st.integers(1, 5))
    family = draw(st.sampled_from(["llama", "qwen2"]))
    return Architecture(
        family, heads * width, draw(st.integers(1, 3)), heads, kv, draw(st.integers(1, 40)), draw(st.integers(1, 50)),
        64, 1e4, 1e-6, draw(st.sampled_from([None, width])), attention_bias=family == "qwen2",
        tie_word_embeddings=draw(st.booleans()),
    )  # fmt: skip


@given(architectures(), st.data())
def test_contradictions_name_the_tensors_that_were_spoilt(architecture, data) -> None:
    """Dropping, adding and reshaping tensors is seen for exactly these tensors."""
    sound = {name: tensor.dims for name, tensor in expected_tensors(architecture).items()}
    assert contradictions(architecture, sound) == []
    assert parameter_count(architecture) == sum(map(prod, sound.values()))
    spoilt = data.draw(st.lists(st.sampled_from(sorted(sound)), min_size=1, unique=True))
    found = dict(sound)
    for name in spoilt:
        change = data.draw(st.sampled_from(["drop", "rename", "reshape", "flatten"]))
        if change == "reshape":
            found[name] = (sound[name][0] + 1, *sound[name][1:])
        elif change == "flatten":
            found[name] = (1, *sound[name])
        else:
            del found[name]
            if change == "rename":
                found[f"{name}.more"] = sound[name]
    seen = {one.tensor.removesuffix(".more") for one in contradictions(architecture, found)}
    assert seen == set(spoilt)


@given(architectures(), st.sampled_from(["vocab_size", "hidden_size", "intermediate_size", "num_kv_heads"]))
def test_sizes_that_are_not_stated_come_from_the_tensors(architecture, field) -> None:
    """A missing size accepts what the tensors agree on, and nothing that they disagree on."""
    sound = {name: tensor.dims for name, tensor in expected_tensors(architecture).items()}
    silent = replace(architecture, **{field: None})
    assert contradictions(silent, sound) == []
    last = f"model.layers.{architecture.num_layers - 1}.mlp.up_proj.weight"
    spoilt = sound | {last: (sound[last][0] + 1, sound[last][1])}
    assert [one.tensor for one in contradictions(silent, spoilt)] == [last]
    with pytest.raises(ArchitectureError, match=field):
        expected_tensors(silent)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"num_layers": 10**9}, "num_layers"),
        ({"num_layers": None}, "num_layers"),
        ({"tie_word_embeddings": None}, "tie_word_embeddings"),
        ({"num_kv_heads": 3}, "num_kv_heads"),
        ({"num_heads": 15, "num_kv_heads": 3}, "num_heads"),
        ({"family": "mamba"}, "mamba"),
        ({"attention_bias": False}, "attention_bias"),
    ],
    ids=str,
)
def test_no_inventory_without_sense(change, word) -> None:
    """What is not stated, not lawful or not known gives no inventory but an error that names it."""
    with pytest.raises(ArchitectureError, match=word):
        expected_tensors(replace(QWEN, **({"tie_word_embeddings": True} | change)))


OTHER = Architecture("llama", 64, 2, 4, 1, 96, 100, 128, 1e4, 1e-5, 16, attention_bias=False, tie_word_embeddings=False)


@given(st.sets(st.sampled_from(FIELDS)))
def test_the_set_of_mismatches_is_the_set_of_changes(changed) -> None:
    """For every subset of fields that is changed exactly that subset is reported, with both values."""
    target = replace(QWEN, tie_word_embeddings=True)
    found = replace(target, **{field: getattr(OTHER, field) for field in changed})
    assert mismatches(target, found) == {
        field: (getattr(target, field), getattr(OTHER, field)) for field in FIELDS if field in changed
    }


def test_floats_are_compared_as_float32() -> None:
    """An epsilon that went through a float32 is the same, and the next float32 is not."""
    found = replace(QWEN, rms_norm_eps=9.999999974752427e-07)
    assert mismatches(QWEN, found) == {}
    assert list(mismatches(QWEN, replace(QWEN, rms_norm_eps=1.0000001e-6))) == ["rms_norm_eps"]


def test_only_what_the_target_states_is_compared() -> None:
    """An empty target finds nothing; a stated field that the file does not state is a mismatch."""
    assert mismatches(Architecture(), QWEN) == {}
    assert mismatches(Architecture(vocab_size=5), Architecture()) == {"vocab_size": (5, None)}
    assert {one.name for one in fields(Architecture)} - set(FIELDS) == {"head_dim"}
