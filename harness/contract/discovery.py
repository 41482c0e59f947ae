"""Finds contract files: what a path on the command line stands for."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.verdict.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIXES = (".yaml", ".yml")
SKIPPED = frozenset({"schema", "bindings", ".git", ".venv"})
"""Folders inside a searched folder that hold no contracts."""


def find_contracts(paths: Sequence[Path | str]) -> list[Path]:
    """The contract files that `paths` name: files, the YAML files in folders and below, or globs; each once.

    Files of one path come sorted; paths keep their order. Raises RefusedError for a path that is not there and for
    a glob that matches nothing. A folder without contracts gives none.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for file in _expand(Path(path)):
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _expand(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(_below(path))
    elif path.exists():
        yield path
    elif glob.has_magic(str(path)):
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207 - may be absolute
        if not matches:
            raise RefusedError("the glob matches nothing", file=str(path), way_out="quote it, and check the folder")
        for match in matches:
            if match.is_dir():
                yield from sorted(_below(match))
            elif match.suffix in SUFFIXES:
                yield match
    else:
        raise RefusedError("no such file or folder", file=str(path), way_out="name a contract, a folder or a glob")


def _below(folder: Path) -> Iterator[Path]:
    """YAML files in `folder` and below; each real folder once, so that a loop of links ends."""
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        yield from (Path(place, name) for name in files if name.endswith(SUFFIXES))
