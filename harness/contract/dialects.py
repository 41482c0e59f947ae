"""Which public dialect a file is written in, by its keys, and which of its blocks nobody understands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.contract.containers import CONTAINERS, FIELD_CONTAINERS, Item
from harness.contract.models import CONTRACT_ID, CheckBlock, Dialect, Finding, FindingSeverity
from harness.contract.spellings import KNOWN
from harness.contract.strict import ContractFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.contract.yaml_nodes import Document

PUBLIC_KEYS = frozenset(ContractFile.model_fields)
"""Top-level keys that a strict file may have: the public schema's and those of the tables."""

_HEAD = frozenset({
    "abstract", "author", "changelog", "component", "contract", "contract_id", "crate", "created", "date",
    "description", "domain", "kind", "motivation", "name", "parent_spec", "references", "scope", "spec", "status",
    "summary", "surface", "title", "updated", "version",
})  # fmt: skip
"""Keys with which public files outside the schema introduce themselves."""

_OWN: Mapping[Dialect, frozenset[str]] = {
    Dialect.MODEL_FAMILY: frozenset({
        "architecture", "architectures", "certification", "chat_template", "constraints", "display_name", "family",
        "gguf_tensor_template", "hf_pattern", "quantizations", "shape_template", "size_variant", "size_variants",
        "tensor_template", "vendor",
    }),
    Dialect.BINDINGS: frozenset({"bindings", "critical_path", "module_root", "project", "target_crate"}),
    Dialect.SHIP: frozenset({"failure_modes", "required_fields"}),
    Dialect.NAMED_KIND: frozenset({"binary", "commands"}),
    Dialect.PROBAR: frozenset({"postconditions", "preconditions"}),
}  # fmt: skip

WITHOUT_CLAUSES = frozenset({Dialect.MODEL_FAMILY, Dialect.WORK, Dialect.BINDINGS, Dialect.REGISTRY})
"""Dialects that usually have no container of clauses: data for others."""


def is_strict(data: Mapping[str, Any], items: Iterable[Item], stem: str) -> bool:
    """Whether a file is ours: it has an id of our grammar (or its file's name), or a clause with a check block."""
    metadata = data.get("metadata")
    own_id = metadata.get("id") if isinstance(metadata, dict) else None
    if isinstance(own_id, str) and (re.match(CONTRACT_ID, own_id) or own_id == stem):
        return True
    return any(_has_check_block(item) for item in items)


def _has_check_block(item: Item) -> bool:
    if not isinstance(item.value, dict) or "check" not in item.value:
        return False
    check = item.value["check"]
    if item.container == "falsification_tests":
        return not isinstance(check, str)
    return isinstance(check, dict) and not check.keys().isdisjoint(CheckBlock.model_fields)


def dialect_of(data: Mapping[str, Any]) -> Dialect:
    """The dialect of a foreign file; `metadata.kind` and the file name decide nothing, because they are not kept."""
    keys = data.keys()
    schema = "metadata" in keys and not keys.isdisjoint({"equations", "proof_obligations"})
    signs = (
        (Dialect.WORK, "surface" in keys),
        (Dialect.MODEL_FAMILY, "tensor_template" in keys),
        (Dialect.BINDINGS, "bindings" in keys and not keys.isdisjoint({"target_crate", "project"})),
        (Dialect.ACCEPTANCE, "acceptance_criteria" in keys),
        (Dialect.SHIP, "contract_id" in keys),
        (Dialect.NAMED_KIND, "kind" in keys),
        (Dialect.SHORT, isinstance(data.get("contract"), str)),
        (Dialect.KERNEL, schema or "falsification_tests" in keys),
        (Dialect.PROBAR, "tests" in keys),
    )
    return next((dialect for dialect, holds in signs if holds), Dialect.REGISTRY)


def not_understood(document: Document, dialect: Dialect, items: Iterable[Item], read: Iterable[str]) -> list[Finding]:
    """A note for each top-level block, and for each field of a container's clauses, that means nothing to us.

    `read` are top-level keys that were read as containers although they are misspelt.
    """
    findings: list[Finding] = []
    known = {*PUBLIC_KEYS, *_HEAD, *CONTAINERS, *FIELD_CONTAINERS, *_OWN.get(dialect, ()), *read, "<<"}
    if dialect is not Dialect.STRICT:
        for key in document.data:
            if key not in known:
                message = f"the block `{key}` is kept as data and means nothing here"
                span = document.key_span((key,))
                findings.append(Finding("FC019", FindingSeverity.NOTE, message, span))
    unknown: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if isinstance(item.value, dict) and not (dialect is Dialect.STRICT and item.container == "falsification_tests"):
            for name in item.value.keys() - KNOWN - {item.field, "<<"}:
                unknown.setdefault((item.container, name), []).append(item)
    for (container, name), holders in unknown.items():
        more = f" (in {len(holders)} clauses)" if len(holders) > 1 else ""
        message = f"the field `{name}` of {container} is kept in the clause's hash and means nothing here{more}"
        span = document.key_span((*holders[0].path, name))
        findings.append(Finding("FC019", FindingSeverity.NOTE, message, span))
    return findings
