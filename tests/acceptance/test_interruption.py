from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import BIN

SLOW = f"{sys.executable} {{root}}/tests/examples/converters/slow.py {{{{source}}}} {{{{dest}}}}"


@pytest.fixture
def running(root, tmp_path):
    """A gate on a converter that takes its time, with the first call under way."""
    command = SLOW.format(root=root)
    words = ["gate", "-k", "importer", "--reports", str(tmp_path), "--subject", f"importer={command}"]
    process = subprocess.Popen(
        [BIN / "falsify", *words], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "cases").glob("in-flight-*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_reports_what_it_did_not_reach(running, tmp_path, number):
    """Ctrl-C and SIGTERM leave reports in which the rest is NOT_MEASURED with that reason; exit 2."""
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 2, out + err
    document = json.loads((tmp_path / "discharge.json").read_text())
    bound = [check for check in document["checks"] if check["bound"]]
    assert len(bound) > 10
    assert {check["reason"] for check in bound} == {"interrupted"}
    assert document["interrupted"]
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_killed_run_leaves_the_case_under_way_and_nothing_half_written(running, tmp_path):
    """After kill -9 the case that was being tried is on disk, and no report is there in part."""
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    (left,) = (tmp_path / "cases").glob("in-flight-*.json")
    note = json.loads(left.read_text())
    assert note["experiment"] == "imports"
    assert note["case"]["kind"] == "generated"
    assert [path.name for path in tmp_path.iterdir()] == ["cases"]


@pytest.mark.slow
def test_a_run_that_spends_its_time_says_what_it_did_not_reach(falsify, root, tmp_path):
    """With a converter that hangs, the profile's time ends the run, and everything left is told as time_budget."""
    command = f"importer={SLOW.format(root=root)}"
    done = falsify("gate", "-k", "importer", "--json", "--reports", tmp_path, "--subject", command, cwd=root)
    reasons = {check["clause"]: check["reason"] for check in done.document["checks"]}
    assert reasons["FALSIFY-IMPORT-001"] == "failed_calls"
    assert "time_budget" in reasons.values()
    assert done.document["duration_s"] < 60
    assert done.code == 1
