"""`falsify schema`: write the JSON Schemas of contracts, bindings and evidence, or tell whether they are stale."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.configuration import configuration
from harness.cli.registry import registry
from harness.contract.schema import schema_texts, write_schemas
from harness.verdict.verdicts import ExitCode


@click.command(
    "schema",
    hidden=True,
    epilog="""\b
Examples:
  falsify schema
  falsify schema --check
""",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("contracts/schema"))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file is not what would be written.")
def schema_command(folder: Path, *, check: bool) -> int:
    """Write the JSON Schemas into FOLDER (contracts/schema): the models, and what falsifiers declare.

    They know the built-in falsifiers and those of the project.
    """
    declarations = registry(configuration(Path.cwd()).falsifier_folders()).declarations()
    if not check:
        for path in write_schemas(folder, declarations):
            click.echo(path.as_posix())
        return int(ExitCode.CLEAN)
    stale = [name for name, text in schema_texts(declarations).items() if _content(folder / name) != text]
    for name in stale:
        click.echo(f"{(folder / name).as_posix()} is stale: run falsify schema", err=True)
    return int(ExitCode.FALSIFIED if stale else ExitCode.CLEAN)


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
