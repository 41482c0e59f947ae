"""The end of the page: what does not apply, what nothing binds, and how the run was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.ledger.standing import Standing
from harness.reporting.figures import duration
from harness.reporting.page.markup import Markup, code, element, table
from harness.reporting.words import limit_of_time

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge


def unbound(discharge: Discharge) -> Markup:
    """The clauses that nothing can run, with the reason; nothing where all are bound."""
    rows: list[tuple[str, ...]] = [
        (element("span", check.qualified, class_="id"), check.message or check.reason, code(str(check.location)))
        for check in discharge.checks
        if Standing.of(check) is Standing.UNBOUND
    ]
    if not rows:
        return Markup("")
    caption = f"Unbound clauses: {len(rows)} of {len(discharge.checks)}"
    return element(
        "section",
        element("h2", "Unbound clauses"),
        element("p", "Nothing can run these; they say nothing about any subject."),
        table(("clause", "why", "place"), rows, caption=caption),
        id="unbound",
    )


def not_applicable(discharge: Discharge) -> Markup:
    """The clauses that say nothing about a subject, with the reason; nothing where there are none."""
    rows: list[tuple[str, ...]] = [
        (element("span", f"{item.contract}::{item.clause}", class_="id"), code(item.subject), item.why)
        for item in discharge.not_applicable
    ]
    if not rows:
        return Markup("")
    listed = table(("clause", "subject", "why"), rows, caption="Not applicable")
    return element("section", element("h2", "Not applicable"), listed, id="not-applicable")


def making(discharge: Discharge) -> Markup:
    """Everything that it takes to make the run again."""
    facts: list[tuple[str, str]] = [
        ("falsify", discharge.falsify),
        ("schema", discharge.schema_id),
        ("started", discharge.started_at),
        ("took", f"{duration(discharge.duration_s)} (budget: {limit_of_time(discharge)})"),
        ("profile", discharge.profile),
        ("seed", str(discharge.seed)),
        ("selection", code(discharge.selection) or "everything"),
        *((f"subject: {role}", code(identity)) for role, identity in discharge.subjects.items()),
    ]
    made_with = {check.versions.model_dump_json(): check.versions for check in discharge.checks}.values()
    for versions in made_with:
        libraries = ", ".join(f"{name} {version}" for name, version in sorted(versions.libraries.items()))
        facts.append(("made with", f"Python {versions.python} on {versions.platform}; {libraries}"))
    facts += [
        ("git commit", code(commit)) for commit in sorted({check.git_commit for check in discharge.checks}) if commit
    ]
    facts += [(f"sha256 of {contract.path}", code(contract.sha256)) for contract in discharge.contracts]
    artifacts = sorted({item for check in discharge.checks for item in check.hashes.artifacts.items()})
    facts += [(f"sha256 of {path}", code(sha256)) for path, sha256 in artifacts]
    listed = [Markup(element("dt", name) + element("dd", value)) for name, value in facts]
    return element("section", element("h2", "How it was made"), element("dl", *listed), id="made")
