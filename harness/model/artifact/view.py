"""One view over every model file format: names, dims, dtypes, byte ranges, metadata, lazy tensor access."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from harness.model.artifact.dtypes import DType


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """A tensor as its file lists it."""

    name: str
    dims: tuple[int, ...]
    """Outermost first, for every format; () is a scalar."""
    dtype: DType
    offset: int
    """Byte offset in `path`."""
    nbytes: int
    """Payload bytes that the file gives it."""
    path: Path
    """The file that holds the payload: a shard, where there are several."""

    @property
    def elements(self) -> int:
        """Number of elements: the product of dims, 1 for a scalar."""
        count = 1
        for dim in self.dims:
            count *= dim
        return count

    @property
    def expected_nbytes(self) -> int:
        """Payload bytes by the rule of the dtype: elements x itemsize, or rows x ceil(in / block) x block bytes."""
        return self.dtype.nbytes(self.dims)


class Artifact(ABC):
    """An open model file. Use as a context manager; nothing is read but the header until a tensor is asked for."""

    format: str
    """`apr`, `safetensors` or `gguf`."""
    version: str
    path: Path
    """The file that a person would name."""
    metadata: Mapping[str, Any]
    tensors: Mapping[str, TensorEntry]
    """In the order of the file."""

    @abstractmethod
    def raw(self, name: str) -> memoryview:
        """Payload bytes of a tensor, a view of the mapped file. Raises ArtifactError when the size rule is broken."""

    @abstractmethod
    def close(self) -> None:
        """Release the mapping; views handed out before must be gone."""

    def values(self, name: str) -> NDArray[np.generic]:
        """Values of a tensor in its dims, decoded: F32, F64 and integers zero-copy, BF16 and blocks as float32.

        Raises ArtifactError naming the dtype when it cannot be decoded.
        """
        from harness.model.kernels.decode import decode  # noqa: PLC0415 - numpy is imported when values are asked for

        entry = self.tensors[name]
        return decode(self.raw(name), entry.dtype, entry.dims, file=str(self.path), tensor=name)

    def chunks(self, name: str, size: int = 1 << 20) -> Iterator[memoryview]:
        """Payload bytes of a tensor in views of at most `size` bytes, in order; memory does not follow its size.

        Raises ArtifactError as `raw` does.
        """
        raw = self.raw(name)
        for start in range(0, len(raw), size):
            yield raw[start : start + size]
            self.forget(name, start, size)

    def pieces(self, name: str) -> Iterator[NDArray[np.generic]]:
        """Values of a tensor, flat and in order, in decoded 1-D pieces of about a megabyte.

        Raises ArtifactError as `values` does.
        """
        from harness.model.kernels.decode import decode_pieces  # noqa: PLC0415 - see values

        entry, begin = self.tensors[name], 0
        for end, piece in decode_pieces(self.raw(name), entry.dtype, entry.dims, file=str(self.path), tensor=name):
            yield piece
            self.forget(name, begin, end - begin)
            begin = end

    def forget(self, name: str, start: int, length: int) -> None:  # noqa: B027 - a hint that may be ignored
        """Say that these payload bytes are not needed soon. A hint: what is read again is right all the same."""

    def verify_checksum(self) -> bool:
        """Look at every byte. True when the format has a checksum and it holds, False when it has none.

        Raises ArtifactError when it does not hold.
        """
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
