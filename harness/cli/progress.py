"""A line on the terminal that says what is being tried; nothing where standard error is no terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.trial.plan import Check

REFRESH_S = 0.1


class Progress:
    """The status line of a run; it is cleared before anything else is printed."""

    def __init__(self, checks: int, width: int) -> None:
        self._checks = checks
        self._width = width
        self._done = 0
        self._shown_at = 0.0
        self._on = sys.stderr.isatty()

    def case(self, check: Check, label: str, number: int) -> None:
        """Tell which case of which check is next."""
        now = time.monotonic()
        if not self._on or now - self._shown_at < REFRESH_S:
            return
        self._shown_at = now
        text = f"{self._done + 1}/{self._checks}  {check.clause.id}: {label}, case {number + 1}"
        click.echo("\r\x1b[2K" + text[: self._width - 1], err=True, nl=False)

    def ended(self) -> None:
        """Take the line away: a check has ended."""
        self._done += 1
        if self._on:
            click.echo("\r\x1b[2K", err=True, nl=False)
