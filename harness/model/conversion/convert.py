"""The reference converter: SafeTensors or GGUF in, APR out, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from harness.model.artifact.apr_writer import write_apr
from harness.model.artifact.open import SINGLE_NAME, model_file, open_artifact
from harness.model.artifact.sharded import INDEX_NAME
from harness.model.conversion.from_gguf import plan_gguf
from harness.model.conversion.from_safetensors import plan_safetensors
from harness.verdict.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.model.artifact.apr_writer import TensorSource
    from harness.model.artifact.view import Artifact
    from harness.model.conversion.plan import Plan

    Progress = Callable[[int, int], None]
    """Takes payload bytes written so far, and all of them."""


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What became of a conversion."""

    source: str
    dest: str
    tensors: int
    """Tensors written."""
    bytes: int
    """Size of the file that was written."""
    sha256: str
    """Hash of the file that was written."""
    notes: tuple[str, ...]
    """What a person should know: what the source does not state, what was widened."""


def convert(
    source: Path,
    dest: Path,
    *,
    overwrite: bool = False,
    dequantize: bool = False,
    progress: Progress | None = None,
) -> ConversionReport:
    """Convert `source` (a SafeTensors file, folder or index, or a GGUF file) into the APR file `dest`.

    Nothing of `dest` exists unless all of it does. Memory stays at some tens of megabytes whatever the size.

    Raises UsageError when `dest` is no place for an APR file, RefusedError (ArtifactError and ArchitectureError
    included) when the source cannot be converted faithfully.
    """
    _check_dest(dest, overwrite=overwrite)
    file = model_file(source)
    if dest.exists() and dest.samefile(file):
        raise UsageError("source and destination are the same file", file=str(dest))
    with open_artifact(file) as artifact:
        plan = _plan(artifact, dequantize=dequantize)
        plan.metadata["name"] = _name(file)
        plan.metadata["original_format"] = artifact.format
        plan.metadata["param_count"] = sum(prod(tensor.dims) for tensor in plan.tensors)
        plan.metadata["total_size"] = 0
        tensors = plan.tensors if progress is None else _watched(plan.tensors, progress)
        written = write_apr(dest, plan.metadata, tensors, overwrite=overwrite)
    return ConversionReport(
        source=str(source),
        dest=str(dest),
        tensors=written.tensors,
        bytes=written.nbytes,
        sha256=written.sha256,
        notes=tuple(plan.notes),
    )


def _check_dest(dest: Path, *, overwrite: bool) -> None:
    if dest.suffix.lower() != ".apr":
        raise UsageError(
            "this converter writes APR",
            file=str(dest),
            found=f"suffix {dest.suffix!r}",
            expected="a name that ends in .apr",
        )
    if not dest.parent.is_dir():
        raise RefusedError("the folder of the destination does not exist", file=str(dest.parent))
    if dest.is_dir():
        raise RefusedError("the destination is a folder", file=str(dest))
    if dest.exists() and not overwrite:
        raise RefusedError("the destination exists", file=str(dest), way_out="--overwrite replaces it")


def _plan(artifact: Artifact, *, dequantize: bool) -> Plan:
    if artifact.format == "safetensors":
        return plan_safetensors(artifact, dequantize=dequantize)
    if artifact.format == "gguf":
        return plan_gguf(artifact, dequantize=dequantize)
    raise RefusedError(
        "this format is no source of a conversion",
        file=str(artifact.path),
        found=artifact.format,
        expected="safetensors or gguf",
    )


def _name(file: Path) -> str:
    """The stem of the source, or the name of its folder where files are called model.safetensors by custom."""
    return file.resolve().parent.name if file.name in {INDEX_NAME, SINGLE_NAME} else file.stem


def _watched(tensors: list[TensorSource], progress: Progress) -> list[TensorSource]:
    total = sum(tensor.dtype.nbytes(tensor.dims) for tensor in tensors)
    done = 0

    def watch(tensor: TensorSource) -> TensorSource:
        def chunks() -> Iterator[bytes | memoryview]:
            nonlocal done
            for chunk in tensor.chunks():
                yield chunk
                done += len(chunk)
                progress(done, total)

        return replace(tensor, chunks=chunks)

    return [watch(tensor) for tensor in tensors]
