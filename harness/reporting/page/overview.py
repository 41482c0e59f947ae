"""The top of the page: the verdict of the run, what it rests on, and the counts as one stacked bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reporting.page.markup import Markup, badge, code, element, join, table
from harness.reporting.words import EXIT_MEANING, STANDING_MEANING, circumstances, tally, verdict_of_the_run

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge


def banner(discharge: Discharge) -> Markup:
    """The verdict in words, the exit code, and every ground for it."""
    exit_code = discharge.exit_code()
    word = verdict_of_the_run(discharge)
    grounds = [element("li", ground.message) for ground in discharge.grounds()]
    return element(
        "header",
        element("p", "falsify: discharge report", class_="kicker"),
        element("h1", word),
        element("p", f"Exit code {int(exit_code)}: {EXIT_MEANING[exit_code]}.", class_="lead"),
        element("ul", *grounds) if grounds else Markup(""),
        element("p", tally(discharge)),
        element("p", circumstances(discharge), class_="quiet"),
        class_=f"banner {word.lower().replace(' ', '_')}",
    )


def counts(discharge: Discharge) -> Markup:
    """The stacked bar of standings, and below it the same counts as a list with their denominator."""
    total = len(discharge.checks)
    standings = discharge.standings()
    items = [
        element(
            "li",
            element("span", class_=f"swatch {standing.lower()}", aria_hidden="true"),
            element("strong", str(count)),
            f" of {total} ",
            badge(standing.value),
            element("span", f" {STANDING_MEANING[standing]}", class_="quiet"),
        )
        for standing, count in standings.items()
    ]
    return element(
        "section",
        element("h2", "What was found"),
        _bar(discharge) if total else element("p", "No check was made."),
        element("ul", *items, class_="legend"),
        id="found",
    )


def trouble(discharge: Discharge) -> Markup:
    """Faults of our own and findings in contracts; nothing where there are none."""
    parts: list[Markup] = []
    if discharge.faults:
        rows: list[tuple[str, ...]] = [(code(fault.where), fault.message) for fault in discharge.faults]
        head = element("h2", "Faults of our own")
        parts.append(element("section", head, table(("where", "message"), rows, caption="Faults of our own")))
    if discharge.findings:
        rows = [
            (
                code(finding.code),
                finding.severity.value,
                code(str(finding.location)),
                f"{finding.message} {finding.hint}",
            )
            for finding in discharge.findings
        ]
        caption = "Findings in contracts"
        listed = table(("code", "severity", "place", "finding"), rows, caption=caption)
        parts.append(element("section", element("h2", caption), listed))
    return join(*parts)


def _bar(discharge: Discharge) -> Markup:
    """Segments as wide as their share, in percent so that they follow the page; the number where it has room."""
    total = len(discharge.checks)
    present = {standing: count for standing, count in discharge.standings().items() if count}
    pieces: list[Markup] = []
    left = 0.0
    for standing, count in present.items():
        share = 100 * count / total
        shape = element("rect", x=f"{left:.3f}%", width=f"{share:.3f}%", height="100%")
        label = element("text", str(count), x=f"{left + share / 2:.3f}%", y="50%") if share >= 3 else Markup("")
        title = element("title", f"{count} of {total} {standing.value}")
        pieces.append(element("g", title, shape, label, class_=standing.lower()))
        left += share
    said = ", ".join(f"{count} {standing.value}" for standing, count in present.items())
    return element("svg", *pieces, role="img", aria_label=f"{total} checks: {said}", class_="bar")
