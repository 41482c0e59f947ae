"""Files of one tensor whose dtype number is anything from 0 to 255, or whose payload has a size of any making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from hypothesis import strategies as st

from falsifiers.oracles import blocks
from falsifiers.oracles.apr_bytes import PlainTensor, write_plain_apr
from falsifiers.oracles.gguf_bytes import write_plain_gguf
from falsifiers.strategies.admissions import admission_answer, gates_of
from falsifiers.strategies.dtype_cases import DIMS, SIZED, SIZES, Format, NumberCase, SizeCase
from harness.trial.interface import Answer, Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from harness.contract.models import Population
    from harness.subject.reader import Reader

TENSOR = "model.layers.0.mlp.up_proj.weight"


class DTypeExperiment(Experiment[NumberCase | SizeCase]):
    """Lets a reader look at, and decode, tensors of every dtype number and of wrong sizes."""

    name: ClassVar[str] = "dtype_files"
    role: ClassVar[str] = "reader"
    case_type: ClassVar[Any] = NumberCase | SizeCase
    partitions: ClassVar[Mapping[str, str]] = {
        "apr": "a number in an APR file",
        "gguf": "a number in a GGUF file",
        "known": "the number means a type",
        "unknown": "the number means nothing",
        "right_size": "the payload has the size that dims and dtype ask for",
        "wrong_size": "the payload has another size",
        "partial_block": "the innermost dim is no multiple of the block",
    }

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[NumberCase | SizeCase]:  # noqa: ARG002
        """The numbers that are read, their nearest neighbours, and every wrong formula on a partial block."""
        apr = (0, 1, 2, 7, 8, 9, 12, 14, 30, 128, 129, 10, 13, 15, 31, 127, 130, 255)
        gguf = (0, 1, 2, 8, 12, 14, 30, 4, 13, 15, 31, 40, 100, 255)
        numbers = [NumberCase(format="apr", number=number, seed=1) for number in apr]
        numbers += [NumberCase(format="gguf", number=number, seed=1) for number in gguf]
        sizes = [SizeCase(dtype=dtype, rows=3, columns=300, size=size) for dtype in ("Q4_K", "Q6_K") for size in SIZES]
        return [*numbers, *sizes, SizeCase(dtype="F16", rows=3, columns=5, size="short")]

    def strategy(self, population: Population) -> SearchStrategy[NumberCase | SizeCase]:  # noqa: ARG002
        """Any number in either format; any size of matrices up to 5 x 800."""
        numbers = st.builds(
            NumberCase,
            format=st.sampled_from(("apr", "gguf")),
            number=st.integers(0, 255),
            seed=st.integers(0, 2**32 - 1),
        )
        sizes = st.builds(
            SizeCase,
            dtype=st.sampled_from(SIZED),
            rows=st.integers(1, 5),
            columns=st.integers(1, 800),
            size=st.sampled_from(SIZES),
        )
        return numbers | sizes

    def partitions_of(self, case: NumberCase | SizeCase) -> frozenset[str]:
        """See `partitions`."""
        if isinstance(case, NumberCase):
            return frozenset({case.format, "unknown" if case.dtype is None else "known"})
        kind = blocks.geometry(case.dtype)
        found = {"partial_block"} if case.columns % kind.block else set()
        right = case.is_right({case.dtype: {"elements_per_block": kind.block, "block_bytes": kind.block_bytes}})
        return frozenset(found | {"right_size" if right else "wrong_size"})

    def exercise(self, subject: Reader, case: NumberCase | SizeCase, folder: Path, tables: Mapping[str, Any]) -> Answer:
        """Write the file; let the reader look at it and decode the tensor."""
        if isinstance(case, SizeCase):
            nbytes = case.nbytes(tables["quant_dispatch"])
            payload = np.random.default_rng(nbytes).integers(0, 60, nbytes, np.uint8).tobytes()
            return look(
                subject, folder, "apr", (case.rows, case.columns), blocks.NUMBERS["apr"][case.dtype], payload, tables
            )
        return look(subject, folder, case.format, DIMS, case.number, case.payload(), tables)


def look(  # noqa: PLR0913, PLR0917 - a file, and who looks at it
    subject: Reader,
    folder: Path,
    form: Format,
    dims: tuple[int, ...],
    number: int,
    payload: bytes,
    tables: Mapping[str, Any],
) -> Answer:
    """Write one tensor; what the reader says of the file, and what it decodes (left in a file)."""
    artifact = write(folder, form, dims, number, payload)
    admission = admission_answer(subject.admit(artifact, gates_of(tables)))
    decoding = decoded(subject, artifact)
    data = admission.data | {"decoding": str(decoding.state), "decoding_message": decoding.message}
    message = _without(artifact, admission.message)
    return admission.model_copy(update={"data": data, "files": decoding.files, "message": message})


def write(folder: Path, form: Format, dims: tuple[int, ...], number: int, payload: bytes) -> Path:
    """A file of one tensor."""
    artifact = folder / f"tensor-{number}.{form}"
    if form == "apr":
        write_plain_apr(artifact, {}, [PlainTensor(TENSOR, dims, number, payload, len(payload))])
    else:
        write_plain_gguf(artifact, TENSOR, dims, number, payload)
    return artifact


def decoded(subject: Reader, artifact: Path) -> Answer:
    """What the reader decodes of the one tensor, left in a file beside it."""
    state, values, message = subject.decode(artifact, TENSOR)
    beside = artifact.with_suffix(".f32")
    beside.write_bytes(values)
    return Answer(state=state, files={"values": beside.name}, message=_without(artifact, message))


def _without(artifact: Path, message: str) -> str:
    """`message` without the path, which holds digits of its own."""
    return message.replace(str(artifact), "the file").replace(artifact.name, "the file")


DTYPES = DTypeExperiment()
"""The one instance that clauses share."""
