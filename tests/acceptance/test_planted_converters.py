from __future__ import annotations

import re
import sys

import pytest
from conftest import write

LAYOUT = "F-LAYOUT-CONTRACT"
DEFECTS = {
    "nothing": {},
    "transposed": {"F-IMPORT-003": "wrong_tensors"},
    "label_reversed": {f"{LAYOUT}-001": "wrong_labels"},
    "norm_dropped": {"F-IMPORT-002": "wrong_names"},
    "eps_rounded": {"F-IMPORT-006": "wrong_fields"},
    "half_tagged": {"F-IMPORT-004": "wrong_dtypes", f"{LAYOUT}-005": "wrong_logits"},
    "refuses_shards": {"FALSIFY-IMPORT-001": "failed_calls"},
    "writes_nothing": {"FALSIFY-IMPORT-001": "failed_calls"},
}
"""Defect of an external converter -> every clause that it must falsify, with the reason; and no other clause."""


@pytest.fixture
def contracts(root, project):
    """The contracts on imports, asking for the boundary cases only: every call starts a process."""
    for name in ("importer-v1.yaml", "tensor-layout-v1.yaml"):
        text = (root / "contracts" / name).read_text(encoding="utf-8")
        write(project, f"contracts/{name}", re.sub(r"examples: \d+", "examples: 12", text))
    return project


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found_by_its_clauses_for_its_reason(falsify, root, contracts, defect):
    """A sound converter that nobody has seen is accused of nothing, a spoilt one of exactly what it does."""
    command = f"{sys.executable} {root}/tests/examples/converters/spoilt.py {defect} {{source}} {{dest}}"
    words = ("-k", "importer", "--profile", "pr", "--subject", f"importer={command}")
    done = falsify("gate", "--json", *words, cwd=contracts, traced=False)
    checks = done.document["checks"]
    expected = DEFECTS[defect]
    assert {row["clause"]: row["reason"] for row in checks if row["verdict"] == "FALSIFIED"} == expected, done.err
    rest = {row["verdict"] for row in checks if row["clause"] not in expected}
    assert rest == ({"NOT_MEASURED"} if "FALSIFY-IMPORT-001" in expected else {"CORROBORATED"})
    assert done.code == (1 if expected else 0)
    assert [row["clause"] for row in checks if row["vacuous"]] == []
