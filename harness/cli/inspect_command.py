"""`falsify inspect`: the header of a model file, whatever its format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from harness.cli.options import json_option, terminal_width
from harness.model.artifact.open import open_artifact
from harness.model.artifact.summary import summarise
from harness.verdict.verdicts import ExitCode

LONGEST_VALUE = 60


@click.command(
    "inspect",
    epilog="""\b
Examples:
  falsify inspect model.apr
  falsify inspect checkpoint/ --json | jq '.tensors[].dtype'
""",
)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def inspect_command(*, file: Path, as_json: bool) -> int:
    """Show format, version, metadata and tensors of FILE; reads the header only, never a tensor.

    FILE is an APR, SafeTensors or GGUF file, an index of shards, or a folder that holds one of them.
    """
    with open_artifact(file) as artifact:
        summary = summarise(artifact)
    if as_json:
        click.echo(json.dumps(summary, indent=2, ensure_ascii=False))
    else:
        click.echo(_text(summary, terminal_width()))
    return int(ExitCode.CLEAN)


def _text(summary: dict[str, Any], width: int) -> str:
    tensors = summary["tensors"]
    lines = [f"{summary['format']} {summary['version']}, {len(tensors)} tensors"]
    lines += [f"  {key}: {_short(value)}" for key, value in summary["metadata"].items()]
    room = max(20, width - 44)
    lines.append(f"  {'tensor':<{room}} {'dims':>18} {'dtype':>6} {'bytes':>14}")
    for tensor in tensors:
        name = tensor["name"] if len(tensor["name"]) <= room else "…" + tensor["name"][1 - room :]
        dims = "x".join(map(str, tensor["dims"])) or "scalar"
        lines.append(f"  {name:<{room}} {dims:>18} {tensor['dtype']:>6} {tensor['nbytes']:>14,}")
    return "\n".join(lines)


def _short(value: object) -> str:
    if isinstance(value, list):
        head = json.dumps(value[:3], ensure_ascii=False)[:LONGEST_VALUE]
        return f"{len(value)} items {head[:-1]}, …]" if len(value) > 3 else head
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
