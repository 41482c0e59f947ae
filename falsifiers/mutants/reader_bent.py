"""What planted readers share: a sound reader with one of its three answers bent."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from falsifiers.oracles.apr_bytes import UnreadableError, rewrite
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.reader import Admission, Reader

Refused = dict[str, frozenset[str]]


class BentReader:
    """Answers as the sound reader does; subclasses change one answer."""

    role = "reader"
    label = "reference"

    def __init__(self, sound: Reader) -> None:
        self.sound = sound
        self.identity = f"bent {sound.identity}"

    def admit(self, artifact: Path, gates: Mapping[str, Any]) -> Admission:
        """As the sound reader."""
        return self.sound.admit(artifact, gates)

    def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
        """As the sound reader."""
        return self.sound.decode(artifact, tensor)

    def offer(self, door: str, name: str, dims: tuple[int, ...], value: object, gates: Mapping[str, Any]) -> Admission:
        """As the sound reader."""
        return self.sound.offer(door, name, dims, value, gates)


class Rejudging(BentReader):
    """Changes the rules named for a file after the sound reader has looked at it."""

    def __init__(self, sound: Reader, rejudge: Callable[[Path, Refused, Mapping[str, Any]], Refused]) -> None:
        super().__init__(sound)
        self._rejudge = rejudge

    def admit(self, artifact: Path, gates: Mapping[str, Any]) -> Admission:
        """The sound reader's admission with other rules."""
        admission = self.sound.admit(artifact, gates)
        if admission.state.is_failure:
            return admission
        refused = {
            tensor: rules for tensor, rules in self._rejudge(artifact, dict(admission.refused), gates).items() if rules
        }
        return replace(admission, refused=refused, state=RunState.REFUSED if refused else RunState.RAN)


class Editing(BentReader):
    """Changes the bytes of every APR file, both checksums kept right, before the sound reader sees it."""

    def __init__(self, sound: Reader, edit: Callable[[PlainApr], object]) -> None:
        super().__init__(sound)
        self._edit = edit

    def admit(self, artifact: Path, gates: Mapping[str, Any]) -> Admission:
        """The sound reader's admission of the edited file."""
        return self.sound.admit(self._edited(artifact), gates)

    def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
        """The sound reader's values out of the edited file."""
        return self.sound.decode(self._edited(artifact), tensor)

    def _edited(self, artifact: Path) -> Path:
        edited = artifact.with_name(f"edited-{artifact.name}")
        shutil.copyfile(artifact, edited)
        try:
            rewrite(edited, self._edit)
        except UnreadableError:
            return artifact
        return edited


def rules_mapped(refused: Refused, change: Callable[[str, frozenset[str]], frozenset[str]]) -> Refused:
    """`refused` with the rules of each tensor changed."""
    return {tensor: change(tensor, rules) for tensor, rules in refused.items()}
