"""The one way to open a model: a file by its first bytes, a folder by what a person would name in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.model.artifact.apr import AprArtifact
from harness.model.artifact.confine import inside
from harness.model.artifact.formats import HEAD, recognise
from harness.model.artifact.gguf import GgufArtifact
from harness.model.artifact.mapped import MappedFile
from harness.model.artifact.safetensors import SafetensorsArtifact
from harness.model.artifact.sharded import INDEX_NAME, open_sharded, shards_of
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from harness.model.artifact.view import Artifact

SINGLE_NAME = "model.safetensors"
FORMATS = ("apr", "gguf", "safetensors")


def open_artifact(path: Path, *, format: str | None = None) -> Artifact:  # noqa: A002 - the word of `falsify inspect`
    """Open a model file, or the one in a folder; `format` (apr, gguf, safetensors) is what it has to be, if given.

    Nothing is read but headers. Raises ArtifactError, with the rule that was broken, for everything that is not a
    well-formed APR v2, SafeTensors (single or sharded) or little-endian GGUF file.
    """
    named = model_file(Path(path))
    head_of = MappedFile(named)
    try:
        head = bytes(head_of.slice(0, min(HEAD, head_of.size), rule="format-unknown", what="the head"))
    finally:
        head_of.close()
    kind = recognise(head, suffix=named.suffix, file=str(named))
    found = "safetensors" if kind == "index" else kind
    if format is not None and found != format:
        raise ArtifactError(
            "the file is of another format",
            rule="format-unexpected",
            file=str(named),
            found=found,
            expected=format,
            way_out="name a file of that format",
        )
    if kind == "apr":
        return AprArtifact.open(named)
    if kind == "gguf":
        return GgufArtifact.open(named)
    if kind == "index":
        return open_sharded(named)
    return SafetensorsArtifact.open(named)


def model_file(path: Path) -> Path:
    """The file that a person would name: `path` itself, or the index, the single file, the only GGUF or APR in it.

    Raises ArtifactError: `folder-ambiguous`, `folder-empty`, `folder-unreadable`, `path-escape`.
    """
    try:
        if not path.is_dir():
            return path
        names = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    except (OSError, ValueError) as error:
        raise ArtifactError(
            "the folder cannot be read", rule="folder-unreadable", file=str(path), found=str(error), way_out="check it"
        ) from error
    return inside(path, _choose(path, names), file=str(path))


def _choose(folder: Path, names: list[str]) -> str:
    index, single = INDEX_NAME in names, SINGLE_NAME in names
    if index and single and SINGLE_NAME not in shards_of(inside(folder, INDEX_NAME, file=str(folder))):
        raise _ambiguous(folder, [INDEX_NAME, SINGLE_NAME])
    if index:
        return INDEX_NAME
    if single:
        return SINGLE_NAME
    others = [name for name in names if name.endswith((".gguf", ".apr"))]
    if len(others) > 1:
        raise _ambiguous(folder, others)
    if others:
        return others[0]
    raise ArtifactError(
        "there is no model in this folder",
        rule="folder-empty",
        file=str(folder),
        found=", ".join(names[:8]) + (" …" if len(names) > 8 else "") if names else "nothing",
        expected=f"{INDEX_NAME}, {SINGLE_NAME}, or one .gguf or .apr file",
        way_out="name the file; PyTorch checkpoints (.bin, .pt) have to be saved as SafeTensors first",
    )


def _ambiguous(folder: Path, names: list[str]) -> ArtifactError:
    return ArtifactError(
        "there are several models in this folder",
        rule="folder-ambiguous",
        file=str(folder),
        found=", ".join(names[:8]) + (" …" if len(names) > 8 else ""),
        expected="one",
        way_out="name the one that you mean, or remove the other",
    )
