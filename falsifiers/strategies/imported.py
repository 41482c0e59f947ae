"""An import beside its truth: what a subject wrote, tensor by tensor, and what the source asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache, wraps
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from falsifiers.oracles.apr_bytes import PlainApr, PlainTensor, UnreadableError, read_apr
from falsifiers.oracles.differences import Difference, difference
from falsifiers.oracles.source_bytes import SourceError
from falsifiers.strategies.architectures import HEAD, checkpoint_name, role_of
from falsifiers.strategies.checkpoints import Checkpoint, FinishedPair, GeneratedCheckpoint, RealSource
from falsifiers.strategies.truth import Truth, truth_of_files, truth_of_generated
from harness.trial.interface import Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.trial.interface import Context, Judge, Witness


class UnjudgeableError(Exception):
    """Why a case shows nothing of a clause."""


@dataclass
class Import:
    """What came of one call, and what should have."""

    apr: PlainApr
    truth: Truth | None
    """None when there is no source to hold the file to."""
    why_no_truth: str = ""
    _owners: dict[bytes, str] | None = field(default=None, repr=False)

    @property
    def required(self) -> Truth:
        """The truth. Raises UnjudgeableError without one."""
        if self.truth is None:
            raise UnjudgeableError(self.why_no_truth)
        return self.truth

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata. Raises UnjudgeableError when they cannot be read: then they are not empty, but unknown."""
        for problem in self.apr.problems:
            if problem.code == "metadata":
                raise UnjudgeableError(problem.message)
        return self.apr.metadata

    @cached_property
    def found(self) -> dict[str, PlainTensor]:
        """Checkpoint name -> the tensor that plays this role, under its own name or the one that GGUF gives it."""
        named = {tensor.name: tensor for tensor in reversed(self.apr.tensors)}
        for tensor in self.apr.tensors:
            place = role_of(tensor.name)
            if place is not None:
                named.setdefault(checkpoint_name(*place), tensor)
        return named

    @property
    def head(self) -> PlainTensor | None:
        """The stored head."""
        return self.found.get(HEAD)

    def differences(self) -> dict[str, Difference]:
        """Tensor of the truth -> what happened to its payload, for those that are there and differ."""
        return self._differences

    @cached_property
    def _differences(self) -> dict[str, Difference]:
        wrong = {}
        for name, tensor in self.required.tensors.items():
            found = self.found.get(name)
            if found is not None:
                seen = difference(
                    tensor.dims,
                    (tensor.dtype, tensor.payload),
                    (found.dtype, found.payload),
                    self._owner_other_than(name),
                )
                if seen is not None:
                    wrong[name] = seen
        return wrong

    def _owner_other_than(self, name: str) -> Callable[[bytes | memoryview], str | None]:
        def whose(payload: bytes | memoryview) -> str | None:
            if self._owners is None:
                self._owners = {sha256(tensor.payload).digest(): key for key, tensor in self.required.tensors.items()}
            owner = self._owners.get(sha256(payload).digest())
            return owner if owner != name else None

        return whose


def imported(case: Checkpoint, witness: Witness) -> Import:
    """The import that `witness` holds for `case`. Raises UnjudgeableError when it cannot be looked at."""
    if witness.state.is_failure:
        raise UnjudgeableError(f"the call failed ({witness.state}): {witness.message}")
    try:
        path = witness.file("dest")
        stat = path.stat()
    except (KeyError, OSError) as error:
        raise UnjudgeableError(f"there is no file to look at: {error}") from error
    return _imported(case, path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=8)
def _imported(case: Checkpoint, path: Path, *_unchanged: int) -> Import:
    try:
        apr = read_apr(path)
    except (OSError, UnreadableError) as error:
        raise UnjudgeableError(str(error)) from error
    try:
        return Import(apr, truth_of(case))
    except SourceError as error:
        return Import(apr, None, str(error))


def truth_of(case: Checkpoint) -> Truth:
    """What a right import of `case` holds. Raises SourceError when nobody can tell."""
    match case:
        case GeneratedCheckpoint():
            return truth_of_generated(case)
        case RealSource():
            return _truth_of_path(case.path, case.sha256)
        case FinishedPair(source=str(source)):
            path = Path(source)
            return _truth_of_path(source, str(path.stat().st_mtime_ns) if path.exists() else "")
        case FinishedPair():
            raise SourceError("the clause compares with the source, and none was given")


@lru_cache(maxsize=8)
def _truth_of_path(path: str, _state: str) -> Truth:
    return truth_of_files(Path(path))


def tell(findings: list[str], limit: int = 3) -> str:
    """The first findings in one line, and how many more there are."""
    more = len(findings) - limit
    return "; ".join(findings[:limit]) + (f"; and {more} more" if more > 0 else "")


def shown(value: object) -> str:
    """A value of the metadata in a message."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def on_import(look: Callable[[Import, Context], Observation]) -> Judge:
    """Make a judge of `look`, which is given the import beside its truth; what cannot be looked at is not measured."""

    @wraps(look)
    def judge(case: Checkpoint, witness: Witness, context: Context) -> Observation:
        try:
            return look(imported(case, witness), context)
        except UnjudgeableError as error:
            return Observation({}, 0, not_measured=str(error))

    return judge
