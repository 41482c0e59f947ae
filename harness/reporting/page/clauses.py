"""The clauses of each contract: a table to look over, and the whole evidence of each check to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.ledger.standing import Standing
from harness.reporting.figures import case_text, duration, kills, limit_text, number, relation
from harness.reporting.page.markup import Markup, badge, code, element, join, table
from harness.reporting.words import OUTCOME_MEANING, examples_text, mutants_not_killed, observed, plural

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge
    from harness.ledger.records import ContractRecord
    from harness.verdict.evidence import Evidence

_HEAD = ("clause", "verdict", "measured", "examples", "kills", "time")


def open_checks(discharge: Discharge) -> Markup:
    """What stands in the way of a release, in full and before everything else; nothing where nothing does."""
    found = [_details(check, number_) for number_, check in enumerate(discharge.checks) if _is_open(check)]
    if not found:
        return Markup("")
    return element("section", element("h2", "Clauses that are not corroborated"), *found, id="open")


def contracts(discharge: Discharge) -> Markup:
    """A section for each contract, those without checks included: nothing asked is nothing shown."""
    verdicts = discharge.by_contract()
    known = {contract.id for contract in discharge.contracts}
    numbered = list(enumerate(discharge.checks))
    sections = [
        _contract(contract, verdicts[contract.id].value, [item for item in numbered if item[1].contract == contract.id])
        for contract in discharge.contracts
    ]
    rest = [item for item in numbered if item[1].contract not in known]
    if rest:
        head = element("h3", "Contracts that the run did not list")
        sections.append(element("section", head, _checks(rest, "Other checks"), class_="contract"))
    body = sections or [element("p", "No contract was read.")]
    return element("section", element("h2", "Contracts"), *body, id="contracts")


def _contract(contract: ContractRecord, verdict: str, checks: list[tuple[int, Evidence]]) -> Markup:
    facts = [
        code(contract.path),
        f"version {contract.version}",
        f"{contract.bound} of {contract.clauses} clauses bound",
        join("sha256 ", code(contract.sha256[:16] + "…" if len(contract.sha256) > 16 else contract.sha256)),
    ]
    if contract.claimed:
        facts.append(join("claims ", code(contract.claimed), " (a claim, no result)"))
    listed = [element("li", fact) for fact in facts]
    return element(
        "section",
        element("h3", contract.id, " ", badge(verdict)),
        element("ul", *listed, class_="facts"),
        _checks(checks, f"Clauses of {contract.id}") if checks else element("p", "No clause of it was checked."),
        class_="contract",
    )


def _is_open(check: Evidence) -> bool:
    return Standing.of(check) not in {Standing.CORROBORATED, Standing.UNBOUND}


def _checks(checks: list[tuple[int, Evidence]], caption: str) -> Markup:
    """The table of all bound checks, and the evidence of those that are not shown in full further up."""
    rows = [_row(check, number_) for number_, check in checks if Standing.of(check) is not Standing.UNBOUND]
    head = element("thead", element("tr", *(element("th", text, scope="col") for text in _HEAD)))
    grid = element("table", element("caption", caption), head, element("tbody", *rows), class_="overview")
    box = element("div", grid, class_="scroll", tabindex="0", role="region", aria_label=caption)
    return join(
        box if rows else Markup(""),
        *(_details(check, number_) for number_, check in checks if not _is_open(check)),
    )


def _row(check: Evidence, number_: int) -> Markup:
    killed, planted = kills(check)
    standing = Standing.of(check)
    measure = join(code(check.limit.measure), " ", relation(check) or "not measured") if check.limit else "nothing"
    link = element("a", element("span", check.clause, class_="id"), href=f"#check-{number_}")
    return element(
        "tr",
        element("th", link, element("span", f"[{check.subject}]", class_="quiet"), scope="row"),
        element("td", badge(standing.value)),
        element("td", measure),
        element("td", number(check.examples.valid)),
        element("td", f"{killed}/{planted}"),
        element("td", duration(check.duration_s)),
        data_standing=standing.value,
        data_words=_words(check),
    )


def _words(check: Evidence) -> str:
    """What the filter looks a check up by."""
    return f"{check.qualified} {check.subject}".lower()


def _details(check: Evidence, number_: int) -> Markup:
    standing = Standing.of(check)
    summary = element(
        "summary",
        badge(standing.value),
        " ",
        element("span", check.clause, class_="id"),
        element("span", f"[{check.subject}]" if check.subject else "", class_="quiet"),
        " ",
        element("span", check.prediction, class_="gist"),
    )
    return element(
        "details",
        summary,
        _listed(_what_was_seen(check)),
        _measurement(check) if check.bound else Markup(""),
        open=_is_open(check),
        data_standing=standing.value,
        data_words=_words(check),
        id=f"check-{number_}",
        class_=f"check {standing.lower()}",
    )


def _listed(facts: list[tuple[str, str]]) -> Markup:
    return element("dl", *(join(element("dt", name), element("dd", value)) for name, value in facts if value))


def _what_was_seen(check: Evidence) -> list[tuple[str, str]]:
    """What a person needs to act on."""
    case = case_text(check)
    limit = check.limit
    measure = join(code(limit.measure), " ", relation(check) or "not measured") if limit else Markup("")
    return [
        ("prediction", check.prediction),
        ("observed", observed(check)),
        ("reason", code(check.reason)),
        ("measured", join(measure, f", over {plural(check.denominator, 'comparison')}") if measure else ""),
        ("examples", examples_text(check) if check.bound else ""),
        ("smallest case", element("pre", case, tabindex="0") if case else ""),
        ("replay", element("pre", check.replay, tabindex="0") if check.replay else ""),
        ("mutants", mutants_not_killed(check)),
        ("why it matters", check.if_fails),
        ("place", code(str(check.location))),
        ("severity", check.severity.value),
        ("claimed", join(code(check.claimed), " (a claim, no result)") if check.claimed else ""),
    ]


def _measurement(check: Evidence) -> Markup:
    """Everything else that the evidence holds, folded away."""
    values = [
        element("li", code(name), f" {number(value)} {check.units.get(name, '')}".rstrip())
        for name, value in check.measured.items()
    ]
    hashes = (
        ("contract", check.hashes.contract),
        ("clause", check.hashes.clause),
        ("falsifier", check.hashes.falsifier),
    )
    margin = f", margin {number(check.margin)}" if check.margin is not None else ""
    facts = [
        ("measures", element("ul", *values) if values else "none"),
        ("limit", join(code(check.limit.measure), f" {limit_text(check.limit)}{margin}") if check.limit else ""),
        ("partitions", ", ".join(f"{name} {number(count)}" for name, count in check.classes.items())),
        ("blind", ", ".join(f"{name}: {seen}" for name, seen in check.blind.items())),
        ("case file", code(check.case or "")),
        ("falsifier", code(check.falsifier)),
        ("clean twin", check.twin.value),
        ("seed, profile", f"{check.seed}, {check.profile}"),
        ("subject", code(check.subject_identity)),
        ("sha256", element("ul", *(element("li", f"{name} ", code(value)) for name, value in hashes))),
    ]
    summary = element("summary", "Measures, mutants and hashes")
    return element("details", summary, _listed(facts), _mutants(check) if check.mutants else Markup(""), class_="more")


def _mutants(check: Evidence) -> Markup:
    head = ("mutant", "outcome", "expected by", "seen by", "edits", "defect", "examples")
    rows: list[tuple[str, ...]] = [
        (
            code(mutant.name),
            OUTCOME_MEANING[mutant.outcome],
            code(mutant.shows),
            code(mutant.seen) or "nothing",
            mutant.edits,
            f"{mutant.where}: {mutant.what}",
            number(mutant.examples),
        )
        for mutant in check.mutants
    ]
    return table(head, rows, caption=f"Mutants of {check.clause}")
