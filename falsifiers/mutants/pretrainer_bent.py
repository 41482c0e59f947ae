"""What planted pretrainers share: a sound one with its answer changed, or with the file changed before it looks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from falsifiers.oracles.apr_bytes import UnreadableError, rewrite
from harness.subject.pretrainer import Preflight
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue

    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.pretrainer import Pretrainer

Target = Mapping[str, "JsonValue"]
Change = Callable[[Preflight, "Path", Target, "Path"], Preflight]


class BentPretrainer:
    """The sound pretrainer with its answer changed."""

    role = "pretrainer"
    label = "reference"

    def __init__(self, sound: Pretrainer, change: Change) -> None:
        self.sound = sound
        self.identity = f"bent {sound.identity}"
        self._change = change

    def preflight(self, init: Path, target: Target, probe: Path) -> Preflight:
        """The sound answer, changed."""
        return self._change(self.sound.preflight(init, target, probe), init, target, probe)


class EditedInit(BentPretrainer):
    """The sound pretrainer on a file whose metadata was edited, checksums kept right."""

    def __init__(self, sound: Pretrainer, edit: Callable[[PlainApr, Target], object]) -> None:
        super().__init__(sound, lambda result, *_: result)
        self._edit = edit

    def preflight(self, init: Path, target: Target, probe: Path) -> Preflight:
        """The sound answer to the edited file."""
        edited = init.with_name("edited.apr")
        try:
            shutil.copyfile(init, edited)
            rewrite(edited, lambda apr: self._edit(apr, target))
        except (OSError, UnreadableError):
            edited = init
        return self.sound.preflight(edited, target, probe)


def without(result: Preflight, dropped: set[str], probe: Path) -> Preflight:
    """`result` without some mismatches; with none left, the stages pass and the probe is reached."""
    kept = {field: pair for field, pair in result.mismatches.items() if field not in dropped}
    if kept or not result.mismatches:
        return replace(result, mismatches=kept)
    return passed(result, probe)


def passed(result: Preflight, probe: Path) -> Preflight:
    """`result` as if all stages had passed; the probe is reached."""
    probe.touch()
    return replace(result, state=RunState.RAN, stage="", mismatches={}, probe_reached=True)
