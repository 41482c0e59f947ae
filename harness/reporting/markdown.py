"""The discharge as Markdown, for whoever decides about a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.ledger.standing import Standing
from harness.reporting.figures import duration, kills, limit_text, number, relation
from harness.reporting.kill_matrix import kill_matrix
from harness.reporting.markdown_clause import open_clause
from harness.reporting.markdown_text import code, prose, table
from harness.reporting.words import (
    EXIT_MEANING,
    OUTCOME_LETTER,
    OUTCOME_MEANING,
    STANDING_MEANING,
    circumstances,
    limit_of_time,
    tally,
    verdict_of_the_run,
)

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge
    from harness.ledger.records import ContractRecord
    from harness.verdict.evidence import Evidence

_MATRIX_COLUMNS = 8
_CLOSED = {Standing.CORROBORATED, Standing.UNBOUND}


def to_markdown(discharge: Discharge) -> str:
    """A GitHub-flavoured Markdown document; everything that comes from contracts or subjects is escaped."""
    sections = [
        _verdict(discharge),
        _trouble(discharge),
        _contracts(discharge),
        _open_clauses(discharge),
        _unbound(discharge),
        _not_applicable(discharge),
        _matrix(discharge),
        _making(discharge),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _verdict(discharge: Discharge) -> str:
    code_ = discharge.exit_code()
    grounds = "\n".join(f"- {prose(ground.message)}" for ground in discharge.grounds())
    total = len(discharge.checks)
    counts = table(
        ("standing", "checks", "meaning"),
        [
            (standing.value, f"{count} of {total}", STANDING_MEANING[standing])
            for standing, count in discharge.standings().items()
        ],
    )
    return "\n\n".join(
        part
        for part in (
            f"# {verdict_of_the_run(discharge)}",
            f"Exit code {int(code_)}: {EXIT_MEANING[code_]}. {tally(discharge)}",
            prose(circumstances(discharge)),
            grounds,
            counts,
        )
        if part
    )


def _trouble(discharge: Discharge) -> str:
    parts = []
    if discharge.faults:
        faults = [f"- {code(fault.where)}: {prose(fault.message)}" for fault in discharge.faults]
        parts.append("## Faults of our own\n\n" + "\n".join(faults))
    if discharge.findings:
        rows = [
            (
                finding.severity.value,
                code(finding.code),
                code(str(finding.location)),
                prose(f"{finding.message} {finding.hint}"),
            )
            for finding in discharge.findings
        ]
        parts.append("## Findings in contracts\n\n" + table(("severity", "code", "place", "finding"), rows))
    return "\n\n".join(parts)


def _contracts(discharge: Discharge) -> str:
    verdicts = discharge.by_contract()
    parts = ["## Contracts"]
    for contract in discharge.contracts:
        checks = [check for check in discharge.checks if check.contract == contract.id]
        parts += [f"### {code(contract.id)}: {verdicts[contract.id].value}", _about(contract), _clauses(checks)]
    known = {contract.id for contract in discharge.contracts}
    rest = [check for check in discharge.checks if check.contract not in known]
    if rest:
        parts += ["### Contracts that the run did not list", _clauses(rest)]
    return "\n\n".join(part for part in parts if part) if len(parts) > 1 else ""


def _about(contract: ContractRecord) -> str:
    claim = f" The file claims {code(contract.claimed)}; a claim is no result." if contract.claimed else ""
    bound = f"{contract.bound} of {contract.clauses} clauses bound"
    return f"{code(contract.path)}, version {prose(contract.version)}, {bound}, sha256 {code(contract.sha256)}.{claim}"


def _clauses(checks: list[Evidence]) -> str:
    """The table of one contract's checks; what nothing binds is listed apart."""
    head = ("clause", "subject", "verdict", "measured", "limit", "examples", "mutants killed", "place")
    rows = []
    for check in checks:
        standing = Standing.of(check)
        if standing is Standing.UNBOUND:
            continue
        killed, planted = kills(check)
        limit = check.limit
        measure = code(limit.measure) if limit else ""
        rows.append(
            (
                code(check.clause),
                code(check.subject),
                standing.value,
                f"{measure} {prose(relation(check))}".strip() or "nothing",
                prose(limit_text(limit)),
                number(check.examples.valid),
                f"{killed}/{planted}",
                code(str(check.location)),
            )
        )
    return table(head, rows) or "No clause of it was checked."


def _open_clauses(discharge: Discharge) -> str:
    parts = [open_clause(check) for check in discharge.checks if Standing.of(check) not in _CLOSED]
    return "\n\n".join(["## Clauses that are not corroborated", *parts]) if parts else ""


def _unbound(discharge: Discharge) -> str:
    lines = [
        f"- {code(check.qualified)}: {prose(check.message or check.reason)} ({code(str(check.location))})"
        for check in discharge.checks
        if Standing.of(check) is Standing.UNBOUND
    ]
    head = f"## Unbound clauses: {len(lines)} of {len(discharge.checks)}"
    return (
        f"{head}\n\nNothing can run these; they say nothing about any subject.\n\n" + "\n".join(lines) if lines else ""
    )


def _not_applicable(discharge: Discharge) -> str:
    rows = [
        (code(f"{item.contract}::{item.clause}"), code(item.subject), prose(item.why))
        for item in discharge.not_applicable
    ]
    return "## Not applicable\n\n" + table(("clause", "subject", "why"), rows) if rows else ""


def _matrix(discharge: Discharge) -> str:
    panels = kill_matrix(discharge.checks, _MATRIX_COLUMNS)
    if not panels:
        return ""
    legend = "; ".join(f"**{letter}** {OUTCOME_MEANING[outcome]}" for outcome, letter in OUTCOME_LETTER.items())
    parts = ["## Kill matrix", f"Clauses against planted defects. {legend}; empty: not named by the clause."]
    for panel in panels:
        rows = [
            [
                code(row.clause),
                *(OUTCOME_LETTER[row.mutants[name].outcome] if name in row.mutants else "" for name in panel.columns),
            ]
            for row in panel.rows
        ]
        head = [f"{code(panel.contract)} {code(panel.role)}", *(code(name) for name in panel.columns)]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def _making(discharge: Discharge) -> str:
    """How the run was made: everything that it takes to make it again."""
    rows = [
        ("falsify", code(discharge.falsify)),
        ("started", prose(discharge.started_at)),
        ("took", f"{duration(discharge.duration_s)} (budget: {limit_of_time(discharge)})"),
        ("profile", code(discharge.profile)),
        ("seed", code(str(discharge.seed))),
        ("selection", code(discharge.selection) or "everything"),
        *((f"subject: {prose(role)}", code(identity)) for role, identity in discharge.subjects.items()),
    ]
    made_with = {check.versions.model_dump_json(): check.versions for check in discharge.checks}.values()
    for versions in made_with:
        libraries = ", ".join(f"{name} {version}" for name, version in sorted(versions.libraries.items()))
        rows.append(("made with", prose(f"Python {versions.python} on {versions.platform}; {libraries}")))
    commits = sorted({check.git_commit for check in discharge.checks if check.git_commit})
    rows += [("git commit", code(commit)) for commit in commits]
    artifacts = sorted({item for check in discharge.checks for item in check.hashes.artifacts.items()})
    rows += [("sha256", f"{code(sha256)} {code(path)}") for path, sha256 in artifacts]
    return "## How it was made\n\n" + table(("what", "value"), rows)
