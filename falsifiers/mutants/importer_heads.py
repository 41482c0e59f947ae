"""Planted defects of importers in heads and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from falsifiers.mutants.planting import SpoiltImporter, edits, edits_by_source, fill
from falsifiers.oracles.differences import same_values
from falsifiers.oracles.dtypes import can_widen, widen
from falsifiers.strategies.architectures import EMBEDDING, HEAD
from harness.trial.interface import operator

if TYPE_CHECKING:
    from pathlib import Path

    from falsifiers.oracles.apr_bytes import PlainApr, PlainTensor
    from harness.subject.importer import Importer


@operator(role="importer", edits="bytes", where="tied models", what="the head",
          before="absent, or equal to the embedding", after="random values")  # fmt: skip
def extra_head_random(reference: Importer) -> SpoiltImporter:
    """A tied model gets a head of its own."""

    def edit(apr: PlainApr, _source: Path) -> None:
        embedding, head = apr.tensor(EMBEDDING), _tied_head(apr)
        if embedding is not None and head is not None:
            noise = np.random.default_rng(5).standard_normal(embedding.dims, dtype=np.float32)
            head.number = 0
            fill(head, noise.astype("<f4").tobytes())

    return edits_by_source(reference, "extra_head_random", edit)


@operator(role="importer", edits="bytes", where="tied models", what="the head",
          before="absent, or equal to the embedding", after="F32 [vocab, hidden] in 0 bytes")  # fmt: skip
def empty_head(reference: Importer) -> SpoiltImporter:
    """A tied model gets a head without a byte, as a released tool writes it."""

    def edit(apr: PlainApr, _source: Path) -> None:
        head = _tied_head(apr)
        if head is not None:
            head.number = 0
            fill(head, b"")

    return edits_by_source(reference, "empty_head", edit)


def _tied_head(apr: PlainApr) -> PlainTensor | None:
    """The head of a model that stores none or a copy: a new entry where there is none. None for an untied model."""
    embedding, head = apr.tensor(EMBEDDING), apr.tensor(HEAD)
    if embedding is None or (head is not None and not _alike(head, embedding)):
        return None
    if head is None:
        head = replace(embedding, name=HEAD)
        apr.tensors.append(head)
    return head


def _alike(left: PlainTensor, right: PlainTensor) -> bool:
    if left.dtype == right.dtype or not (can_widen(left.dtype) and can_widen(right.dtype)):
        return bytes(left.payload) == bytes(right.payload)
    return same_values(widen(left.dtype, left.payload), widen(right.dtype, right.payload))


@operator(role="importer", edits="bytes", where="models that are not tied", what="the head",
          before="its own values", after="those of the embedding")  # fmt: skip
def head_copied_from_embedding(reference: Importer) -> SpoiltImporter:
    """An untied model is tied by copying."""

    def edit(apr: PlainApr) -> None:
        embedding, head = apr.tensor(EMBEDDING), apr.tensor(HEAD)
        if embedding is not None and head is not None:
            head.number = embedding.number
            fill(head, bytes(embedding.payload))

    return edits(reference, "head_copied_from_embedding", edit)


@operator(role="importer", edits="bytes", where="metadata", what="tied_embeddings", before="true of the model",
          after="the opposite")  # fmt: skip
def wrong_tie_flag(reference: Importer) -> SpoiltImporter:
    """The flag says the opposite of what the file holds."""

    def edit(apr: PlainApr) -> None:
        embedding, head = apr.tensor(EMBEDDING), apr.tensor(HEAD)
        tied = head is None or (embedding is not None and _alike(head, embedding))
        apr.metadata["tied_embeddings"] = not tied

    return edits(reference, "wrong_tie_flag", edit)
