"""Where a program from outside runs: a folder, a HOME and a TMPDIR of its own, and hardly any environment."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.subject.template import search_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def own_folder(*, start: Path, passthrough: Sequence[str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """A fresh working folder and the environment to go with it, both gone afterwards.

    The environment is PATH (relative entries seen from `start`), LANG, HOME, TMPDIR and the variables named in
    `passthrough` that are set; credentials of the caller do not get in unasked.
    """
    with tempfile.TemporaryDirectory(prefix="falsify-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        work, home, temporary = folder / "work", folder / "home", folder / "tmp"
        for path in (work, home, temporary):
            path.mkdir()
        env = {variable: os.environ[variable] for variable in passthrough if variable in os.environ}
        env |= {
            "PATH": search_path(start),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "HOME": str(home),
            "TMPDIR": str(temporary),
        }
        yield work, env
