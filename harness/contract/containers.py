"""Where clauses live: the closed list of containers, in every form in which public contracts write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.contract.models import Finding, FindingSeverity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from harness.contract.yaml_nodes import Document, Path

CONTAINERS = (
    "falsification_tests",
    "falsification",
    "falsification_conditions",
    "tests",
    "gates",
    "acceptance_criteria",
    "rejection_criteria",
    "kill_criteria",
)
"""Every item of one of these top-level blocks is a clause."""

FIELD_CONTAINERS = ("invariants", "obligations", "hypotheses")
"""An item of one of these is a clause when it has one of `FALSIFIER_FIELDS`."""

FALSIFIER_FIELDS = ("falsifier", "falsification", "falsification_test")

_CLAUSE_SIGNS = frozenset({"id", "rule", "prediction", "assertion", "condition", "claim", *FALSIFIER_FIELDS})


@dataclass(frozen=True, slots=True)
class Item:
    """A clause as it stands in the file, before anything is read out of it."""

    container: str
    """The block's right name; with the field for `FIELD_CONTAINERS`, as in `invariants[].falsifier`."""
    index: int
    """Place in the block, from 0."""
    path: Path
    """Path of the item's value."""
    key: str
    """Key of the item in a block that is a mapping; empty in a list."""
    value: Any
    field: str = ""
    """The falsifier field of an item of `FIELD_CONTAINERS`; empty elsewhere."""


def items_of(document: Document, known: Collection[str]) -> tuple[list[Item], list[Finding]]:
    """All clauses of `document` in the order of the file, and a finding for each block whose name is misspelt.

    `known` are top-level keys that mean something else, however near their names come.
    """
    items: list[Item] = []
    findings: list[Finding] = []
    for path, key, value in _blocks(document):
        container = key if key in CONTAINERS or key in FIELD_CONTAINERS else ""
        if not container and key not in known:
            container = _misspelt(key, value)
            if container:
                message = f"`{key}` is one slip away from `{container}`, and other tools would skip its clauses"
                hint = f"write `{container}`"
                span = document.key_span(path)
                findings.append(Finding("FC018", FindingSeverity.ERROR, message, span, hint))
        if container:
            items += _clauses(container, path, value)
            findings += _shape(document, container, path, value)
    return items, findings


def _blocks(document: Document) -> Iterator[tuple[Path, str, Any]]:
    for key, value in document.data.items():
        yield (key,), key, value
    for duplicate in document.duplicates:
        if len(duplicate.path) == 1:
            yield duplicate.path, duplicate.key, duplicate.value


def _entries(path: Path, value: Any) -> Iterator[tuple[int, Path, str, Any]]:
    match value:
        case list():
            for index, item in enumerate(value):
                yield index, (*path, index), "", item
        case dict() if "id" in value and not {"rule", "prediction", "test", *FALSIFIER_FIELDS}.isdisjoint(value):
            yield 0, path, "", value
        case dict():
            for index, (key, item) in enumerate(value.items()):
                yield index, (*path, key), key, item
        case str() if value.strip():
            yield 0, path, "", value


def _clauses(container: str, path: Path, value: Any) -> Iterator[Item]:
    for index, at, key, item in _entries(path, value):
        if container in CONTAINERS:
            yield Item(container, index, at, key, item)
        elif isinstance(item, dict):
            for name in FALSIFIER_FIELDS:
                if item.get(name) is not None:
                    yield Item(f"{container}[].{name}", index, at, key, item, name)


def _shape(document: Document, container: str, path: Path, value: Any) -> list[Finding]:
    """A finding for a block that is neither a list nor a mapping nor text, so that it can hold no clause."""
    if value is None or isinstance(value, list | dict | str):
        return []
    message = f"`{container}` is {value!r}, neither a list nor a mapping of clauses"
    span = document.span(path)
    return [Finding("FC012", FindingSeverity.ERROR, message, span, "write a list of clauses")]


def _misspelt(key: str, value: Any) -> str:
    """The container that `key` is a slip of, when its value could be one; empty otherwise."""
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")
    for container in (*CONTAINERS, *FIELD_CONTAINERS):
        slips = 2 if len(container) >= 13 else 1
        if abs(len(plain) - len(container)) <= slips and edit_distance(plain, container) <= slips:
            certain = len(container) >= 10 and isinstance(value, list | dict)
            return container if certain or _looks_like_clauses(value) else ""
    return ""


def _looks_like_clauses(value: Any) -> bool:
    entries = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return any(isinstance(entry, dict) and not _CLAUSE_SIGNS.isdisjoint(entry) for entry in entries)


def edit_distance(left: str, right: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that turn `left` into `right`."""
    before: list[int] = []
    last = list(range(len(right) + 1))
    for row, character in enumerate(left, 1):
        line = [row]
        for column, other in enumerate(right, 1):
            cost = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (character != other))
            if row > 1 and column > 1 and character == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]
