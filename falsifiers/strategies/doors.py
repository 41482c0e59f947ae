"""Values offered at every door of a reader's model view, and files that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st

from falsifiers.oracles.apr_bytes import write_plain_apr
from falsifiers.strategies.admissions import admission_answer, admit, gates_of
from falsifiers.strategies.door_cases import LEGAL_DOORS, SIDE_DOORS, VALUES, VESSELS, DoorCase
from falsifiers.strategies.small_models import Shape, encoded, healthy
from harness.trial.interface import Answer, Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from falsifiers.strategies.door_cases import Door, Value, Vessel
    from harness.contract.models import Population
    from harness.subject.reader import Reader

TENSOR = "model.layers.0.mlp.up_proj.weight"


class DoorExperiment(Experiment[DoorCase]):
    """Offers values at the doors of a reader's model view."""

    name: ClassVar[str] = "doors"
    role: ClassVar[str] = "reader"
    case_type: ClassVar[Any] = DoorCase
    partitions: ClassVar[Mapping[str, str]] = {
        "side_door": "a way past the gates",
        "healthy": "values that no gate objects to, through a door that has gates",
        "unhealthy": "values that a gate objects to, through a door that has gates",
        "file": "the values stand in a model file",
        "vessel": "the values come in something else than an array",
    }

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[DoorCase]:  # noqa: ARG002
        """Every value through the two legal doors, and two through each of the others."""
        legal = [_case(door, value) for door in LEGAL_DOORS for value in VALUES]
        side = [_case(door, value) for door in SIDE_DOORS for value in VALUES[:3:2]]
        return [*legal, *side, *(_case("admit", "nan", vessel) for vessel in VESSELS[1:])]

    def strategy(self, population: Population) -> SearchStrategy[DoorCase]:  # noqa: ARG002
        """Any value in any vessel at any door."""
        return st.builds(
            DoorCase,
            door=st.sampled_from((*LEGAL_DOORS, *SIDE_DOORS)),
            value=st.sampled_from(VALUES),
            vessel=st.sampled_from(VESSELS),
            rows=st.integers(2, 12),
            columns=st.integers(1, 6).map(lambda half: 2 * half),
            seed=st.integers(0, 2**32 - 1),
        )

    def partitions_of(self, case: DoorCase) -> frozenset[str]:
        """See `partitions`."""
        found = {"vessel"} if case.vessel != "array" and case.door != "file" else set()
        if case.door in SIDE_DOORS:
            return frozenset(found | {"side_door"})
        found.add("healthy" if case.value == "healthy" else "unhealthy")
        return frozenset(found | ({"file"} if case.door == "file" else set()))

    def exercise(self, subject: Reader, case: DoorCase, folder: Path, tables: Mapping[str, Any]) -> Answer:
        """Offer the value at its door, or write it into a model and let the reader look at the file."""
        if case.door != "file":
            dims = (case.rows, case.columns)
            return admission_answer(subject.offer(case.door, TENSOR, dims, case.offered(), gates_of(tables)))
        shape = Shape(ffn=case.rows, hidden=case.columns, heads=1, kv_heads=1)
        tensors = healthy(shape, case.seed)
        tensors[TENSOR] = encoded(TENSOR, (case.rows, case.columns), case.contents(), "F32")
        artifact = folder / "model.apr"
        write_plain_apr(artifact, shape.metadata(), tensors.values())
        return admit(subject, artifact, tables)


def _case(door: Door, value: Value, vessel: Vessel = "array") -> DoorCase:
    return DoorCase(door=door, value=value, vessel=vessel, rows=3, columns=4, seed=7)


DOORS = DoorExperiment()
"""The one instance that clauses share."""
