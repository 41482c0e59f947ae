"""An artifact whose payloads lie in one or several mapped files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.model.artifact.view import Artifact
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from harness.model.artifact.mapped import MappedFile
    from harness.model.artifact.view import TensorEntry

SIZE_RULE = "F-LAYOUT-CONTRACT-004"
"""A payload has the size that its dims and its dtype ask for."""


class MappedArtifact(Artifact):
    """Serves payloads of `tensors` out of `files`, and refuses those whose size breaks the rule of their dtype."""

    def __init__(
        self,
        path: Path,
        files: Iterable[MappedFile],
        *,
        version: str,
        metadata: Mapping[str, Any],
        tensors: Mapping[str, TensorEntry],
    ) -> None:
        self.path = path
        self.version = version
        self.metadata = metadata
        self.tensors = tensors
        self._files = {mapped.path: mapped for mapped in files}

    def raw(self, name: str) -> memoryview:
        """Payload bytes of a tensor, a view of the mapped file.

        Raises ArtifactError by F-LAYOUT-CONTRACT-004 when the size rule is broken, by `tensor-missing` for a name
        that the file does not have.
        """
        entry = self._entry(name)
        if entry.nbytes != entry.expected_nbytes:
            raise ArtifactError(
                "the payload has not the size that dims and dtype ask for",
                rule=SIZE_RULE,
                file=str(entry.path),
                offset=entry.offset,
                tensor=name,
                found=f"{entry.nbytes} bytes",
                expected=f"{entry.expected_nbytes} bytes for {entry.dtype.name} {list(entry.dims)}",
                way_out="write the file again with a tool that stores this tensor",
            )
        return self._files[entry.path].slice(
            entry.offset, entry.nbytes, rule=f"{self.format}-range", what="the payload", tensor=name
        )

    def forget(self, name: str, start: int, length: int) -> None:
        """Give the pages of these payload bytes back."""
        entry = self._entry(name)
        self._files[entry.path].forget(entry.offset + start, min(length, entry.nbytes - start))

    def close(self) -> None:
        """Release the mappings; one whose views are still in use goes with the last of them."""
        for mapped in self._files.values():
            mapped.close()

    def _entry(self, name: str) -> TensorEntry:
        try:
            return self.tensors[name]
        except KeyError:
            raise ArtifactError(
                "the file has no such tensor",
                rule="tensor-missing",
                file=str(self.path),
                tensor=name,
                way_out="falsify inspect lists the names",
            ) from None
