"""JSON Schemas (draft 2020-12) of contracts, bindings and evidence, generated from the models that read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.contract.bindings import BindingFile
from harness.contract.schema_checks import describe_checks
from harness.contract.strict import ContractFile
from harness.verdict.evidence import Evidence

if TYPE_CHECKING:
    from pydantic import BaseModel

    from harness.contract.declarations import Declarations

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NOT_FINITE = {"enum": ["Infinity", "-Infinity", "NaN"]}


def schema_texts(declarations: Declarations) -> dict[str, str]:
    """File name -> text of each schema; the same declarations give the same text, byte for byte."""
    schemas = {
        "contract": describe_checks(_of(ContractFile, "validation"), declarations),
        "binding": describe_checks(_of(BindingFile, "validation"), declarations),
        "evidence": _with_infinities(_of(Evidence, "serialization")),
    }
    return {
        f"{name}.schema.json": json.dumps(
            {"$schema": DRAFT, "$id": f"urn:falsify:schema:{name}", **schema},
            indent=2,
            sort_keys=True,
            ensure_ascii=False,
        )
        + "\n"
        for name, schema in schemas.items()
    }


def _of(model: type[BaseModel], mode: Any) -> dict[str, Any]:
    return model.model_json_schema(mode=mode)


def _with_infinities(schema: Any) -> Any:
    """`schema` with texts for infinities and NaN allowed wherever a float is, as JSON has no numbers for them."""
    match schema:
        case {"type": "number", **rest}:
            return {**rest, "anyOf": [{"type": "number"}, _NOT_FINITE]}
        case dict():
            return {key: _with_infinities(value) for key, value in schema.items()}
        case list():
            return [_with_infinities(value) for value in schema]
        case _:
            return schema
