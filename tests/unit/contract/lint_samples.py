"""A sound contract, the declarations that it is read with, and marks for the place where a finding is expected."""

from __future__ import annotations

from pathlib import Path

from harness.contract.declarations import Declarations, FalsifierDeclaration, MutantDeclaration
from harness.contract.loader import load_contract
from harness.verdict.verdicts import Direction

SOUND = """\
metadata:
  id: sample-v1
  version: 1.0.0
  description: A contract without a fault.
  references: [a public issue]
equations: {}
proof_obligations:
  - {type: invariant, property: "heads are [vocab, hidden]"}
falsification_tests:
  - id: FALSIFY-001
    rule: Heads are stored as [vocab, hidden].
    prediction: A head stored as [hidden, vocab] is refused.
    if_fails: A transposed head decodes into noise.
    test: falsify gate -k FALSIFY-001
    check:
      falsifier: heads.reversed_head_is_refused
      subject: reader
      parameters: {max_hidden: 512}
      population: {architectures: [llama], partitions: [non_square], blind: [square], examples: 20}
      limit: {measure: accepted_heads, at_most: 0}
      mutants:
        - {name: size_only, shows: accepted_heads}
        - {name: relabelled, shows: wrong_refusal}
qa_gate:
  id: QA-001
  pass_criteria: All 1 falsification tests pass
verification_summary: {total_obligations: 1, tested: 1}
"""


def declarations():
    """One falsifier of readers with a measure of each direction, and mutants of readers and importers."""

    def check_parameters(parameters):
        unknown = [f"{name}: no such parameter" for name in parameters if name != "max_hidden"]
        wrong = [] if isinstance(parameters.get("max_hidden", 1), int) else ["max_hidden: not a whole number"]
        return (*unknown, *wrong)

    heads = FalsifierDeclaration(
        name="heads.reversed_head_is_refused",
        role="reader",
        claim="A reversed head is refused.",
        experiment="heads",
        measures={
            "accepted_heads": Direction.LOWER_IS_BETTER,
            "wrong_refusal": Direction.LOWER_IS_BETTER,
            "refused_share": Direction.HIGHER_IS_BETTER,
            "initial_loss": Direction.TWO_SIDED,
        },
        measure_meanings={},
        partitions={"non_square": "vocab differs from hidden", "square": "vocab equals hidden"},
        architectures=("llama", "qwen2"),
        parameters_schema={
            "type": "object",
            "properties": {"max_hidden": {"type": "integer"}},
            "additionalProperties": False,
        },
        check_parameters=check_parameters,
        finished_file=False,
    )
    mutants = [
        MutantDeclaration("size_only", "reader", "behaviour", "shape check", "compares products"),
        MutantDeclaration("by_name", "reader", "behaviour", "shape check", "looks at one name"),
        MutantDeclaration("relabelled", "reader", "bytes", "header", "swaps dims"),
        MutantDeclaration("drops_bias", "importer", "output", "writer", "leaves a bias out"),
    ]
    return Declarations(
        falsifiers={heads.name: heads},
        mutants={(mutant.role, mutant.name): mutant for mutant in mutants},
        roles=("reader", "importer"),
    )


def marked(text):
    """`text` without the marks ⟦ and ⟧, and the place between them as (line, column, end line, end column)."""
    before, _, rest = text.partition("⟦")
    inside, mark, after = rest.partition("⟧")
    assert mark, "the sample marks no place"

    def place(upto):
        return upto.count("\n") + 1, len(upto) - upto.rfind("\n")

    return before + inside + after, (*place(before), *place(before + inside))


def changed(old, new, text=SOUND):
    """`text` with its one `old` replaced by `new`."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the sample"
    return text.replace(old, new)


def contract(folder, text, name="sample-v1.yaml"):
    """`text` as a contract file in `folder`, loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(folder) / name
    path.write_text(text, encoding="utf-8")
    return load_contract(path, shown=path.name)


def place(finding):
    """Where a finding points: (line, column, end line, end column)."""
    span = finding.span
    return span.line, span.column, span.end_line, span.end_column
