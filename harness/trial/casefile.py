"""Case files: a counterexample in a small JSON file that replays on another machine and survives edits of the code."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from harness.verdict.errors import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

MAXIMUM_BYTES = 1 << 20


class CaseFile(BaseModel):
    """A stored counterexample."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["falsify.case/1"] = "falsify.case/1"
    contract: str
    clause: str
    contract_sha256: str
    falsifier: str
    experiment: str
    role: str
    subject: str
    """The command template of an external subject; empty for the reference."""
    measures: tuple[str, ...]
    observed: str
    case: JsonValue
    seed: int
    falsify: str
    """Version that wrote the file."""


def write_case(folder: Path, case: CaseFile) -> Path:
    """Write `case` into `folder`, whole or not at all; the name tells the clause and the content."""
    text = case.model_dump_json(indent=2) + "\n"
    digest = hashlib.sha256(json.dumps([case.clause, case.subject, case.case], sort_keys=True).encode()).hexdigest()[
        :12
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', case.clause)}-{digest}.json"
    beside = folder / f".{path.name}.{os.getpid()}"
    with beside.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    return path


def read_case(path: Path) -> CaseFile:
    """Read a case file. Raises RefusedError for anything that is none."""
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise RefusedError("the case file is too large", file=str(path), expected=f"at most {MAXIMUM_BYTES} bytes")
        return CaseFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RefusedError("the case file cannot be read", file=str(path), found=error.strerror or str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RefusedError(
            "this is no case file",
            file=str(path),
            place=".".join(map(str, first["loc"])),
            found=first["msg"],
            way_out="give a file that a gate wrote under reports/cases",
        ) from None
