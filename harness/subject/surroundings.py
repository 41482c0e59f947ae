"""Where a program from outside runs: a folder, a HOME and a TMPDIR of its own, and no credentials of the caller."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.subject.template import search_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_WITHHELD = re.compile(
    r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE_KEY|^XDG_|^TE?MP$|^PWD$|^OLDPWD$", re.IGNORECASE
)
"""Variables that a subject does not get: the caller's secrets, and where he keeps and caches things."""


@contextmanager
def own_folder(*, start: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A fresh working folder and the environment to go with it, both gone afterwards.

    The environment is the caller's, so that runtimes find their parts, with HOME and TMPDIR replaced, relative
    entries of PATH seen from `start`, and credentials withheld.
    """
    with tempfile.TemporaryDirectory(prefix="falsify-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        work, home, temporary = folder / "work", folder / "home", folder / "tmp"
        for path in (work, home, temporary):
            path.mkdir()
        env = {variable: value for variable, value in os.environ.items() if not _WITHHELD.search(variable)}
        env |= {
            "PATH": search_path(start),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "HOME": str(home),
            "TMPDIR": str(temporary),
        }
        yield work, env
