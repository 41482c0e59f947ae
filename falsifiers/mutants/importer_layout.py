"""Planted defects of importers in the labels: dims reversed, widened, or vectors treated as matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falsifiers.mutants.planting import SpoiltImporter, edits, elements, fill, having, heads_of, plain
from harness.trial.interface import operator

if TYPE_CHECKING:
    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.importer import Importer

_VECTORS = ("final_norm", "attention_norm", "ffn_norm", "q_bias", "k_bias", "v_bias")


def _reverses(reference: Importer, defect: str, *roles: str) -> SpoiltImporter:
    """A file whose tensors of `roles` carry their dims in reverse, over the same bytes."""

    def edit(apr: PlainApr) -> None:
        for tensor in having(apr, *roles):
            tensor.dims = tensor.dims[::-1]

    return edits(reference, defect, edit)


@operator(role="importer", edits="bytes", where="every matrix", what="dims", before="[out, in]", after="[in, out]")
def labels_reversed(reference: Importer) -> SpoiltImporter:
    """Dims are copied from the order in which GGUF writes them."""
    roles = ("embedding", "lm_head", "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    return _reverses(reference, "labels_reversed", *roles)


@operator(role="importer", edits="bytes", where="gate, up and down", what="dims", before="[out, in]", after="[in, out]")
def swaps_ffn_labels(reference: Importer) -> SpoiltImporter:
    """Only the feed-forward matrices are labelled the other way round."""
    return _reverses(reference, "swaps_ffn_labels", "gate_proj", "up_proj", "down_proj")


@operator(role="importer", edits="bytes", where="the head, where one is stored", what="dims",
          before="[vocab, hidden]", after="[hidden, vocab]")  # fmt: skip
def head_hidden_first(reference: Importer) -> SpoiltImporter:
    """The head is labelled as its transpose."""
    return _reverses(reference, "head_hidden_first", "lm_head")


@operator(role="importer", edits="bytes", where="the embedding", what="dims",
          before="[vocab, hidden]", after="[hidden, vocab]")  # fmt: skip
def embedding_hidden_first(reference: Importer) -> SpoiltImporter:
    """The embedding is labelled as its transpose."""
    return _reverses(reference, "embedding_hidden_first", "embedding")


@operator(role="importer", edits="bytes", where="k_proj of grouped attention", what="dims and payload",
          before="[kv_heads x head_dim, hidden]", after="[heads x head_dim, hidden], rows repeated")  # fmt: skip
def k_uses_heads(reference: Importer) -> SpoiltImporter:
    """Keys are blown up to the number of query heads."""

    def edit(apr: PlainApr) -> None:
        groups = heads_of(apr, "q_proj") // heads_of(apr, "k_proj")
        for tensor in having(apr, "k_proj"):
            tensor.dims = (tensor.dims[0] * groups, *tensor.dims[1:])
            fill(tensor, bytes(tensor.payload) * groups)

    return edits(reference, "k_uses_heads", edit)


@operator(role="importer", edits="bytes", where="norms and biases", what="the payload",
          before="in order", after="in reverse")  # fmt: skip
def one_dimensional_reversed(reference: Importer) -> SpoiltImporter:
    """Vectors are reversed along with the dims of matrices."""

    def edit(apr: PlainApr) -> None:
        for tensor in having(apr, *_VECTORS):
            if plain(tensor):
                fill(tensor, elements(tensor)[::-1].tobytes())

    return edits(reference, "one_dimensional_reversed", edit)


@operator(role="importer", edits="bytes", where="norms and biases", what="dims", before="[n]", after="[1, n]")
def one_dimensional_as_row(reference: Importer) -> SpoiltImporter:
    """Vectors are written as matrices of one row."""

    def edit(apr: PlainApr) -> None:
        for tensor in having(apr, *_VECTORS):
            tensor.dims = (1, *tensor.dims)

    return edits(reference, "one_dimensional_as_row", edit)


@operator(role="importer", edits="bytes", where="the head, and the embedding of a tied model", what="the payload",
          before="row-major [vocab, hidden]", after="transposed under the same label")  # fmt: skip
def head_truly_transposed(reference: Importer) -> SpoiltImporter:
    """The data of the head are transposed on the premise that the importer lacks it."""

    def edit(apr: PlainApr) -> None:
        for tensor in list(having(apr, "lm_head")) or list(having(apr, "embedding")):
            if plain(tensor):
                fill(tensor, elements(tensor).T.tobytes())

    return edits(reference, "head_truly_transposed", edit)
