"""Evidence and discharges for tests: one plain check to vary, and a whole run with checks of every kind."""

from __future__ import annotations

from typing import Any

from harness.ledger.discharge import Discharge
from harness.ledger.records import ContractRecord, FindingRecord, NotApplicable
from harness.verdict.evidence import Evidence, Examples, Hashes, LimitRecord, Location, MutantRecord, Versions
from harness.verdict.verdicts import MutantOutcome, Severity, Verdict

LAYOUT, IMPORT, PRETRAIN = "tensor-layout-v1", "importer-v1", "apr-pretrain-from-init-v1"

HOSTILE = "</script><img src=x onerror=alert(1)> a|b `c` *d* \x1b[31m\u202e\n# e &amp; [f](javascript:g) $page"
"""Text that tries to become markup, a table cell, a colour, a heading, a link, and a template's placeholder."""


def mutant(name: str, outcome: MutantOutcome = MutantOutcome.KILLED, **changes: Any) -> MutantRecord:
    """A mutant record; by default killed by the measure that was expected."""
    killed = outcome is MutantOutcome.KILLED
    fields: dict[str, Any] = {
        "name": name,
        "outcome": outcome,
        "shows": "accepted_heads",
        "seen": "accepted_heads" if killed else "",
        "edits": "bytes",
        "where": "lm_head.weight",
        "what": "rows and columns exchanged, the bytes as they were",
        "examples": 3 if killed else 200,
    }
    return MutantRecord(**{**fields, **changes})


def evidence(clause: str = "FALSIFY-005", **changes: Any) -> Evidence:
    """Evidence of a bound clause that holds and whose two mutants are killed."""
    contract = changes.get("contract", LAYOUT)
    fields: dict[str, Any] = {
        "contract": contract,
        "clause": clause,
        "qualified": f"{contract}::{clause}",
        "subject": "reference",
        "subject_identity": "falsify 0.1.0 built-in converter",
        "role": "reader",
        "falsifier": "tensor_layout.reversed_head_is_refused",
        "severity": Severity.P0,
        "claimed": "DISCHARGED",
        "bound": True,
        "verdict": Verdict.CORROBORATED,
        "reason": "within_limit",
        "message": "",
        "prediction": "A head stored as [hidden, vocab] is refused because of its shape.",
        "if_fails": "The check multiplies dimensions instead of comparing them; a transposed head decodes into noise.",
        "location": Location(file=f"contracts/{contract}.yaml", line=212, column=5, end_line=230, end_column=1),
        "measured": {"accepted_heads": 0},
        "units": {"accepted_heads": "heads"},
        "limit": LimitRecord(measure="accepted_heads", at_most=0),
        "denominator": 1840,
        "margin": 0,
        "examples": Examples(valid=200, rejected=7, blind=12, required=200),
        "classes": {"non_square": 160, "grouped_heads": 40},
        "unreached": (),
        "blind": {"square": "INDISTINGUISHABLE"},
        "mutants": (mutant("size_only"), mutant("by_literal_name", edits="behaviour")),
        "twin": Verdict.CORROBORATED,
        "vacuous": False,
        "vacuous_because": "",
        "case": None,
        "counterexample": None,
        "replay": "",
        "seed": 20260801,
        "profile": "pr",
        "started_at": "2026-08-01T09:30:02Z",
        "duration_s": 1.42,
        "versions": Versions(
            falsify="0.1.0", python="3.12.4", platform="Linux x86_64", libraries={"numpy": "2.1.0", "gguf": "0.17.1"}
        ),
        "git_commit": "0f9c2d1b7a3e4c5d6f708192a3b4c5d6e7f80912",
        "hashes": Hashes(
            contract="c" * 64, clause="d" * 64, falsifier="e" * 64, artifacts={"tests/artifacts/tiny.gguf": "a" * 64}
        ),
    }
    return Evidence(**{**fields, **changes})


def falsified(clause: str = "FALSIFY-006", **changes: Any) -> Evidence:
    """Evidence with a counterexample."""
    fields: dict[str, Any] = {
        "verdict": Verdict.FALSIFIED,
        "reason": "accepted_heads",
        "message": "lm_head.weight [24, 96] was admitted; expected [96, 24].",
        "measured": {"accepted_heads": 3},
        "margin": -3,
        "case": f".falsify/cases/{clause}-1f2e.json",
        "counterexample": {
            "architecture": "qwen2",
            "vocab": 96,
            "hidden": 24,
            "heads": {"query": 6, "key_value": 2},
            "dtype": "BF16",
            "defect": {"tensor": "lm_head.weight", "what": "dims exchanged", "element": 0},
        },
        "replay": f"falsify replay .falsify/cases/{clause}-1f2e.json",
    }
    return evidence(clause, **{**fields, **changes})


def not_measured(clause: str = "FALSIFY-007", **changes: Any) -> Evidence:
    """Evidence of a bound clause that the time budget left without an answer."""
    fields: dict[str, Any] = {
        "verdict": Verdict.NOT_MEASURED,
        "reason": "time_budget",
        "message": "The budget of 300 s was spent before this check.",
        "measured": {},
        "margin": None,
        "denominator": 0,
        "examples": Examples(valid=0, rejected=0, required=200),
        "classes": {},
        "unreached": ("non_square", "grouped_heads"),
        "blind": {},
        "mutants": tuple(mutant(name, MutantOutcome.NOT_RUN, examples=0) for name in ("size_only", "swapped_dims")),
        "twin": Verdict.NOT_MEASURED,
        "duration_s": 0.0,
    }
    return evidence(clause, **{**fields, **changes})


def vacuous(clause: str = "FALSIFY-008", **changes: Any) -> Evidence:
    """Evidence that corroborates and has not been seen to fail for its own reason."""
    fields: dict[str, Any] = {
        "vacuous": True,
        "vacuous_because": "mutant constant_data_gate survived 200 examples",
        "mutants": (
            mutant("constant_data_gate", MutantOutcome.SURVIVED),
            mutant("size_only", MutantOutcome.OTHER_REASON, seen="wrong_refusal"),
        ),
    }
    return evidence(clause, **{**fields, **changes})


def unbound(clause: str = "FALSIFY-APR-PRETRAIN-INIT-001", **changes: Any) -> Evidence:
    """A clause that nothing can run."""
    fields: dict[str, Any] = {
        "contract": PRETRAIN,
        "subject": "",
        "subject_identity": "",
        "role": "",
        "falsifier": "",
        "bound": False,
        "verdict": Verdict.NOT_MEASURED,
        "reason": "unbound",
        "message": "no check block in the contract and no binding arms it",
        "measured": {},
        "units": {},
        "limit": None,
        "margin": None,
        "denominator": 0,
        "examples": Examples(valid=0, rejected=0, required=0),
        "classes": {},
        "blind": {},
        "mutants": (),
        "twin": Verdict.NOT_MEASURED,
        "duration_s": 0.0,
    }
    return evidence(clause, **{**fields, **changes})


def discharge(*checks: Evidence, **changes: Any) -> Discharge:
    """A run with these checks, in the contracts that they name."""
    names = dict.fromkeys(check.contract for check in checks)
    contracts = tuple(
        ContractRecord(
            id=name,
            path=f"contracts/{name}.yaml",
            sha256="c" * 64,
            version="1.2.0",
            claimed="ACTIVE",
            clauses=sum(check.contract == name for check in checks),
            bound=sum(check.contract == name and check.bound for check in checks),
        )
        for name in names
    )
    fields: dict[str, Any] = {
        "falsify": "0.1.0",
        "started_at": "2026-08-01T09:30:00Z",
        "duration_s": 83.2,
        "profile": "pr",
        "seed": 20260801,
        "budget_s": 300.0,
        "subjects": {"reader": "falsify 0.1.0 built-in reader", "importer": "prog convert {source} {dest}"},
        "contracts": contracts,
        "checks": checks,
    }
    return Discharge(**{**fields, **changes})


def realistic(**changes: Any) -> Discharge:
    """A run of about forty checks of every kind, on three contracts and four subjects."""
    checks = [*_layout_checks(), *_import_checks(), *_pretrain_checks()]
    finding = FindingRecord(
        code="FC031",
        severity="warning",
        message="`limit` has one side, and the measure can be wrong on both.",
        location=Location(file=f"contracts/{IMPORT}.yaml", line=88, column=14, end_line=88, end_column=29),
        hint="Write `between: [low, high]`.",
    )
    skipped = NotApplicable(
        contract=LAYOUT,
        clause="F-LAYOUT-CONTRACT-004",
        subject="tiny.gguf",
        why="the clause compares with a source, and --source was not given",
    )
    fields: dict[str, Any] = {"findings": (finding,), "not_applicable": (skipped,)}
    return discharge(*checks, **{**fields, **changes})


def _layout_checks() -> list[Evidence]:
    checks = []
    for index in range(1, 9):
        planted = (mutant(f"operator_{index}"), mutant("size_only"), mutant(f"edit_of_byte_{index}"))
        checks.append(evidence(f"F-LAYOUT-CONTRACT-{index:03}", mutants=planted, duration_s=index / 7))
        checks.append(evidence(f"F-DATA-QUALITY-{index:03}", mutants=planted[1:], subject="tiny-qwen2.safetensors"))
    ratio = LimitRecord(measure="zero_share", at_most=0.5)
    checks += [
        evidence(
            "FALSIFY-004", limit=ratio, measured={"zero_share": 0.125}, units={"zero_share": "share"}, margin=0.375
        ),
        evidence("FALSIFY-005"),
        falsified("FALSIFY-006"),
        falsified("FALSIFY-006", subject="command", limit=ratio, measured={"zero_share": 0.945}, margin=-0.445),
        not_measured("FALSIFY-007"),
        vacuous("FALSIFY-008"),
    ]
    return checks


def _import_checks() -> list[Evidence]:
    common: dict[str, Any] = {"contract": IMPORT, "role": "importer", "subject": "command"}
    two_sided = LimitRecord(measure="cosine", at_least=0.999, at_most=1.0)
    return [
        evidence("FALSIFY-IMPORT-001", **common, mutants=(mutant("exits_zero_without_output", edits="output"),)),
        evidence("FALSIFY-IMPORT-002", **common, limit=two_sided, measured={"cosine": 0.99995}, margin=0.00005),
        evidence(
            "FALSIFY-IMPORT-003",
            **common,
            verdict=Verdict.FLAKY,
            reason="differs",
            message="Two runs on the same case gave files of different sha256.",
            case=".falsify/cases/import-3.json",
            counterexample={"source": "tiny-llama", "dtype": "F16"},
            replay="falsify replay .falsify/cases/import-3.json",
        ),
        falsified(
            "FALSIFY-IMPORT-004",
            **common,
            reason="moved_bytes",
            message=HOSTILE,
            prediction=HOSTILE,
            limit=LimitRecord(measure="moved_bytes", at_most=0),
            measured={"moved_bytes": 1_048_576},
            units={"moved_bytes": "bytes"},
            margin=-1_048_576,
            counterexample={"tensors": [{"name": f"blk.{n}.attn_q.weight", "dims": [4096, 4096]} for n in range(12)]},
        ),
        falsified("FALSIFY-IMPORT-005", **common, measured={"accepted_heads": float("nan")}, margin=float("nan")),
    ]


def _pretrain_checks() -> list[Evidence]:
    bound = evidence(
        "FALSIFY-APR-PRETRAIN-INIT-005",
        contract=PRETRAIN,
        role="pretrainer",
        limit=LimitRecord(measure="wrong_sets", at_most=0),
        measured={"wrong_sets": 0, "reached_probe": 0},
        duration_s=12.6,
    )
    rest = [unbound(f"FALSIFY-APR-PRETRAIN-INIT-{number:03}") for number in (1, 2, 3, 4, 6, 7, 8, 9, 10)]
    return [bound, *rest]
