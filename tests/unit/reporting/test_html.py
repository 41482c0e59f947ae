import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from unit.reporting.factory import HOSTILE, discharge, evidence, falsified, mutant, realistic, unbound, vacuous

from harness.ledger.records import Fault
from harness.reporting.html import to_html
from harness.verdict.verdicts import MutantOutcome

VOID = {"meta"}


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, balanced tags, and the text."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.open, self.text, self.inline = [], [], [], {}
        self.feed(source)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in {"style", "script"}:
            self.inline[self.open[-1]] = data
        else:
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page():
    """The page of a realistic run."""
    return Page(to_html(realistic()))


def test_the_verdict_of_the_run_is_the_headline(page):
    """Title and first heading say what the run came to, and the exit code is told in words."""
    text = " ".join(page.text)
    assert len(page.all("h1")) == 1
    assert "FALSIFIED: falsify discharge" in text
    assert "Exit code 1: something was falsified." in text
    assert "NOT MEASURED: falsify discharge" in " ".join(Page(to_html(discharge())).text)


def test_the_banner_says_who_was_on_trial_and_how():
    """What the counts hold for stands at the top of the page."""
    banner = to_html(discharge(evidence(subject_identity="prog 1 <b>"))).split("<section")[0]
    assert "On trial: reader: prog 1 &lt;b&gt;. Profile pr, seed 20260801" in banner


def test_every_check_has_its_evidence_on_the_page(page):
    """Each check is one block to open, the ones that are not corroborated are open already."""
    blocks = [item for item in page.all("details") if "data-standing" in item]
    run = realistic()
    assert len(blocks) == len(run.checks)
    assert sorted(item["data-words"] for item in blocks) == sorted(
        f"{check.qualified} {check.subject}".lower() for check in run.checks
    )
    opened = {item["data-standing"] for item in blocks if "open" in item}
    assert opened == {"FALSIFIED", "FLAKY", "NOT_MEASURED", "VACUOUS"}
    assert not any("open" in item for item in blocks if item["data-standing"] in {"CORROBORATED", "UNBOUND"})


def test_links_lead_somewhere_and_ids_are_unique(page):
    """Every link of the page is to a place on it that exists once."""
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [item["href"] for item in page.all("a")]
    assert len(links) == sum(check.bound for check in realistic().checks)
    assert {link[1:] for link in links} <= set(ids)


def test_tables_name_their_rows_and_columns(page):
    """Each header cell says what it heads, each table has a caption, each picture a text."""
    assert all(item.get("scope") in {"row", "col"} for item in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(item.get("role") == "img" and item["aria-label"] for item in page.all("svg"))


def test_outcomes_are_letters_and_not_colours_alone():
    """Each cell of the kill matrix that has an outcome holds its letter."""
    outcomes = [MutantOutcome.KILLED, MutantOutcome.OTHER_REASON, MutantOutcome.SURVIVED, MutantOutcome.NOT_RUN]
    planted = tuple(mutant(f"m{index}", outcome) for index, outcome in enumerate(outcomes))
    source = to_html(discharge(evidence(mutants=planted)))
    grid = source.partition('class="matrix"')[2].partition("</table>")[0]
    assert re.findall(r'class="cell (\w+)">(\w)<', grid) == [
        ("killed", "K"),
        ("other_reason", "O"),
        ("survived", "S"),
        ("not_run", "N"),
    ]


def test_the_page_fetches_nothing(page):
    """No element names anything outside the page, and the policy forbids what the page does not carry itself."""
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "link", "iframe", "object", "base", "form"}
    assert not any({"src", "srcset", "style"} & attributes.keys() for _, attributes in page.elements)
    assert "url(" not in page.inline["style"]
    assert "@import" not in page.inline["style"]
    policy = next(item["content"] for item in page.all("meta") if item.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    for part in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.inline[part].encode()).digest()).decode()
        assert f"{part}-src 'sha256-{digest}'" in policy


def test_hostile_text_adds_no_element_and_no_attribute():
    """A page full of hostile text has exactly the elements and attribute names of one full of harmless text."""

    def shape(text):
        planted = (mutant(text, MutantOutcome.SURVIVED, what=text, where=text, shows=text, seen=text),)
        fields = {"subject": text, "message": text, "prediction": text, "if_fails": text, "reason": text}
        run = discharge(
            falsified(text, contract=text, **fields, mutants=planted, counterexample={text: text}, replay=text),
            vacuous(text, contract=text, units={"accepted_heads": text}, classes={text: 3}, blind={text: text}),
            unbound(text, **fields),
            faults=(Fault(where=text, message=text),),
            selection=text,
            subjects={text: text},
            interrupted=text,
        )
        source = to_html(run)
        return source, [(tag, sorted(attributes)) for tag, attributes in Page(source).elements]

    source, elements = shape(HOSTILE)
    assert elements == shape("harmless text")[1]
    assert "<img" not in source
    assert "\x1b" not in source
    assert "\u202e" not in source
    assert "$page" in source


def test_an_empty_run_is_a_page_that_says_so():
    """A run without a check has a verdict, a count of none and no picture of nothing."""
    text = " ".join(Page(to_html(discharge())).text)
    assert "No check was made." in text
    assert "No contract was read." in text
    assert "No mutant was planted." in text


def test_checks_at_nought_are_not_drawn_as_margins():
    """A measure that must be 0 and is 0 has no distance to draw; the number of such checks is told."""
    source = to_html(discharge(evidence(), evidence("FALSIFY-001"), falsified()))
    section = source.partition('id="margins"')[2]
    assert section.count('class="track') == 1
    assert "Left out: 2 checks at 0 where only 0 is allowed." in section
