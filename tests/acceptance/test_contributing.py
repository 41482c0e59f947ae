from __future__ import annotations

import re
import shlex

import pytest
from conftest import write

BLOCK = re.compile(r"<!-- (file|run): ([^>]+) -->\n```\w+\n(.*?)```", re.DOTALL)


@pytest.mark.slow
def test_the_worked_example_works_to_the_letter(falsify, root, tmp_path):
    """Every file of CONTRIBUTING.md is written and every command run, in order, with the exit codes it tells."""
    blocks = BLOCK.findall((root / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert {kind for kind, _, _ in blocks} == {"file", "run"}
    for kind, title, body in blocks:
        if kind == "file":
            write(tmp_path, title, body)
            continue
        expected = int(title.removeprefix("exit "))
        for command in body.strip().splitlines():
            tool, *words = shlex.split(command)
            done = falsify(*words, cwd=tmp_path, tool=tool)
            assert done.code == expected, f"{command}\n{done.out}\n{done.err}"
    assert "FALSIFY-NAMES-001" in done.out
