from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.artifact.rust_json import encode, f32_text, f64_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-6, "0.000001"), (1e-5, "0.00001"), (1e-12, "1e-12"), (10000, "10000.0"), (1e6, "1000000.0"),
        (0.1, "0.1"), (1.5e-7, "1.5e-7"), (1e13, "1e13"), (1e12, "1000000000000.0"), (-0.0, "-0.0"), (0, "0.0"),
    ],
)  # fmt: skip
def test_f32_texts(value, text):
    """Numbers of the real files, and the bounds between plain and scientific."""
    assert f32_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.999999974752427e-7, "9.999999974752427e-7"), (9.999999747378752e-6, "9.999999747378752e-6"),
        (1e-5, "0.00001"), (1e-6, "1e-6"), (10000.0, "10000.0"), (1e15, "1000000000000000.0"), (1e16, "1e16"),
        (-1.25e300, "-1.25e300"), (0.0, "0.0"), (-0.0, "-0.0"),
    ],
)  # fmt: skip
def test_f64_texts(value, text):
    """Doubles keep all their digits and change their form elsewhere than f32."""
    assert f64_text(value) == text


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_reads_back(value):
    """Bit for bit."""
    assert struct.pack("<d", float(f64_text(value))) == struct.pack("<d", value)


@settings(deadline=None)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_single_reads_back(value):
    """As the same float32, bit for bit, whatever double the text stands for."""
    assert struct.pack("<f", float(f32_text(value))) == struct.pack("<f", value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)  # fmt: skip


@settings(deadline=None)
@given(JSON)
def test_every_value_reads_back(value):
    """Whatever JSON holds comes back equal."""
    assert json.loads(encode(value)) == value


def test_real_metadata_is_reproduced_to_the_byte(shared):
    """Every value that the released CLI wrote is written again with the same bytes, key by key."""
    from harness.model.artifact.apr_metadata import DECLARED, encode_metadata

    files = sorted((shared / "artifacts" / "apr").glob("*.apr"))
    assert files
    always = {"license", "data_source", "data_license", "model_type", "total_size", "param_count"}
    for path in files:
        data = path.read_bytes()
        size = struct.unpack_from("<I", data, 20)[0]
        text = data[64 : 64 + size].decode()
        pairs = json.loads(text, object_pairs_hook=list)
        names = [name for name, _ in pairs]
        assert [name for name in names if name in DECLARED] == names[: sum(name in DECLARED for name in names)]
        parsed = json.loads(text)
        again = []
        for name in names:
            one = encode_metadata({name: parsed[name]}, file="").decode()
            defaults = encode_metadata({key: parsed[key] for key in always}, file="").decode()
            assert name in always or one != defaults
            again.append(_pair_of(one, name))
        assert "{" + ",".join(again) + "}" == text, path.name


def _pair_of(text, name):
    """The pair `name` cut out of the JSON text of an object, its bytes as they stand there."""
    start = text.index(json.dumps(name) + ":")
    _, end = json.JSONDecoder().raw_decode(text, start + len(json.dumps(name)) + 1)
    return text[start:end]
