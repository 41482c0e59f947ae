"""The role pretrainer: an init file and a target architecture in, the stages passed and the mismatches out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from harness.verdict.verdicts import RunState


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the stages before the first training step said."""

    state: RunState
    stage: str
    """The stage that refused; empty when all passed."""
    mismatches: Mapping[str, tuple[JsonValue, JsonValue]] = field(default_factory=dict)
    """Field -> (what the target asks for, what the file holds)."""
    probe_reached: bool = False
    """Whether the stage behind the checks was reached."""
    message: str = ""
    duration_s: float = 0.0


class Pretrainer(Protocol):
    """Runs the preflight of `pretrain --init`."""

    role: str
    label: str
    identity: str

    def preflight(self, init: Path, target: Mapping[str, JsonValue], probe: Path) -> Preflight:
        """Run the stages open, magic, metadata, architecture, then the probe, which writes the file `probe`."""
