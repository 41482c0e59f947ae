"""From an item of a container to a `Clause`, with an id of its own and a hash of what it says."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from decimal import Context
from typing import TYPE_CHECKING, Any

from harness.contract.containers import FALSIFIER_FIELDS
from harness.contract.models import CLAUSE_ID, Clause, Dialect, Finding, FindingSeverity
from harness.contract.scalars import LONGEST_NUMBER, exact, other_reading, quoted
from harness.contract.spellings import IF_FAILS, RULE, STATUS, TEST, as_text, pick, prediction_of, severity_of

if TYPE_CHECKING:
    from harness.contract.containers import Item
    from harness.contract.positions import Span
    from harness.contract.yaml_nodes import Document, Path

_ID = re.compile(CLAUSE_ID)
_ALL_DIGITS = Context(prec=LONGEST_NUMBER)


@dataclass(slots=True)
class ClauseReader:
    """Reads the clauses of one contract and gathers what is wrong with them."""

    document: Document
    contract_id: str
    dialect: Dialect
    findings: list[Finding] = field(default_factory=list)
    _taken: dict[str, Span] = field(default_factory=dict)

    @property
    def _gravity(self) -> FindingSeverity:
        return FindingSeverity.ERROR if self.dialect is Dialect.STRICT else FindingSeverity.WARNING

    def read(self, item: Item) -> Clause:
        """The clause that `item` writes; every item gives one, whatever is wrong with it."""
        texts = self._texts(item)
        if item.field:
            body = {name: text for name, text in texts.items() if name not in FALSIFIER_FIELDS}
            test = texts.get(item.field, "")
            if_fails = pick(body, IF_FAILS)
        else:
            body = texts
            test = pick(body, TEST)
            if_fails = pick(body, IF_FAILS)
        identity, positional = self._id(item, texts)
        return Clause(
            contract_id=self.contract_id,
            id=identity,
            container=item.container,
            dialect=self.dialect,
            rule=pick(body, RULE),
            prediction=prediction_of(item.container, body),
            if_fails=if_fails,
            severity=severity_of(texts.get("severity", "")),
            claimed=pick(texts, STATUS),
            test=test,
            span=self._span(item),
            sha256=digest(canonical(self.document, item.path, item.value)),
            positional=positional,
        )

    def _texts(self, item: Item) -> dict[str, str]:
        lexemes = self.document.lexemes
        if not isinstance(item.value, dict):
            text = as_text(item.value, lexemes.get(item.path))
            if item.value is None or isinstance(item.value, list):
                what = "nothing" if item.value is None else "a list"
                self._report("FC012", self._gravity, f"a clause is a mapping or a text, not {what}", item.path)
            return {"prediction": text}
        texts: dict[str, str] = {}
        for name, value in item.value.items():
            if name == "check" and isinstance(value, dict):
                continue  # ours; a public `check` is a text
            path = (*item.path, name)
            texts[name] = as_text(value, lexemes.get(path))
            if name in _TEXT_PLACES:
                self.report_unquoted(path)
        return texts

    def report_unquoted(self, path: Path) -> None:
        """FC006 when the value at `path` is written so that some YAML reader would not take it for text."""
        lexeme = self.document.lexemes.get(path, "")
        if lexeme:
            self._report_word(lexeme, self.document.span(path))

    def _report_word(self, lexeme: str, span: Span) -> None:
        reading = other_reading(lexeme)
        if reading:
            message = f"`{lexeme}` stands where text belongs, and YAML 1.1 or 1.2 reads {reading}"
            self.findings.append(Finding("FC006", self._gravity, message, span, f"write {quoted(lexeme)}"))

    def _id(self, item: Item, texts: dict[str, str]) -> tuple[str, bool]:
        own = texts.get("id", "") or item.key
        if item.key and item.path in self.document.plain_keys:
            self._report_word(item.key, self.document.key_span(item.path))
        positional = not own
        if positional:
            stem = re.sub(r"[^A-Z0-9]+", "-", item.container.upper()).strip("-")
            own = f"{stem}-{item.index + 1}"
            if self.dialect is not Dialect.STRICT or not isinstance(item.value, dict):
                message = f"a clause without an id is called {own} by its place"
                self._report("FC015", FindingSeverity.NOTE, message, item.path, "give it an `id`")
        elif not _ID.match(own):
            message = f"the id {own!r} is not like FALSIFY-005: upper-case words and numbers joined by - or _"
            self._report("FC013", self._gravity, message, (*item.path, "id"))
        return self._unique(own, item), positional

    def _unique(self, own: str, item: Item) -> str:
        span = self._span(item)
        if own not in self._taken:
            self._taken[own] = span
            return own
        number = 2
        while f"{own}-DUP{number}" in self._taken:
            number += 1
        other = f"{own}-DUP{number}"
        self._taken[other] = span
        message = f"the id {own} is taken by the clause at {self._taken[own]}; this one is called {other}"
        self._report("FC014", FindingSeverity.ERROR, message, (*item.path, "id"), "ids are unique in a contract")
        return other

    def _span(self, item: Item) -> Span:
        span = self.document.span(item.path)
        if not item.key:
            return span
        key = self.document.key_span(item.path)
        return replace(span, line=key.line, column=key.column)

    def _report(self, code: str, severity: FindingSeverity, message: str, path: Path, hint: str = "") -> None:
        self.findings.append(Finding(code, severity, message, self.document.span(path), hint))


_TEXT_PLACES = frozenset({*RULE, *IF_FAILS, *TEST, *STATUS, "id", "prediction", "expected", "assertion", "severity"})


def digest(value: Any) -> str:
    """The sha256 of `value`, which `canonical` made, as hexadecimal digits."""
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()


def canonical(document: Document, path: Path, value: Any) -> Any:
    """`value`, which stands at `path`, as JSON data in which numbers keep all the digits that were written."""
    match value:
        case dict():
            return {key: canonical(document, (*path, key), entry) for key, entry in value.items()}
        case list():
            return [canonical(document, (*path, index), entry) for index, entry in enumerate(value)]
        case float():
            number = exact(document.lexemes.get(path, ""))
            return {"number": str(number.normalize(_ALL_DIGITS) if number is not None else value)}
        case _:
            return value
