"""What a subject did with a case, as data, and the wrapper that remembers whether anybody looked at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue

from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from pathlib import Path


class Answer(BaseModel):
    """What a subject did with a case, as data: it is stored once and judged by every clause that can.

    `data` holds JSON; `files` maps a role (`dest`) to a path relative to the folder of the case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: RunState
    data: dict[str, JsonValue] = {}
    files: dict[str, str] = {}
    message: str = ""
    duration_s: float = 0.0


class Witness:
    """An answer that remembers whether anybody looked at it.

    A property that never looks computes on its own tables only, and the runner calls it VACUOUS.
    """

    def __init__(self, answer: Answer, folder: Path) -> None:
        self._answer = answer
        self._folder = folder
        self.looked = False

    @property
    def state(self) -> RunState:
        """Whether the subject ran; looking at this alone is not looking at an answer, unless it failed or refused."""
        if self._answer.state is not RunState.RAN:
            self.looked = True
        return self._answer.state

    @property
    def message(self) -> str:
        """What the subject said about itself, for people."""
        return self._answer.message

    def data(self, key: str) -> JsonValue:
        """The value that the subject gave under `key`; None when it gave none."""
        self.looked = True
        return self._answer.data.get(key)

    def file(self, role: str) -> Path:
        """Path of a file that the subject wrote. Raises KeyError when it wrote none under this role."""
        self.looked = True
        return self._folder / self._answer.files[role]

    @property
    def folder(self) -> Path:
        """Folder of the case; what the experiment itself put there may be read without having looked."""
        return self._folder
