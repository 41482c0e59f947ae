"""Subjects by role and specification: the reference where nothing is said, else a command template."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from harness.subject.command import DEFAULT_LIMITS, CommandImporter, CommandPretrainer, CommandReader
from harness.subject.reference_importer import ReferenceImporter
from harness.subject.reference_pretrainer import ReferencePretrainer
from harness.subject.reference_reader import ReferenceReader
from harness.subject.roles import ROLES
from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from harness.subject.importer import Importer
    from harness.subject.limits import Limits
    from harness.subject.pretrainer import Pretrainer
    from harness.subject.reader import Reader

    Subject = Importer | Reader | Pretrainer

_REFERENCES: Mapping[str, Callable[[], Subject]] = {
    "importer": ReferenceImporter,
    "reader": ReferenceReader,
    "pretrainer": ReferencePretrainer,
}
_COMMANDS: Mapping[str, Callable[..., Subject]] = {
    "importer": CommandImporter,
    "reader": CommandReader,
    "pretrainer": CommandPretrainer,
}


def build_subject(
    role: str,
    spec: str | None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    start: Path | None = None,
) -> Subject:
    """Who plays `role`: the reference for None, else the program of the command template `spec`.

    Limits and the folder that relative paths are seen from concern programs only.
    Raises UsageError for a role that does not exist and for a template that cannot be used.
    """
    if role not in ROLES:
        near = difflib.get_close_matches(role, ROLES, n=1)
        raise UsageError(
            "there is no such role",
            found=repr(role),
            expected=", ".join(ROLES),
            way_out=f"did you mean {near[0]}?" if near else "",
        )
    if spec is None:
        return _REFERENCES[role]()
    return _COMMANDS[role](spec, limits=limits, start=start)
