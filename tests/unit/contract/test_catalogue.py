from __future__ import annotations

import re

import pytest

from harness.contract.catalogue import CATALOGUE, page, parse_page
from harness.contract.models import FindingSeverity
from harness.verdict.errors import UsageError

CODE = re.compile(r"\"(FC\d{3})\"")


def test_every_code_of_the_source_has_a_page_and_every_page_its_code(root):
    """A finding can always be explained, and no page tells of a finding that nothing gives."""
    sources = [path for path in (root / "harness").rglob("*.py") if path.parent.name != "catalogue"]
    used = {code for path in sources for code in CODE.findall(path.read_text(encoding="utf-8"))}
    assert used == set(CATALOGUE)


def test_pages_are_named_after_their_codes(root):
    """The file of a page is its code, so that it can be found without reading it."""
    files = sorted(path.stem for path in (root / "harness/contract/catalogue").glob("*.md"))
    assert files == list(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_page_shows_a_change(code):
    """Each page has an example that differs before and after, and a summary that is one sentence."""
    found = CATALOGUE[code]
    assert found.code == code
    assert found.sections["Before"] != found.sections["After"]
    assert all(found.sections[name].startswith("```yaml\n") for name in ("Before", "After"))
    assert found.summary.endswith(".")
    assert found.summary.count(". ") == 0
    assert found.severity in FindingSeverity


def test_page_is_found_in_lower_case():
    """Codes may be typed as they come."""
    assert page("fc010") is CATALOGUE["FC010"]


def test_unknown_code_names_the_nearest():
    """A code without a page is a usage error with a way out."""
    with pytest.raises(UsageError) as caught:
        page("FC0100")
    assert "FC010" in caught.value.way_out


@pytest.mark.parametrize(
    "text",
    ["", "# FC999 x\n\nOne.\n", "# FC999 x\n\nOne.\n\nSeverity: error\n\n## What it means\n\nx\n"],
)
def test_incomplete_page_is_refused(text):
    """A page without its head or one of its sections cannot be shipped."""
    with pytest.raises(ValueError, match="a page"):
        parse_page(text)
