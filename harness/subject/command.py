"""Any program as a subject: a command template for a role, its exit status and output read as the role says."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.subject.importer import Conversion
from harness.subject.limits import Limits
from harness.subject.pretrainer import Preflight
from harness.subject.process import Finished, run_limited
from harness.subject.reader import Admission
from harness.subject.roles import IMPORTER, PRETRAINER, READER, Role
from harness.subject.surroundings import own_folder
from harness.subject.template import CommandTemplate
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

DEFAULT_LIMITS = Limits()

# The look-behind lets a match begin only where a run of such characters does: linear on hostile output.
_RULE_ID = re.compile(r"(?<![A-Z0-9-])[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+-\d+")
_SHOWN = 2000
"""Characters of a program's own words in a message; people read the end first."""


class Command:
    """A program that plays a role: the template and the way it is called."""

    label = "command"

    def __init__(
        self,
        role: Role,
        template: str,
        *,
        limits: Limits = DEFAULT_LIMITS,
        start: Path | None = None,
    ) -> None:
        """`start` is the folder that relative paths in `template` are seen from. Raises UsageError."""
        self.role = role.name
        self.template = template
        """As it was given; a stored counterexample takes it along."""
        self._start = Path.cwd() if start is None else start.resolve()
        self._template = CommandTemplate(template, role, start=self._start)
        self._limits = limits
        self.identity = self._template.identity

    def call(self, values: Mapping[str, Path], *, files: Mapping[str, str] | None = None) -> Finished:
        """Run the program on `values`; `files` (placeholder -> text) are written beside its folder first."""
        with own_folder(start=self._start) as (work, env):
            given = {name: path.absolute() for name, path in values.items()}
            for name, text in (files or {}).items():
                given[name] = work.parent / f"{name}.json"
                given[name].write_text(text, encoding="utf-8")
            return run_limited(self._template.fill(given), cwd=work, limits=self._limits, env=env)


class CommandImporter(Command):
    """A converter from outside."""

    def __init__(self, template: str, **how: Any) -> None:
        super().__init__(IMPORTER, template, **how)

    def convert(self, source: Path, dest: Path) -> Conversion:
        """Exit status 0 with a regular, non-empty file at `dest` is RAN; without one it is NO_OUTPUT."""
        done = self.call({"source": source, "folder": source.absolute().parent, "dest": dest})
        if done.state is RunState.RAN and (lack := _lack(dest)):
            return Conversion(RunState.NO_OUTPUT, _told(f"exit status 0, but {lack}", done), done.duration_s)
        return Conversion(done.state, _told(done.message, done), done.duration_s)


class CommandReader(Command):
    """A reader or validator from outside."""

    def __init__(self, template: str, **how: Any) -> None:
        super().__init__(READER, template, **how)

    def admit(self, artifact: Path, gates: Mapping[str, Any]) -> Admission:  # noqa: ARG002 - the program has its own
        """Exit status 0 admits; another one refuses, for the rules whose ids stand in the output."""
        done = self.call({"artifact": artifact})
        if done.state is RunState.EXITED:
            rules = frozenset(_RULE_ID.findall(done.output))
            return Admission(RunState.REFUSED, {"": rules}, (), _told(done.message, done), done.duration_s)
        return Admission(done.state, {}, (), _told(done.message, done), done.duration_s)

    def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:  # noqa: ARG002 - there is no way
        """A command has no way to hand out values."""
        return RunState.NOT_STARTED, b"", "a command cannot be asked for the values of a tensor"

    def offer(
        self,
        door: str,  # noqa: ARG002 - there is no way
        name: str,  # noqa: ARG002
        dims: tuple[int, ...],  # noqa: ARG002
        value: object,  # noqa: ARG002
        gates: Mapping[str, Any],  # noqa: ARG002
    ) -> Admission:
        """A command has no model view in this process."""
        return Admission(RunState.NOT_STARTED, message="a command has no model view that could be offered anything")


class CommandPretrainer(Command):
    """The preflight of a trainer from outside."""

    def __init__(self, template: str, **how: Any) -> None:
        super().__init__(PRETRAINER, template, **how)

    def preflight(self, init: Path, target: Mapping[str, JsonValue], probe: Path) -> Preflight:
        """Exit status 0 passes; another one refuses, for the fields of `target` that the output names.

        What the file held is not read out of prose: the second value of each mismatch is None.
        """
        text = json.dumps(dict(target), indent=2, sort_keys=True)
        done = self.call({"init": init, "probe": probe}, files={"target": text})
        refused = done.state is RunState.EXITED
        named = {field for field in target if refused and _names(done.output, field)}
        return Preflight(
            state=RunState.REFUSED if refused else done.state,
            stage=("architecture" if named else "unknown") if refused else "",
            mismatches={field: (target[field], None) for field in sorted(named)},
            probe_reached=probe.exists(),
            message=_told(done.message, done),
            duration_s=done.duration_s,
        )


def _lack(dest: Path) -> str:
    """What is wrong with the file that a converter should have written; "" when it can be looked at."""
    try:
        status = dest.lstat()
    except OSError:
        return f"there is no file {dest.name}"
    if not stat.S_ISREG(status.st_mode):
        return f"{dest.name} is no regular file"
    return "" if status.st_size else f"{dest.name} is empty"


def _names(output: str, field: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(field)}(?!\w)", output) is not None


def _told(what: str, done: Finished) -> str:
    """What happened and, where something went wrong, the end of what the program said about it."""
    words = (done.stderr_tail.strip() or done.stdout_tail.strip())[-_SHOWN:]
    return f"{what}: {words}" if what and words else what
