"""Readers that guess element types, and files whose dtype number was changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.mutants.reader_bent import BentReader, Editing
from falsifiers.oracles import blocks
from falsifiers.oracles.apr_bytes import UnreadableError, read_apr
from falsifiers.oracles.dtypes import APR_IDS
from harness.trial.interface import operator
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.reader import Admission


class _DefaultArm(BentReader):
    """Decodes as Q4_K whatever it does not know."""

    def admit(self, artifact: Path, gates: Mapping[str, Any]) -> Admission:
        admission = self.sound.admit(artifact, gates)
        if admission.listing or admission.state is not RunState.REFUSED:
            return admission
        return replace(admission, state=RunState.RAN, refused={})

    def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
        state, values, message = self.sound.decode(artifact, tensor)
        if state is RunState.RAN:
            return state, values, message
        data = artifact.read_bytes()
        whole = len(data) // 144
        decoded = blocks.decode(data[: whole * 144], "Q4_K", (whole, 256))
        return RunState.RAN, b"" if decoded is None else decoded.astype("<f4").tobytes(), ""


@operator(
    role="reader", edits="behaviour", where="dispatch on dtype numbers", what="has a default arm",
    before="unknown numbers are refused by name", after="unknown numbers are decoded as Q4_K",
)  # fmt: skip
def default_arm_to_q4_k(sound: Any) -> Any:
    """Decode what nobody knows."""
    return _DefaultArm(sound)


@operator(
    role="reader", edits="output", where="messages of refusals", what="leaves out what was found",
    before="the type or its number", after="invalid tensor",
)  # fmt: skip
def refuses_without_a_name(sound: Any) -> Any:
    """Refuse, and do not say which type."""

    class Wrong(BentReader):
        def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
            state, values, message = super().decode(artifact, tensor)
            return state, values, "invalid tensor" if state is RunState.REFUSED else message

    return Wrong(sound)


@operator(
    role="reader", edits="bytes", where="dtype numbers of the index", what="calls every unknown number F32",
    before="a number that means nothing", after="0",
)  # fmt: skip
def relabels_unknown_as_f32(sound: Any) -> Any:
    """Write the number of F32 over numbers that mean nothing before the sound reader sees them."""

    def edit(apr: PlainApr) -> None:
        for tensor in apr.tensors:
            if tensor.number not in APR_IDS and tensor.dtype.startswith("?"):
                tensor.number = 0

    return Editing(sound, edit)


@operator(
    role="reader", edits="bytes", where="dtype numbers of the index", what="exchanges F16 and BF16",
    before="1 and 30", after="30 and 1",
)  # fmt: skip
def bf16_tagged_f16(sound: Any) -> Any:
    """Give half-precision tensors each other's number before the sound reader sees them."""

    def edit(apr: PlainApr) -> None:
        for tensor in apr.tensors:
            tensor.number = {1: 30, 30: 1}.get(tensor.number, tensor.number)

    return Editing(sound, edit)


@operator(
    role="reader", edits="output", where="decoded values", what="keeps seven bits of each mantissa",
    before="float32", after="float32 cut to BF16",
)  # fmt: skip
def cuts_mantissas(sound: Any) -> Any:
    """Lose the lower half of every decoded value."""

    class Wrong(BentReader):
        def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
            state, values, message = super().decode(artifact, tensor)
            cut = np.frombuffer(values, "<u4") & np.uint32(0xFFFF0000)
            return state, cut.tobytes(), message

    return Wrong(sound)


@operator(
    role="reader", edits="behaviour", where="dispatch on dtype numbers", what="goes by the looks of the values",
    before="the declared type", after="whichever of F16 and BF16 gives values like weights",
)  # fmt: skip
def guesses_half_precision(sound: Any) -> Any:
    """Read half-precision payloads as the type that makes them look like weights."""

    class Wrong(BentReader):
        def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
            state, values, message = super().decode(artifact, tensor)
            try:
                found = read_apr(artifact).tensor(tensor)
            except UnreadableError:
                found = None
            if state is not RunState.RAN or found is None or found.dtype not in {"F16", "BF16"}:
                return state, values, message
            return state, _more_like_weights(bytes(found.payload), found.dims), message

    return Wrong(sound)


def _more_like_weights(payload: bytes, dims: tuple[int, ...]) -> bytes:
    """The reading whose typical magnitude is nearer to a hundredth, on the scale of powers of two."""
    readings = [blocks.decode(payload, dtype, dims) for dtype in ("F16", "BF16")]
    kept = [reading for reading in readings if reading is not None]
    with np.errstate(all="ignore"):
        far = [abs(float(np.log2(np.median(np.abs(reading)))) - float(np.log2(0.01))) for reading in kept]
    return kept[int(np.nanargmin(far))].astype("<f4").tobytes()


@operator(
    role="reader", edits="behaviour", where="dispatch on dtype numbers", what="knows one type",
    before="F32, F16, BF16 and blocks", after="F32",
)  # fmt: skip
def reads_f32_only(sound: Any) -> Any:
    """Refuse by name whatever is not F32."""

    class Wrong(BentReader):
        def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
            state, values, message = super().decode(artifact, tensor)
            number, name = _declared(artifact)
            if number == 0 or state is not RunState.RAN:
                return state, values, message
            return RunState.REFUSED, b"", f"dtype {number} ({name}) is not read"

    return Wrong(sound)


def _declared(artifact: Path) -> tuple[int, str]:
    """Number and name of the first tensor's type, in either format."""
    try:
        number = read_apr(artifact).tensors[0].number
    except UnreadableError:
        data = artifact.read_bytes()
        end = 32 + int.from_bytes(data[24:32], "little")
        rank = int.from_bytes(data[end : end + 4], "little")
        number = int.from_bytes(data[end + 4 + 8 * rank : end + 8 + 8 * rank], "little")
        return number, blocks.GGUF_NAMES.get(number, "unknown")
    return number, APR_IDS.get(number, "unknown")
