"""`falsify lint`: what is wrong with contracts and bindings, read and never run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.assembly import contract_paths, load_contracts
from harness.cli.configuration import configuration
from harness.cli.lint_output import Linted, as_json, render
from harness.cli.options import colour_wanted, json_option, terminal_width
from harness.cli.registry import registry
from harness.contract.bindings import load_bindings, unplaced
from harness.contract.lint import lint
from harness.contract.models import FindingSeverity
from harness.verdict.errors import RefusedError
from harness.verdict.verdicts import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(
    "lint",
    epilog="""\b
Examples:
  falsify lint
  falsify lint contracts/tensor-layout-v1.yaml vendor/contracts
  falsify lint --strict --format github
  falsify lint --format sarif > lint.sarif
""",
)
@click.argument("paths", nargs=-1)
@click.option(
    "--format",
    "how",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="How findings are told.",
)
@json_option
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
def lint_command(paths: tuple[str, ...], how: str, *, as_json: bool, strict: bool) -> int:
    """Read the contracts in PATHS (files, folders or globs) and say what is wrong with them; nothing is run.

    Without PATHS the contracts of the project are read. Exit 1 for errors, and with --strict for warnings;
    exit 2 when there is no contract or no clause at all.
    """
    how = "json" if as_json else how
    try:
        linted = lint_paths(paths)
    except RefusedError as error:
        if how == "json":
            return _refused(error)
        raise
    click.echo(render(linted, how, width=terminal_width(), colour=colour_wanted()), color=colour_wanted())
    if how != "text":
        click.echo(linted.summary(), err=True)
    return int(exit_code(linted, strict=strict))


def lint_paths(paths: Sequence[str]) -> Linted:
    """Load, arm and lint the contracts that `paths` name, or those of the project. Raises RefusedError for none."""
    settings = configuration(Path.cwd())
    bindings = load_bindings(settings.binding_folders())
    contracts = load_contracts(contract_paths(paths, settings), settings, bindings)
    declarations = registry(settings.falsifier_folders()).declarations()
    if paths:  # a binding for a contract that was not asked about is not out of place
        bindings = [binding for binding in bindings if not binding.contract]
    return Linted(
        findings=lint(contracts, declarations, unplaced(bindings, contracts)),
        contracts=len(contracts),
        clauses=sum(len(contract.clauses) for contract in contracts),
        texts={contract.path: contract.text for contract in contracts},
    )


def exit_code(linted: Linted, *, strict: bool) -> ExitCode:
    """1 for errors (and warnings when `strict`); 2 when no clause was read, for empty is never a pass; else 0."""
    counts = linted.counts()
    defective = counts[FindingSeverity.ERROR] + (counts[FindingSeverity.WARNING] if strict else 0)
    return ExitCode.combine(
        (
            ExitCode.FALSIFIED if defective else ExitCode.CLEAN,
            ExitCode.CLEAN if linted.clauses else ExitCode.NOT_MEASURED,
        )
    )


def _refused(error: RefusedError) -> int:
    click.echo(f"falsify: {error}", err=True)
    click.echo(as_json(Linted((), contracts=0, clauses=0)))
    return int(error.exit_code)
