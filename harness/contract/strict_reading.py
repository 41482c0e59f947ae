"""Checks a file of ours against its models, one clause and one check block at a time, so that errors stay local."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.contract.models import CheckBlock, Clause, Finding, FindingSeverity, Retirement
from harness.contract.problems import findings_of, nearest
from harness.contract.scalars import exact, other_reading, quoted, resolve
from harness.contract.strict import ClauseBlock, ContractFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from harness.contract.containers import Item
    from harness.contract.yaml_nodes import Document, Path

M = TypeVar("M", bound=BaseModel)


def check_file(document: Document, apart: Collection[str]) -> list[Finding]:
    """What is wrong with everything but the clauses; `apart` are the top-level keys that were read as containers."""
    data = {key: value for key, value in document.data.items() if key not in apart}
    _, findings = validated(ContractFile, document, (), data)
    return findings + unquoted(document)


def read_clause(document: Document, item: Item, clause: Clause) -> tuple[Clause, list[Finding]]:
    """`clause` with what its block adds to it, a check block above all, and what is wrong with the block."""
    findings: list[Finding] = []
    if not isinstance(item.value, dict):
        return clause, findings
    if item.container == "falsification_tests":
        rest = {key: value for key, value in item.value.items() if key not in {"check", "retired"}}
        _, findings = validated(ClauseBlock, document, item.path, rest)
        # An id outside the grammar has been reported with the clause.
        own_id = document.spans.get((*item.path, "id"))
        findings = [finding for finding in findings if finding.code != "FC012" or finding.span != own_id]
    path = (*item.path, "check")
    check, stale, wrong = _check(document, path, item)
    retired, unfit = None, list[Finding]()
    if item.value.get("retired") is not None:
        at = (*item.path, "retired")
        retired, unfit = validated(Retirement, document, at, item.value["retired"])
    span = document.span(path) if check is not None else None
    return replace(clause, check=check, check_span=span, stale=stale, retired=retired), [*findings, *wrong, *unfit]


def _check(document: Document, path: Path, item: Item) -> tuple[CheckBlock | None, str, list[Finding]]:
    """The check block of `item`, or why it cannot be used and the findings that say so."""
    if "check" in item.value and not isinstance(item.value["check"], str):
        check, findings = read_check(document, path, item.value["check"])
        return check, f"its check block {why_unusable(findings)}" if findings else "", findings
    if "check" in item.value and item.container == "falsification_tests":
        span = document.span(path)
        message = "`check` is a text; a check block is a mapping with a falsifier, a population, a limit and mutants"
        finding = Finding("FC012", FindingSeverity.ERROR, message, span, "the public binding text belongs into `test`")
        return None, f"its check block cannot be used: it is a text ({span})", [finding]
    for key in item.value.keys() - ClauseBlock.model_fields.keys():
        if isinstance(item.value[key], dict) and nearest(key, ("check",)):
            return None, f"its check block is misspelt `{key}` ({document.key_span((*item.path, key))})", []
    return None, "", []


def read_check(document: Document, path: Path, value: Any) -> tuple[CheckBlock | None, list[Finding]]:
    """The check block that stands at `path`; none, and the reasons, when anything in it is wrong."""
    return validated(CheckBlock, document, path, _prepared(document, path, value), strict=True)


def why_unusable(findings: Iterable[Finding]) -> str:
    """In words, why a check block with these findings cannot be used: an unknown key before what is missing for it."""
    first = min(findings, key=lambda finding: (finding.code, finding.span))
    return f"cannot be used: {first.message} ({first.span})"


def validated(
    model: type[M], document: Document, path: Path, value: Any, *, strict: bool | None = None
) -> tuple[M | None, list[Finding]]:
    """`value`, which stands at `path`, as a `model`; or none, and the findings that say why."""
    try:
        return model.model_validate(value, strict=strict), []
    except ValidationError as error:
        return None, findings_of(error, document, path, model)


def _prepared(document: Document, path: Path, value: Any) -> Any:
    """`value` for strict validation: lists as tuples, and the numbers of the limit with every digit as written."""
    if not isinstance(value, dict):
        return value
    block = dict(value)
    limit, population, mutants = block.get("limit"), block.get("population"), block.get("mutants")
    if isinstance(limit, dict):
        at = (*path, "limit")
        block["limit"] = {key: _decimal(document, (*at, key), entry) for key, entry in limit.items()}
    if isinstance(population, dict):
        block["population"] = {
            key: tuple(entry) if isinstance(entry, list) else entry for key, entry in population.items()
        }
    if isinstance(mutants, list):
        block["mutants"] = tuple(mutants)
    return block


def _decimal(document: Document, path: Path, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decimal(document, (*path, index), entry) for index, entry in enumerate(value))
    number = exact(document.lexemes.get(path, ""))
    return value if number is None else number


def unquoted(document: Document) -> list[Finding]:
    """FC006 for text that YAML 1.1 would read as something else; what YAML 1.2 reads otherwise, the models see."""
    words = [
        (lexeme, document.span(path)) for path, lexeme in document.lexemes.items() if isinstance(resolve(lexeme), str)
    ]
    words += [
        (path[-1], document.key_span(path))
        for path in document.plain_keys
        if path[-2:] != ("retired", "on") and isinstance(path[-1], str)
    ]
    return [
        Finding(
            "FC006",
            FindingSeverity.ERROR,
            f"`{word}` stands where text belongs, and YAML 1.1 or 1.2 reads {other_reading(word)}",
            span,
            f"write {quoted(word)}",
        )
        for word, span in words
        if other_reading(word) and word != "<<"
    ]
