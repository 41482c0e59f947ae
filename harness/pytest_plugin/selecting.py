"""`-k` over contract items and others alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from _pytest.mark import KeywordMatcher

from harness.contract.selection import Selection
from harness.pytest_plugin.collected import ClauseFunction, ContractErrors
from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def split(expression: str, items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The items that `expression` selects, and the others; the errors of a contract go with any of its clauses."""
    try:
        selection = Selection(expression)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        clause = item.check.clause.id if isinstance(item, ClauseFunction) else ""
        names = KeywordMatcher.from_item(item)._names  # noqa: SLF001 - what pytest's own -k looks at
        (kept if selection.matches(clause, names) else dropped).append(item)
    modules = {item.parent for item in kept if isinstance(item, ClauseFunction)}
    told = {item for item in dropped if isinstance(item, ContractErrors) and item.parent in modules}
    return [*kept, *told], [item for item in dropped if item not in told]
