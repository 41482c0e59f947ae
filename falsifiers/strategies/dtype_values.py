"""Known values in every type, read under their own dtype number and under another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from hypothesis import strategies as st
from pydantic import Field

from falsifiers.oracles import blocks
from falsifiers.strategies.dtype_cases import Format
from falsifiers.strategies.dtype_files import decoded, write
from harness.trial.interface import Answer, Case, Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy
    from numpy.typing import NDArray

    from harness.contract.models import Population
    from harness.subject.reader import Reader

    F32 = NDArray[np.float32]

PAIRS: tuple[tuple[Format, str, str], ...] = (
    ("apr", "F16", "BF16"), ("apr", "BF16", "F16"), ("apr", "F32", "F16"), ("apr", "Q6_K", "Q4_K"),
    ("apr", "Q4_K", "Q6_K"), ("gguf", "Q8_0", "Q4_0"), ("gguf", "Q4_0", "Q8_0"), ("gguf", "Q4_K", "Q8_0"),
    ("gguf", "Q6_K", "Q4_K"), ("gguf", "F16", "BF16"),
)  # fmt: skip
"""Format, the type that the bytes are of, the type that a wrong label says."""

BLOCK = 256
"""Columns are multiples of it, so that every type has whole blocks."""


class ValueCase(Case):
    """Values in one type, and the same bytes under the label of another."""

    format: Format
    dtype: str
    read_as: str
    rows: int = Field(ge=1)
    blocks: int = Field(ge=1)
    """Columns in units of BLOCK."""
    exponent: int = Field(ge=-12, le=-2)
    """Values are below two to this power, as weights are."""
    seed: int

    @property
    def dims(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.rows, self.blocks * BLOCK)

    def values(self) -> F32:
        """What was encoded; for types without an encoder, what the gguf library says that the bytes mean."""
        if self.dtype not in blocks.ENCODED:
            decoded = blocks.decode(self.payload(), self.dtype, self.dims)
            assert decoded is not None
            return decoded
        generator = np.random.default_rng(self.seed)
        values = generator.uniform(0.25, 1.0, self.dims) * generator.choice((-1.0, 1.0), self.dims)
        narrow: F32 = (values * 2.0**self.exponent).astype(np.float32)
        return narrow

    def payload(self) -> bytes:
        """The bytes of the tensor."""
        if self.dtype in blocks.ENCODED:
            return blocks.encode(self.values(), self.dtype)
        size = blocks.geometry(self.dtype).block
        return blocks.random_blocks(self.dtype, self.rows, self.dims[1] // size, self.seed)

    def mislabelled(self) -> tuple[tuple[int, int], bytes]:
        """Dims and payload of the same bytes under the other label, cut to whole blocks of it."""
        payload, kind = self.payload(), blocks.geometry(self.read_as)
        whole = max(1, len(payload) // kind.block_bytes)
        return (whole, kind.block), payload.ljust(kind.block_bytes, b"\0")[: whole * kind.block_bytes]


class ValueExperiment(Experiment[ValueCase]):
    """Lets a reader decode known values, and then the same bytes under a wrong label."""

    name: ClassVar[str] = "dtype_values"
    role: ClassVar[str] = "reader"
    case_type: ClassVar[Any] = ValueCase
    partitions: ClassVar[Mapping[str, str]] = {
        "encoded": "values went through an encoder, so that its error is bounded",
        "blocks": "blocks of random codes, decoded by the gguf library too",
        "apr": "an APR file",
        "gguf": "a GGUF file",
    }

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[ValueCase]:  # noqa: ARG002
        """Every pair of types once."""
        return [
            ValueCase(format=form, dtype=dtype, read_as=other, rows=2, blocks=1, exponent=-3, seed=number)
            for number, (form, dtype, other) in enumerate(PAIRS)
        ]

    def strategy(self, population: Population) -> SearchStrategy[ValueCase]:  # noqa: ARG002
        """Any pair at any scale of weights."""
        return st.builds(
            lambda pair, **more: ValueCase(format=pair[0], dtype=pair[1], read_as=pair[2], **more),
            st.sampled_from(PAIRS),
            rows=st.integers(1, 4),
            blocks=st.integers(1, 2),
            exponent=st.integers(-12, -2),
            seed=st.integers(0, 2**32 - 1),
        )

    def partitions_of(self, case: ValueCase) -> frozenset[str]:
        """See `partitions`."""
        return frozenset({case.format, "encoded" if case.dtype in blocks.ENCODED else "blocks"})

    def exercise(self, subject: Reader, case: ValueCase, folder: Path, tables: Mapping[str, Any]) -> Answer:  # noqa: ARG002
        """Write both files and let the reader decode both."""
        numbers = blocks.NUMBERS[case.format]
        right = decoded(subject, write(folder, case.format, case.dims, numbers[case.dtype], case.payload()))
        dims, payload = case.mislabelled()
        wrong = decoded(subject, write(folder, case.format, dims, numbers[case.read_as], payload))
        files = right.files | {"mislabelled": wrong.files["values"]}
        return right.model_copy(update={"data": {"mislabelled": str(wrong.state)}, "files": files})


VALUES = ValueExperiment()
"""The one instance that clauses share."""
