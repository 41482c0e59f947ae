"""Near misses: which known name a misspelt one probably meant, and how a message says so."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LISTED = 8


def nearest(name: str, known: Iterable[str], *, at_most: int = 1) -> tuple[str, ...]:
    """Up to `at_most` of the `known` names that are like `name`, best first; none when none is like it."""
    return tuple(get_close_matches(name, sorted(set(known)), n=at_most, cutoff=0.6))


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """What to write instead of `name`: the nearest of the `known` names, or else the first few of them."""
    names = sorted(set(known))
    if near := nearest(name, names):
        return f"did you mean {near[0]}?"
    if not names:
        return "none is declared"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"known: {', '.join(names[:_LISTED])}{more}"
