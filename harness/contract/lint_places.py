"""Where a value of a clause stands: spans by path, with the nearest enclosing place for what is not there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.contract.models import Clause, Contract
    from harness.contract.positions import Span

Path = tuple[str | int, ...]


def sliced(text: str, span: Span) -> str:
    """The characters of `text` that `span` covers."""
    lines = text.splitlines(keepends=True)[span.line - 1 : span.end_line]
    if not lines:
        return ""
    last = span.end_line - span.line
    lines[last:] = [lines[last][: span.end_column - 1]] if last < len(lines) else []
    lines[0] = lines[0][span.column - 1 :]
    return "".join(lines)


@dataclass(frozen=True)
class Places:
    """The places of one contract."""

    contract: Contract

    def at(self, *path: str | int) -> Span | None:
        """Where the value at `path` stands; None when there is none."""
        return self.contract.spans.get(path)

    def text(self, *path: str | int) -> str:
        """The value at `path` as it is written, quotes included; empty when there is none."""
        span = self.at(*path)
        return sliced(self.contract.text, span) if span is not None else ""

    @cached_property
    def _paths(self) -> dict[Span, Path]:
        by_length = sorted(self.contract.spans.items(), key=lambda item: len(item[0]))
        return {span: path for path, span in by_length}

    @cached_property
    def _ends(self) -> dict[tuple[int, int, str | int], Path]:
        spans = self.contract.spans.items()
        return {(span.end_line, span.end_column, path[-1]): path for path, span in spans if path}

    def path_of(self, clause: Clause) -> Path | None:
        """The path of `clause` from the root; None when nothing in the file stands where it does.

        A clause whose id is a key starts at the key, and its value where the key ends.
        """
        end = clause.span.end_line, clause.span.end_column
        return self._ends.get((*end, clause.id)) or self._paths.get(clause.span)

    def has(self, clause: Clause, *names: str) -> bool:
        """Whether the clause has one of the fields `names`."""
        base = self.path_of(clause)
        return base is not None and any(self.at(*base, name) is not None for name in names)

    def field(self, clause: Clause, *names: str) -> Span:
        """Where the first of the fields `names` that the clause has stands; else the clause."""
        base = self.path_of(clause)
        found = (self.at(*base, name) for name in names) if base is not None else iter(())
        return next((span for span in found if span is not None), clause.span)

    def check(self, clause: Clause, *path: str | int) -> Span:
        """Where the value at `path` inside the clause's check block stands, or what encloses it.

        A check that a binding gives is pointed at in the binding's file.
        """
        fallback = clause.check_span or clause.span
        base = self.path_of(clause)
        if clause.armed_by or base is None:
            return fallback
        full = (*base, "check", *path)
        inside = (self.at(*full[:length]) for length in range(len(full), len(base), -1))
        return next((span for span in inside if span is not None), fallback)
