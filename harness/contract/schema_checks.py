"""What falsifiers declare, worked into the schema of check blocks: names to complete, parameters with their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.contract.declarations import Declarations, FalsifierDeclaration

_BOUNDS = ("at_most", "at_least", "between")


def describe_checks(schema: dict[str, Any], declarations: Declarations) -> dict[str, Any]:
    """`schema` with its `CheckBlock` narrowed to what `declarations` name.

    Each falsifier has a condition of its own: the role, measures, partitions, architectures, mutants and parameters
    that go with it. Without any falsifier the block stays as the model has it.
    """
    definitions = dict(schema["$defs"])
    definitions["Limit"] = {**definitions["Limit"], "oneOf": [{"required": [bound]} for bound in _BOUNDS]}
    if declarations.falsifiers:
        block = definitions["CheckBlock"]
        names = sorted(declarations.falsifiers)
        falsifier = {**block["properties"]["falsifier"], "enum": names}
        subject = {**block["properties"]["subject"], "enum": sorted(declarations.roles)}
        definitions["CheckBlock"] = {
            **block,
            "properties": {**block["properties"], "falsifier": falsifier, "subject": subject},
            "allOf": [_condition(declarations.falsifiers[name]) for name in names],
        }
        definitions.update(_vocabularies(declarations))
    return {**schema, "$defs": definitions}


def _condition(declared: FalsifierDeclaration) -> dict[str, Any]:
    measures = {"enum": sorted(declared.measures)}
    partitions = {"items": _ref(f"partitions.{declared.experiment}")}
    population: dict[str, Any] = {"partitions": partitions, "blind": partitions}
    if declared.architectures:
        population["architectures"] = {"items": {"enum": sorted(declared.architectures)}}
    then: dict[str, Any] = {
        "properties": {
            "subject": {"const": declared.role},
            "parameters": _ref(f"parameters.{declared.name}"),
            "limit": {"properties": {"measure": measures}},
            "population": {"properties": population},
            "mutants": {"items": {"properties": {"name": _ref(f"mutants.{declared.role}"), "shows": measures}}},
        }
    }
    if declared.parameters_schema.get("required"):
        then["required"] = ["parameters"]
    named = {"properties": {"falsifier": {"const": declared.name}}, "required": ["falsifier"]}
    return {"title": declared.name, "description": declared.claim, "if": named, "then": then}


def _vocabularies(declarations: Declarations) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for declared in declarations.falsifiers.values():
        found[f"partitions.{declared.experiment}"] = _names(declared.partitions.items())
        home = f"parameters.{declared.name}"
        found[home] = _moved(declared.parameters_schema, home)
        found.setdefault(f"mutants.{declared.role}", {"not": {}})
    for role in sorted({role for role, _ in declarations.mutants}):
        made = sorted((mutant for mutant in declarations.mutants.values() if mutant.role == role), key=lambda m: m.name)
        found[f"mutants.{role}"] = _names((mutant.name, f"{mutant.where}: {mutant.what}") for mutant in made)
    return found


def _names(meanings: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A closed list of names, each with its meaning, which editors show beside the completion."""
    known = [{"const": name, "description": meaning} for name, meaning in sorted(meanings)]
    return {"oneOf": known} if known else {"not": {}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _moved(schema: Any, home: str) -> Any:
    """`schema` with its references led to where it now lies: below `#/$defs/` and `home`."""
    match schema:
        case dict() if not isinstance(schema.get("$ref"), str):
            return {key: _moved(value, home) for key, value in schema.items()}
        case dict():
            inner = schema["$ref"].removeprefix("#/")
            return {**schema, "$ref": f"#/$defs/{home}/{inner}"}
        case list():
            return [_moved(value, home) for value in schema]
        case _:
            return schema
