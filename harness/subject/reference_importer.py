"""The built-in converter in the role importer, in process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.subject.identity import REFERENCE_IDENTITY, REFERENCE_LABEL
from harness.subject.importer import Conversion
from harness.verdict.errors import RefusedError, UsageError
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from pathlib import Path


class ReferenceImporter:
    """Calls `harness.model.conversion.convert`."""

    role = "importer"
    label = REFERENCE_LABEL
    identity = REFERENCE_IDENTITY

    def convert(self, source: Path, dest: Path) -> Conversion:
        """A refusal is a failed conversion (EXITED) and an unexpected exception a crash, as of any program."""
        from harness.model.conversion.convert import convert  # noqa: PLC0415 - numpy only where something is converted

        started = time.monotonic()
        try:
            convert(source, dest, overwrite=False)
        except (RefusedError, UsageError) as error:
            return Conversion(RunState.EXITED, str(error), time.monotonic() - started)
        except Exception as error:  # noqa: BLE001 - this importer is on trial, and this is what it did
            return Conversion(RunState.CRASHED, f"{type(error).__name__}: {error}", time.monotonic() - started)
        return Conversion(RunState.RAN, "", time.monotonic() - started)
