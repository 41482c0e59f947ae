"""What a program from outside may use up: time, memory, output, files."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one call; a program that crosses one is killed with everything that it started."""

    wall_s: float = 60.0
    memory_bytes: int = 4 << 30
    """Anonymous and shared memory of all its processes together; mapped model files do not count."""
    output_bytes: int = 16 << 20
    """Standard output and standard error together."""
    kept_bytes: int = 1 << 20
    """Of the output, how much is kept: half of it for the end of either stream."""
    file_bytes: int = 64 << 30
    """Size of any one file that it writes."""


def restrict(pid: int, limits: Limits) -> None:
    """Set what the system itself can hold a running process to: file size, and no core dumps. Linux only."""
    for kind, value in ((resource.RLIMIT_FSIZE, limits.file_bytes), (resource.RLIMIT_CORE, 0)):
        ceiling = resource.prlimit(pid, kind)[1]
        bound = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        resource.prlimit(pid, kind, (bound, bound))


CAN_RESTRICT_OTHERS = hasattr(resource, "prlimit")

_LAUNCHER = """
import os, resource, sys
for kind, value in ((resource.RLIMIT_FSIZE, int(sys.argv[1])), (resource.RLIMIT_CORE, 0)):
    ceiling = resource.getrlimit(kind)[1]
    bound = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
    resource.setrlimit(kind, (bound, bound))
os.execv(sys.argv[2], sys.argv[2:])
"""


def launched(argv: list[str], limits: Limits) -> list[str]:
    """`argv` behind a launcher that restricts itself and becomes the program: for systems without prlimit (macOS)."""
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(limits.file_bytes), *argv]
