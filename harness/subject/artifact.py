"""Finished files as subjects: what stands on disk is the answer, whoever wrote it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from harness.subject.importer import Conversion
from harness.subject.reference_reader import ReferenceReader
from harness.verdict.errors import UsageError
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
        """Raises UsageError when the role is not one that a file can stand for, or the file cannot be read."""
        if role not in ROLES_OF_FILES:
            raise UsageError(
                f"a file cannot play the {role}", file=str(path), found=role, expected=" or ".join(ROLES_OF_FILES)
            )
        self.role = role
        self.path = path
        self.label = path.name
        try:
            with path.open("rb") as file:
                self.identity = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        except OSError as error:
            raise UsageError("the artifact cannot be read", file=str(path), found=error.strerror or "") from error
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
