"""What a right import of a case holds: from the specification of a generated checkpoint, or out of its source files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from falsifiers.oracles.source_bytes import (
    SourceError,
    SourceTensor,
    named_file,
    read_config,
    read_gguf,
    read_safetensors,
)
from falsifiers.strategies.architectures import (
    CLASSES,
    EMBEDDING,
    FAMILIES,
    HEAD,
    ROPE_ROLES,
    Architecture,
    checkpoint_name,
    role_of,
)
from falsifiers.strategies.sources import rope_unpermute, vocabulary_of, weights_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from falsifiers.strategies.checkpoints import GeneratedCheckpoint

NEVER_STATED = frozenset({"license", "data_source", "data_license"})
"""What neither a configuration nor a GGUF of these cases says, and only a later stamp may add."""


class OtherFamilyError(SourceError):
    """The source is of a family whose imports nobody here can judge."""


@dataclass(frozen=True, slots=True)
class TruthTensor:
    """A tensor as a right import holds it."""

    name: str
    role: str
    layer: int | None
    dims: tuple[int, ...]
    dtype: str
    payload: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Truth:
    """All that an import of one source can be held to."""

    family: str
    architecture: Architecture
    tensors: Mapping[str, TruthTensor]
    """By checkpoint name; without the head of a tied model."""
    tied: bool
    from_gguf: bool
    stated: Mapping[str, Any]
    """Metadata key -> the value that the source states, which the import must carry."""
    derivable: Mapping[str, Any]
    """Metadata key -> the right value of what follows from the source; an import may leave it out."""
    unstated: frozenset[str]
    """Metadata keys about which the source says nothing: absent or null in a right import."""
    widened: frozenset[str] = field(default=frozenset())
    """Types of the source that APR has no number for; an import that widens to F32 keeps all it can."""

    @property
    def embedding(self) -> TruthTensor | None:
        """The token embedding."""
        return self.tensors.get(EMBEDDING)


_CONFIG_KEYS = {
    "hidden_size": "hidden_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "num_kv_heads": "num_key_value_heads",
    "vocab_size": "vocab_size",
    "intermediate_size": "intermediate_size",
    "max_position_embeddings": "max_position_embeddings",
    "rope_theta": "rope_theta",
    "rms_norm_eps": "rms_norm_eps",
}
"""APR key -> config.json key."""
_GGUF_KEYS = {
    "hidden_size": "embedding_length",
    "num_layers": "block_count",
    "num_heads": "attention.head_count",
    "num_kv_heads": "attention.head_count_kv",
    "vocab_size": "vocab_size",
    "intermediate_size": "feed_forward_length",
    "max_position_embeddings": "context_length",
    "rope_theta": "rope.freq_base",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
}
"""APR key -> GGUF key behind the architecture's name."""


@lru_cache(maxsize=64)
def truth_of_generated(case: GeneratedCheckpoint) -> Truth:
    """The truth of a generated checkpoint, from its specification alone."""
    tensors = {}
    for weight in weights_of(case):
        slot = weight.slot
        tensors[slot.name] = TruthTensor(slot.name, slot.role, slot.layer, slot.dims, weight.dtype, weight.payload)
    values: dict[str, Any] = {
        "hidden_size": case.hidden,
        "num_layers": case.layers,
        "num_heads": case.heads,
        "num_kv_heads": case.kv_heads,
        "vocab_size": case.vocab,
        "intermediate_size": case.intermediate,
        "max_position_embeddings": case.positions,
        "rope_theta": case.theta,
        "rms_norm_eps": case.eps,
    }
    gguf = case.container == "gguf"
    silent = case.unstated | ({"num_kv_heads"} if "num_key_value_heads" in case.omit else set())
    stated = {key: value for key, value in values.items() if key not in silent} | {"architecture": case.family}
    if not gguf:
        stated["hf_architecture"] = CLASSES[case.family]
    derivable = _derivable(case.family, values["num_kv_heads"], case.head_dim, stated)
    if gguf:
        derivable |= {
            "tokenizer.vocabulary": vocabulary_of(case),
            "tokenizer.bos_token_id": 0,
            "tokenizer.eos_token_id": 1,
        }
    unstated = NEVER_STATED | {"chat_template"} | case.unstated
    return Truth(case.family, case.architecture, tensors, case.tied, gguf, stated, derivable, unstated)


def _derivable(family: str, kv_heads: int, head_dim: int, stated: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {
        "num_kv_heads": kv_heads,
        "head_dim": head_dim,
        "hf_architecture": CLASSES[family],
        "hf_model_type": family,
    }
    if family == "qwen2":
        known["rope_type"] = 2  # rotation by halves; what llama files should say differs between public writers
    return {key: value for key, value in known.items() if key not in stated}


def truth_of_files(source: Path) -> Truth:
    """The truth of an import of real files. Raises SourceError when they cannot be read or are of another family."""
    named = named_file(source)
    try:
        return _truth_of_gguf(named) if named.suffix == ".gguf" else _truth_of_checkpoint(named)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(f"{named}: {type(error).__name__}: {error}") from error


def _truth_of_checkpoint(named: Path) -> Truth:
    config = read_config(named)
    family = _known_family(config.get("model_type"), named)
    stored = read_safetensors(named)
    values = {key: config.get(theirs) for key, theirs in _CONFIG_KEYS.items()}
    nested = config.get("rope_parameters")
    if isinstance(nested, dict):
        values["rope_theta"] = nested.get("rope_theta", values["rope_theta"])
    values["architecture"] = family
    classes = config.get("architectures") or [None]
    values["hf_architecture"] = classes[0]
    tied = bool(config.get("tie_word_embeddings")) if "tie_word_embeddings" in config else HEAD not in stored
    return _truth(family, values, config.get("head_dim"), stored, tied=tied, gguf=False)


def _truth_of_gguf(named: Path) -> Truth:
    pairs, listed = read_gguf(named)
    family = _known_family(pairs.get("general.architecture"), named)
    values: dict[str, Any] = {key: pairs.get(f"{family}.{theirs}") for key, theirs in _GGUF_KEYS.items()}
    tokens = pairs.get("tokenizer.ggml.tokens")
    if values["vocab_size"] is None and tokens is not None:
        values["vocab_size"] = len(tokens)
    values["architecture"] = family
    values["hf_architecture"] = None
    heads = {"q_proj": int(values["num_heads"]), "k_proj": int(values["num_kv_heads"] or values["num_heads"])}
    stored: dict[str, SourceTensor] = {}
    for name, tensor in listed.items():
        place = role_of(name)
        payload = tensor.payload
        if place is not None and family == "llama" and place[0] in ROPE_ROLES:
            payload = rope_unpermute(bytes(payload), tensor.dims[0], heads[place[0]])
        stored[checkpoint_name(*place) if place else name] = SourceTensor(tensor.dtype, tensor.dims, payload)
    head_dim = pairs.get(f"{family}.attention.key_length")
    truth = _truth(family, values, head_dim, stored, tied=HEAD not in stored, gguf=True)
    return replace(truth, unstated=truth.unstated - {"license"}) if "general.license" in pairs else truth


def _known_family(name: object, named: Path) -> str:
    if name is None:
        raise SourceError(f"{named}: neither the file nor a config.json beside it states the family of the model")
    if name not in FAMILIES:
        raise OtherFamilyError(f"{named} is of the family {name!r}; known here are {', '.join(FAMILIES)}")
    return str(name)


def _truth(  # noqa: PLR0913 - what two kinds of source are brought down to
    family: str,
    values: dict[str, Any],
    head_dim: int | None,
    stored: Mapping[str, SourceTensor],
    *,
    tied: bool,
    gguf: bool,
) -> Truth:
    heads = int(values["num_heads"])
    kv_heads = int(values["num_kv_heads"] or heads)
    width = int(head_dim) if head_dim else int(values["hidden_size"]) // heads
    architecture = Architecture(
        family, int(values["hidden_size"]), heads, kv_heads, width, int(values["intermediate_size"]),
        int(values["vocab_size"]), int(values["num_layers"]),
    )  # fmt: skip
    tensors = {}
    widened = set()
    for name, tensor in stored.items():
        dtype, _, before = tensor.dtype.partition("<")
        widened |= {before.rstrip(">")} - {""}
        role, layer = role_of(name) or ("", None)
        same_head = name == HEAD and tied and EMBEDDING in stored and tensor.payload == stored[EMBEDDING].payload
        if not same_head:
            tensors[name] = TruthTensor(name, role, layer, tensor.dims, dtype, tensor.payload)
    stated = {key: value for key, value in values.items() if value is not None}
    derivable = _derivable(family, kv_heads, width, stated)
    unstated = NEVER_STATED | {key for key in values if values[key] is None and key not in derivable}
    return Truth(family, architecture, tensors, tied, gguf, stated, derivable, frozenset(unstated), frozenset(widened))
