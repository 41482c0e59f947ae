"""The commands that exist; one that is not here is not listed by `falsify --help`."""

from __future__ import annotations

from harness.cli.convert_command import convert_command
from harness.cli.explain_command import explain_command
from harness.cli.gate_command import gate_command
from harness.cli.inspect_command import inspect_command
from harness.cli.lint_command import lint_command
from harness.cli.replay_command import replay_command
from harness.cli.schema_command import schema_command

COMMANDS = {
    command.name or "": command
    for command in (
        gate_command,
        replay_command,
        lint_command,
        explain_command,
        inspect_command,
        convert_command,
        schema_command,
    )
}
