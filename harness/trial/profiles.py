"""How much a run may spend: profiles, and the clock that holds a run to one."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from fractions import Fraction

from harness.verdict.errors import UsageError


@dataclass(frozen=True, slots=True)
class Profile:
    """A budget by name."""

    name: str
    seconds: float
    """Wall time of the whole run; infinity for none."""
    share: Fraction
    """Share of the examples that a contract's population asks for."""
    seeds: int
    """Decks drawn one after the other, with consecutive seeds."""
    calls: int
    """Calls of an external subject per experiment at most, boundary cases excepted: those are always run."""
    shrink_calls: int
    """New subject calls that shrinking one counterexample may take, within a tenth of the time that is left."""
    call_seconds: float
    """Wall time that an external subject may take for one call."""

    def required(self, examples: int, *, external: bool) -> int:
        """Valid cases that a clause must be judged on, for `examples` asked by its contract."""
        wanted = max(1, math.ceil(examples * self.share))
        return min(wanted, self.calls) if external else wanted


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("dev", 30.0, Fraction(1, 10), 1, 8, 40, 10.0),
        Profile("pr", 300.0, Fraction(1), 1, 60, 200, 60.0),
        Profile("nightly", 3600.0, Fraction(10), 3, 600, 1000, 300.0),
        Profile("release", math.inf, Fraction(20), 5, 2000, 2000, 3600.0),
    )
}


def profile(name: str) -> Profile:
    """The profile of this name. Raises UsageError."""
    if name not in PROFILES:
        raise UsageError(f"unknown profile {name!r}", expected=", ".join(PROFILES))
    return PROFILES[name]


@dataclass(slots=True)
class Budget:
    """The clock of one run."""

    seconds: float
    started: float = field(default_factory=time.monotonic)
    interrupted: str = ""
    """Why the run was told to stop; empty while it goes on."""

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.seconds - (time.monotonic() - self.started))

    @property
    def spent(self) -> str:
        """A reason code when nothing more may be started: `interrupted`, `time_budget`; empty while time is left."""
        if self.interrupted:
            return "interrupted"
        return "time_budget" if self.remaining <= 0 else ""
