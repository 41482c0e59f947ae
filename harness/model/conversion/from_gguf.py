"""GGUF to APR: checkpoint names, permuted rows put back, everything else byte for byte."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.model.architecture.configuration import Architecture, from_gguf_metadata
from harness.model.architecture.families import FAMILIES, Role, Transform, gguf_names, role_of_gguf_name
from harness.model.architecture.inventory import Contradiction, contradictions
from harness.model.architecture.stated import ArchitectureError, Problem
from harness.model.artifact.apr_writer import TensorSource
from harness.model.conversion.plan import (
    Plan,
    architecture_metadata,
    payload,
    refuse_contradictions,
    unstated_notes,
)
from harness.model.conversion.streaming import PIECE, rows_put_back
from harness.model.conversion.tokenizers import from_gguf
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.model.artifact.view import Artifact

GENERAL_KEYS = ("author", "license", "description", "version")
"""Keys behind `general.` that APR has too."""


def plan_gguf(artifact: Artifact, *, dequantize: bool) -> Plan:
    """Plan the conversion of an open GGUF file.

    Raises ArtifactError for tensors that contradict the metadata or that APR cannot hold, ArchitectureError for
    metadata that states no supported architecture.
    """
    file = str(artifact.path)
    architecture = from_gguf_metadata(artifact.metadata, artifact.tensors, file=file)
    slug = architecture.family or ""
    if not artifact.tensors:
        raise ArtifactError("the file holds no tensor", rule="inventory-empty", file=file, found="a vocabulary only")
    places = {name: role_of_gguf_name(slug, name) for name in artifact.tensors}
    strange = [
        Contradiction(name, artifact.tensors[name].dims, None) for name, place in places.items() if place is None
    ]
    refuse_contradictions(strange, file)
    known = {name: place for name, place in places.items() if place is not None}
    names = {name: role.in_layer(layer) for name, (role, layer) in known.items()}
    layers = {layer for role, layer in known.values() if role.repeats}
    whole = replace(architecture, num_layers=architecture.num_layers or len(layers))
    found = {names[name]: entry.dims for name, entry in artifact.tensors.items()}
    faults = contradictions(whole, found)
    if faults:
        back = {hf: name for name, hf in gguf_names(slug, whole.num_layers or 0).items()}
        refuse_contradictions(faults, file, lambda name: back.get(name, name))
    plan = Plan(_metadata(artifact, architecture), [], unstated_notes(architecture, "the GGUF metadata"))
    widened: dict[str, str] = {}
    for name, entry in artifact.tensors.items():
        chunks = _chunks(artifact, name, known[name][0], architecture)
        kept = payload(entry, chunks, dequantize=dequantize)
        if kept.was:
            widened[names[name]] = kept.was
        plan.tensors.append(TensorSource(names[name], entry.dims, kept.dtype, kept.chunks))
    if widened:
        plan.metadata["dequantized"] = widened
        plan.notes.append(f"{len(widened)} tensors were widened to F32: {', '.join(sorted(set(widened.values())))}")
    return plan


def _chunks(
    artifact: Artifact, name: str, role: Role, architecture: Architecture
) -> Callable[[], Iterator[memoryview]]:
    if FAMILIES[architecture.family or ""].transform(role) is Transform.IDENTITY:
        return partial(artifact.chunks, name, PIECE)
    field = "num_heads" if role is Role.Q else "num_kv_heads"
    heads: int | None = getattr(architecture, field)
    if heads is None and role is Role.K:
        heads = _kv_heads_by_rows(artifact, name, architecture.num_heads)
    if heads is None:
        problem = Problem(
            field, field, None, "a value: the exporter moved the rows of each head, and it has to be undone"
        )
        raise ArchitectureError("the heads are not stated", problems=[problem], file=str(artifact.path))
    rows = artifact.tensors[name].dims[0]
    if rows % (2 * heads):
        raise ArtifactError(
            "the rows of a head do not come in pairs",
            rule="rope-rows",
            file=str(artifact.path),
            tensor=name,
            found=f"{rows} rows for {heads} heads",
            expected=f"a multiple of {2 * heads}",
        )
    return partial(rows_put_back, artifact, name, heads)


def _kv_heads_by_rows(artifact: Artifact, name: str, query_heads: int | None) -> int | None:
    """Key-value heads that the rows of k make, where the file does not state them: each has the rows of one of q."""
    queries = artifact.tensors.get(name.replace("attn_k", "attn_q"))
    if query_heads is None or queries is None or not queries.dims or queries.dims[0] % query_heads:
        return None
    rows, in_a_head = artifact.tensors[name].dims[0], queries.dims[0] // query_heads
    return rows // in_a_head if in_a_head and rows % in_a_head == 0 else None


def _metadata(artifact: Artifact, architecture: Architecture) -> dict[str, Any]:
    slug = architecture.family or ""
    metadata = architecture_metadata(architecture)
    metadata |= {"hf_model_type": slug, "hf_architecture": FAMILIES[slug].hf_architecture}
    if architecture.tie_word_embeddings:
        metadata["tied_embeddings"] = True
    for key in GENERAL_KEYS:
        value = artifact.metadata.get(f"general.{key}")
        if isinstance(value, str) and value:
            metadata[key] = value
    return metadata | from_gguf(artifact.metadata)
