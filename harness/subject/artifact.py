"""Finished files as subjects: what stands on disk is the answer, whoever wrote it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from harness.model.artifact.mapped import MappedFile
from harness.subject.importer import Conversion
from harness.subject.reference_reader import ReferenceReader
from harness.verdict.errors import ArtifactError, UsageError
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.subject.reader import Admission

ROLES_OF_FILES = ("importer", "reader")
"""The roles that a finished file can stand for."""


class ArtifactSubject:
    """A model file on trial: as an importer it has converted already, as a reader it is what the reference reads."""

    def __init__(self, role: str, path: Path) -> None:
        """Raises UsageError when the role is not one that a file can stand for.

        A file that cannot be read is a subject too: what it cannot be asked for is not measured, and says why.
        """
        if role not in ROLES_OF_FILES:
            raise UsageError(
                f"a file cannot play the {role}", file=str(path), found=role, expected=" or ".join(ROLES_OF_FILES)
            )
        self.role = role
        self.path = path
        self.label = path.name
        self.identity = _identity(path)
        self._reader = ReferenceReader()

    def convert(self, source: Path, dest: Path) -> Conversion:  # noqa: ARG002 - both stand for what happened before
        """Nothing is run or copied: the finished file at `path` stands for the output."""
        return Conversion(RunState.RAN, str(self.path), 0.0)

    def admit(self, artifact: Path, gates: Mapping[str, Any]) -> Admission:
        """The reference reader's admission of a file."""
        return self._reader.admit(artifact, gates)

    def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
        """The reference reader's values of a tensor, as little-endian F32."""
        return self._reader.decode(artifact, tensor)

    def offer(self, door: str, name: str, dims: tuple[int, ...], value: object, gates: Mapping[str, Any]) -> Admission:
        """The reference's model view is offered a value."""
        return self._reader.offer(door, name, dims, value, gates)


def _identity(path: Path) -> str:
    """The sha256 of a regular file; of anything else (a pipe would never end) the reason why there is none."""
    digest = hashlib.sha256()
    try:
        file = MappedFile(path)
        try:
            for block in file.blocks(0, file.size, rule="file-changed", what="the file"):
                digest.update(block)
        finally:
            file.close()
    except ArtifactError as error:
        return f"unread: {error}"
    return f"sha256:{digest.hexdigest()}"
