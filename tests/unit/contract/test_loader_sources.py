from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest

from harness.contract.loader import load_contract, load_text
from harness.contract.models import Dialect
from harness.contract.sources import MAX_BYTES

GOOD = "falsification_tests:\n  - {id: FALSIFY-A-001, rule: r, prediction: p, if_fails: f}\n"

UNREADABLE = {
    "utf-16 with mark": (GOOD.encode("utf-16"), "1:1"),
    "utf-32 with mark": (GOOD.encode("utf-32"), "1:1"),
    "utf-16 without mark": ("ab: \u20ac\n".encode("utf-16-le"), "1:2"),
    "latin-1": ("a: b\nc: d\u00e9\n".encode("latin-1"), "2:5"),
    "cut in a character": ("a: é".encode()[:-1], "1:4"),
    "nul": (b"a: b\nc: \0\n", "2:4"),
    "too large": (b"#" * (MAX_BYTES + 1), "1:1"),
}


@pytest.mark.parametrize(("raw", "place"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_text_is_one_finding_with_its_place(tmp_path, raw, place):
    """Other encodings, NUL and size give FC001 where it begins, and a contract without clauses."""
    path = tmp_path / "a.yaml"
    path.write_bytes(raw)
    contract = load_contract(path, shown="a.yaml")
    assert [(finding.code, finding.severity.value, str(finding.span)) for finding in contract.findings] == [
        ("FC001", "error", f"a.yaml:{place}")
    ]
    assert contract.clauses == ()
    assert contract.id == "a"


def test_a_byte_order_mark_is_left_out(tmp_path):
    """The clause is loaded with the columns that an editor shows; the mark is a warning."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    contract = load_contract(path, shown="a.yaml")
    assert [clause.id for clause in contract.clauses] == ["FALSIFY-A-001"]
    assert [(finding.code, finding.severity.value) for finding in contract.findings] == [("FC001", "warning")]
    assert contract.text == GOOD
    assert contract.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_files_that_are_none_are_findings(tmp_path):
    """A missing file, a folder, a broken link and a pipe are refused without waiting."""
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    for name, word in (("folder", "folder"), ("link", "exist"), ("pipe", "regular"), ("missing", "exist")):
        (finding,) = load_contract(tmp_path / f"{name}.yaml").findings
        assert finding.code == "FC001"
        assert word in finding.message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_without_permission_is_a_finding(tmp_path):
    """The system's reason is passed on."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    path.chmod(0)
    (finding,) = load_contract(path).findings
    assert finding.code == "FC001"
    assert "denied" in finding.message.lower()


def test_a_lone_surrogate_in_a_text_is_a_finding():
    """A text that cannot be UTF-8 is refused as a file with it would be."""
    assert [finding.code for finding in load_text("a: \ud800", "a.yaml").findings] == ["FC001"]


@pytest.mark.parametrize("text", ["", "# only words\n", "---\n", "~", "- a\n", "a scalar", "{}", "../elsewhere.yaml"])
def test_what_is_no_mapping_is_a_finding(text):
    """Empty files, lists, scalars and git's text for a link give FC003 and nothing else."""
    contract = load_text(text, "a.yaml")
    assert [(finding.code, finding.severity.value) for finding in contract.findings] == [("FC003", "error")]
    assert contract.dialect is Dialect.REGISTRY


def test_text_and_file_give_the_same_contract(tmp_path):
    """Loading a text needs no file, and its hash is that of the bytes a file would have."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    loaded = load_contract(path, shown="a.yaml")
    assert replace(load_text(GOOD, "a.yaml"), folder=tmp_path) == loaded
