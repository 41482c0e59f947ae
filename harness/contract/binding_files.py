"""Files that arm somebody else's contract, named by path or glob and pinned by hash: their model and their reading."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from harness.contract.clauses import canonical
from harness.contract.discovery import SUFFIXES
from harness.contract.globs import matches
from harness.contract.models import CheckBlock, Closed, Finding, FindingSeverity, Text
from harness.contract.sources import read_source
from harness.contract.strict_reading import read_check, unquoted, validated, why_unusable
from harness.contract.yaml_nodes import Document, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.contract.models import Contract
    from harness.contract.positions import Span

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class BindingHead(Closed):
    """A binding file, whose check blocks are looked at one by one."""

    contract: Text = Field(description="Path of the contract from the project's root, or a glob of paths.")
    sha256: Sha256 | None = Field(default=None, description="Hash of the contract file that the checks were made for.")
    checks: dict[str, Any] = Field(min_length=1, description="Check block by clause id.")
    tables: dict[Text, Any] = Field(
        default_factory=dict, description="Data for the falsifiers that the contract itself lacks or writes otherwise."
    )
    note: Text | None = None


class BindingFile(BindingHead):
    """A file of the bindings folder."""

    checks: dict[str, CheckBlock] = Field(min_length=1, description="Check block by clause id.")


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """A check block for a clause of another file."""

    check: CheckBlock | None
    """None when the block is broken; then `broken` says why."""
    broken: str
    span: Span
    key_span: Span
    content: Any
    """The block as JSON data, for the hash of the clause that it arms."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding as it was read; one that cannot be read fits no contract, and its findings say why."""

    path: str
    root: Path
    """The project's root: the folder that holds `contracts/`."""
    contract: str
    """Path or glob of the contract; empty when the file cannot be read as a binding."""
    sha256: str
    """Empty for a binding that is not pinned."""
    tables: Mapping[str, Any]
    """Tables that stand in for the contract's own."""
    checks: Mapping[str, BoundCheck]
    findings: tuple[Finding, ...]
    contract_span: Span
    sha256_span: Span

    def fits(self, contract: Contract) -> bool:
        """Whether this binding means the file of `contract`, by its path as shown or from the project's root."""
        if not self.contract:
            return False
        here = os.path.relpath(Path(contract.path).resolve(), self.root)
        pattern = self.contract.removeprefix("./")
        return any(matches(pattern, Path(path).as_posix()) for path in (contract.path, here))


def load_bindings(folders: Iterable[Path]) -> list[Binding]:
    """The bindings in `folders` and below, sorted by path; a folder that is not there holds none."""
    files = {file for folder in folders for file in folder.rglob("*") if file.suffix in SUFFIXES and file.is_file()}
    return [_load(file) for file in sorted(files)]


def _load(file: Path) -> Binding:
    shown = _shown(file)
    source = read_source(file, shown)
    document = read_yaml(source.text, shown)
    findings = [*source.findings, *(document.findings if source.readable else ())]
    checks: dict[str, BoundCheck] = {}
    data = document.data if isinstance(document.data, dict) else {}
    head, wrong = validated(BindingHead, document, (), data)
    # What is no YAML lacks every key; to say so once is enough.
    if document.data is not None or not findings:
        findings += wrong + unquoted(document)
    blocks = data.get("checks")
    for identity, block in blocks.items() if isinstance(blocks, dict) else ():
        checks[identity], wrong = _bound(document, identity, block)
        findings += wrong
    if head is None:
        message = "this file arms nothing, because it cannot be read as a binding"
        span = findings[0].span
        findings.append(Finding("FC032", FindingSeverity.ERROR, message, span, "see the findings beside this one"))
    return Binding(
        path=shown,
        root=_root(file.resolve()),
        contract=head.contract if head is not None else "",
        sha256=(head.sha256 or "") if head is not None else "",
        tables=head.tables if head is not None else {},
        checks=checks,
        findings=tuple(sorted(findings, key=lambda finding: (finding.span, finding.code))),
        contract_span=document.span(("contract",)),
        sha256_span=document.span(("sha256",)),
    )


def _bound(document: Document, identity: str, block: Any) -> tuple[BoundCheck, list[Finding]]:
    path = ("checks", identity)
    check, findings = read_check(document, path, block)
    bound = BoundCheck(
        check=check,
        broken=f"the check block of its binding {why_unusable(findings)}" if findings else "",
        span=document.span(path),
        key_span=document.key_span(path),
        content=canonical(document, path, block),
    )
    return bound, findings


def _root(file: Path) -> Path:
    """The folder that holds the nearest `contracts` around `file`; else the one that holds the bindings' folder."""
    for folder in file.parents:
        if folder.name == "contracts":
            return folder.parent
    return file.parents[min(1, len(file.parents) - 1)]


def _shown(file: Path) -> str:
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return file.as_posix()
