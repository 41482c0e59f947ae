"""A whole model file under the gates: every tensor, one at a time, with every rule that it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.model.artifact.open import open_artifact
from harness.model.validation.gates import describe_failures
from harness.model.validation.layout import PAYLOAD_SIZE, ROWS_OF_VOCABULARY, wrong_dims, wrong_size
from harness.model.validation.roles import Role, role_of
from harness.model.validation.stated import stated_about
from harness.model.validation.survey import Values
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.model.artifact.view import Artifact, TensorEntry
    from harness.model.validation.gates import Gates
    from harness.model.validation.layout import ModelDims


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a file breaks, and where."""

    rule: str
    message: str
    tensor: str = ""
    """Empty for the file as a whole."""
    offset: int | None = None
    """Byte offset of the payload, or of what was seen."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What was seen in a file."""

    findings: tuple[Finding, ...]
    listing: tuple[TensorEntry, ...]
    """Every tensor that the file lists; empty when it could not be opened, or holds none."""
    unjudged: tuple[str, ...] = ()
    """What could not be judged, for want of metadata: never a silent pass."""

    @property
    def refused(self) -> dict[str, frozenset[str]]:
        """Tensor (or "" for the file) -> the rules that it breaks; empty when the file is sound."""
        rules: dict[str, set[str]] = {}
        for finding in self.findings:
            rules.setdefault(finding.tensor, set()).add(finding.rule)
        return {tensor: frozenset(names) for tensor, names in rules.items()}

    @property
    def message(self) -> str:
        """Findings, then what was not judged, for people; one a line."""
        lines = [
            f"{finding.rule}: {finding.tensor + ': ' if finding.tensor else ''}{finding.message}"
            for finding in self.findings
        ]
        return "\n".join((*lines, *(f"not judged: {what}" for what in self.unjudged)))


def inspect_artifact(path: Path, gates: Gates) -> FileReport:
    """Open `path`, APR, SafeTensors or GGUF, and hold each tensor to size, layout and data-quality rules.

    Without gates only size and layout are judged. A file that cannot be opened, and a payload that cannot be decoded,
    are findings under the rule of the error.
    """
    try:
        with open_artifact(path) as artifact:
            model, padding = stated_about(artifact)
            findings = [*_checksum(artifact)]
            for entry in artifact.tensors.values():
                findings += _findings(artifact, entry, gates, model, padding)
            return FileReport(
                tuple(findings), tuple(artifact.tensors.values()), tuple(_unjudged(artifact, gates, model))
            )
    except ArtifactError as error:
        return FileReport((Finding(error.rule, str(error), error.tensor, error.offset),), ())


def _checksum(artifact: Artifact) -> Iterator[Finding]:
    try:
        artifact.verify_checksum()
    except ArtifactError as error:
        yield Finding(error.rule, str(error), error.tensor, error.offset)


def _findings(
    artifact: Artifact, entry: TensorEntry, gates: Gates, model: ModelDims, padding: int | None
) -> Iterator[Finding]:
    if problem := wrong_dims(entry.name, entry.dims, model):
        yield Finding(ROWS_OF_VOCABULARY, problem, entry.name, entry.offset)
    if problem := wrong_size(entry):
        yield Finding(PAYLOAD_SIZE, problem, entry.name, entry.offset)
        return
    try:
        role = role_of(entry.name, entry.dims)
        values = Values(entry.dims, lambda: artifact.pieces(entry.name))
        failures = describe_failures(role, values, gates, padding_row=padding)
    except ArtifactError as error:
        yield Finding(error.rule, str(error), entry.name, error.offset)
        return
    for rule, seen in failures.items():
        yield Finding(rule, seen, entry.name, entry.offset)


def _unjudged(artifact: Artifact, gates: Gates, model: ModelDims) -> Iterator[str]:
    if gates.thresholds is None:
        yield "the values of any tensor: the contract has no gates of data quality"
    if not artifact.tensors:
        yield "the file holds no tensor"
    roles = {role_of(entry.name, entry.dims) for entry in artifact.tensors.values()}
    if not model.known and roles & {Role.EMBEDDING, Role.HEAD}:
        yield f"{ROWS_OF_VOCABULARY} in full: neither the file nor config.json beside it states vocab and hidden sizes"
