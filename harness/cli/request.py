"""What a command line asks of a gate, as plain values: any process of the run can plan the same checks from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cli.assembly import Assembly, assemble
from harness.cli.configuration import configuration
from harness.trial.profiles import Budget, profile
from harness.trial.session import Session

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Request:
    """A gate, asked for."""

    start: Path
    """The folder that it was asked for in."""
    paths: tuple[str, ...]
    selection: str
    subjects: tuple[str, ...]
    artifacts: tuple[Path, ...]
    source: Path | None
    profile: str
    seed: int
    reports: Path

    def plan(self) -> Assembly:
        """Every check of the run, in the same order in every process."""
        return assemble(
            configuration(self.start),
            paths=self.paths,
            selection=self.selection,
            subjects=self.subjects,
            artifacts=self.artifacts,
            source=self.source,
            call_seconds=profile(self.profile).call_seconds,
        )

    def session(self, assembly: Assembly, *, answers: Path | None = None, started: float | None = None) -> Session:
        """The session of one process; `answers` and the start of the clock are shared where there are several."""
        chosen = profile(self.profile)
        session = Session.start(
            assembly.registry,
            chosen,
            self.seed,
            sources=assembly.configuration.sources(),
            cases=self.reports / "cases",
            answers=answers,
        )
        if started is not None:
            session.budget = Budget(chosen.seconds, started)
        return session
