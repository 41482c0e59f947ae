"""The closing section of a pytest run, and its discharge report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.assembly import Assembly, load_contracts
from harness.cli.registry import registry
from harness.cli.running import discharge_of, now
from harness.pytest_plugin.workshop import Workshop
from harness.reporting.terminal import closing
from harness.reporting.write import write_reports
from harness.trial.plan import Plan
from harness.verdict.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest


def summarise(
    texts: Sequence[str], reporter: pytest.TerminalReporter, config: pytest.Config, workshop: Workshop | None
) -> None:
    """Say what the clauses showed; with --falsify-reports, write the reports too."""
    if workshop is None:
        return
    evidence = [Evidence.model_validate_json(text) for text in texts]
    files = [Path(path) for path in dict.fromkeys(record.location.file for record in evidence)]
    contracts = load_contracts([file for file in files if file.exists()], workshop.configuration)
    assembly = Assembly(workshop.configuration, contracts, registry(), {}, Plan(()), config.option.keyword or "")
    discharge = discharge_of(assembly, workshop.session, now(), evidence, (), require_bound=False)
    reporter.section("falsify")
    reporter.write_line(closing(discharge))
    if config.option.falsify_reports:
        for path in write_reports(discharge, Path(config.option.falsify_reports)):
            reporter.write_line(f"wrote {path}")
    run = getattr(config, "workerinput", {}).get("testrunuid") or getattr(config.option, "testrunuid", "")
    if run:
        Workshop.close_shared(str(run))
