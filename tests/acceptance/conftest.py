"""What acceptance tests share: the program as a real process, and small projects of a user's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent

CONTRACT = """\
metadata:
  id: {id}
  version: 1.0.0
  kind: schema
  description: A contract of a user.
  references: [https://example.org]
  status: DRAFT
falsification_tests:
{clauses}
"""

CLAUSE = """\
  - id: {id}
    rule: OWN-001
    prediction: {prediction}
    if_fails: Something is lost.
    severity: P1
    check:
      falsifier: {falsifier}
      subject: importer
      population: {{architectures: [qwen2, llama], partitions: [safetensors, gguf], examples: 30}}
      limit: {{measure: {measure}, at_most: 0}}
      mutants:
        - {{name: {mutant}, shows: {measure}}}
        - {{name: {second}, shows: {measure}}}
"""


SOUND = {
    "prediction": "Names are a bijection.",
    "falsifier": "importer.names_are_a_bijection",
    "measure": "wrong_names",
    "mutant": "keeps_gguf_names",
    "second": "extra_buffer_kept",
}
"""A clause that holds of the reference, but for its id."""


@dataclass(frozen=True)
class Done:
    """A finished process."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it must be."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def verdicts(self) -> dict[str, str]:
        """Clause -> verdict, of a gate with --json."""
        return {check["clause"]: check["verdict"] for check in self.document["checks"]}


@pytest.fixture
def falsify():
    """Run `falsify`, or another program of the environment, as a process."""

    def run(*words: object, cwd: Path, tool: str = "falsify", traced: bool = True, **environment: str) -> Done:
        inherited = {name: value for name, value in os.environ.items() if traced or not name.startswith("COVERAGE_")}
        done = subprocess.run(
            [str(BIN / tool), *map(str, words)],
            cwd=cwd,
            env={**inherited, "NO_COLOR": "1", "PATH": f"{BIN}:{os.environ['PATH']}", **environment},
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert "Traceback (most recent call last)" not in done.stdout + done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def project(tmp_path):
    """An empty project of a user, configured for falsify; write(path, text) adds files."""
    (tmp_path / "pyproject.toml").write_text('[tool.falsify]\ncontracts = ["contracts"]\n', encoding="utf-8")
    (tmp_path / "contracts").mkdir()
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    """Write `text` into `folder`/`name`, with the folders it needs."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
