"""The entry point: the group of commands, and what an error becomes."""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import traceback
from pathlib import Path

import click

from harness import __version__
from harness.cli.commands import Commands
from harness.verdict.errors import FalsifyError
from harness.verdict.verdicts import ExitCode

REPORT_TO = "the issue tracker of the project"


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Exit codes of every command:
  0  all that was asked was measured, and nothing was falsified or defective
  1  something was falsified, defective or different
  2  not measured or refused: empty, unreadable, not comparable, cannot fail
  3  wrong usage, or a fault of our own
""",
)
@click.version_option(__version__, prog_name="falsify")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours on a terminal.")
def program(color: str) -> None:
    """Turn the clauses of contracts into trials of real converters, trainers and model files."""


def main(arguments: list[str] | None = None) -> None:
    """Run the program and exit with the code that the table of exit codes gives."""
    words = sys.argv[1:] if arguments is None else arguments
    sys.exit(run(words))


def run(words: list[str]) -> int:
    """Run the program on `words`; gives the exit code and never raises for what a user can cause."""
    try:
        result = program.main(args=words, prog_name="falsify", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("interrupted before anything was measured")
        return int(ExitCode.NOT_MEASURED)
    except Exception as error:  # noqa: BLE001 - the last resort, told as what it is
        return int(_explain(error, words))
    return result if isinstance(result, int) else int(ExitCode.CLEAN)


def _explain(error: Exception, words: list[str]) -> ExitCode:
    """Tell `error` to a person (and to a script that asked for JSON); gives its exit code."""
    if isinstance(error, click.ClickException):
        _tell(f"{error.format_message()}\nfalsify: see falsify --help")
        return ExitCode.FAULT
    if isinstance(error, FalsifyError):
        _tell(str(error))
        if "--json" in words or _asks_json_format(words):
            click.echo(json.dumps(_document(error), indent=2))
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        sys.stderr.close()
        return ExitCode.FAULT
    _tell(f"a fault of our own: {type(error).__name__}: {error}")
    _tell(f"the traceback is in {_log(error)}; please report it to {REPORT_TO}")
    return ExitCode.FAULT


def _asks_json_format(words: list[str]) -> bool:
    return "--format=json" in words or ("--format", "json") in itertools.pairwise(words)


def _document(error: FalsifyError) -> dict[str, object]:
    return {
        "schema": "falsify.error/1",
        "exit_code": int(error.exit_code),
        "error": {
            "message": error.message,
            "file": error.file,
            "place": error.place,
            "found": error.found,
            "expected": error.expected,
            "way_out": error.way_out,
        },
    }


def _tell(message: str) -> None:
    click.echo(f"falsify: {message}", err=True)


def _log(error: Exception) -> Path:
    with tempfile.NamedTemporaryFile(
        "w", prefix="falsify-fault-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"falsify {__version__}\n")
        traceback.print_exception(error, file=log)
    return Path(log.name)
