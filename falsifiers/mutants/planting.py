"""How a defect is planted in an importer: the reference works, then its finished file is spoilt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.oracles.apr_bytes import PlainApr, PlainTensor, rewrite
from falsifiers.oracles.dtypes import ITEMSIZE
from falsifiers.strategies.architectures import role_of
from harness.subject.importer import Conversion, Importer
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SpoiltImporter:
    """An importer whose finished files are spoilt before anybody sees them."""

    reference: Importer
    defect: str
    spoil: Callable[[Path, Path], None]
    """Takes the finished file and the source that it was made from."""
    role: str = "importer"
    label: str = "mutant"

    @property
    def identity(self) -> str:
        """The defect and whose work it spoils."""
        return f"{self.defect} planted in {self.reference.identity}"

    def convert(self, source: Path, dest: Path) -> Conversion:
        """Let the reference convert, then spoil what it wrote."""
        done = self.reference.convert(source, dest)
        if done.state is RunState.RAN and dest.is_file():
            self.spoil(dest, source)
        return done


@dataclass(frozen=True, slots=True)
class FailingImporter:
    """An importer that reports something else than what the reference did, for some sources."""

    reference: Importer
    defect: str
    concerns: Callable[[Path], bool]
    state: RunState
    role: str = "importer"
    label: str = "mutant"

    @property
    def identity(self) -> str:
        """The defect and whose answers it replaces."""
        return f"{self.defect} planted in {self.reference.identity}"

    def convert(self, source: Path, dest: Path) -> Conversion:
        """Convert, or fail and leave nothing."""
        done = self.reference.convert(source, dest)
        if not self.concerns(source):
            return done
        dest.unlink(missing_ok=True)
        return Conversion(self.state, f"planted defect: {self.defect}", done.duration_s)


def edits(reference: Importer, defect: str, edit: Callable[[PlainApr], object]) -> SpoiltImporter:
    """An importer whose files are edited and written back with right checksums."""
    return SpoiltImporter(reference, defect, lambda dest, _source: rewrite(dest, edit))


def edits_by_source(reference: Importer, defect: str, edit: Callable[[PlainApr, Path], object]) -> SpoiltImporter:
    """As `edits`, for a defect that depends on what the source was."""
    return SpoiltImporter(reference, defect, lambda dest, source: rewrite(dest, lambda apr: edit(apr, source)))


def having(apr: PlainApr, *roles: str) -> Iterator[PlainTensor]:
    """The tensors that play one of `roles`."""
    for tensor in apr.tensors:
        place = role_of(tensor.name)
        if place is not None and place[0] in roles:
            yield tensor


def heads_of(apr: PlainApr, role: str) -> int:
    """Heads of the queries (`q_proj`) or of the keys; a file that does not state the latter has as many of both."""
    heads = int(apr.metadata["num_heads"])
    return heads if role == "q_proj" else int(apr.metadata.get("num_kv_heads") or heads)


def plain(tensor: PlainTensor) -> bool:
    """Whether the tensor has elements that can be moved one by one."""
    return tensor.dtype in ITEMSIZE


def elements(tensor: PlainTensor) -> NDArray[Any]:
    """A writable copy of the elements as unsigned integers, in dims."""
    return np.frombuffer(tensor.payload, dtype=f"<u{ITEMSIZE[tensor.dtype]}").copy().reshape(tensor.dims)


def fill(tensor: PlainTensor, payload: bytes) -> None:
    """Give the tensor another payload, and the index its size."""
    tensor.payload, tensor.nbytes = payload, len(payload)
