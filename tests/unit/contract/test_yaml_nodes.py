from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.positions import Span
from harness.contract.yaml_nodes import read_yaml

TEXT = """\
metadata:
  id: a-v1
  "quoted": no
list:
  - é: [1, "two"]
  - |
    block

    text

after: {x: ~}
"""


def places(text):
    """Span of every value as `line:column-line:column`."""
    spans = read_yaml(text, "f").spans
    return {path: f"{s.line}:{s.column}-{s.end_line}:{s.end_column}" for path, s in spans.items()}


def test_every_value_has_its_span():
    """Spans count from 1, in characters, and end where the value ends, not where the next token begins."""
    assert places(TEXT) == {
        (): "1:1-11:14",
        ("metadata",): "2:3-3:15",
        ("metadata", "id"): "2:7-2:11",
        ("metadata", "quoted"): "3:13-3:15",
        ("list",): "5:3-9:9",
        ("list", 0): "5:5-5:18",
        ("list", 0, "é"): "5:8-5:18",
        ("list", 0, "é", 0): "5:9-5:10",
        ("list", 0, "é", 1): "5:12-5:17",
        ("list", 1): "6:5-9:9",
        ("after",): "11:8-11:14",
        ("after", "x"): "11:12-11:13",
    }


def test_every_key_has_its_span():
    """The span of a key is found by the path of its value."""
    document = read_yaml(TEXT, "f")
    assert document.key_span(("metadata", "quoted")) == Span("f", 3, 3, 3, 11)
    assert document.key_span(("list", 0, "é")) == Span("f", 5, 5, 5, 6)
    assert document.key_span(("list", 0)) == document.span(("list", 0))
    assert document.span(("list", 7, "nowhere")) == document.span(("list",))


def test_the_written_form_of_plain_scalars_is_kept():
    """Plain scalars keep their lexeme; quoted and block ones need none."""
    document = read_yaml(TEXT, "f")
    assert document.lexemes == {
        ("metadata", "id"): "a-v1",
        ("metadata", "quoted"): "no",
        ("list", 0, "é", 0): "1",
        ("after", "x"): "~",
    }
    assert ("metadata", "quoted") not in document.plain_keys
    assert ("metadata", "id") in document.plain_keys


# The line breaks that only YAML 1.1 knows are folded differently by its writers and readers.
WORDS = st.text(alphabet=st.characters(exclude_characters="\x85\u2028\u2029", exclude_categories=["Cs"]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
        max_leaves=20,
    ),
    st.booleans(),
)
def test_what_another_writer_wrote_is_read_back(data, flow):
    """Data written by PyYAML comes back equal; floats without a dot are the 1.2 reading of what 1.1 wrote."""
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    document = read_yaml(text, "f")
    assert document.data == data
    assert not document.findings


@given(st.dictionaries(st.text(alphabet="abcxyz", min_size=1), st.text(alphabet="abc de", min_size=1), max_size=5))
def test_the_text_at_a_span_is_the_value(data):
    """Cutting the source at a span gives a text that reads as the value."""
    text = yaml.safe_dump(data, width=10_000)
    lines = text.splitlines()
    document = read_yaml(text, "f")
    for key, value in data.items():
        span = document.span((key,))
        assert span.line == span.end_line
        assert read_yaml(lines[span.line - 1][span.column - 1 : span.end_column - 1], "f").data == value


def test_a_duplicate_key_is_found_with_both_places():
    """The first value holds, the second is kept aside with its places, and the finding names both lines."""
    document = read_yaml("a: 1\nb: 2\na: {c: 3}\n", "f")
    assert document.data == {"a": 1, "b": 2}
    (finding,) = document.findings
    assert (finding.code, str(finding.span)) == ("FC004", "f:3:1")
    assert "f:1:1" in finding.message
    (duplicate,) = document.duplicates
    assert (duplicate.key, duplicate.value) == ("a", {"c": 3})
    assert str(document.span((*duplicate.path, "c"))) == "f:3:8"


def test_keys_are_text_as_written():
    """A key that looks like a number or a boolean stays what was written."""
    assert read_yaml("005: a\nno: b\n1.0: c\n", "f").data == {"005": "a", "no": "b", "1.0": "c"}


def test_aliases_are_written_out():
    """An alias stands for the value, with spans below its own path."""
    document = read_yaml("a: &x {k: [1, 2]}\nb: *x\n*x : 1\nc: &y word\n*y : 2\n", "f")
    assert document.data["b"] == {"k": [1, 2]}
    assert document.data["word"] == 2
    assert str(document.span(("b",))) == "f:2:4"
    assert str(document.span(("b", "k", 1))) == "f:1:15"
    assert [(finding.code, str(finding.span)) for finding in document.findings] == [("FC012", "f:3:1")]


@pytest.mark.parametrize(
    ("text", "data", "codes"),
    [
        ("!!str 12", "12", []),
        ("! 12", "12", []),
        ('!!int "12"', 12, []),
        ("!!float 1", 1, []),
        ("!!map {}", {}, []),
        ("!!int word", "word", ["FC012"]),
        ("!!seq {}", {}, ["FC012"]),
        ("!own 12", 12, ["FC007"]),
        ('!own "12"', "12", ["FC007"]),
        ("!!python/object/apply:os.system [ls]", ["ls"], ["FC007"]),
        ("!!binary aaaa", "aaaa", ["FC007"]),
        ("!!set {a, b}", {"a": None, "b": None}, ["FC007"]),
    ],
)
def test_core_tags_hold_and_others_are_refused(text, data, codes):
    """Core tags choose the type; any other tag is reported, and the value is read as if it were not there."""
    document = read_yaml(text, "f")
    assert document.data == data
    assert [finding.code for finding in document.findings] == codes


def test_merge_keys_are_reported_and_not_merged():
    """`<<` is a key like another, with a finding; a quoted one is no merge key."""
    document = read_yaml('a: &x {k: 1}\nb: {<<: *x, m: 2}\nc: {"<<": 3}\n', "f")
    assert document.data["b"] == {"<<": {"k": 1}, "m": 2}
    assert [(finding.code, finding.span.line) for finding in document.findings] == [("FC007", 2)]


def test_the_first_of_several_documents_is_kept():
    """A second document is a finding at its first line, even when it is broken; the first one is whole."""
    document = read_yaml("a: 1\n---\n[broken\n", "f")
    assert document.data == {"a": 1}
    assert [(finding.code, str(finding.span)) for finding in document.findings] == [("FC005", "f:2:1")]


@pytest.mark.parametrize("text", ["a: [1, 2", "a: b: c", "\t- a", "a: 'x", "%YAML 1.2\n%X\n---\na", "{a: ]"])
def test_what_is_not_yaml_is_a_finding_with_its_place(text):
    """Broken syntax gives no data and one FC002 inside the text or at its end."""
    document = read_yaml(text, "f")
    assert document.data is None
    (finding,) = document.findings
    assert finding.code == "FC002"
    assert 1 <= finding.span.line <= len(text.splitlines()) + 1


def test_a_forbidden_character_is_found_where_it_stands():
    """The column counts characters, although libyaml counts bytes."""
    (finding,) = read_yaml("a: é\nb: ü\x07\n", "f").findings
    assert (finding.code, str(finding.span)) == ("FC002", "f:2:5")


def test_an_alias_without_anchor_is_read_as_null():
    """The rest of the text is not lost with it."""
    document = read_yaml("a: *x\nb: 1\n", "f")
    assert document.data == {"a": None, "b": 1}
    assert [(finding.code, str(finding.span)) for finding in document.findings] == [("FC002", "f:1:4")]
