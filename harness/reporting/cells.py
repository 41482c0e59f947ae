"""Text in terminal cells: how wide it is, cut in the middle or padded to a width, and painted."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from harness.ledger.standing import Standing
from harness.reporting.figures import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOLD = "1"
_DIM = "2"
_PAINT: Mapping[Standing, str] = {
    Standing.FALSIFIED: "1;31",
    Standing.FLAKY: "1;35",
    Standing.NOT_MEASURED: "33",
    Standing.VACUOUS: "1;33",
    Standing.UNBOUND: _DIM,
    Standing.CORROBORATED: "32",
}


def cells(text: str) -> int:
    """How many columns `text` takes: two for a wide character, none for a combining one."""
    return sum(_cells_of(character) for character in text)


def one_line(text: str) -> str:
    """`text` made printable, its line feeds turned to spaces."""
    return printable(text).replace("\n", " ")


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns; what is too much goes from the middle, where ids differ least."""
    if cells(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail = (width - 1) // 2
    return _head(text, width - 1 - tail) + "…" + _head(text[::-1], tail)[::-1]


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` cut and padded to exactly `width` columns."""
    short = cut(text, width)
    pad = " " * (width - cells(short))
    return pad + short if right else short + pad


def paint(text: str, standing: Standing, *, colour: bool) -> str:
    """`text` in the colour of a standing."""
    return f"\x1b[{_PAINT[standing]}m{text}\x1b[0m" if colour else text


def strong(text: str, *, colour: bool) -> str:
    """`text` in bold."""
    return f"\x1b[{_BOLD}m{text}\x1b[0m" if colour else text


def _head(text: str, width: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _cells_of(character)
        if taken > width:
            return text[:index]
    return text


def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
