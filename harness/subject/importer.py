"""The role importer: a checkpoint in, an APR file out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from harness.verdict.verdicts import RunState


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of one call."""

    state: RunState
    message: str
    duration_s: float


class Importer(Protocol):
    """Converts SafeTensors or GGUF into APR."""

    role: str
    label: str
    identity: str

    def convert(self, source: Path, dest: Path) -> Conversion:
        """Read `source` (the file a person would name) and write `dest`; failures are values, not exceptions."""
