from __future__ import annotations

import time
import tracemalloc
from itertools import pairwise

import pytest

from harness.contract.yaml_events import MAX_DEPTH, MAX_NODES
from harness.contract.yaml_nodes import read_yaml

NAMES = "abcdefghij"
ALIAS_BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in pairwise(NAMES)
)
DEEP_ALIASES = "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40 + "\n"
BOMBS = {
    "open brackets": "[" * 100_000,
    "closed brackets": "[" * 100_000 + "]" * 100_000,
    "mappings": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "indented lines": "".join(" " * depth + "a:\n" for depth in range(500)),
    "explicit keys": "? " * 100_000,
    "aliases of aliases": ALIAS_BOMB,
    "depth by aliases": DEEP_ALIASES,
    "many values": "[" + "1," * (MAX_NODES + 1) + "]",
    "many lines": "- 1\n" * (MAX_NODES + 1),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_in_no_time(text):
    """Depth and size beyond the limits give no data and one FC005, within a second of computing."""
    begin = time.process_time()
    document = read_yaml(text, "f")
    duration = time.process_time() - begin
    assert document.data is None
    assert [finding.code for finding in document.findings] == ["FC005"]
    assert duration < (3 if len(text) > 150_000 and "1" in text else 1)


@pytest.mark.parametrize("name", ["open brackets", "aliases of aliases", "explicit keys"])
def test_a_bomb_takes_little_memory(name):
    """What is refused is not built first."""
    tracemalloc.start()
    read_yaml(BOMBS[name], "f")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_the_deepest_allowed_text_is_read():
    """At the limit of depth the data is there, one level deeper it is not."""
    assert read_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f").data is not None
    assert read_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "f").data is None


def test_the_largest_allowed_text_is_read():
    """At the limit of values the data is there, one value more and it is not."""
    assert len(read_yaml("- 1\n" * (MAX_NODES - 1), "f").data) == MAX_NODES - 1
    assert read_yaml("- 1\n" * MAX_NODES, "f").data is None


def test_an_alias_inside_its_own_value_is_null():
    """Recursion is cut where it begins, and the rest is kept."""
    document = read_yaml("a: &a {b: [*a], c: 1}\n", "f")
    assert document.data == {"a": {"b": [None], "c": 1}}
    assert [(finding.code, str(finding.span)) for finding in document.findings] == [("FC005", "f:1:12")]


def test_a_huge_number_is_kept_as_text():
    """Conversion of a long number takes quadratic time, so none is made."""
    document = read_yaml("a: " + "9" * 1_000_000, "f")
    assert document.data == {"a": "9" * 1_000_000}
    assert [finding.code for finding in document.findings] == ["FC005"]
