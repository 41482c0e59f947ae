"""Programs from outside, run for real, in every way that one can end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.subject.descendants import Descendants
from harness.subject.limits import Limits, launched
from harness.subject.process import Finished, _Watch, run_limited
from harness.verdict.verdicts import RunState

LIMITS = Limits(wall_s=20, memory_bytes=256 << 20, output_bytes=1 << 20, kept_bytes=1 << 12, file_bytes=1 << 20)
LINUX_ONLY = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


@pytest.fixture
def portable(monkeypatch):
    """Makes this machine one without /proc, prlimit and waitid, as macOS is."""
    monkeypatch.setattr("harness.subject.descendants._has_proc", lambda: False)
    monkeypatch.setattr("harness.subject.process.CAN_RESTRICT_OTHERS", False)
    monkeypatch.delattr(os, "waitid")


@pytest.fixture
def run(tmp_path: Path):
    """Runs a Python script under limits in an empty folder."""

    def start(script: str, **limits: float) -> Finished:
        argv = [sys.executable, "-S", "-c", script]
        return run_limited(argv, cwd=tmp_path, limits=replace(LIMITS, **limits), env={"PATH": os.environ["PATH"]})

    return start


def is_alive(pid: int) -> bool:
    """Whether a process that is no zombie has this number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def test_success_is_ran_with_both_streams(run):
    """Exit status 0 is RAN, and what was printed is kept apart by stream."""
    done = run("import sys; print('out'); print('err', file=sys.stderr)")
    assert (done.state, done.exit_code, done.message) == (RunState.RAN, 0, "")
    assert (done.stdout_tail, done.stderr_tail) == ("out\n", "err\n")


def test_a_non_zero_exit_is_exited_with_its_status(run):
    """Another exit status is EXITED and is told."""
    done = run("raise SystemExit(7)")
    assert (done.state, done.exit_code, done.message) == (RunState.EXITED, 7, "exit status 7")


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_signal_is_a_crash_with_its_name(run, name):
    """A program killed by a signal of its own making CRASHED, and the signal is named."""
    done = run(f"import os, signal; os.kill(os.getpid(), signal.{name})")
    assert (done.state, done.exit_code, done.message) == (RunState.CRASHED, None, f"killed by {name}")


def test_a_sleeper_is_killed_at_its_time(run):
    """The wall-clock limit ends a program that waits."""
    done = run("import time; time.sleep(60)", wall_s=0.3)
    assert (done.state, done.message) == (RunState.TIMED_OUT, "killed after 0.3 s")
    assert 0.3 <= done.duration_s < 5


def test_a_program_that_closes_its_output_is_still_watched(run):
    """Closed streams are no end: the clock goes on, and the exit status after it counts."""
    assert run("import os, time; os.close(1); os.close(2); time.sleep(60)", wall_s=0.3).state is RunState.TIMED_OUT
    assert run("import os, time; os.close(1); os.close(2); time.sleep(0.1); os._exit(4)").exit_code == 4


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_endless_output_is_killed_and_only_its_end_is_kept(run, stream):
    """A program that writes for ever is stopped early and costs us no memory."""
    done = run(f"import sys\nwhile True: sys.{stream}.write('y' * 4096)")
    assert done.state is RunState.TOO_MUCH_OUTPUT
    assert len(done.stdout_tail + done.stderr_tail) == LIMITS.kept_bytes // 2
    assert done.duration_s < 10


def test_too_much_output_at_the_very_end_counts(run):
    """A program that ends at once after a flood has flooded all the same."""
    for allowed, state in ((2999, RunState.TOO_MUCH_OUTPUT), (3000, RunState.RAN)):
        limits = replace(LIMITS, output_bytes=allowed)
        child = subprocess.Popen(
            [sys.executable, "-S", "-c", "import os; os.write(1, b'z' * 3000)"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        watch = _Watch(child, Descendants(child.pid, "no mark"), limits, time.monotonic())
        assert watch.until_end() is None
        watch.finish()
        assert watch.finished(None).state is state


@LINUX_ONLY
def test_a_memory_hog_is_killed(run):
    """Touching more memory than allowed ends in OUT_OF_MEMORY."""
    done = run("block = b'm' * (512 << 20)\nimport time; time.sleep(60)")
    assert done.state is RunState.OUT_OF_MEMORY
    assert done.duration_s < 10


@LINUX_ONLY
def test_memory_of_children_counts(run):
    """A program cannot hide its memory in a child of another session."""
    script = """
import os, time
if os.fork() == 0:
    os.setsid()
    block = b'm' * (512 << 20)
    time.sleep(60)
time.sleep(60)
"""
    assert run(script).state is RunState.OUT_OF_MEMORY


def test_a_mapped_file_is_no_memory(run, tmp_path):
    """Pages of a mapped model file are the system's to drop and do not count."""
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(400 << 20)
    script = f"""
import mmap, time
file = open({str(big)!r}, 'rb')
view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
total = sum(view[at] for at in range(0, len(view), 4096))
time.sleep(0.2)
"""
    assert run(script).state is RunState.RAN


def test_a_file_beyond_the_limit_cannot_be_written(run, tmp_path):
    """A file stops growing at the limit, and the program that went on is told from one that crashed."""
    # The limit from outside arrives a moment after the start.
    script = """
import signal, time
time.sleep(0.1)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
open('f', 'wb').write(b'f' * (2 << 20))
"""
    assert run(script).state is RunState.TOO_MUCH_OUTPUT
    assert (tmp_path / "f").stat().st_size <= LIMITS.file_bytes


def test_the_launcher_restricts_itself_and_becomes_the_program(tmp_path):
    """Where limits cannot be set from outside, the launcher sets them and is then replaced."""
    script = "import sys; print(sys.argv[1:]); open('f', 'wb').write(b'f' * (2 << 20))"
    argv = launched([sys.executable, "-S", "-c", script, "a b"], LIMITS)
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "['a b']\n"
    assert "File too large" in done.stderr
    assert (tmp_path / "f").stat().st_size <= LIMITS.file_bytes


@LINUX_ONLY
@pytest.mark.parametrize("ending", ["raise SystemExit(0)", "time.sleep(60)"])
def test_a_daemon_dies_with_its_call(run, tmp_path, ending):
    """A grandchild in a session of its own, which holds the pipes open, neither delays the end nor outlives it."""
    script = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open('pid.part', 'w').write(str(os.getpid()))
        os.rename('pid.part', 'pid')
        time.sleep(60)
    os._exit(0)
while not os.path.exists('pid'): time.sleep(0.005)
{ending}
"""
    started = time.monotonic()
    done = run(script, wall_s=2)
    assert done.state is (RunState.TIMED_OUT if "sleep" in ending else RunState.RAN)
    assert time.monotonic() - started < 8
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_standard_input_is_empty(run):
    """A program that asks a question gets no answer, not even one that was meant for us."""
    reading, writing = os.pipe()
    ours = os.dup(0)
    os.write(writing, b"yes\n")
    os.close(writing)
    os.dup2(reading, 0)
    try:
        assert run("import sys; raise SystemExit(len(sys.stdin.read()))").state is RunState.RAN
    finally:
        os.dup2(ours, 0)
        os.close(ours)
        os.close(reading)


def test_a_program_has_a_session_of_its_own(run):
    """A key pressed at our terminal is not for it, and no terminal is its own."""
    assert run("import os; raise SystemExit(os.getsid(0) != os.getpid())").state is RunState.RAN


@LINUX_ONLY
def test_the_dead_are_not_waited_for(tmp_path):
    """A program that has ended and is not reaped yet is no living member of its call."""
    child = subprocess.Popen([sys.executable, "-S", "-c", ""], start_new_session=True)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    started = time.monotonic()
    Descendants(child.pid, "no mark").kill()
    assert time.monotonic() - started < 0.05
    assert child.wait() == 0


@pytest.mark.parametrize("program", ["/does/not/exist", "/"])
def test_what_cannot_be_started_is_a_value(tmp_path, program):
    """A missing program, or a folder in its place, is NOT_STARTED and names itself."""
    done = run_limited([program], cwd=tmp_path, limits=LIMITS, env={})
    assert done.state is RunState.NOT_STARTED
    assert program in done.message


def test_output_that_is_no_text_is_kept_readable(run):
    """Bytes that are no UTF-8 do not break anything."""
    assert run("import os; os.write(2, bytes([0xff, 0x41]))").stderr_tail == "\N{REPLACEMENT CHARACTER}A"


@pytest.mark.usefixtures("portable")
@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="needs ps")
def test_limits_hold_without_proc_prlimit_and_waitid(run, tmp_path):
    """The ways of macOS: ps for memory, the group for killing, a launcher for file sizes."""
    assert run("raise SystemExit(7)").exit_code == 7
    assert run("import os; os.abort()").message == "killed by SIGABRT"
    assert run("import time; time.sleep(60)", wall_s=0.3).state is RunState.TIMED_OUT
    assert run("block = b'm' * (512 << 20)\nimport time; time.sleep(60)").state is RunState.OUT_OF_MEMORY
    assert run("open('f', 'wb').write(b'f' * (2 << 20))").state is RunState.EXITED
    assert (tmp_path / "f").stat().st_size <= LIMITS.file_bytes
    assert run("import os, time\nif os.fork() == 0: time.sleep(60)").state is RunState.RAN
