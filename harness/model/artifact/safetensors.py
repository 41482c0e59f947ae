"""Reader of a single SafeTensors file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.artifact.mapped import MappedFile, kept_if_read
from harness.model.artifact.mapped_artifact import MappedArtifact
from harness.model.artifact.ranges import Span, check_packed
from harness.model.artifact.safetensors_header import Parsed, read_header
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path


class SafetensorsArtifact(MappedArtifact):
    """An open SafeTensors file, or several that one index holds together; the format has no version."""

    format = "safetensors"

    @classmethod
    def open(cls, path: Path) -> SafetensorsArtifact:
        """Open `path`. Raises ArtifactError by the rule that the file breaks (`safetensors-…`)."""
        mapped, parsed = open_file(path)
        return cls(
            path,
            [mapped],
            version="",
            metadata=parsed.metadata,
            tensors={entry.name: entry for entry in parsed.entries},
        )


def open_file(path: Path) -> tuple[MappedFile, Parsed]:
    """Map one file and check its header whole; the caller closes the mapping. Raises ArtifactError."""

    def read(mapped: MappedFile) -> tuple[MappedFile, Parsed]:
        parsed = read_header(mapped)
        _check_cover(mapped, parsed)
        return mapped, parsed

    return kept_if_read(path, read)


def _check_cover(mapped: MappedFile, parsed: Parsed) -> None:
    for entry in parsed.entries:
        mapped.slice(entry.offset, entry.nbytes, rule="safetensors-range", what="the payload", tensor=entry.name)
    spans = (Span(entry.offset, entry.nbytes, entry.name) for entry in parsed.entries)
    end = check_packed(spans, start=parsed.buffer, alignment=1, prefix="safetensors", file=mapped.file)
    if end != mapped.size:
        raise ArtifactError(
            "there are bytes behind the last tensor",
            rule="safetensors-trailing",
            file=mapped.file,
            offset=end,
            found=f"a file of {mapped.size} bytes",
            expected=f"{end} bytes",
            way_out="something was appended: fetch or write it again",
        )
