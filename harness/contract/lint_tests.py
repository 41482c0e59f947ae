"""Checks of the public `test:` text of a clause, which is read and never run: FC037."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from harness.contract.lint_shell import Weakness, looks_like_shell, weaknesses
from harness.contract.models import Finding, FindingSeverity
from harness.contract.spellings import TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.contract.lint_places import Places
    from harness.contract.models import Clause

_CARGO_TEST = re.compile(r"\bcargo\s+(?:\+\S+\s+)?test\b(?P<rest>[^|;&\n]*)")
_WITH_VALUE = frozenset(
    (  # noqa: SIM905 - a list of words, not of lines
        "-p --package --features -F --test --bin --example --bench --manifest-path --target --target-dir --profile"
        " --exclude -j --jobs --message-format --color -Z --config --test-threads --skip --format"
    ).split()
)


def test_findings(clause: Clause, places: Places) -> Iterator[Finding]:
    """Why the test that a clause names cannot fail, or would never run as it is written."""
    _, nested, own_field = clause.container.partition("[].")
    span = places.field(clause, own_field) if nested else places.field(clause, *TEST)
    for weakness in _reasons(clause.test.strip()):
        severity = FindingSeverity.WARNING if weakness.certain else FindingSeverity.NOTE
        yield Finding("FC037", severity, f"{clause.id}: {weakness.what}", span, weakness.way_out)


def _reasons(text: str) -> Iterator[Weakness]:
    if text.upper().startswith("LIVE-PENDING"):
        yield Weakness(
            "LIVE-PENDING is a status, and no test", "name what has to be run, or arm the clause", certain=False
        )
        return
    if looks_like_shell(text):
        yield from weaknesses(text)
        for match in _CARGO_TEST.finditer(text):
            yield from _cargo(match["rest"])


def _cargo(rest: str) -> Iterator[Weakness]:
    """What the arguments of `cargo test` amount to: it takes one filter, and a filter may match nothing."""
    try:
        words = shlex.split(re.sub(r"\d?>&?\S*", " ", rest))
    except ValueError:
        return
    own, _, harness = _filters(words)
    if len(own) > 1:
        yield Weakness(f"cargo test takes one filter, and {len(own)} are given", "put the others behind --")
    elif own or harness:
        shown = (own or harness)[0]
        what = f"when nothing is called {shown}, cargo test runs no test and still succeeds"
        yield Weakness(what, "use --exact with the full name, and look at how many tests ran", certain=False)


def _filters(words: list[str]) -> tuple[list[str], bool, list[str]]:
    own: list[str] = []
    harness: list[str] = []
    behind, skip = False, False
    for word in words:
        if skip:
            skip = False
        elif word == "--":
            behind = True
        elif word.startswith("-"):
            skip = word in _WITH_VALUE
        else:
            (harness if behind else own).append(word)
    return own, behind, harness
