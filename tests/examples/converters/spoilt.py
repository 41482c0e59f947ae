"""A converter of a third party, sound or spoilt: spoilt.py DEFECT SOURCE DEST.

It converts with an importer of the tests' own, which shares no code with the one under test, and then does to the
result what DEFECT says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit" / "falsifiers")]

import numpy as np  # noqa: E402
from second_importer import SecondImporter  # noqa: E402

from falsifiers.oracles.apr_bytes import PlainApr, PlainTensor, rewrite  # noqa: E402

DEFECT, SOURCE, DEST = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])


def matrix(apr: PlainApr, part: str) -> PlainTensor:
    """The first matrix whose name holds `part`."""
    return next(tensor for tensor in apr.tensors if part in tensor.name and len(tensor.dims) == 2)


def transposed(apr: PlainApr) -> None:
    """Really transpose the data of down_proj under the right label."""
    tensor = matrix(apr, "down_proj")
    width = len(tensor.payload) // (tensor.dims[0] * tensor.dims[1])
    data = np.frombuffer(tensor.payload, f"V{width}").reshape(tensor.dims)
    tensor.payload = np.ascontiguousarray(data.T).tobytes()


def label_reversed(apr: PlainApr) -> None:
    """Reverse the label of gate_proj and leave its data alone."""
    tensor = matrix(apr, "gate_proj")
    tensor.dims = tensor.dims[::-1]


def norm_dropped(apr: PlainApr) -> None:
    """Lose the final norm."""
    apr.tensors = [tensor for tensor in apr.tensors if tensor.name != "model.norm.weight"]


def eps_rounded(apr: PlainApr) -> None:
    """Write another rms_norm_eps where the source states one."""
    if apr.metadata.get("rms_norm_eps") is not None:
        apr.metadata["rms_norm_eps"] = 1e-4


def half_tagged(apr: PlainApr) -> None:
    """Tag BF16 as F16."""
    for tensor in apr.tensors:
        tensor.number = {30: 1}.get(tensor.number, tensor.number)


def name_changed(apr: PlainApr) -> None:
    """Leave `model.` out of a name."""
    tensor = matrix(apr, "embed_tokens")
    tensor.name = tensor.name.removeprefix("model.")


EDITS = {
    edit.__name__: edit for edit in (transposed, label_reversed, norm_dropped, eps_rounded, half_tagged, name_changed)
}


if DEFECT == "refuses_shards" and SOURCE.name.endswith(".index.json"):
    sys.exit("shards are not supported")
if DEFECT != "writes_nothing":
    SecondImporter(nulls=True, head_copy="kept", arrival=True, custom=True).convert(SOURCE, DEST)
if DEFECT in EDITS:
    rewrite(DEST, EDITS[DEFECT])
print(json.dumps({"defect": DEFECT, "status": "success"}))
