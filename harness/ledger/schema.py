"""The JSON Schema of a discharge report, generated from its model."""

from __future__ import annotations

import json
from typing import Any

from harness.ledger.discharge import Discharge
from harness.verdict.verdicts import ExitCode, Verdict


def discharge_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of `discharge.json`, the computed keys `summary` and `exit_code` included."""
    schema: dict[str, Any] = _with_non_finite(Discharge.model_json_schema(mode="serialization", by_alias=True))
    counts = [*(verdict.value for verdict in Verdict), "checks", "bound", "unbound", "vacuous"]
    schema["properties"]["summary"] = {
        "additionalProperties": False,
        "description": "Counts by verdict, adding up to `checks`; computed from the checks.",
        "properties": {name: {"minimum": 0, "type": "integer"} for name in counts},
        "required": counts,
        "type": "object",
    }
    schema["properties"]["exit_code"] = {
        "description": "Computed from the checks, findings and faults.",
        "enum": [code.value for code in ExitCode],
    }
    schema["required"] = sorted({*schema["required"], "summary", "exit_code"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:falsify:schema:discharge",
        **schema,
    }


def discharge_schema_text() -> str:
    """The schema as `contracts/schema/discharge.schema.json` holds it: the same model gives the same bytes."""
    return json.dumps(discharge_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _with_non_finite(node: Any) -> Any:
    """The same schema, where a number may also be the name of one that JSON cannot write."""
    if isinstance(node, list):
        return [_with_non_finite(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "number":
        return {"anyOf": [node, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
    return {key: _with_non_finite(value) for key, value in node.items()}
