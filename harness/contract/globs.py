"""Globs over paths with forward slashes, in which `*` stays inside a folder and `**` does not."""

from __future__ import annotations

import re
from functools import cache

_TOKEN = re.compile(
    r"(?P<deep>\*\*/)|(?P<rest>\*\*)|(?P<star>\*)|(?P<one>\?)|(?P<set>\[(?P<no>!?)(?P<of>[^]/]+)\])|(?P<text>.)",
    re.DOTALL,
)


def matches(pattern: str, path: str) -> bool:
    """Whether the whole of `path` is like `pattern`."""
    return _compiled(pattern).fullmatch(path) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(map(_translated, _TOKEN.finditer(pattern))), re.DOTALL)


def _translated(token: re.Match[str]) -> str:
    match token.lastgroup:
        case "deep":
            return "(?:[^/]+/)*"
        case "rest":
            return ".*"
        case "star":
            return "[^/]*"
        case "one":
            return "[^/]"
        case "set":
            characters = re.sub(r"([\\^\[\]&~|])", r"\\\1", token["of"])
            return f"[{'^/' if token['no'] else ''}{characters}]"
        case _:
            return re.escape(token[0])
