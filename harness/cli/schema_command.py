"""`falsify schema`: write the JSON Schemas of contracts, bindings, evidence and reports, or tell if they are stale."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.configuration import configuration
from harness.cli.registry import registry
from harness.contract.schema import schema_texts
from harness.ledger.schema import discharge_schema_text
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
    texts = {**schema_texts(declarations), "discharge.schema.json": discharge_schema_text()}
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
            click.echo((folder / name).as_posix())
        return int(ExitCode.CLEAN)
    stale = [name for name, text in texts.items() if _content(folder / name) != text]
    for name in stale:
        click.echo(f"{(folder / name).as_posix()} is stale: run falsify schema", err=True)
    return int(ExitCode.FALSIFIED if stale else ExitCode.CLEAN)


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
