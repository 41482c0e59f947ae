"""One program from outside, run to its end or to its limits: no shell, no input, its own session, nothing left over."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from harness.subject.descendants import MARK, Descendants
from harness.subject.limits import CAN_RESTRICT_OTHERS, Limits, launched, restrict
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LOOK_EVERY_S = 0.02
"""Time between two looks at memory and at the clock; a program that fills memory at 4 GB/s gains 80 MB on us."""
_LOOKING_SHARE = 10
"""Where looking is slow (many processes, or ps instead of /proc), this many times its duration passes in between."""
_DRAIN_S = 1.0
"""How long output is still read when everybody is dead: pipes hold at most a few pages."""
_PORTION = 1 << 16


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a program."""

    state: RunState
    """RAN (exit status 0), EXITED (another), CRASHED (a signal), or the limit that it crossed."""
    exit_code: int | None
    """None when it was killed, or never started."""
    stdout_tail: str
    stderr_tail: str
    duration_s: float
    message: str
    """What happened, in words; empty after exit status 0."""

    @property
    def output(self) -> str:
        """Both tails, standard output first."""
        return "\n".join(part for part in (self.stdout_tail, self.stderr_tail) if part)


def run_limited(argv: Sequence[str], *, cwd: Path, limits: Limits, env: Mapping[str, str]) -> Finished:
    """Run `argv` in `cwd` with exactly the environment `env` (and our mark). `argv[0]` is a path.

    Standard input is empty. When the program ends, or crosses a limit, every process that it has started is killed,
    daemons included. A program that cannot be started is a value too (NOT_STARTED).
    """
    started = time.monotonic()
    mark = uuid.uuid4().hex
    command = list(argv) if CAN_RESTRICT_OTHERS else launched(list(argv), limits)
    try:
        child = subprocess.Popen(  # noqa: S603 - no shell; running a program that the user names is the purpose
            command,
            cwd=cwd,
            env={**env, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Finished(RunState.NOT_STARTED, None, "", "", 0.0, f"{argv[0]} cannot be started: {error}")
    watch = _Watch(child, Descendants(child.pid, mark), limits, started)
    try:
        if CAN_RESTRICT_OTHERS:
            with suppress(ProcessLookupError):
                restrict(child.pid, limits)
        crossed = watch.until_end()
    finally:
        watch.finish()
    return watch.finished(crossed)


class _Watch:
    """A running program: its pipes, its clock, its memory."""

    def __init__(self, child: subprocess.Popen[bytes], family: Descendants, limits: Limits, started: float) -> None:
        self._child = child
        self._family = family
        self._limits = limits
        self._started = started
        self._duration = 0.0
        self._selector = selectors.DefaultSelector()
        self._tails: dict[IO[bytes], bytearray] = {}
        for pipe in (child.stdout, child.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._tails[pipe] = bytearray()
            self._selector.register(pipe, selectors.EVENT_READ)
        self._written = 0

    def until_end(self) -> RunState | None:
        """Wait for the program; the limit that it crossed, or None when it ended by itself."""
        next_look = self._started
        while not self._ended():
            self._read(self._pause())
            if self._written > self._limits.output_bytes:
                return RunState.TOO_MUCH_OUTPUT
            now = time.monotonic()
            if now - self._started > self._limits.wall_s:
                return RunState.TIMED_OUT
            if now >= next_look:
                if self._family.memory() > self._limits.memory_bytes:
                    return RunState.OUT_OF_MEMORY
                looked = time.monotonic()
                next_look = looked + max(_LOOK_EVERY_S, _LOOKING_SHARE * (looked - now))
        return None

    def finish(self) -> None:
        """Kill what is left, read what is left in the pipes, and let go of everything."""
        self._duration = time.monotonic() - self._started
        self._family.kill()
        self._child.wait()
        deadline = time.monotonic() + _DRAIN_S
        while self._selector.get_map() and time.monotonic() < deadline and self._written <= self._limits.output_bytes:
            self._read(_LOOK_EVERY_S)
        self._selector.close()
        for pipe in self._tails:
            pipe.close()

    def finished(self, crossed: RunState | None) -> Finished:
        """The value that tells what happened."""
        code = self._child.returncode
        state, message = self._crossed(crossed) if crossed else _ending(code)
        if crossed is None and self._written > self._limits.output_bytes:
            state, message = self._crossed(RunState.TOO_MUCH_OUTPUT)
        out, err = (bytes(tail).decode("utf-8", "replace") for tail in self._tails.values())
        return Finished(state, code if crossed is None and code >= 0 else None, out, err, self._duration, message)

    def _crossed(self, state: RunState) -> tuple[RunState, str]:
        limits = self._limits
        words = {
            RunState.TIMED_OUT: f"killed after {limits.wall_s:g} s",
            RunState.OUT_OF_MEMORY: f"killed with more than {limits.memory_bytes} bytes of memory",
            RunState.TOO_MUCH_OUTPUT: f"killed after more than {limits.output_bytes} bytes of output",
        }
        return state, words[state]

    def _ended(self) -> bool:
        """Whether the program has ended; it is not reaped yet where that can be, so that its pid stays its own."""
        if not hasattr(os, "waitid"):
            return self._child.poll() is not None
        return os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _pause(self) -> float:
        """How long to sleep at most: short at first, since most programs that end soon end very soon."""
        age = time.monotonic() - self._started
        return min(_LOOK_EVERY_S, max(0.001, age / 10))

    def _read(self, timeout: float) -> None:
        if not self._selector.get_map():
            time.sleep(timeout)
            return
        keep = self._limits.kept_bytes // 2
        for key, _ in self._selector.select(timeout):
            pipe = key.fileobj
            assert not isinstance(pipe, int)
            portion = os.read(key.fd, _PORTION)
            if not portion:
                self._selector.unregister(pipe)
                continue
            self._written += len(portion)
            tail = self._tails[pipe]  # type: ignore[index]  # registered from this very mapping
            tail += portion
            del tail[: max(0, len(tail) - keep)]


def _ending(code: int) -> tuple[RunState, str]:
    if code == 0:
        return RunState.RAN, ""
    if code > 0:
        return RunState.EXITED, f"exit status {code}"
    if -code == signal.SIGXFSZ:
        return RunState.TOO_MUCH_OUTPUT, "killed by SIGXFSZ: a file larger than the limit"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return RunState.CRASHED, f"killed by {name}"
