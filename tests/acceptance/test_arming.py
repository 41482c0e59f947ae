from __future__ import annotations

import hashlib
import shutil

from conftest import write

BINDING = """\
contract: vendor/tensor-layout-v1.yaml
sha256: {sha}
tables:
  semantic_validation:
    density: {{embedding_max_zero_pct: 50.0, weight_max_zero_pct: 80.0}}
    numeric: {{allow_nan: false, allow_inf: false}}
    distribution: {{min_l2_norm: 1.0e-6, require_variation: true}}
    spot_check: {{sample_percentiles: [10, 50, 90], min_token_l2: 1.0e-6}}
    dead_rows: {{max_dead_pct: 25.0, min_row_l2: 1.0e-6}}
checks:
  {clause}:
    falsifier: tensor_layout.reversed_head_is_refused
    subject: reader
    population: {{architectures: [llama], partitions: [non_square], blind: [square], examples: 40}}
    limit: {{measure: accepted_heads, at_most: 0}}
    refusal: F-LAYOUT-CONTRACT-002
    mutants:
      - {{name: size_only, shows: accepted_heads}}
      - {{name: by_literal_name, shows: accepted_heads}}
"""


def test_the_example_arms_a_contract_without_editing_it(falsify, root, tmp_path):
    """In the example folder the bound clause is tried and the other one stands as unbound."""
    shutil.copytree(root / "tests/examples/binding", tmp_path / "copy")
    done = falsify("gate", "--json", cwd=tmp_path / "copy")
    assert done.code == 0, done.err
    told = {check["clause"]: (check["verdict"], check["reason"]) for check in done.document["checks"]}
    assert told["FALSIFY-VENDOR-001"] == ("CORROBORATED", "within_limit")
    assert told["FALSIFY-VENDOR-002"] == ("NOT_MEASURED", "unbound")


def test_an_edited_contract_makes_its_binding_stale(falsify, root, tmp_path):
    """When the hash no longer fits, the clause is not measured, and what changed is told; exit 2."""
    folder = shutil.copytree(root / "tests/examples/binding", tmp_path / "copy")
    contract = folder / "vendor/checkpoint-import.yaml"
    contract.write_text(contract.read_text().replace("keep the element type", "keep most of the element type"))
    done = falsify("gate", "--json", cwd=folder)
    assert done.code == 2
    (check,) = (check for check in done.document["checks"] if check["clause"] == "FALSIFY-VENDOR-001")
    assert check["reason"] == "stale_binding"
    assert hashlib.sha256(contract.read_bytes()).hexdigest()[:12] in check["message"]


def test_a_clause_of_the_public_corpus_is_armed_and_tried(falsify, shared, project):
    """A real public contract, untouched, gets a check block by hash and is tried; its other clauses stay unbound."""
    source = shared / "corpus" / "vvylym+aprender/contracts/tensor-layout-v1.yaml"
    (project / "vendor").mkdir()
    shutil.copyfile(source, project / "vendor/tensor-layout-v1.yaml")
    sha = hashlib.sha256(source.read_bytes()).hexdigest()
    write(project, "contracts/bindings/layout.yaml", BINDING.format(sha=sha, clause="FALSIFY-005"))
    (project / "pyproject.toml").write_text('[tool.falsify]\ncontracts = ["vendor"]\n')
    done = falsify("gate", "--json", cwd=project)
    assert done.code == 0, done.err
    verdicts = done.verdicts()
    assert verdicts["FALSIFY-005"] == "CORROBORATED"
    assert len(verdicts) == 8
    assert done.document["summary"]["bound"] == 1


def test_a_binding_for_nothing_is_not_measured(falsify, root, project):
    """A binding whose contract is not there is an error of the run, not a silence."""
    shutil.copytree(root / "tests/examples/binding/vendor", project / "vendor")
    write(project, "contracts/bindings/lost.yaml", BINDING.format(sha="ab" * 32, clause="FALSIFY-001"))
    (project / "pyproject.toml").write_text('[tool.falsify]\ncontracts = ["vendor"]\n')
    done = falsify("gate", "--json", cwd=project)
    assert done.code == 2
    assert "FC031" in {finding["code"] for finding in done.document["findings"]}
