"""SafeTensors to APR: names, dims, dtypes and bytes stay; config.json and the tokenizer become metadata."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.model.architecture.configuration import Architecture, from_hf_config
from harness.model.architecture.families import Role, layer_of
from harness.model.architecture.inventory import contradictions
from harness.model.artifact.apr_writer import TensorSource
from harness.model.conversion.documents import read_object
from harness.model.conversion.plan import (
    Plan,
    architecture_metadata,
    payload,
    refuse_contradictions,
    unstated_notes,
)
from harness.model.conversion.sentencepiece import from_tokenizer_model
from harness.model.conversion.streaming import PIECE, first_difference
from harness.model.conversion.tokenizers import from_tokenizer_json, special_ids
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.model.artifact.view import Artifact

HEAD, EMBEDDING = Role.HEAD.in_layer(), Role.EMBEDDING.in_layer()


def plan_safetensors(artifact: Artifact, *, dequantize: bool) -> Plan:
    """Plan the conversion of an open SafeTensors checkpoint; config.json is expected in its folder.

    Raises ArtifactError for tensors that contradict the configuration or that APR cannot hold, ArchitectureError for
    a configuration that states no supported architecture, RefusedError for one that cannot be read.
    """
    folder = artifact.path.parent
    config_path = folder / "config.json"
    if not config_path.exists():
        raise ArtifactError(
            "the checkpoint has no config.json beside it",
            rule="config-missing",
            file=str(config_path),
            way_out="put the model's config.json into this folder: without it heads and rotary base are unknown",
        )
    config = read_object(config_path)
    architecture = from_hf_config(config, file=str(config_path))
    tied = _tie(artifact, architecture)
    layers = {layer_of(name) for name in artifact.tensors} - {None}
    whole = replace(
        architecture,
        num_layers=architecture.num_layers or len(layers),
        tie_word_embeddings=HEAD not in artifact.tensors,
    )
    found = {name: entry.dims for name, entry in artifact.tensors.items()}
    refuse_contradictions(contradictions(whole, found), str(artifact.path))
    tensors: list[TensorSource] = []
    for name, entry in artifact.tensors.items():
        kept = payload(entry, partial(artifact.chunks, name, PIECE), dequantize=dequantize)
        tensors.append(TensorSource(name, entry.dims, kept.dtype, kept.chunks))
    metadata = architecture_metadata(architecture) | _config_metadata(config)
    if tied:
        metadata["tied_embeddings"] = True
    if artifact.metadata:
        metadata["source_metadata"] = dict(artifact.metadata)
    keys, notes = _tokenizer(folder, config, architecture)
    return Plan(metadata | keys, tensors, unstated_notes(architecture, "config.json") + notes)


def _tie(artifact: Artifact, architecture: Architecture) -> bool:
    """Whether the head is the embedding: no head is stored, or the configuration says so and the bytes agree."""
    said, stored = architecture.tie_word_embeddings, HEAD in artifact.tensors
    if said is False and not stored:
        raise ArtifactError(
            "the configuration says that the head is not tied, and none is stored",
            rule="tie-head-missing",
            file=str(artifact.path),
            tensor=HEAD,
            found="tie_word_embeddings false and no such tensor",
            expected="the tensor, or tie_word_embeddings true",
        )
    if said and stored and EMBEDDING in artifact.tensors:
        head, embedding = artifact.tensors[HEAD], artifact.tensors[EMBEDDING]
        same_kind = (head.dims, head.dtype) == (embedding.dims, embedding.dtype)
        offset = first_difference(artifact, HEAD, EMBEDDING) if same_kind else None
        if not same_kind or offset is not None:
            raise ArtifactError(
                "the configuration says that the head is tied, and another one is stored",
                rule="tie-head-differs",
                file=str(artifact.path),
                tensor=HEAD,
                found=f"tie_word_embeddings true and {head.dtype.name} {list(head.dims)}"
                + (f", which differs from byte {offset} on" if same_kind else ""),
                expected=f"the bytes of {EMBEDDING}, {embedding.dtype.name} {list(embedding.dims)}",
                way_out="set tie_word_embeddings to false if the stored head is meant",
            )
        return True
    return not stored


def _config_metadata(config: Mapping[str, Any]) -> dict[str, Any]:
    """What config.json says beyond the architecture: class, and choices that change what the model computes."""
    metadata: dict[str, Any] = {"hf_model_type": config["model_type"]}
    classes = config.get("architectures")
    if isinstance(classes, list) and classes and isinstance(classes[0], str):
        metadata["hf_architecture"] = classes[0]
    rope = config.get("rope_parameters")
    if isinstance(rope, dict) and rope.get("rope_type") not in {None, "default"}:
        metadata["rope_scaling"] = {key: value for key, value in rope.items() if key != "rope_theta"}
    elif config.get("rope_scaling") is not None:
        metadata["rope_scaling"] = config["rope_scaling"]
    if config.get("use_sliding_window") is True:
        for key in ("use_sliding_window", "sliding_window", "max_window_layers", "layer_types"):
            if config.get(key) is not None:
                metadata[key] = config[key]
    return metadata


def _tokenizer(folder: Path, config: Mapping[str, Any], architecture: Architecture) -> tuple[dict[str, Any], list[str]]:
    generation_path = folder / "generation_config.json"
    generation = read_object(generation_path) if generation_path.exists() else {}
    keys = special_ids(config, generation)
    whole, pieces = folder / "tokenizer.json", folder / "tokenizer.model"
    if whole.exists():
        vocabulary, notes = from_tokenizer_json(whole, architecture.vocab_size)
        return vocabulary | keys, notes
    if pieces.exists():
        return from_tokenizer_model(pieces) | keys, []
    return keys, [f"neither {whole.name} nor {pieces.name} stands beside the checkpoint; no vocabulary is carried over"]
