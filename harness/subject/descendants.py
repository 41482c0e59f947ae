"""Every process that a call has started, its memory, and its end, whatever group or session it has moved to."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

MARK = "FALSIFY_CALL"
"""Environment variable by which the processes of one call are known; children inherit it through any fork."""

_ROUNDS = 50
"""Rounds of killing; a fork bomb needs several until a round finds nobody."""


class Descendants:
    """The processes of one call: its group, its session, their children, and whoever carries its mark."""

    def __init__(self, leader: int, mark: str) -> None:
        self._leader = leader
        self._needle = f"{MARK}={mark}".encode()
        self._members: set[int] = set()
        self._strangers: set[int] = {os.getpid()}

    def memory(self) -> int:
        """Bytes of anonymous and shared memory of all together; pages of mapped files do not count."""
        if not _has_proc():
            return sum(rss for _, group, rss in _by_ps() if group == self._leader)
        self._members = self._living(self._strangers)
        return sum(_memory(pid) for pid in self._members)

    def kill(self) -> None:
        """Kill them all. The leader has not been waited for yet, so that its number cannot be somebody else's."""
        for _ in range(_ROUNDS):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._leader, signal.SIGKILL)
            if not _has_proc():
                return
            self._members = self._living({os.getpid()})
            if not self._members:
                return
            for pid in self._members:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)

    def _living(self, strangers: set[int]) -> set[int]:
        """Pids of the living members. A process is ours from its first moment or never, so strangers stay strangers."""
        found = set()
        with os.scandir("/proc") as entries:
            pids = [int(entry.name) for entry in entries if entry.name.isdigit()]
        for pid in pids:
            if pid in strangers:
                continue
            belongs = self._belongs(pid)
            if belongs:
                found.add(pid)
            elif belongs is not None:
                strangers.add(pid)
        return found

    def _belongs(self, pid: int) -> bool | None:
        """None when the process is dead, or gone before it could be asked."""
        folder = Path("/proc", str(pid))
        try:
            # pid (name) state ppid pgrp session …; the name may hold blanks and brackets.
            state, parent, group, session = folder.joinpath("stat").read_bytes().rpartition(b")")[2].split()[:4]
            if state in {b"Z", b"X"}:
                return None
            if self._leader in {int(group), int(session)} or int(parent) in self._members:
                return True
            return self._needle in folder.joinpath("environ").read_bytes().split(b"\0")
        except PermissionError:
            return False
        except (OSError, ValueError):
            return None


def _has_proc() -> bool:
    return Path("/proc/self/environ").exists()


def _memory(pid: int) -> int:
    total = 0
    with suppress(OSError, ValueError), Path(f"/proc/{pid}/status").open("rb") as lines:
        for line in lines:
            if line.startswith((b"RssAnon:", b"RssShmem:")):
                total += int(line.split()[1]) * 1024
    return total


def _by_ps() -> list[tuple[int, int, int]]:
    """Pid, group and bytes of every process where there is no /proc; resident pages of files count here."""
    try:
        done = subprocess.run(
            ["/bin/ps", "-A", "-o", "pid=,pgid=,rss="], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = (line.split() for line in done.stdout.splitlines())
    return [(int(pid), int(group), int(rss) * 1024) for pid, group, rss in (row for row in rows if len(row) == 3)]
