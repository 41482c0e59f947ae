"""`falsify convert`: the reference converter."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness.cli.options import json_option
from harness.model.conversion.convert import convert
from harness.verdict.verdicts import ExitCode


@click.command(
    "convert",
    epilog="""\b
Examples:
  falsify convert checkpoint/ model.apr
  falsify convert model.gguf model.apr --dequantize
""",
)
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("dest", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace DEST if it exists.")
@click.option("--dequantize", is_flag=True, help="Widen block types that APR cannot hold to F32.")
@json_option
def convert_command(*, source: Path, dest: Path, overwrite: bool, dequantize: bool, as_json: bool) -> int:
    """Convert SOURCE (SafeTensors folder, file or index; GGUF) into the APR file DEST.

    Dtypes and bytes are kept, dims are written outermost first, nothing is invented. DEST appears whole or not at all.
    """
    report = convert(source, dest, overwrite=overwrite, dequantize=dequantize)
    if as_json:
        document = {
            "source": str(report.source),
            "dest": str(report.dest),
            "tensors": report.tensors,
            "bytes": report.bytes,
            "sha256": report.sha256,
            "notes": list(report.notes),
        }
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(f"{report.dest}: {report.tensors} tensors, {report.bytes:,} bytes, sha256 {report.sha256}")
        for note in report.notes:
            click.echo(f"  {note}")
    return int(ExitCode.CLEAN)
