from __future__ import annotations

EXAMPLE = """\
# yaml-language-server: $schema=schema/contract.schema.json
metadata:
  id: tensor-layout-v1
  version: 1.0.0
  kind: schema
  description: Shapes, byte order and data quality of converted language models.
  references: [paiml/aprender#1467]
  status: DRAFT
equations: {}
proof_obligations: []
tensors:
  lm_head: {dims: [vocab, hidden], critical: true}
falsification_tests:
  - id: FALSIFY-005
    rule: F-LAYOUT-CONTRACT-002
    prediction: A head stored as [hidden, vocab] is refused because of its shape.
    if_fails: The check multiplies dimensions instead of comparing them; a transposed head decodes into noise.
    severity: P0
    status: DISCHARGED
    test: falsify gate -k FALSIFY-005
    check:
      falsifier: tensor_layout.reversed_head_is_refused
      subject: reader
      parameters: {max_hidden: 512}
      population: {architectures: [qwen2, llama, gemma2], partitions: [non_square], blind: [square], examples: 200}
      limit: {measure: accepted_heads, at_most: 0}
      refusal: F-LAYOUT-CONTRACT-002
      mutants:
        - {name: size_only, shows: accepted_heads}
        - {name: by_literal_name, shows: accepted_heads}
        - {name: constant_data_gate, shows: wrong_refusal}
"""


def test_the_example_of_the_contract_language_is_corroborated(falsify, tmp_path):
    """A contract that states one clause on shapes and no gates of data lints, holds, and sees its three mutants."""
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "tensor-layout-v1.yaml").write_text(EXAMPLE, encoding="utf-8")
    linted = falsify("lint", cwd=tmp_path)
    assert linted.code == 0, linted.out
    assert "error" not in linted.out.replace("0 errors", "")
    done = falsify("gate", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    (check,) = done.document["checks"]
    assert (check["clause"], check["verdict"]) == ("FALSIFY-005", "CORROBORATED")
    killed = {mutant["name"]: (mutant["outcome"], mutant["seen"]) for mutant in check["mutants"]}
    assert killed == {
        "size_only": ("killed", "accepted_heads"),
        "by_literal_name": ("killed", "accepted_heads"),
        "constant_data_gate": ("killed", "wrong_refusal"),
    }
