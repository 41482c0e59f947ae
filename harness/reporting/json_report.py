"""The discharge as one JSON document, for programs."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge


def to_json(discharge: Discharge) -> str:
    """One JSON document (ASCII, indented, with a newline at its end) that `Discharge.model_validate` reads back.

    `summary` and `exit_code` are computed; numbers that JSON cannot write are the texts NaN, Infinity and -Infinity.
    """
    fields = discharge.model_dump(mode="json")
    document = {"schema": fields.pop("schema"), **discharge.derived(), **fields}
    return json.dumps(_finite(document), indent=2, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
