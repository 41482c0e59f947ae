"""Answers: a subject is put through a case once, and every clause that can judges what it left."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from harness.trial.interface import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.trial.interface import Case, Experiment, Subject


@dataclass(slots=True)
class AnswerStore:
    """Answers by subject, experiment and case, in a folder that processes of one run may share."""

    folder: Path
    in_flight: Path | None = None
    """Where the case under way is noted, so that a crash of this very process leaves it behind."""
    calls: int = 0
    """Subject calls made by this process, mutants included."""
    _known: dict[str, tuple[Answer, Path]] = field(default_factory=dict)

    def answer(
        self, subject: Subject, experiment: Experiment[Any], case: Case, tables: Mapping[str, Any]
    ) -> tuple[Answer, Path]:
        """The answer of `subject` to `case` and the folder of its files; the subject runs at most once for it."""
        key = self._key(subject, experiment, case, tables)
        if key not in self._known:
            self._known[key] = self._once(key, subject, experiment, case, tables)
        return self._known[key]

    def known(self, subject: Subject, experiment: Experiment[Any], case: Case, tables: Mapping[str, Any]) -> bool:
        """Whether asking for this answer would cost no call."""
        return self._key(subject, experiment, case, tables) in self._known

    def again(
        self, subject: Subject, experiment: Experiment[Any], case: Case, tables: Mapping[str, Any]
    ) -> tuple[Answer, Path]:
        """A second, fresh answer to the same case; not stored."""
        folder = self.folder / f"again-{os.getpid()}-{self.calls}"
        return self._call(folder, subject, experiment, case, tables), folder

    def _once(
        self, key: str, subject: Subject, experiment: Experiment[Any], case: Case, tables: Mapping[str, Any]
    ) -> tuple[Answer, Path]:
        folder = self.folder / key
        if not _is_external(subject):
            folder = self.folder / f"{key}-{os.getpid()}"
            return self._call(folder, subject, experiment, case, tables), folder
        record = self.folder / f"{key}.json"
        with FileLock(str(record) + ".lock"):
            if record.exists():
                return Answer.model_validate_json(record.read_bytes()), folder
            answer = self._call(folder, subject, experiment, case, tables)
            record.write_text(answer.model_dump_json(), encoding="utf-8")
            return answer, folder

    def _call(
        self, folder: Path, subject: Subject, experiment: Experiment[Any], case: Case, tables: Mapping[str, Any]
    ) -> Answer:
        folder.mkdir(parents=True)
        self.calls += 1
        if self.in_flight is not None:
            note = {
                "subject": subject.identity,
                "experiment": experiment.name,
                "case": json.loads(case.model_dump_json()),
            }
            self.in_flight.write_text(json.dumps(note), encoding="utf-8")
        try:
            answer = experiment.exercise(subject, case, folder, tables)
        except Exception:
            shutil.rmtree(folder, ignore_errors=True)  # so that the next clause can ask again and be told the same
            raise
        finally:
            if self.in_flight is not None:
                self.in_flight.unlink(missing_ok=True)
        return answer

    @staticmethod
    def _key(subject: Subject, experiment: Experiment[Any], case: Case, tables: Mapping[str, Any]) -> str:
        digest = hashlib.sha256()
        asked = _canonical(tables) if experiment.uses_tables else ""
        for part in (subject.role, subject.identity, experiment.name, case.model_dump_json(), asked):
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        return digest.hexdigest()[:32]


def _is_external(subject: Subject) -> bool:
    return subject.label not in {"reference", "mutant"}


_CANONICAL: dict[int, tuple[object, str]] = {}


def _canonical(tables: Mapping[str, Any]) -> str:
    """Canonical text of a contract's tables, made once for each table object."""
    known = _CANONICAL.get(id(tables))
    if known is None or known[0] is not tables:
        known = (tables, json.dumps(tables, sort_keys=True, default=str))
        _CANONICAL[id(tables)] = known
    return known[1]
