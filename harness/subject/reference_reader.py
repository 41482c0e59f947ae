"""The built-in reader, validator and model view in the role reader, in process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from harness.subject.identity import REFERENCE_IDENTITY, REFERENCE_LABEL
from harness.subject.reader import Admission, Listing
from harness.verdict.errors import RefusedError, UsageError
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ReferenceReader:
    """Calls `harness.model.validation` and `harness.model.artifact`."""

    role = "reader"
    label = REFERENCE_LABEL
    identity = REFERENCE_IDENTITY

    def admit(self, artifact: Path, gates: Mapping[str, Any]) -> Admission:
        """Inspect the whole file. A file without tensors is refused: nothing was there to be judged."""
        from harness.model.validation.gates import Gates  # noqa: PLC0415 - numpy only where something is read
        from harness.model.validation.inspection import inspect_artifact  # noqa: PLC0415

        started = time.monotonic()
        read = Gates.read(gates)
        try:
            report = inspect_artifact(artifact, read)
        except Exception as error:  # noqa: BLE001 - this reader is on trial, and this is what it did
            message = f"{type(error).__name__}: {error}"
            return Admission(RunState.CRASHED, message=message, duration_s=time.monotonic() - started)
        listing = tuple(Listing(entry.name, entry.dims, entry.dtype.name, entry.nbytes) for entry in report.listing)
        refused = report.refused if report.refused or listing else {"": frozenset({"no-tensors"})}
        state = RunState.REFUSED if refused else RunState.RAN
        return Admission(state, refused, listing, report.message, time.monotonic() - started)

    def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
        """All values of a tensor, row-major, as little-endian F32; float64 values are rounded to it."""
        import numpy as np  # noqa: PLC0415 - see admit

        from harness.model.artifact.open import open_artifact  # noqa: PLC0415

        try:
            with open_artifact(artifact) as opened:
                if tensor not in opened.tensors:
                    return RunState.REFUSED, b"", f"{artifact}: there is no tensor {tensor}"
                with np.errstate(over="ignore", invalid="ignore"):
                    return RunState.RAN, opened.values(tensor).astype("<f4").tobytes(), ""
        except (RefusedError, UsageError) as error:
            return RunState.REFUSED, b"", str(error)

    def offer(self, door: str, name: str, dims: tuple[int, ...], value: object, gates: Mapping[str, Any]) -> Admission:
        """Try the door of this name (see `doors`). RAN means that `value` got into a model view."""
        from harness.model.validation.gates import Gates  # noqa: PLC0415 - see admit
        from harness.subject.doors import DOORS  # noqa: PLC0415

        if door not in DOORS:
            raise UsageError("there is no such door", found=door, expected=", ".join(DOORS))
        started = time.monotonic()
        try:
            seen = DOORS[door](name, dims, value, Gates.read(gates))
        except (RefusedError, TypeError, AttributeError) as error:
            rules: frozenset[str] = getattr(error, "rules", frozenset())
            return Admission(RunState.REFUSED, {name: rules}, message=str(error), duration_s=time.monotonic() - started)
        return Admission(RunState.RAN, listing=seen, duration_s=time.monotonic() - started)
