from __future__ import annotations

import math
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.scalars import LONGEST_NUMBER, exact, is_overlong_number, other_reading, quoted, resolve
from harness.contract.yaml_nodes import read_yaml

CORE = {
    "": None, "~": None, "null": None, "NULL": None, "nUll": "nUll",
    "true": True, "False": False, "yes": "yes", "on": "on", "y": "y",
    "005": 5, "+7": 7, "-0": 0, "0o17": 15, "0x1F": 31, "0b1": "0b1", "1_000": "1_000", "017": 17,
    "1e-6": 1e-6, "1.": 1.0, ".5": 0.5, "-1.5E+3": -1500.0, ".inf": math.inf, "-.INF": -math.inf, "inf": "inf",
    "12:30:45": "12:30:45", "2026-02-04": "2026-02-04", "1.0.0": "1.0.0", "-": "-", "=": "=", "<<": "<<",
}  # fmt: skip

READINGS = {
    "no": "a boolean", "Off": "a boolean", "y": "a boolean", "TRUE": "a boolean", "~": "null",
    "005": "a number", "0o17": "a number", "1e-6": "a number", "12:30:45": "a number", "1_000": "a number",
    "0b10": "a number", ".NaN": "a number", "1.0": "a number", "08": "a number", "190:20:30.15": "a number",
    "2026-02-04": "a date", "2001-12-14t21:59:43.10-05:00": "a date", "<<": "a merge or default key",
    "1.0.0": "", "FALSIFY-005": "", "a": "", "v1": "", "-": "", "1-2": "", "2026-02": "", "none": "",
}  # fmt: skip


@pytest.mark.parametrize(("lexeme", "value"), CORE.items())
def test_plain_scalars_mean_what_the_core_schema_says(lexeme, value):
    """Each form of the 1.2 core schema has its value and type, and forms that only 1.1 knew are text."""
    assert resolve(lexeme) == value
    assert type(resolve(lexeme)) is type(value)


@pytest.mark.parametrize(("lexeme", "reading"), READINGS.items())
def test_other_reading_names_what_another_reader_would_see(lexeme, reading):
    """A scalar is flagged when YAML 1.1 or 1.2 takes it for something else than text, and only then."""
    assert other_reading(lexeme) == reading


@given(st.text(alphabet="0123456789+-.eE_:xobnyNO~ truefals", min_size=1, max_size=12))
def test_whatever_pyyaml_does_not_read_as_text_is_flagged(lexeme):
    """PyYAML, a reader of YAML 1.1, never sees anything but text in a scalar that we call text."""
    try:
        value = yaml.load(f"- {lexeme}\n", yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        return
    written = lexeme.strip()
    plain = isinstance(value, list) and written and not isinstance(value[0], str | list | dict)
    assert not plain or other_reading(written)


@given(st.text(alphabet='0123456789+-.eE_:xobnyNO~ truefals"\\\n', max_size=12))
def test_the_quoted_form_is_this_text_for_every_reader(text):
    """What a hint tells people to write is read back as exactly the text, by us and by PyYAML."""
    assert yaml.safe_load(quoted(text)) == text
    assert read_yaml(quoted(text), "x").data == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_exact_keeps_every_digit(number):
    """A number has all the digits that were written, also those that a double would lose."""
    assert exact(f"{number:f}") == number


@pytest.mark.parametrize("lexeme", ["1e999", "-1e999", "1e-999", ".inf", ".nan", "true", "text", "", "9" * 400])
def test_exact_refuses_what_a_double_cannot_be_compared_with(lexeme):
    """Numbers beyond a double's range, and what is no number, have no exact value."""
    assert exact(lexeme) is None


def test_exact_sees_beyond_a_double():
    """Two thresholds that fall on the same double stay apart."""
    assert exact("0.1000000000000000000000001") == Decimal("0.1000000000000000000000001") != Decimal("0.1")


def test_a_number_longer_than_the_limit_stays_text():
    """A huge integer costs nothing: it is kept as text and can be told from a word."""
    assert resolve("9" * LONGEST_NUMBER) == int("9" * LONGEST_NUMBER)
    assert resolve("9" * 100_000) == "9" * 100_000
    assert is_overlong_number("9" * 100_000)
    assert not is_overlong_number("a" * 100_000)
