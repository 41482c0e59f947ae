"""Loads a contract of any dialect: a `Contract` always comes back, and what is wrong with it stands in its findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from harness.contract.clauses import ClauseReader
from harness.contract.containers import CONTAINERS, Item, items_of
from harness.contract.dialects import PUBLIC_KEYS, WITHOUT_CLAUSES, dialect_of, is_strict, not_understood
from harness.contract.misplaced import misplaced
from harness.contract.models import Clause, Contract, Dialect, Finding, FindingSeverity
from harness.contract.sources import Source, from_text, read_source
from harness.contract.spellings import as_text
from harness.contract.strict import Metadata
from harness.contract.strict_reading import check_file, read_clause
from harness.contract.yaml_nodes import Document, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

Home = Literal["builtin", "project", "elsewhere"]

_TEXTS = frozenset(Metadata.model_fields) - {"registry", "changelog", "amendment_history"}
_HEAD_TEXTS = ("contract_id", "created", "date", "description", "name", "status", "title", "updated", "version")


def load_contract(path: Path, *, shown: str | None = None, home: Home = "project") -> Contract:
    """Load the contract file at `path`, called `shown` in findings; never raises for what is in the file."""
    name = shown if shown is not None else path.as_posix()
    return _load(read_source(path, name), name, home, path.parent)


def load_text(text: str, shown: str, *, home: Home = "project") -> Contract:
    """Load a contract from `text`, which findings call `shown`; its last part without suffix is the expected id."""
    return _load(from_text(text, shown), shown, home, Path())


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was made of a document, before it becomes a contract."""

    dialect: Dialect
    id: str
    clauses: tuple[Clause, ...]
    findings: list[Finding]
    apart: frozenset[str]
    """Top-level keys that were read as containers of clauses."""


def _load(source: Source, shown: str, home: Home, folder: Path) -> Contract:
    stem = PurePosixPath(shown).stem
    document = read_yaml(source.text, shown) if source.readable else None
    findings = list(source.findings)
    if document is not None:
        findings += document.findings
    if document is None or not isinstance(document.data, dict) or not document.data:
        if document is not None and not any(finding.code in {"FC002", "FC005"} for finding in findings):
            findings.append(_no_mapping(document))
        reading = _Reading(Dialect.REGISTRY, stem, (), [], frozenset())
    else:
        reading = _read(document, stem)
    data = document.data if document is not None and isinstance(document.data, dict) else {}
    return Contract(
        id=reading.id,
        path=shown,
        home=home,
        sha256=source.sha256,
        text=source.text,
        dialect=reading.dialect,
        version=_head(document, data, "version"),
        description=_head(document, data, "description") or _head(document, data, "summary"),
        claimed=_head(document, data, "status"),
        tables=_tables(data, reading.apart),
        clauses=reading.clauses,
        findings=_in_order([*findings, *reading.findings]),
        spans=document.spans if document is not None else {},
        folder=folder,
    )


def _no_mapping(document: Document) -> Finding:
    kinds = {list: "a list", dict: "an empty mapping", type(None): "nothing"}
    message = f"a contract is a mapping of keys; this file holds {kinds.get(type(document.data), 'a single value')}"
    return Finding(
        "FC003", FindingSeverity.ERROR, message, document.span(()), "see the contracts that ship with falsify"
    )


def _read(document: Document, stem: str) -> _Reading:
    items, findings = items_of(document, PUBLIC_KEYS)
    strict = is_strict(document.data, items, stem)
    dialect = Dialect.STRICT if strict else dialect_of(document.data)
    read = {str(item.path[0]) for item in items if "[]" not in item.container}
    misspelt = {key for key in document.data if key not in PUBLIC_KEYS and _reported(findings, document, key)}
    identity = _strict_id(document, stem) if strict else stem
    reader = ClauseReader(document, identity, dialect)
    clauses: list[Clause] = []
    for item in items:
        clause = reader.read(item)
        if strict:
            clause, wrong = read_clause(document, item, clause)
            findings += wrong
        clauses.append(clause)
    apart = frozenset({*read, *misspelt, *CONTAINERS} & document.data.keys())
    if strict:
        findings += check_file(document, apart) + _name(document, identity, stem)
    else:
        for path in document.lexemes:
            if (path[0] == "metadata" and path[1:2] and path[1] in _TEXTS) or path[0] in _HEAD_TEXTS:
                reader.report_unquoted(path)
    findings += not_understood(document, dialect, items, misspelt) + reader.findings
    findings += misplaced(document, {*PUBLIC_KEYS, *misspelt}, strict=strict)
    if not clauses:
        findings.append(_no_clauses(document, dialect, items))
    return _Reading(dialect, identity, tuple(clauses), findings, apart)


def _reported(findings: Iterable[Finding], document: Document, key: str) -> bool:
    span = document.key_span((key,))
    return any(finding.code == "FC018" and finding.span == span for finding in findings)


def _strict_id(document: Document, stem: str) -> str:
    metadata = document.data.get("metadata")
    own = metadata.get("id") if isinstance(metadata, dict) else None
    return own if isinstance(own, str) and own.strip() else stem


def _name(document: Document, identity: str, stem: str) -> list[Finding]:
    if stem in {identity, "-"}:  # standard input has no name to agree with
        return []
    message = f"the contract is called {identity} and its file {stem}"
    hint = f"rename the file to {identity}.yaml, or the contract to {stem}"
    return [Finding("FC016", FindingSeverity.ERROR, message, document.span(("metadata", "id")), hint)]


def _no_clauses(document: Document, dialect: Dialect, items: Iterable[Item]) -> Finding:
    assert not list(items)
    severity = FindingSeverity.WARNING
    if dialect is Dialect.STRICT:
        severity = FindingSeverity.ERROR
    elif dialect in WITHOUT_CLAUSES and document.data.keys().isdisjoint(CONTAINERS):
        severity = FindingSeverity.NOTE
    hint = f"clauses are items of {', '.join(CONTAINERS)}"
    return Finding("FC017", severity, "the contract has no clauses", document.key_span(()), hint)


def _head(document: Document | None, data: dict[str, Any], name: str) -> str:
    """A text about the whole contract: out of the metadata, or from the top level where public dialects have it."""
    metadata = data.get("metadata")
    for holder, path in ((metadata, ("metadata", name)), (data, (name,))):
        if isinstance(holder, dict) and holder.get(name) is not None and document is not None:
            return as_text(holder[name], document.lexemes.get(path))
    return ""


def _tables(data: dict[str, Any], apart: frozenset[str]) -> dict[str, Any]:
    """Every top-level block but the metadata and the clauses; what stands in `tables` beside the others."""
    blocks = {key: value for key, value in data.items() if key not in apart and key not in {"metadata", "tables"}}
    own = data.get("tables")
    return {**blocks, **own} if isinstance(own, dict) else blocks


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, in the order of the file."""
    once = {(finding.code, finding.span): finding for finding in reversed(list(findings))}
    return tuple(sorted(once.values(), key=lambda finding: (finding.span, finding.code)))
