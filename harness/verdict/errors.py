"""The error trees: refusals of what we were given, wrong usage, faults of our own; presenters print, errors do not."""

from __future__ import annotations

from typing import ClassVar

from harness.verdict.verdicts import ExitCode


class FalsifyError(Exception):
    """An error that a person can act on: which file, which place, what was found, what was expected, the way out.

    Every part but `message` may be empty. `str(error)` is complete enough to be shown alone.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAULT

    def __init__(  # noqa: PLR0913 - the five parts that every error has to offer
        self,
        message: str,
        *,
        file: str = "",
        place: str = "",
        found: str = "",
        expected: str = "",
        way_out: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.place = place
        self.found = found
        self.expected = expected
        self.way_out = way_out

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.file, self.place) if part)
        facts = "; ".join(
            part
            for part in (
                f"found {self.found}" if self.found else "",
                f"expected {self.expected}" if self.expected else "",
                self.way_out,
            )
            if part
        )
        head = f"{where}: {self.message}" if where else self.message
        return f"{head} ({facts})" if facts else head


class RefusedError(FalsifyError):
    """What we were given is empty, unreadable, hostile, or of a kind that we do not know: exit 2."""

    exit_code = ExitCode.NOT_MEASURED


class ContractError(RefusedError):
    """A contract, a binding or a part of one cannot be read."""


class ArtifactError(RefusedError):
    """A model file is malformed, unsupported or hostile.

    `rule` names the rule that was broken (`F-LAYOUT-CONTRACT-004`, `apr-header-crc`); `offset` is the byte offset
    in the file where it was seen, or None; `tensor` is the tensor concerned, or "".
    """

    def __init__(  # noqa: PLR0913 - see FalsifyError
        self,
        message: str,
        *,
        rule: str,
        file: str = "",
        offset: int | None = None,
        tensor: str = "",
        found: str = "",
        expected: str = "",
        way_out: str = "",
    ) -> None:
        place = ", ".join(
            part
            for part in (f"tensor {tensor}" if tensor else "", f"offset {offset}" if offset is not None else "")
            if part
        )
        super().__init__(message, file=file, place=place, found=found, expected=expected, way_out=way_out)
        self.rule = rule
        self.offset = offset
        self.tensor = tensor


class UsageError(FalsifyError):
    """The command line or the configuration asks for something that does not exist: exit 3."""


class HarnessFault(FalsifyError):  # noqa: N818 - a fault of ours is not an error of theirs
    """A fault of our own; never a verdict on a subject: exit 3."""
