"""What a conversion will write, decided before the first byte is: metadata, tensors, and what people should know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.model.architecture.families import FAMILIES
from harness.model.artifact.dtypes import APR_IDS, APR_Q4, APR_Q8, F32, Q4_0, Q4_1, Q5_0, Q5_1, Q5_K, Q8_0
from harness.model.conversion.streaming import widened
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.model.architecture.configuration import Architecture
    from harness.model.architecture.inventory import Contradiction
    from harness.model.artifact.apr_writer import TensorSource
    from harness.model.artifact.dtypes import DType
    from harness.model.artifact.view import TensorEntry

HELD = frozenset(APR_IDS.values()) - {APR_Q4, APR_Q8}
"""dtypes that APR holds as they are; its own Q4 and Q8 are no dtype of a source."""

WIDENED = frozenset({Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q5_K})
"""dtypes that APR cannot hold and that can be widened."""

SHOWN = 5
"""Contradictions that a message shows before it counts the rest."""


@dataclass(slots=True)
class Plan:
    """A conversion that only has to be written."""

    metadata: dict[str, Any]
    tensors: list[TensorSource]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Payload:
    """A tensor on its way: what APR will call its dtype, and where its bytes come from."""

    dtype: DType
    chunks: Callable[[], Iterator[memoryview]]
    was: str = ""
    """dtype before it was widened; empty when it is kept."""


def payload(entry: TensorEntry, chunks: Callable[[], Iterator[memoryview]], *, dequantize: bool) -> Payload:
    """Keep the dtype of `entry`, or widen it to F32 when APR cannot hold it and `dequantize` says so.

    Raises ArtifactError naming the dtype that is neither held nor to be widened, and a block type whose rows are no
    whole blocks: readers of APR disagree on where such rows start.
    """
    dtype = entry.dtype
    whole_rows = not entry.dims or entry.dims[-1] % dtype.block == 0
    if dtype in HELD and whole_rows:
        return Payload(dtype, chunks)
    if not whole_rows:
        raise ArtifactError(
            "the rows are no whole blocks",
            rule="F-LAYOUT-CONTRACT-004",
            file=str(entry.path),
            tensor=entry.name,
            found=f"{dtype.name} rows of {entry.dims[-1]} elements",
            expected=f"a multiple of {dtype.block}",
        )
    if dtype not in WIDENED or not dequantize:
        raise ArtifactError(
            f"APR cannot hold {dtype.name}",
            rule="apr-dtype",
            file=str(entry.path),
            tensor=entry.name,
            found=dtype.name,
            expected="one of " + ", ".join(sorted(held.name for held in HELD)),
            way_out="--dequantize widens such tensors to F32 and records which" if dtype in WIDENED else "",
        )
    return Payload(F32, lambda: widened(chunks(), dtype), was=dtype.name)


def refuse_contradictions(found: Sequence[Contradiction], file: str, source_name: Callable[[str], str] = str) -> None:
    """Raise an ArtifactError that names the tensors which contradict the metadata; nothing when none does.

    `source_name` gives the name that the source uses for a tensor.
    """
    if not found:
        return
    first = found[0]
    name = source_name(first.tensor)
    if first.found is None:
        rule, said, expected = "inventory-missing", "nothing", f"a tensor {name}"
    elif first.expected is None:
        rule, said, expected = "inventory-extra", f"dims {list(first.found)}", "no such tensor in this architecture"
    else:
        rule, said = "inventory-dims", f"dims {list(first.found)}"
        expected = f"dims {[dim if dim is not None else '?' for dim in first.expected]} by the metadata"
        if name in {"lm_head.weight", "output.weight"}:
            rule = "F-LAYOUT-CONTRACT-002"
    also = "; ".join(str(one).replace(one.tensor, source_name(one.tensor), 1) for one in found[1:SHOWN])
    more = f"; {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    message = f"the tensors contradict the metadata{'; also ' + also if also else ''}{more}"
    raise ArtifactError(message, rule=rule, file=file, tensor=name, found=said, expected=expected)


def architecture_metadata(architecture: Architecture) -> dict[str, Any]:
    """The keys of APR for what `architecture` states; what it does not state has no key."""
    family = FAMILIES[architecture.family or ""]
    stated = {
        "model_type": family.slug,
        "architecture": family.slug,
        "hidden_size": architecture.hidden_size,
        "num_layers": architecture.num_layers,
        "num_heads": architecture.num_heads,
        "num_kv_heads": architecture.num_kv_heads,
        "vocab_size": architecture.vocab_size,
        "intermediate_size": architecture.intermediate_size,
        "max_position_embeddings": architecture.max_position_embeddings,
        "rope_theta": architecture.rope_theta,
        "rope_type": family.rope_type,
        "rms_norm_eps": architecture.rms_norm_eps,
        "head_dim": architecture.head_dim,
        "tie_word_embeddings": architecture.tie_word_embeddings,
    }
    return {key: value for key, value in stated.items() if value is not None}


def unstated_notes(architecture: Architecture, where: str) -> list[str]:
    """A note for each size that a reader will miss, because the source does not state it."""
    needed = ("num_layers", "num_heads", "num_kv_heads", "vocab_size", "hidden_size", "intermediate_size")
    fields = (*needed, "max_position_embeddings", "rope_theta", "rms_norm_eps")
    return [
        f"{where} does not state {name}; neither does the APR file"
        for name in fields
        if not getattr(architecture, name)
    ]
