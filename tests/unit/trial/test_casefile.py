from __future__ import annotations

import pytest

from harness.trial.casefile import CaseFile, read_case, write_case
from harness.verdict.errors import RefusedError

CASE = CaseFile(
    contract="toy-v1",
    clause="TOY-001",
    contract_sha256="0" * 64,
    falsifier="toy.doubles",
    experiment="doubling",
    role="doubler",
    subject="prog {source}",
    measures=("wrong",),
    observed="2*10=22",
    case={"n": 10},
    seed=0,
    falsify="0.1.0",
)


def test_a_case_file_is_read_back_as_it_was_written(tmp_path):
    """Write and read give the same case, and the name tells the clause."""
    path = write_case(tmp_path / "cases", CASE)
    assert read_case(path) == CASE
    assert path.name.startswith("TOY-001-")


def test_the_same_counterexample_has_the_same_name_and_another_has_another(tmp_path):
    """A second find of the same case does not make a second file."""
    other = CASE.model_copy(update={"case": {"n": 11}})
    assert write_case(tmp_path, CASE) == write_case(tmp_path, CASE) != write_case(tmp_path, other)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"[]", b"{}", b'{"format": "falsify.case/99"}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_case_file_is_refused_by_name(tmp_path, content):
    """Bad input is one typed error that names the file."""
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=r"bad\.json"):
        read_case(path)


def test_a_missing_or_huge_case_file_is_refused(tmp_path):
    """A path to nothing, and a file beyond the limit, are refused without being read."""
    with pytest.raises(RefusedError, match="cannot be read"):
        read_case(tmp_path / "nothing.json")
    huge = tmp_path / "huge.json"
    with huge.open("wb") as stream:
        stream.truncate(1 << 21)
    with pytest.raises(RefusedError, match="too large"):
        read_case(huge)
