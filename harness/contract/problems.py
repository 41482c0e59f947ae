"""What a pydantic model found wrong, as findings with a place, a code, and the nearest right name."""

from __future__ import annotations

import difflib
import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from harness.contract.models import Finding, FindingSeverity
from harness.contract.scalars import other_reading, quoted
from harness.contract.spellings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from harness.contract.yaml_nodes import Document, Path


_OWN_CODES = {("ClauseBlock", "prediction"): "FC034", ("ClauseBlock", "if_fails"): "FC035"}
"""Missing keys that have a page of their own in the catalogue, by model and key."""

_FILES = {"BindingHead": "the binding"}
"""What a file is called that is no contract, by its model."""


def findings_of(error: ValidationError, document: Document, base: Path, model: type[BaseModel]) -> list[Finding]:
    """The findings of `error`, which `model` raised on the value at `base` in `document`."""
    details = error.errors(include_url=False)
    return [_finding(detail, document, base, model) for detail in details if not _follows(detail, details)]


def _follows(detail: ErrorDetails, details: Iterable[ErrorDetails]) -> bool:
    """Whether a list only counts as too short because its items are wrong, which is told for each of them."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in details
    )


def _finding(detail: ErrorDetails, document: Document, base: Path, model: type[BaseModel]) -> Finding:
    path, rest = _walk(document, base, detail["loc"])
    match detail["type"]:
        case "missing":
            key = str(rest[0]) if rest else "?"
            code = _OWN_CODES.get((model.__name__, key), "FC011")
            return _error(
                code, f"{_named(path, model)} has no `{key}`", document.span(path), _described(model, detail["loc"])
            )
        case "extra_forbidden":
            return _unknown(str(path[-1]), document, path, model, detail["loc"])
        case "string_type" if document.lexemes.get(path):
            lexeme = document.lexemes[path]
            message = f"`{lexeme}` stands where text belongs, and YAML 1.1 or 1.2 reads {other_reading(lexeme)}"
            return _error("FC006", message, document.span(path), f"write {quoted(lexeme)}")
    found = _shown(document, path, detail["input"])
    message = f"{_named(path, model)}: {_reason(detail)}; found {found}"
    return _error("FC012", message, document.span(path), _expected(detail))


def _unknown(key: str, document: Document, path: Path, model: type[BaseModel], loc: tuple[int | str, ...]) -> Finding:
    known = keys_at(model, loc[:-1])
    near = nearest(key, known)
    hint = f"did you mean `{near}`?" if near else f"known here: {', '.join(sorted(known))}"
    return _error("FC010", f"{_named(path[:-1], model)} knows no key `{key}`", document.key_span(path), hint)


def nearest(word: str, known: Iterable[str]) -> str:
    """The word of `known` that `word` was most likely meant to be; empty when none is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return near[0] if near else ""


def keys_at(model: type[BaseModel], loc: Iterable[int | str]) -> tuple[str, ...]:
    """The keys that the block at `loc` below `model` may have; none when it is no block with a model."""
    found = _annotation_at(model, loc)
    return tuple(found.model_fields) if isinstance(found, type) and issubclass(found, BaseModel) else ()


def _annotation_at(model: type[BaseModel], loc: Iterable[int | str]) -> Any:
    here: Any = model
    for part in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = _block(field.annotation) if field is not None else _row(here)
        else:
            arguments = typing.get_args(here)
            here = _block(arguments[0 if isinstance(part, int) else -1]) if arguments else None
    return here


def _row(model: type[BaseModel]) -> Any:
    """The model of the rows that `model` may have beside its fields; None when it may have none."""
    rows = (
        typing.get_type_hints(model).get("__pydantic_extra__") if model.model_config.get("extra") == "allow" else None
    )
    arguments = typing.get_args(rows)
    return arguments[-1] if arguments else None


def _block(annotation: Any) -> Any:
    """`annotation` without the wrappers around it: Annotated, and alternatives such as None."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in {typing.Union, types.UnionType}:
            kept = [argument for argument in typing.get_args(annotation) if argument is not type(None)]
            annotation = kept[0]
        else:
            return annotation


def _described(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    holder = _annotation_at(model, loc[:-1])
    if not (isinstance(holder, type) and issubclass(holder, BaseModel)):
        return ""
    field = holder.model_fields.get(str(loc[-1]))
    description = field.description if field is not None else None
    return f"add `{loc[-1]}`" + (f": {description}" if description else "")


def _walk(document: Document, base: Path, loc: tuple[int | str, ...]) -> tuple[Path, tuple[int | str, ...]]:
    """The longest part of `loc` that exists in the document, below `base`, and what is left of it."""
    path = base
    for index, part in enumerate(loc):
        if (*path, part) not in document.spans:
            return path, loc[index:]
        path = (*path, part)
    return path, ()


def _named(path: Path, model: type[BaseModel]) -> str:
    if path:
        return f"`{'.'.join(map(str, path))}`"
    return _FILES.get(model.__name__, "the contract")


def _shown(document: Document, path: Path, value: Any) -> str:
    if path in document.lexemes:
        return f"`{document.lexemes[path]}`" if document.lexemes[path] else "nothing"
    match value:
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return repr(value)[:80]


_REASONS = {
    "string_type": "text belongs here",
    "string_too_short": "it must not be empty",
    "too_short": "it must not be empty",
    "int_type": "a whole number belongs here",
    "bool_type": "true or false belongs here",
    "float_type": "a number belongs here",
    "finite_number": "a finite number belongs here",
    "is_instance_of": "a finite number within the range of a double belongs here",
    "decimal_type": "a finite number within the range of a double belongs here",
    "dict_type": "a mapping belongs here",
    "model_type": "a mapping belongs here",
    "list_type": "a list belongs here",
    "tuple_type": "a list belongs here",
}
"""What pydantic's kinds of errors mean to the author of a contract."""


def _reason(detail: ErrorDetails) -> str:
    if detail["type"] in _REASONS:
        return _REASONS[detail["type"]]
    if detail["type"] == "string_pattern_mismatch":
        return f"the text must match {detail['ctx']['pattern']}"
    reason = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return reason[:1].lower() + reason[1:]


def _expected(detail: ErrorDetails) -> str:
    word = detail["input"]
    if detail["type"] == "enum" and isinstance(word, str) and word.strip().lower() in SEVERITIES:
        return f"write {SEVERITIES[word.strip().lower()]}"
    return ""


def _error(code: str, message: str, span: Any, hint: str = "") -> Finding:
    return Finding(code, FindingSeverity.ERROR, message, span, hint)
