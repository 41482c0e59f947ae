"""What a run and a check come to, in words: the sentences that every report says in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from harness.ledger.standing import Standing
from harness.reporting.figures import number
from harness.verdict.verdicts import ExitCode, MutantOutcome, Verdict

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge
    from harness.verdict.evidence import Evidence, MutantRecord

EXIT_MEANING = {
    ExitCode.CLEAN: "all that was asked was measured, and nothing was falsified",
    ExitCode.FALSIFIED: "something was falsified",
    ExitCode.NOT_MEASURED: "not everything that was asked was measured",
    ExitCode.FAULT: "a fault of our own: this run is no verdict on anybody",
}

STANDING_MEANING = {
    Standing.FALSIFIED: "a counterexample was found",
    Standing.FLAKY: "the same case gave different answers",
    Standing.NOT_MEASURED: "no answer to judge, or not enough of them",
    Standing.VACUOUS: "was not seen to fail for its own reason, so it proves nothing",
    Standing.UNBOUND: "nothing can run the clause; it says nothing",
    Standing.CORROBORATED: "held, and was seen to fail on its mutants",
}

OUTCOME_LETTER = {
    MutantOutcome.KILLED: "K",
    MutantOutcome.OTHER_REASON: "O",
    MutantOutcome.SURVIVED: "S",
    MutantOutcome.NOT_RUN: "N",
}

OUTCOME_MEANING = {
    MutantOutcome.KILLED: "killed: the clause turned red by the measure named",
    MutantOutcome.OTHER_REASON: "turned red, but for another reason",
    MutantOutcome.SURVIVED: "survived: the clause stayed green on a planted defect",
    MutantOutcome.NOT_RUN: "not run",
}


def verdict_of_the_run(discharge: Discharge) -> str:
    """One or two words for the whole run, in capitals."""
    match discharge.exit_code():
        case ExitCode.CLEAN:
            return "CORROBORATED"
        case ExitCode.FALSIFIED:
            return "FALSIFIED" if discharge.standings()[Standing.FALSIFIED] else "FLAKY"
        case ExitCode.NOT_MEASURED:
            return "NOT MEASURED"
        case ExitCode.FAULT:
            return "FAULT"
        case other:
            assert_never(other)


def tally(discharge: Discharge) -> str:
    """One sentence with the counts and their denominators."""
    summary = discharge.summary()
    counts = discharge.standings()
    held = f"{counts[Standing.CORROBORATED]} of {summary['bound']} bound checks corroborated"
    unbound = f"{summary['unbound']} of {summary['checks']} checks unbound"
    return f"{held}, {unbound}, in {plural(len(discharge.contracts), 'contract')}."


def circumstances(discharge: Discharge) -> str:
    """Who was on trial, by which budget and seed, when, and from which commit: what the counts hold for."""
    roles: dict[str, set[str]] = {}
    for check in discharge.checks:
        if check.bound and check.subject_identity:
            roles.setdefault(check.subject_identity, set()).add(check.role)
    tried = "; ".join(f"{', '.join(sorted(names))}: {identity}" for identity, names in sorted(roles.items()))
    commits = sorted({check.git_commit for check in discharge.checks if check.git_commit})
    parts = [f"Profile {discharge.profile}, seed {discharge.seed}", discharge.started_at]
    parts += [f"commit {_short(commit)}" for commit in commits]
    return f"On trial: {tried or 'nobody'}. {', '.join(parts)}."


def _short(commit: str) -> str:
    """Twelve digits of the hash, and what git adds about uncommitted changes."""
    digits, plus, more = commit.partition("+")
    return digits[:12] + plus + more


def plural(count: int, noun: str) -> str:
    """`1 mutant`, `2 mutants`."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def observed(evidence: Evidence) -> str:
    """What the check saw, in sentences for people; never empty."""
    parts = [evidence.message or _unsaid(evidence)]
    if evidence.unreached:
        parts.append(f"Partitions that no case reached: {', '.join(evidence.unreached)}")
    examples = evidence.examples
    if evidence.bound and examples.valid < examples.required:
        parts.append(f"{plural(examples.valid, 'valid case')} of {number(examples.required)} required")
    if evidence.bound and evidence.vacuous:
        parts.append(f"Vacuous: {evidence.vacuous_because or 'not seen to fail for its own reason'}")
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts)


def _unsaid(evidence: Evidence) -> str:
    if evidence.verdict is Verdict.CORROBORATED:
        return "No counterexample was found"
    return f"Reason: {evidence.reason}" if evidence.reason else "No reason was recorded"


def mutants_not_killed(evidence: Evidence) -> str:
    """The mutants that the clause did not kill for its own reason, with what became of them; or empty."""
    tried = (MutantOutcome.OTHER_REASON, MutantOutcome.SURVIVED)
    told = [_fate(mutant) for mutant in evidence.mutants if mutant.outcome in tried]
    idle = [mutant.name for mutant in evidence.mutants if mutant.outcome is MutantOutcome.NOT_RUN]
    return "; ".join([*told, *([f"not run: {', '.join(idle)}"] if idle else [])])


def _fate(mutant: MutantRecord) -> str:
    if mutant.outcome is MutantOutcome.OTHER_REASON:
        return f"{mutant.name} was seen by {mutant.seen or 'another reason'}, not by {mutant.shows}"
    return f"{mutant.name} survived {plural(mutant.examples, 'example')} ({mutant.where}: {mutant.what})"


def examples_text(evidence: Evidence) -> str:
    """How many cases were looked at, with everything that was not."""
    examples = evidence.examples
    parts = [f"{number(examples.valid)} valid of {number(examples.required)} required"]
    parts += [
        f"{number(count)} {name}"
        for count, name in (
            (examples.rejected, "rejected"),
            (examples.declined, "declined"),
            (examples.not_measured, "without an answer"),
            (examples.blind, "blind"),
        )
        if count
    ]
    return ", ".join(parts)


def limit_of_time(discharge: Discharge) -> str:
    """The time budget in words."""
    return "no limit" if discharge.budget_s is None else f"{number(discharge.budget_s)} s"
