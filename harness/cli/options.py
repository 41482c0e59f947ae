"""What several commands share: arguments, colours, width."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """`--json`: one JSON document on standard output, and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")(command)


def colour_wanted(*, to_stderr: bool = False) -> bool:
    """Whether to colour: --color on the command line, else NO_COLOR, else whether a terminal reads it."""
    context = click.get_current_context(silent=True)
    chosen = context.find_root().params.get("color") if context is not None else None
    if chosen in {"always", "never"}:
        return bool(chosen == "always")
    stream = sys.stderr if to_stderr else sys.stdout
    return not os.environ.get("NO_COLOR") and stream.isatty()


def terminal_width() -> int:
    """Columns of the terminal, 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns
