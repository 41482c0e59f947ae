"""The experiment that all clauses on importers share: a checkpoint in, an APR file out."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from falsifiers.oracles.apr_bytes import MAGIC, UnreadableError, read_apr
from falsifiers.oracles.source_bytes import SourceError, files_of, named_file, source_digest
from falsifiers.strategies.architectures import FAMILIES
from falsifiers.strategies.checkpoints import (
    PARTITIONS,
    Checkpoint,
    CheckpointCase,
    FinishedPair,
    GeneratedCheckpoint,
    RealSource,
    partitions_of_generated,
)
from falsifiers.strategies.imported import truth_of
from falsifiers.strategies.populations import SMALL_FIRST, boundary_checkpoints, checkpoints
from falsifiers.strategies.sources import write_source
from falsifiers.strategies.truth import OtherFamilyError
from harness.trial.interface import Answer, Experiment
from harness.verdict.errors import RefusedError
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import SearchStrategy
    from pydantic import JsonValue

    from harness.contract.models import Population
    from harness.subject.importer import Importer


class Imports(Experiment[Checkpoint]):
    """Put an importer through a checkpoint and keep the APR file that it leaves."""

    name: ClassVar[str] = "imports"
    role: ClassVar[str] = "importer"
    case_type: ClassVar[Any] = CheckpointCase
    partitions: ClassVar[Mapping[str, str]] = PARTITIONS
    architectures: ClassVar[tuple[str, ...]] = FAMILIES
    uses_tables: ClassVar[bool] = False
    uses_sources: ClassVar[bool] = True

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[Checkpoint]:
        """A few small checkpoints, the real sources, then the rest; every partition at least once."""
        generated = boundary_checkpoints(_families(population), blocks=_blocks(population))
        return [*generated[:SMALL_FIRST], *_real_sources(sources), *generated[SMALL_FIRST:]]

    def strategy(self, population: Population) -> SearchStrategy[Checkpoint]:
        """Random checkpoints of the families that the population names."""
        return checkpoints(_families(population))

    def partitions_of(self, case: Checkpoint) -> frozenset[str]:
        """The classes of `case`; those of files are read off their headers."""
        if isinstance(case, GeneratedCheckpoint):
            return partitions_of_generated(case)
        return _partitions_of_real(case) if isinstance(case, RealSource) else frozenset()

    def exercise(self, subject: Importer, case: Checkpoint, folder: Path, tables: Mapping[str, Any]) -> Answer:
        """Write the source below `folder`, let the subject convert it, and see whether an APR file came of it."""
        del tables
        if isinstance(case, FinishedPair):
            return _judge_output(Path(case.artifact).absolute(), case.artifact, "", 0.0)
        source = _source_file(case, folder / "source")
        target = folder / "out" / "model.apr"
        target.parent.mkdir()
        before = _contents(source.parent)
        answer = subject.convert(source, target)
        if answer.state is not RunState.RAN:
            return Answer(state=answer.state, message=answer.message, duration_s=answer.duration_s)
        judged = _judge_output(target, "out/model.apr", answer.message, answer.duration_s)
        return judged.model_copy(update={"data": {"source_changes": _changes(before, _contents(source.parent))}})

    def burden(self, case: Checkpoint) -> float:
        """A generated checkpoint travels in its case, and is smaller than any real file."""
        return 0.0 if isinstance(case, GeneratedCheckpoint) else 1000.0

    def may_decline(self, case: Checkpoint) -> bool:
        """NaNs are for the data-quality gates to judge, and block types are beyond what every importer has to read."""
        return isinstance(case, GeneratedCheckpoint) and (case.contents == "nan" or case.dtype in {"Q4_K", "Q6_K"})

    def finished(self, artifact: Path, source: Path | None) -> FinishedPair | None:
        """The case of an APR file that is there already, whatever its name; nothing is called for it."""
        if artifact.suffix != ".apr" and not _begins_as_apr(artifact):
            return None
        return FinishedPair(artifact=str(artifact.absolute()), source=str(source.absolute()) if source else None)


def _contents(folder: Path) -> dict[str, str]:
    """Digest of every file below `folder`, by relative path."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[JsonValue]:
    """What happened to the source while it was converted, in words."""
    told = {
        name: "is gone" if name not in after else "is new" if name not in before else "was changed"
        for name in {*before, *after}
        if before.get(name) != after.get(name)
    }
    return [f"{name} {what}" for name, what in sorted(told.items())]


def _begins_as_apr(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _families(population: Population) -> tuple[str, ...]:
    wanted = tuple(name for name in FAMILIES if name in population.architectures)
    return wanted if population.architectures else FAMILIES


def _blocks(population: Population) -> bool:
    return "blocks" in (*population.partitions, *population.blind)


def _real_sources(sources: Sequence[Path]) -> list[RealSource]:
    """The cases of the sources that every importer of these families has to read; the others are for other roles.

    Raises RefusedError for a source that is missing or broken: leaving it out in silence would narrow what is tried.
    """
    cases = []
    for path in sources:
        try:
            named = named_file(path)
            case = RealSource(path=_portable(named), sha256=source_digest(named))
            if not truth_of(case).widened:
                cases.append(case)
        except OtherFamilyError:
            continue
        except (SourceError, OSError) as error:
            raise RefusedError(
                "a model file that the configuration names as a source cannot be read",
                file=str(path),
                found=str(error),
                way_out="mend `sources` in [tool.falsify]",
            ) from error
    return cases


def _partitions_of_real(case: RealSource) -> frozenset[str]:
    try:
        truth = truth_of(case)
    except (SourceError, OSError):
        return frozenset({"real_source"})
    container = "gguf" if truth.from_gguf else "sharded" if case.path.endswith(".index.json") else "safetensors"
    return frozenset({"real_source", "one_dimensional", container, "tied" if truth.tied else "untied"})


def _portable(path: Path) -> str:
    relative = os.path.relpath(path)
    return Path(relative if not relative.startswith("..") else path.absolute()).as_posix()


def _source_file(case: GeneratedCheckpoint | RealSource, folder: Path) -> Path:
    """Write or copy the source into the new `folder`: a subject is a stranger, and gets nobody's own files to write to.

    A copy costs no more than the conversion that follows.
    """
    folder.mkdir()
    if isinstance(case, GeneratedCheckpoint):
        return write_source(case, folder)
    path = Path(case.path).absolute()
    try:
        found = source_digest(path)
        for file in {*files_of(path), *_companions(path)}:
            shutil.copyfile(file, folder / file.name)
    except (SourceError, OSError) as error:
        raise RefusedError(
            "the model file of the case cannot be read",
            file=case.path,
            found=str(error),
            way_out="replay where the project's sources are, from the same folder",
        ) from error
    if found != case.sha256:
        raise RefusedError(
            "the model file of the case has changed since", file=case.path, found=found, expected=case.sha256
        )
    return folder / path.name


def _companions(path: Path) -> list[Path]:
    """What stands beside a model and is no weights: configurations, tokenizers, templates."""
    return [file for file in path.parent.iterdir() if file.suffix in _COMPANIONS and file.is_file()]


_COMPANIONS = frozenset({".json", ".model", ".txt", ".jinja"})


def _judge_output(path: Path, name: str, message: str, duration_s: float) -> Answer:
    why = ""
    if not path.is_file():
        why = "success was reported, but there is no file" if not path.exists() else "the output is no regular file"
    else:
        try:
            read_apr(path)
        except (OSError, UnreadableError) as error:
            why = f"the output cannot be read: {error}"
    if why:
        return Answer(state=RunState.NO_OUTPUT, message=f"{why}. {message}".strip(), duration_s=duration_s)
    return Answer(state=RunState.RAN, files={"dest": name}, message=message, duration_s=duration_s)


IMPORTS = Imports()
"""The one instance: clauses that share it share its cases and answers."""
