"""Two pictures: the kill matrix as a grid of letters on colours, and the distance of every measure from its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.ledger.standing import Standing
from harness.reporting.figures import headroom, relation
from harness.reporting.kill_matrix import Panel, Row, kill_matrix
from harness.reporting.page.markup import Markup, badge, code, element
from harness.reporting.words import OUTCOME_LETTER, OUTCOME_MEANING, plural

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge
    from harness.verdict.evidence import Evidence

_COLUMNS = 24
_TRACK, _MIDDLE, _HEIGHT = 240, 120, 20


def matrix(discharge: Discharge) -> Markup:
    """Rows are clauses, columns are mutants; letters say what colours say."""
    panels = kill_matrix(discharge.checks, _COLUMNS)
    if not panels:
        return element("section", element("h2", "Kill matrix"), element("p", "No mutant was planted."), id="kills")
    legend = [
        element("li", element("span", letter, class_=f"cell {outcome.value}"), f" {OUTCOME_MEANING[outcome]}")
        for outcome, letter in OUTCOME_LETTER.items()
    ]
    return element(
        "section",
        element("h2", "Kill matrix"),
        element(
            "p", "A check that has not been seen to fail proves nothing: rows are clauses, columns planted defects."
        ),
        element("ul", *legend, class_="legend inline"),
        *(_panel(panel) for panel in panels),
        id="kills",
    )


def _panel(panel: Panel) -> Markup:
    caption = f"{panel.contract}, {panel.role}"
    columns = [element("th", element("span", name), scope="col", class_="mutant", title=name) for name in panel.columns]
    head = element("thead", element("tr", element("th", "clause", scope="col"), *columns))
    rows = [
        element("tr", element("th", row.clause, scope="row"), *(_cell(row, name) for name in panel.columns))
        for row in panel.rows
    ]
    grid = element("table", element("caption", caption), head, element("tbody", *rows), class_="matrix")
    return element("div", grid, class_="scroll", tabindex="0", role="region", aria_label=f"Kill matrix: {caption}")


def _cell(row: Row, name: str) -> Markup:
    mutant = row.mutants.get(name)
    if mutant is None:
        return element("td")
    said = f"{row.clause}, {name}: {OUTCOME_MEANING[mutant.outcome]}; {mutant.where}: {mutant.what}"
    letter = element("span", OUTCOME_LETTER[mutant.outcome], class_=f"cell {mutant.outcome.value}")
    return element("td", letter, title=said)


def margins(discharge: Discharge) -> Markup:
    """Each measured value on a track whose middle is its limit: to the right is room, to the left is crossed."""
    rows = []
    exact = 0
    for check in discharge.checks:
        share = headroom(check)
        if not check.bound or share is None or check.limit is None:
            continue
        if share == 0 and check.limit.at_most == 0:
            exact += 1
            continue
        standing = Standing.of(check)
        cells = (
            element("th", f"{check.clause}[{check.subject}]", scope="row"),
            element("td", badge(standing.value)),
            element("td", code(check.limit.measure), " ", relation(check)),
            element("td", _track(check, share, standing)),
        )
        rows.append(element("tr", *cells))
    if not rows:
        return Markup("")
    head = [element("th", text, scope="col") for text in ("clause", "verdict", "measured", "crossed | room")]
    grid = element(
        "table",
        element("caption", "Distance from the limit"),
        element("thead", element("tr", *head)),
        element("tbody", *rows),
        class_="margins",
    )
    left_out = f" Left out: {plural(exact, 'check')} at 0 where only 0 is allowed." if exact else ""
    how = (
        "The line in the middle is the limit. The ends are one limit away from it (half the width of a limit with two "
        f"sides, 1 unit where the limit is 0); what lies further is drawn as an arrow at the end.{left_out}"
    )
    box = element("div", grid, class_="scroll", tabindex="0", role="region", aria_label="Distance from the limit")
    return element("section", element("h2", "Margins"), element("p", how, class_="quiet"), box, id="margins")


def _track(check: Evidence, share: float, standing: Standing) -> Markup:
    centre = _HEIGHT / 2
    reach = _MIDDLE - 8
    place = round(_MIDDLE + max(-1.0, min(1.0, share)) * reach, 2)
    left, right = sorted((float(_MIDDLE), place))
    if abs(share) > 1:
        tip = place + (6 if share > 0 else -6)
        mark = element("path", d=f"M{place} {centre - 5}L{tip} {centre}L{place} {centre + 5}Z")
    else:
        mark = element("circle", cx=place, cy=centre, r=5)
    return element(
        "svg",
        element("line", x1=2, y1=centre, x2=_TRACK - 2, y2=centre, class_="axis"),
        element("rect", x=left, y=centre - 2, width=round(right - left, 2), height=4),
        element("line", x1=_MIDDLE, y1=2, x2=_MIDDLE, y2=_HEIGHT - 2, class_="limit"),
        mark,
        viewBox=f"0 0 {_TRACK} {_HEIGHT}",
        width=_TRACK,
        height=_HEIGHT,
        role="img",
        aria_label=f"{check.clause}: {'crossed' if share < 0 else 'room'} by {abs(share):.0%} of the limit",
        class_=f"track {standing.lower()}",
    )
