"""Whole files under the gates: real ones that must be clean, and the same with one thing wrong."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from harness.model.kernels import decode
from harness.model.validation.inspection import inspect_artifact
from harness.verdict.errors import ArtifactError

ROOT = Path(__file__).resolve().parents[4]
OURS = ROOT / "tests" / "artifacts"
SIZE, LAYOUT = "F-LAYOUT-CONTRACT-004", "F-LAYOUT-CONTRACT-002"
DEFECTIVE = {
    "qwen2-h224.apr": {"lm_head.weight": frozenset({SIZE})},
    "qwen2-trained.apr": {"lm_head.weight": frozenset({SIZE})},
    "llama-nano.bigendian-f32.gguf": {"": frozenset({"gguf-big-endian"})},
}
"""Files of the shared material that are not sound: two heads of 0 bytes, and a byte order that is refused."""


@pytest.fixture
def checkpoint(tmp_path):
    """A real checkpoint that a test may spoil: gives its folder and a way to write its tensors again."""
    folder = tmp_path / "llama-nano"
    shutil.copytree(OURS / "llama-nano", folder)

    def rewrite(change) -> Path:
        path = folder / "model.safetensors"
        tensors = {name: values.copy() for name, values in load_file(path).items()}
        change(tensors)
        path.unlink()
        save_file(tensors, path)
        return path

    return folder, rewrite


@pytest.mark.parametrize(
    "name", ["llama-nano/model.safetensors", "llama-nano.apr", "llama-nano.f32.gguf", "llama-nano.bf16.gguf"]
)
def test_our_own_model_files_are_clean(gates, name):
    """The files that travel with the project have no finding and nothing that went unjudged."""
    report = inspect_artifact(OURS / name, gates)
    assert (report.refused, report.unjudged, report.message) == ({}, (), "")
    assert len(report.listing) == 12


def test_every_shared_model_file_is_clean_but_those_known_to_be_defective(gates, shared):
    """No false alarm on any file that a third-party tool made, padding rows of zeros included."""
    patterns = ("ckpt/*/model.safetensors", "ckpt/*/*.index.json", "gguf/*.gguf", "apr/*.apr", "apr/*.back.*")
    files = [path for pattern in patterns for path in sorted((shared / "artifacts").glob(pattern))]
    assert len(files) > 40
    found = {path.name: refused for path in files if (refused := inspect_artifact(path, gates).refused)}
    assert found == DEFECTIVE


@pytest.mark.parametrize(
    ("tensor", "spoil", "rules"),
    [
        ("model.layers.0.mlp.up_proj.weight", lambda v: v.__setitem__((3, 3), np.nan), {"F-DATA-QUALITY-002"}),
        ("model.norm.weight", lambda v: v.__setitem__(3, -np.inf), {"F-DATA-QUALITY-002"}),
        ("model.layers.0.mlp.up_proj.weight", lambda v: v.fill(0.125), {"F-DATA-QUALITY-003"}),
        ("lm_head.weight", lambda v: v[51].fill(0), {"F-DATA-QUALITY-004"}),
        ("lm_head.weight", lambda v: v[100:228].fill(0), {"F-DATA-QUALITY-005"}),
        ("model.layers.0.self_attn.k_proj.weight", lambda v: v[:, 4:].fill(0), {"F-DATA-QUALITY-001"}),
    ],
)
def test_a_planted_defect_is_named_for_its_tensor_and_no_other(gates, checkpoint, tensor, spoil, rules):
    """One finding set, in the place where the defect is, with the offset of the payload."""
    path = checkpoint[1](lambda tensors: spoil(tensors[tensor]))
    report = inspect_artifact(path, gates)
    assert report.refused == {tensor: rules}
    offsets = {entry.name: entry.offset for entry in report.listing}
    assert {finding.offset for finding in report.findings} == {offsets[tensor]}
    assert tensor in report.message


def test_the_padding_row_is_excused_where_it_is_stated(gates, checkpoint):
    """With 127 other dead rows the zero row of the padding token decides, and only config.json can tell."""
    folder, rewrite = checkpoint

    def spoil(tensors):
        tensors["model.embed_tokens.weight"][0] = 0
        tensors["model.embed_tokens.weight"][100:227] = 0

    path = rewrite(spoil)
    assert inspect_artifact(path, gates).refused == {}
    for name in ("config.json", "generation_config.json"):
        said = json.loads((folder / name).read_text())
        del said["pad_token_id"]
        (folder / name).write_text(json.dumps(said))
    assert inspect_artifact(path, gates).refused == {"model.embed_tokens.weight": {"F-DATA-QUALITY-005"}}


@pytest.mark.parametrize("name", ["lm_head.weight", "output.weight", "model.lm_head.weight", "strange.projection"])
def test_a_reversed_head_is_refused_for_its_dims_under_any_name(gates, checkpoint, name):
    """The data are sound, so only the layout rule can speak."""

    def spoil(tensors):
        head = tensors.pop("lm_head.weight")
        tensors[name] = head.reshape(head.shape[::-1])

    assert inspect_artifact(checkpoint[1](spoil), gates).refused == {name: {LAYOUT}}


def test_missing_sizes_are_said_and_not_passed_over(gates, checkpoint):
    """Without config.json a head of two dims is not refused, and the report says what it could not judge."""
    folder, _ = checkpoint
    (folder / "config.json").unlink()
    report = inspect_artifact(folder / "model.safetensors", gates)
    assert report.refused == {}
    assert "not judged: F-LAYOUT-CONTRACT-002" in report.message


def test_a_file_without_tensors_is_said_to_hold_none(gates, tmp_path):
    """Empty is no pass: the report says that there was nothing to judge."""
    path = tmp_path / "empty.safetensors"
    header = b"{}      "
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    report = inspect_artifact(path, gates)
    assert (report.refused, report.listing) == ({}, ())
    assert "no tensor" in report.message


def test_a_payload_that_cannot_be_decoded_is_a_finding_about_its_tensor(gates, monkeypatch):
    """An element type that nobody decodes is named, and the other tensors are still judged."""
    undecodable, bare = "model.norm.weight", decode.decode_pieces

    def choosy(raw, dtype, dims, **where):
        if where["tensor"] == undecodable:
            raise ArtifactError("no decoder", rule="dtype-unsupported", tensor=undecodable)
        if where["tensor"] == "lm_head.weight":
            return [(len(raw), np.full(dims, np.nan, np.float32).reshape(-1))]
        return bare(raw, dtype, dims, **where)

    monkeypatch.setattr(decode, "decode_pieces", choosy)
    report = inspect_artifact(OURS / "llama-nano.apr", gates)
    assert report.refused == {undecodable: {"dtype-unsupported"}, "lm_head.weight": {"F-DATA-QUALITY-002"}}


@pytest.mark.parametrize("content", [b"", b"APR\0", b"nonsense" * 20])
def test_what_cannot_be_opened_is_a_finding_about_the_file(gates, tmp_path, content):
    """A container error is a value under the file's own key."""
    path = tmp_path / "model.apr"
    path.write_bytes(content)
    report = inspect_artifact(path, gates)
    assert set(report.refused) == {""}
    assert report.listing == ()


def test_a_broken_checksum_is_a_finding_besides_those_of_tensors(gates, tmp_path):
    """A flipped payload byte is seen by the footer although every value is still a fine number."""
    data = bytearray((OURS / "llama-nano.apr").read_bytes())
    intact = inspect_artifact(OURS / "llama-nano.apr", gates)
    entry = next(entry for entry in intact.listing if len(entry.dims) == 2)
    data[entry.offset] ^= 1
    path = tmp_path / "model.apr"
    path.write_bytes(data)
    report = inspect_artifact(path, gates)
    assert set(report.refused) == {""}
    assert report.listing != ()
