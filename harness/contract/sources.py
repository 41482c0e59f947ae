"""From a file, which may be anything, to text: size, kind and encoding are looked at before any parser is."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.contract.models import Finding, FindingSeverity
from harness.contract.positions import Span

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 4_000_000
"""Size of the largest text that is read."""

_OTHER_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the hash of the bytes that it was; empty text when there is none to read."""

    text: str
    sha256: str
    findings: tuple[Finding, ...]
    readable: bool


def read_source(path: Path, shown: str) -> Source:
    """Read the file at `path`, called `shown` in messages; never raises, never waits, never reads over the limit."""
    try:
        if not path.is_file():  # a pipe or a device could be without an end
            what = "is a folder" if path.is_dir() else "is no regular file" if path.exists() else "does not exist"
            return _unreadable(shown, what, "name a file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return _unreadable(shown, f"cannot be read: {error}")
    return from_bytes(raw, shown)


def from_text(text: str, shown: str) -> Source:
    """The same for a text that is at hand."""
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        return _unreadable(shown, f"holds half of a surrogate pair, U+{ord(text[error.start]):04X}", "write UTF-8")
    return from_bytes(raw, shown)


def from_bytes(raw: bytes, shown: str) -> Source:
    """The text of `raw`, which must be UTF-8 without NUL; a byte order mark is left out and reported."""
    if len(raw) > MAX_BYTES:
        return _unreadable(shown, f"is larger than {MAX_BYTES} bytes", "split it")
    encoding = next((name for mark, name in _OTHER_MARKS if raw.startswith(mark)), "")
    if encoding:
        return _unreadable(shown, f"is {encoding}; contracts are UTF-8", "save it as UTF-8")
    marked = raw.startswith(codecs.BOM_UTF8)
    body = raw.removeprefix(codecs.BOM_UTF8)
    nul = body.find(b"\0")
    if nul >= 0:
        return _unreadable(shown, "holds a NUL, so it is no text", before=body[:nul])
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        what = f"is not UTF-8: byte 0x{body[error.start]:02X} cannot stand here"
        return _unreadable(shown, what, "save it as UTF-8", body[: error.start])
    findings: tuple[Finding, ...] = ()
    if marked:
        message = "the file begins with a byte order mark; it is left out"
        hint = "save it as UTF-8 without a byte order mark"
        findings = (Finding("FC001", FindingSeverity.WARNING, message, Span(shown, 1, 1, 1, 1), hint),)
    return Source(text, hashlib.sha256(raw).hexdigest(), findings, readable=True)


def _unreadable(shown: str, what: str, hint: str = "", before: bytes = b"") -> Source:
    lines = (before.decode(errors="replace") + "|").splitlines()
    line, column = len(lines), len(lines[-1])
    finding = Finding(
        "FC001", FindingSeverity.ERROR, f"the file {what}", Span(shown, line, column, line, column + 1), hint
    )
    return Source("", "", (finding,), readable=False)
