"""The closing section of a pytest run, and its discharge report."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.assembly import Assembly, load_contracts
from harness.cli.registry import registry
from harness.cli.running import discharge_of, now
from harness.reporting.terminal import closing
from harness.reporting.write import write_reports
from harness.trial.plan import Plan
from harness.verdict.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from harness.pytest_plugin.workshop import Workshop


def summarise(texts: Sequence[str], reporter: pytest.TerminalReporter, workshop: Workshop | None, began: float) -> None:
    """Say what the clauses showed; with --falsify-reports, write the reports too. `began` is of the monotonic clock."""
    if workshop is None:
        return
    option = reporter.config.option
    evidence = [Evidence.model_validate_json(text) for text in texts]
    files = [Path(path) for path in dict.fromkeys(record.location.file for record in evidence)]
    contracts = load_contracts([file for file in files if file.exists()], workshop.configuration)
    assembly = Assembly(workshop.configuration, contracts, registry(), {}, Plan(()), option.keyword or "")
    workshop.session.budget.started = began
    started = now() - timedelta(seconds=time.monotonic() - began)
    discharge = discharge_of(assembly, workshop.session, started, evidence, (), require_bound=False)
    reporter.section("falsify")
    reporter.write_line(closing(discharge))
    if option.falsify_reports:
        for path in write_reports(discharge, Path(option.falsify_reports)):
            reporter.write_line(f"wrote {path}")
