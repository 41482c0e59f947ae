import json

import pytest
from unit.reporting.factory import discharge, evidence, falsified

from harness.reporting import write
from harness.reporting.write import write_reports
from harness.verdict.errors import UsageError

NAMES = ["discharge.html", "discharge.json", "discharge.md"]


def test_three_reports_appear_in_a_folder_that_is_made(tmp_path):
    """The folder is made, the three files are there and nothing beside them, and their paths are given."""
    folder = tmp_path / "out" / "reports"
    written = write_reports(discharge(evidence()), folder)
    assert sorted(path.name for path in written) == sorted(path.name for path in folder.iterdir()) == NAMES
    assert json.loads((folder / "discharge.json").read_text())["exit_code"] == 0
    assert (folder / "discharge.html").read_bytes().startswith(b"<!doctype html>\n")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_while_writing_leaves_the_old_file(tmp_path, monkeypatch, step):
    """When the disk fails before or at the rename, the old reports are whole and no part is left behind."""
    write_reports(discharge(evidence()), tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}

    def fail(*_):
        raise OSError(28, "No space left on device")

    target = "os.fsync" if step == "fsync" else "pathlib.Path.replace"
    monkeypatch.setattr(target, fail)
    with pytest.raises(UsageError, match="No space left on device") as caught:
        write_reports(discharge(falsified()), tmp_path)
    assert "--reports" in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_interrupt_while_writing_leaves_no_part(tmp_path, monkeypatch):
    """Ctrl-C in the middle of a write goes through, and the folder is as it was."""

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_reports(discharge(evidence()), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_made_replaces_none(tmp_path, monkeypatch):
    """All three are made before the first is written: a fault in one leaves the others of the last run in place."""
    write_reports(discharge(evidence()), tmp_path)
    before = (tmp_path / "discharge.json").read_bytes()

    def fail(_):
        raise ZeroDivisionError

    monkeypatch.setattr(write, "to_html", fail)
    with pytest.raises(ZeroDivisionError):
        write_reports(discharge(falsified()), tmp_path)
    assert (tmp_path / "discharge.json").read_bytes() == before


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    """The error names the path and says what to do."""
    (tmp_path / "reports").write_text("")
    with pytest.raises(UsageError, match="reports"):
        write_reports(discharge(evidence()), tmp_path / "reports")
