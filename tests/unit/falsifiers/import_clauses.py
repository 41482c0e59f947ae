"""What the tests of the falsifiers of imports share: the contracts as they stand, and a runner of the plainest kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from falsifiers import importer, importer_metadata, importer_ties, tensor_layout_imports
from falsifiers.mutants import importer as calls
from falsifiers.mutants import importer_container, importer_heads, importer_layout, importer_values
from falsifiers.mutants import importer_metadata as said
from harness.contract.models import CheckBlock
from harness.trial.interface import Context, Falsifier, Observation, Operator, Witness

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"


@dataclass(frozen=True)
class Bound:
    """A clause on imports with its falsifier."""

    id: str
    check: CheckBlock
    falsifier: Falsifier
    tables: dict[str, Any] = field(repr=False)

    def observe(self, case: Any, answer: Any, folder: Path) -> Observation:
        """What the falsifier sees, as the machine would ask it."""
        return self.falsifier.observe(case, Witness(answer, folder), Context(None, self.tables, ""))

    def out(self, observation: Observation) -> set[str]:
        """The measures out of their bounds: the limit's, and those that mutants must show."""
        limit = self.check.limit
        shown = {mutant.shows for mutant in self.check.mutants} - {limit.measure}
        wrong = {name for name in shown if observation.measures.get(name, 0) != 0}
        return wrong | ({limit.measure} if not limit.holds(observation.measures[limit.measure]) else set())


def clauses_on_imports() -> list[Bound]:
    """Every clause that has an importer on trial, as the contracts in the tree state it."""
    known = {
        value.name: value
        for module in (importer, importer_metadata, importer_ties, tensor_layout_imports)
        for value in vars(module).values()
        if isinstance(value, Falsifier)
    }
    bound = []
    for name in ("importer-v1", "tensor-layout-v1"):
        document = yaml.safe_load((CONTRACTS / f"{name}.yaml").read_text(encoding="utf-8"))
        for clause in document["falsification_tests"]:
            if clause.get("check", {}).get("subject") == "importer":
                check = CheckBlock.model_validate(clause["check"])
                bound.append(Bound(clause["id"], check, known[check.falsifier], document))
    return bound


CLAUSES = clauses_on_imports()

OPERATORS: dict[str, Operator] = {
    value.name: value
    for module in (calls, said, importer_heads, importer_values, importer_layout, importer_container)
    for value in vars(module).values()
    if isinstance(value, Operator)
}
