from __future__ import annotations

import sys

import pytest

LAYOUT = "F-LAYOUT-CONTRACT"
DEFECTS = {
    "nothing": {},
    "transposed": {"F-IMPORT-003": "wrong_tensors"},
    "label_reversed": {f"{LAYOUT}-001": "wrong_labels"},
    "norm_dropped": {"F-IMPORT-002": "wrong_names"},
    "eps_rounded": {"F-IMPORT-006": "wrong_fields"},
    "half_tagged": {"F-IMPORT-004": "wrong_dtypes", f"{LAYOUT}-005": "wrong_logits"},
    "stale_checksum": {"F-IMPORT-009": "container_problems"},
    "refuses_shards": {"FALSIFY-IMPORT-001": "failed_calls"},
    "writes_nothing": {"FALSIFY-IMPORT-001": "failed_calls"},
}
"""Defect of an external converter -> every clause that it must falsify, with the reason; and no other clause."""


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found_by_its_clauses_for_its_reason(falsify, root, tmp_path, defect):
    """A sound converter that nobody has seen is accused of nothing, a spoilt one of exactly what it does."""
    command = f"{sys.executable} {root}/tests/examples/converters/spoilt.py {defect} {{source}} {{dest}}"
    words = ("-k", "importer", "--profile", "pr", "-j", "2", "--subject", f"importer={command}")
    done = falsify("gate", "--json", "--reports", tmp_path, *words, cwd=root)
    found = {check["clause"]: check["reason"] for check in done.document["checks"] if check["verdict"] == "FALSIFIED"}
    expected = dict(DEFECTS[defect])
    if defect == "stale_checksum":
        # A changed byte is a changed value too, and of whichever tensor stands first.
        found = {clause: reason for clause, reason in found.items() if clause in expected}
    assert found == expected, done.err
    failing = "FALSIFY-IMPORT-001" in expected
    rest = {verdict for clause, verdict in done.verdicts().items() if clause not in expected}
    assert rest <= ({"NOT_MEASURED"} if failing else {"CORROBORATED", "FALSIFIED"})
    assert done.code == (1 if expected else 0)
    for check in done.document["checks"]:
        assert not check["vacuous"], check["clause"]
