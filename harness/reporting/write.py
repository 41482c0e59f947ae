"""Reports on disk: each file appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from harness.reporting.html import to_html
from harness.reporting.json_report import to_json
from harness.reporting.markdown import to_markdown
from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.ledger.discharge import Discharge


def write_reports(discharge: Discharge, folder: Path) -> list[Path]:
    """Write `discharge.json`, `.md` and `.html` into `folder`, which is made where it is missing; gives their paths.

    All three are made before the first is written. Raises UsageError when the folder cannot be written to; every
    file that stood there before is then still whole.
    """
    texts = {
        "discharge.json": to_json(discharge),
        "discharge.md": to_markdown(discharge),
        "discharge.html": to_html(discharge),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(folder / name, text)
    except OSError as error:
        raise UsageError(
            "the reports cannot be written",
            file=str(error.filename or folder),
            found=error.strerror or str(error),
            expected="a folder with space that may be written to",
            way_out="name another with --reports DIR",
        ) from error
    return [folder / name for name in texts]


def write_whole(path: Path, text: str) -> None:
    """Write `text` (UTF-8) beside `path`, force it to the disk, and rename it; raises OSError and leaves no trace."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    _force_folder(path.parent)


def _force_folder(folder: Path) -> None:
    """Make the rename last through a power cut, where the system can open a folder."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
