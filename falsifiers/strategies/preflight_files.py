"""APR files on disk to start a training run from, and targets that differ from them in any subset of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st

from falsifiers.oracles.apr_bytes import write_plain_apr
from falsifiers.strategies.preflight_cases import FAMILIES, FIELDS, REQUIRED_KEYS, STAGES, PreflightCase
from falsifiers.strategies.small_models import healthy
from harness.trial.interface import Answer, Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from harness.contract.models import Population
    from harness.subject.pretrainer import Pretrainer


class PreflightExperiment(Experiment[PreflightCase]):
    """Puts a pretrainer through its stages, with a probe behind them."""

    name: ClassVar[str] = "preflight_files"
    role: ClassVar[str] = "pretrainer"
    case_type: ClassVar[Any] = PreflightCase
    partitions: ClassVar[Mapping[str, str]] = {
        "equal": "the file is what the target asks for",
        "one_field": "the target differs in one field",
        "several_fields": "the target differs in several fields",
        "all_fields": "the target differs in every field",
        "unreadable": "the file is missing, empty, no APR file or torn",
        "unstated": "a metadata key is null or absent",
        "unknown_family": "the file is of a family that nobody knows, or writes its name otherwise",
        "tied": "the file stores no head",
    }
    architectures: ClassVar[tuple[str, ...]] = FAMILIES

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[PreflightCase]:  # noqa: ARG002
        """The equal pair, each field alone, all fields, some pairs, and each kind of damage."""
        families = population.architectures or FAMILIES
        pairs = (("vocab_size", "rms_norm_eps"), ("num_heads", "num_kv_heads"), ("family", "attention_bias"))
        subsets = [(), *((field,) for field in FIELDS), FIELDS, *pairs]
        cases = [
            PreflightCase(family=families[number % len(families)], tied=number % 3 == 0, differ=subset)
            for number, subset in enumerate(subsets)
        ]
        cases += [PreflightCase(family=family, tied=False) for family in families]
        cases += [PreflightCase(family=families[-1], tied=True, damage=damage) for damage in STAGES if damage != "none"]
        return [
            *cases,
            PreflightCase(family=families[0], tied=False, damage="absent_key", key=5, differ=("vocab_size",)),
        ]

    def strategy(self, population: Population) -> SearchStrategy[PreflightCase]:
        """Any subset of fields, mostly on sound files."""
        heads = st.sampled_from((2, 4, 8))
        return heads.flatmap(
            lambda count: st.builds(
                PreflightCase,
                family=st.sampled_from(population.architectures or FAMILIES),
                tied=st.booleans(),
                differ=st.sets(st.sampled_from(FIELDS)).map(lambda names: tuple(sorted(names))),
                damage=st.sampled_from(("none",) * 12 + tuple(STAGES)),
                key=st.integers(0, len(REQUIRED_KEYS) - 1),
                heads=st.just(count),
                kv_heads=st.sampled_from([kv for kv in (1, 2, 4, 8) if kv <= count]),
                layers=st.integers(1, 3),
                seed=st.integers(0, 2**32 - 1),
            )
        )

    def partitions_of(self, case: PreflightCase) -> frozenset[str]:
        """See `partitions`."""
        found = {"tied"} if case.tied else set()
        match STAGES[case.damage]:
            case "open" | "magic" | "metadata":
                found.add("unreadable")
            case _ if case.damage in {"null_key", "absent_key"}:
                found.add("unstated")
            case _ if case.damage != "none":
                found.add("unknown_family")
            case _:
                size = len(set(case.differ))
                found.add({0: "equal", 1: "one_field", len(FIELDS): "all_fields"}.get(size, "several_fields"))
        return frozenset(found)

    def exercise(self, subject: Pretrainer, case: PreflightCase, folder: Path, tables: Mapping[str, Any]) -> Answer:  # noqa: ARG002
        """Write the file and run the stages; the probe is a file that the stage behind them writes."""
        init, probe = folder / "init.apr", folder / "probe"
        _write(case, init)
        result = subject.preflight(init, case.target(), probe)
        return Answer(
            state=result.state,
            data={
                "stage": result.stage,
                "mismatches": {field: list(pair) for field, pair in sorted(result.mismatches.items())},
                "probe_reached": result.probe_reached or probe.exists(),
            },
            message=result.message,
            duration_s=result.duration_s,
        )


def _write(case: PreflightCase, init: Path) -> None:
    match case.damage:
        case "missing_file":
            return
        case "folder":
            init.mkdir()
            return
        case "empty_file":
            init.touch()
            return
    metadata = case.shape.metadata()
    match case.damage:
        case "null_key":
            metadata[case.damaged_key] = None
        case "absent_key":
            del metadata[case.damaged_key]
        case "unknown_family" | "case_variant":
            metadata["architecture"] = case.written_family
    write_plain_apr(init, metadata, healthy(case.shape, case.seed).values())
    if case.damage in {"bad_magic", "torn_header"}:
        data = init.read_bytes()
        init.write_bytes(b"APRX" + data[4:] if case.damage == "bad_magic" else data[:40])


PREFLIGHT = PreflightExperiment()
"""The one instance that clauses share."""
