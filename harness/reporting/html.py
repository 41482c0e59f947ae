"""The discharge as one self-contained HTML page, for people."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from harness.reporting.page.clauses import contracts, open_checks
from harness.reporting.page.markup import element, join
from harness.reporting.page.overview import banner, counts, trouble
from harness.reporting.page.pictures import margins, matrix
from harness.reporting.page.provenance import making, not_applicable, unbound
from harness.reporting.words import verdict_of_the_run

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge


def to_html(discharge: Discharge) -> str:
    """A page that fetches nothing, reads without its script, and can run or load nothing that a contract smuggled in.

    Everything that comes from contracts or subjects is escaped, and the page's content policy admits its own style
    and script by their hash alone.
    """
    style, script = _part("report.css"), _part("report.js")
    sections = (
        counts(discharge),
        trouble(discharge),
        element("nav", id="filter", hidden=True, aria_label="Show only some checks"),
        open_checks(discharge),
        matrix(discharge),
        contracts(discharge),
        margins(discharge),
        unbound(discharge),
        not_applicable(discharge),
        making(discharge),
    )
    sources = f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}"
    return Template(_part("report.html")).substitute(
        policy=f"{sources}; base-uri 'none'; form-action 'none'",
        title=element("title", f"{verdict_of_the_run(discharge)}: falsify discharge, {discharge.started_at}"),
        style=style,
        banner=banner(discharge),
        sections=join(*sections),
        script=script,
    )


def _part(name: str) -> str:
    return resources.files("harness.reporting.page").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The source expression of an inline part of the page, as content policies write it."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
