"""What evidence was made with and from: versions, commit, hashes."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
import subprocess
from typing import TYPE_CHECKING

from harness import __version__
from harness.verdict.evidence import Versions

if TYPE_CHECKING:
    from pathlib import Path

LIBRARIES = ("hypothesis", "numpy", "safetensors", "gguf", "pydantic", "pytest")


@functools.cache
def versions() -> Versions:
    """Versions of this program, of Python, and of the libraries that can change a result."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Versions(
        falsify=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        libraries=found,
    )


@functools.cache
def git_commit(folder: Path) -> str:
    """Commit of the repository around `folder`, with `+dirty` when its tree is not clean; empty outside git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = _git(folder, "status", "--porcelain", "--untracked-files=no") if commit else ""
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}+dirty" if dirty else commit


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        ["git", "-C", str(folder), *words],  # noqa: S607 - git of the PATH, as the user has it
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def sha256_of(path: Path) -> str:
    """sha256 of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
