"""Falsifiers of F-LAYOUT-CONTRACT-001 to -005: the dims, vectors, sizes and logits of what an importer wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.oracles.differences import decoded
from falsifiers.oracles.dtypes import BLOCKS, blocks_of, size_of
from falsifiers.strategies.architectures import EMBEDDING, HEAD, Architecture, is_matrix, role_of, template_dims
from falsifiers.strategies.imported import UnjudgeableError, on_import, tell
from falsifiers.strategies.imports import IMPORTS
from harness.trial.interface import Context, Measure, Observation, falsifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from falsifiers.strategies.imported import Import

_AT_ONCE = 1 << 20
"""Elements of the head that are multiplied at a time."""


@falsifier(
    experiment=IMPORTS,
    measures=[Measure("wrong_labels", "tensors", "matrices whose dims are not those of their role")],
    finished_file=True,
)
@on_import
def matrices_keep_their_labels(seen: Import, context: Context) -> Observation:
    """Every matrix carries the dims of its role: the source's (reversed ne in GGUF) and the contract's template."""
    symbols, templates = _symbols(seen), _table(context, "tensors")
    findings, compared = [], 0
    for name, tensor in seen.found.items():
        place = role_of(name)
        wanted = template_dims(templates, place[0], symbols) if place is not None else None
        source = seen.truth.tensors.get(name) if seen.truth is not None else None
        if wanted is None or not is_matrix(wanted):
            continue
        compared += 1
        if tensor.dims != wanted or (source is not None and tensor.dims != source.dims):
            findings.append(
                f"{tensor.name}: found {list(tensor.dims)}, expected {list(source.dims if source else wanted)}"
            )
    said = _said_shapes(seen)
    return Observation({"wrong_labels": len(findings) + len(said)}, compared, tell(findings + said))


def _said_shapes(seen: Import) -> list[str]:
    """What `tensor_shapes` in the metadata, where it is written, says against the index: it is read as a label too."""
    shapes = seen.apr.metadata.get("tensor_shapes")
    if not isinstance(shapes, dict):
        return []
    return [
        f"{tensor.name}: tensor_shapes says {shapes[tensor.name]}, the index {list(tensor.dims)}"
        for tensor in seen.apr.tensors
        if tensor.name in shapes and shapes[tensor.name] != list(tensor.dims)
    ]


@falsifier(
    experiment=IMPORTS,
    measures=[Measure("wrong_token_matrices", "tensors", "embeddings and heads that are not [vocab, hidden]")],
    finished_file=True,
)
@on_import
def token_matrices_are_vocab_by_hidden(seen: Import, context: Context) -> Observation:
    """The embedding, and the head where there is one, are [vocab, hidden]."""
    symbols, templates = _symbols(seen), _table(context, "tensors")
    findings, compared = [], 0
    for name, role in ((EMBEDDING, "embedding"), (HEAD, "lm_head")):
        tensor, wanted = seen.found.get(name), template_dims(templates, role, symbols)
        if tensor is not None and wanted is not None:
            compared += 1
            if tensor.dims != wanted:
                findings.append(f"{tensor.name}: found {list(tensor.dims)}, expected [vocab, hidden] = {list(wanted)}")
    return Observation({"wrong_token_matrices": len(findings)}, compared, tell(findings))


@falsifier(
    experiment=IMPORTS,
    measures=[
        Measure("changed_vectors", "tensors", "norms and biases whose dims or bytes are not the source's"),
        Measure("relabelled_vectors", "tensors", "norms and biases with other dims than [n]"),
        Measure("altered_vectors", "tensors", "norms and biases with other bytes"),
    ],
    finished_file=True,
    needs_source=True,
)
@on_import
def vectors_are_unchanged(seen: Import, context: Context) -> Observation:
    """Norms and biases keep their one dim and every byte."""
    del context
    truth = seen.required
    vectors = [tensor for name, tensor in truth.tensors.items() if len(tensor.dims) == 1 and name in seen.found]
    relabelled = [tensor for tensor in vectors if seen.found[tensor.name].dims != tensor.dims]
    wrong = seen.differences()
    altered = [tensor for tensor in vectors if tensor.name in wrong]
    changed = {tensor.name for tensor in (*relabelled, *altered)}
    findings = [f"{t.name}: found {list(seen.found[t.name].dims)}, expected {list(t.dims)}" for t in relabelled]
    findings += [f"{tensor.name}: {wrong[tensor.name].message}" for tensor in altered]
    measures = {
        "changed_vectors": len(changed),
        "relabelled_vectors": len(relabelled),
        "altered_vectors": len(altered),
    }
    return Observation(measures, len(vectors), tell(findings))


@falsifier(
    experiment=IMPORTS,
    measures=[Measure("wrong_sizes", "tensors", "payloads whose size is not what dims and dtype ask for")],
    finished_file=True,
)
@on_import
def sizes_follow_the_block_rule(seen: Import, context: Context) -> Observation:
    """A payload has elements x item size bytes, or out x ceil(in / block) x block bytes."""
    blocks = BLOCKS | blocks_of(_table(context, "quant_dispatch"))
    findings, compared = [], 0
    for tensor in seen.apr.tensors:
        wanted = size_of(tensor.dtype, tensor.dims, blocks)
        compared += 1
        if wanted is None:
            findings.append(f"{tensor.name}: no size rule for dtype byte {tensor.number}")
        elif wanted != tensor.nbytes:
            findings.append(
                f"{tensor.name}: found {tensor.nbytes} bytes, {tensor.dtype} {list(tensor.dims)} takes {wanted}"
            )
    return Observation({"wrong_sizes": len(findings)}, compared, tell(findings))


@falsifier(
    experiment=IMPORTS,
    measures=[Measure("wrong_logits", "rows", "rows of the head whose product with a vector is not the source's")],
    finished_file=True,
    needs_source=True,
)
@on_import
def head_product_equals_the_source(seen: Import, context: Context) -> Observation:
    """The head (the embedding of a tied model that stores none) gives the logits of the source in every row."""
    del context
    truth = seen.required
    own = truth.tensors.get(HEAD) or truth.tensors.get(EMBEDDING)
    if own is None:
        raise UnjudgeableError("the source has neither head nor embedding")
    found = seen.head or (seen.found.get(EMBEDDING) if truth.tied else None)
    rows = own.dims[0]
    if found is None:
        return Observation({"wrong_logits": rows}, rows, f"no tensor gives logits; the source has {rows} rows of them")
    right = _logits(own.dtype, own.dims, own.payload)
    if right is None:
        raise UnjudgeableError(f"values of {own.dtype} cannot be decoded here")
    logits = _logits(found.dtype, found.dims, found.payload)
    if logits is None and found.dims == own.dims and size_of(found.dtype, found.dims) == found.nbytes:
        raise UnjudgeableError(f"values of {found.dtype} cannot be decoded here")
    if logits is None or logits.shape != right.shape:
        return Observation(
            {"wrong_logits": rows}, rows,
            f"{found.name}: {found.dtype} {list(found.dims)} in {found.nbytes} bytes gives no {rows} logits",
        )  # fmt: skip
    wrong = ~((logits == right) | (np.isnan(logits) & np.isnan(right)))
    count, first = int(wrong.sum()), int(wrong.argmax())
    message = f"{found.name}: logit {first} is {logits[first]!s}, the source gives {right[first]!s}" if count else ""
    return Observation({"wrong_logits": count}, rows, message)


def _logits(dtype: str, dims: tuple[int, ...], payload: bytes | memoryview) -> NDArray[np.float64] | None:
    """Product of a matrix [out, in] with a vector of small numbers, summed in float64 in one order; None for no matrix.

    Rows are decoded a few at a time, so that memory does not follow the size of the vocabulary.
    """
    width = size_of(dtype, (1, *dims[1:]))
    if not is_matrix(dims) or 0 in dims or width is None or size_of(dtype, dims) != len(payload):
        return None
    vector = (np.arange(dims[1]) * 7 % 13 - 6.0) + 0.5  # no zero, so that no column goes unseen
    logits = np.empty(dims[0], dtype=np.float64)
    step = max(1, _AT_ONCE // dims[1])
    for row in range(0, dims[0], step):
        last = min(row + step, dims[0])
        values = decoded(dtype, payload[row * width : last * width], (last - row, dims[1]))
        if values is None:
            return None
        with np.errstate(all="ignore"):
            products = values.reshape(-1, dims[1]).astype(np.float64) * vector
            logits[row:last] = np.add.reduce(products, axis=1)
    return logits


def _table(context: Context, name: str) -> Mapping[str, Any]:
    table = context.tables.get(name)
    if not isinstance(table, dict) or not table:
        raise UnjudgeableError(f"the contract has no table `{name}` to measure by")
    return table


def _symbols(seen: Import) -> dict[str, int]:
    """The sizes of the model: the source's, or without a source what the file says of itself."""
    if seen.truth is not None:
        return seen.truth.architecture.symbols()
    metadata = seen.apr.metadata
    sizes = [
        _size(metadata, key) for key in ("hidden_size", "num_heads", "intermediate_size", "vocab_size", "num_layers")
    ]
    if 0 in sizes:
        raise UnjudgeableError("without a source, and without sizes in the metadata, no dims can be expected")
    hidden, heads, intermediate, vocab, layers = sizes
    head_dim = _size(metadata, "head_dim") or hidden // heads
    kv_heads = _size(metadata, "num_kv_heads") or heads
    return Architecture("", hidden, heads, kv_heads, head_dim, intermediate, vocab, layers).symbols()


def _size(metadata: Mapping[str, Any], key: str) -> int:
    value = metadata.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
