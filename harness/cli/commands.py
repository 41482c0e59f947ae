"""The commands that exist, each imported when it is asked for: a header is shown without loading a test library."""

from __future__ import annotations

import difflib
import importlib

import click

COMMANDS = {
    name: f"harness.cli.{name}_command"
    for name in ("gate", "replay", "lint", "explain", "inspect", "convert", "schema")
}
"""Name of a command -> the module that holds it as `NAME_command`; what is not here is not listed by --help."""


class Commands(click.Group):
    """A group whose commands are imported late."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order in which a run uses them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """The command of this name; None when there is none, so that click can suggest another."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(importlib.import_module(COMMANDS[cmd_name]), f"{cmd_name}_command")
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest right name for one that does not exist."""
        name = args[0]
        if name not in COMMANDS and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            ctx.fail(f"no such command {name!r}" + (f", did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)
