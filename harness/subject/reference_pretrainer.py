"""The built-in preflight in the role pretrainer, in process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.subject.identity import REFERENCE_IDENTITY, REFERENCE_LABEL
from harness.subject.pretrainer import Preflight
from harness.verdict.errors import RefusedError, UsageError
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import JsonValue


class ReferencePretrainer:
    """Calls `harness.model.training.preflight.preflight`."""

    role = "pretrainer"
    label = REFERENCE_LABEL
    identity = REFERENCE_IDENTITY

    def preflight(self, init: Path, target: Mapping[str, JsonValue], probe: Path) -> Preflight:
        """Run the stages; the one behind them creates the empty file `probe`. An unexpected exception is a crash."""
        from harness.model.training.preflight import preflight  # noqa: PLC0415 - readers only where something is read

        started = time.monotonic()
        try:
            result = preflight(init, target, probe.touch)
        except (RefusedError, UsageError) as error:
            return Preflight(
                RunState.REFUSED,
                stage="target",
                probe_reached=probe.exists(),
                message=str(error),
                duration_s=time.monotonic() - started,
            )
        except Exception as error:  # noqa: BLE001 - this pretrainer is on trial, and this is what it did
            message = f"{type(error).__name__}: {error}"
            return Preflight(RunState.CRASHED, "", message=message, duration_s=time.monotonic() - started)
        return Preflight(
            state=RunState.RAN if result.passed else RunState.REFUSED,
            stage=result.stage,
            mismatches=dict(result.mismatches),
            probe_reached=probe.exists(),
            message=result.message,
            duration_s=time.monotonic() - started,
        )
