"""Clauses that stand where no clause is read: a container inside another block, a block of an unknown name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.contract.containers import CONTAINERS, FIELD_CONTAINERS
from harness.contract.models import Finding, FindingSeverity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from harness.contract.yaml_nodes import Document, Path

_UNMISTAKABLE = frozenset(CONTAINERS) - {"tests", "gates"}
"""Containers whose names mean nothing else, so that whatever they hold is meant as clauses."""


def misplaced(document: Document, known: Collection[str], *, strict: bool) -> list[Finding]:
    """FC018 for each block whose items would be clauses, were it a container at the top of the file.

    `known` are the top-level keys that mean something; what stands inside a clause belongs to the clause.
    """
    severity = FindingSeverity.ERROR if strict else FindingSeverity.WARNING
    findings: list[Finding] = []
    for key, value in document.data.items():
        if key in CONTAINERS or key in FIELD_CONTAINERS:
            continue
        clauses = _clauses(value)
        if key not in known and clauses:
            message = f"`{key}` holds {_counted(clauses)} and is no container of clauses; they are not read"
            hint = "move them to `falsification_tests`"
            findings.append(Finding("FC018", severity, message, document.key_span((key,)), hint))
        for path, held in _containers_below((key,), value):
            name = ".".join(map(str, path))
            message = f"`{name}` holds {_counted(held)}, and a container is read at the top of the file only"
            hint = f"move `{path[-1]}` to the top"
            findings.append(Finding("FC018", severity, message, document.key_span(path), hint))
    return findings


def _containers_below(path: Path, value: Any) -> Iterator[tuple[Path, int]]:
    """Containers inside `value`, which stands at `path`, with the number of their items."""
    for step, entry in _entries(value):
        below = (*path, step)
        held = len(_entries(entry)) if step in _UNMISTAKABLE else _clauses(entry) if step in CONTAINERS else 0
        if held:
            yield below, held
        else:
            yield from _containers_below(below, entry)


def _entries(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _clauses(value: Any) -> int:
    """How many entries of `value` are clauses beyond doubt: they predict something, or are called FALSIFY-…."""
    return sum(
        isinstance(entry, dict) and ("prediction" in entry or str(entry.get("id", "")).startswith("FALSIFY-"))
        for _, entry in _entries(value)
    )


def _counted(number: int) -> str:
    return "a clause" if number == 1 else f"{number} clauses"
