"""The catalogue of finding codes: one markdown page a code, read once from the files beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.contract.lint_names import nearest_hint
from harness.contract.models import FindingSeverity
from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTIONS = ("What it means", "Why it matters", "Before", "After", "How to mend it")


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say about one code."""

    code: str
    title: str
    """A few words without the code: `unknown key`."""
    summary: str
    """One sentence."""
    severity: FindingSeverity
    """The severity that a finding of this code has in a contract of ours."""
    severity_note: str
    """The severity with its exceptions, in words."""
    text: str
    """The page as it stands in its file."""
    sections: Mapping[str, str]
    """Heading -> markdown below it: `What it means`, `Why it matters`, `Before`, `After`, `How to mend it`."""


def parse_page(text: str) -> Page:
    """Read a page. Raises ValueError naming the part that is missing or out of place."""
    head, *parts = text.split("\n## ")
    blocks = [block.strip() for block in head.split("\n\n") if block.strip()]
    if len(blocks) != 3 or not blocks[0].startswith("# ") or not blocks[2].startswith("Severity: "):
        raise ValueError("a page begins with its title, a one-sentence summary and its severity")
    code, _, title = blocks[0].removeprefix("# ").partition(" ")
    note = " ".join(blocks[2].removeprefix("Severity: ").split())
    sections = {heading: body.strip() for heading, _, body in (part.partition("\n") for part in parts)}
    if tuple(sections) != _SECTIONS or not all(sections.values()):
        raise ValueError(f"{code}: a page has the sections {', '.join(_SECTIONS)}, in this order")
    return Page(
        code=code,
        title=title,
        summary=" ".join(blocks[1].split()),
        severity=FindingSeverity(note.split()[0].rstrip(";,")),
        severity_note=note,
        text=text,
        sections=MappingProxyType(sections),
    )


def _read() -> Mapping[str, Page]:
    files = sorted(
        (file for file in resources.files(__name__).iterdir() if file.name.endswith(".md")),
        key=lambda file: file.name,
    )
    pages = (parse_page(file.read_text(encoding="utf-8")) for file in files)
    return MappingProxyType({found.code: found for found in pages})


CATALOGUE: Mapping[str, Page] = _read()
"""Every page, by its code, in the order of codes."""


def page(code: str) -> Page:
    """The page of `code`, in upper or lower case. Raises UsageError naming the nearest code when there is none."""
    found = CATALOGUE.get(code.upper())
    if found is None:
        raise UsageError(
            "there is no such finding code",
            found=code,
            expected=f"one of {min(CATALOGUE)} to {max(CATALOGUE)}",
            way_out=nearest_hint(code.upper(), CATALOGUE),
        )
    return found
