"""What the tests of readers and pretrainers share: the clauses as they stand, aimed at the reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.registry import registry
from harness.contract.loader import load_contract
from harness.trial.deck import draw
from harness.trial.interface import Context
from harness.trial.profiles import Budget
from harness.trial.search import Attack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.contract.models import CheckBlock, Clause
    from harness.trial.answers import AnswerStore
    from harness.trial.interface import Case, Falsifier, Operator

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
SHELVES = registry()


@dataclass(frozen=True)
class Bound:
    """A bound clause on readers or pretrainers."""

    clause: Clause
    tables: Any

    @property
    def check(self) -> CheckBlock:
        """Its check block."""
        assert self.clause.check is not None
        return self.clause.check

    @property
    def falsifier(self) -> Falsifier:
        """What attacks it."""
        return SHELVES.falsifier(self.check.falsifier, "builtin")

    def attack(self, store: AnswerStore) -> Attack:
        """The attack on the reference."""
        parameters = self.falsifier.parameters.model_validate(self.check.parameters)
        context = Context(parameters, self.tables, self.check.refusal or "")
        reference = SHELVES.reference(self.falsifier.role)
        return Attack(self.falsifier, self.check, reference, context, store, Budget(120.0))

    def boundary(self) -> Sequence[Case]:
        """The boundary cases."""
        return self.falsifier.experiment.boundary(self.check.population, ())

    def deck(self, count: int) -> tuple[Case, ...]:
        """Boundary cases and `count` drawn ones."""
        drawn = draw(self.falsifier.experiment, self.check.population, seed_value=5, count=count)
        deck = drawn.deck(self.boundary())
        return deck.boundary + deck.drawn[:count]

    def operator(self, name: str) -> Operator:
        """A mutant operator of the clause's role."""
        return SHELVES.operator(self.falsifier.role, name, "builtin")


def _bound() -> dict[str, Bound]:
    found = {}
    for name in ("tensor-layout-v1", "apr-pretrain-from-init-v1"):
        contract = load_contract(CONTRACTS / f"{name}.yaml", home="builtin")
        for clause in contract.clauses:
            if clause.check is not None and clause.check.subject != "importer":
                found[clause.id] = Bound(clause, contract.tables)
    return found


BOUND = _bound()
"""Clause id -> clause, for every bound clause on readers and pretrainers."""

TABLES = BOUND["FALSIFY-005"].tables
"""The tables of tensor-layout-v1."""
