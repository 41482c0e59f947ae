"""Which clauses an expression such as `-k "FALSIFY-005 and not slow"` selects, in pytest and in the gate alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from _pytest.mark import expression as pytest_expression

from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT_ID = re.compile(r"FALSIFY-(\d+)", re.IGNORECASE)

# Before pytest 8.4 the parser had an error class of its own.
_SYNTAX_ERRORS: tuple[type[Exception], ...] = (
    SyntaxError,
    getattr(pytest_expression, "ParseError", SyntaxError),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection expression of pytest, in which a short id means clauses and nothing else.

    `FALSIFY-005` selects the ids that begin with `FALSIFY-` and end with `-005`; every other term means what
    pytest says: a part of a keyword, in any case. An empty expression selects everything. Raises UsageError for an
    expression that pytest would refuse.
    """

    expression: str
    _compiled: pytest_expression.Expression | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", _compile(self.expression) if self.expression.strip() else None)

    def matches(self, clause_id: str, keywords: Iterable[str]) -> bool:
        """Whether the clause `clause_id` is selected, `keywords` being its other names.

        `clause_id` is empty for what is no clause. Raises UsageError for a term with arguments.
        """
        if self._compiled is None:
            return True
        names = tuple(name.lower() for name in (clause_id, *keywords))

        def matcher(term: str, /, **arguments: str | int | bool | None) -> bool:
            if arguments:
                raise UsageError(
                    f"the term {term} takes no arguments", place="-k", found=self.expression, expected="names only"
                )
            short = _SHORT_ID.fullmatch(term)
            if short is not None:
                identity = clause_id.upper()
                return identity.startswith("FALSIFY-") and identity.endswith(f"-{short[1]}")
            return any(term.lower() in name for name in names)

        return self._compiled.evaluate(matcher)


def _compile(text: str) -> pytest_expression.Expression:
    try:
        return pytest_expression.Expression.compile(text)
    except _SYNTAX_ERRORS as error:
        column = getattr(error, "offset", None) or getattr(error, "column", None) or 1
        reason = getattr(error, "msg", None) or getattr(error, "message", None) or str(error)
        raise UsageError(
            f"the selection is not understood: {reason}",
            place=f"-k, column {column}",
            found=text,
            expected="names joined by and, or, not and parentheses",
        ) from None
    except (RecursionError, MemoryError):
        raise UsageError("the selection is nested too deeply", place="-k", way_out="write it flat") from None
