"""Hooks only; everything heavy is imported when the first contract is collected, so that other projects pay nothing."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from harness.pytest_plugin.collected import ContractModule
    from harness.pytest_plugin.workshop import Workshop

WORKSHOP = pytest.StashKey["Workshop | None"]()
STARTED = pytest.StashKey[float]()
ANSWERS = pytest.StashKey[str]()
PROPERTY = "falsify_evidence"
MARKERS = {
    "contract": "a clause of a contract",
    "P0": "a clause whose breach ships garbage",
    "P1": "a clause whose breach misleads",
    "P2": "a clause whose breach annoys",
    "importer": "a clause about converters",
    "reader": "a clause about readers",
    "pretrainer": "a clause about the preflight of a training run",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of a run of contracts; each has its default in `[tool.falsify]`."""
    group = parser.getgroup("falsify", "contracts on trial")
    group.addoption("--falsify-profile", metavar="NAME", help="budget: dev, pr, nightly, release")
    group.addoption("--falsify-seed", type=int, metavar="N", help="same seed, same cases")
    group.addoption(
        "--falsify-subject", action="append", default=[], metavar="ROLE=COMMAND", help="put a program on trial"
    )
    group.addoption("--falsify-reports", metavar="DIR", help="write the discharge report into DIR")


def pytest_configure(config: pytest.Config) -> None:
    """Note when the run began, and register the marks that clauses carry."""
    config.stash[STARTED] = time.monotonic()
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ContractModule | None:
    """A YAML file in a contract folder of `[tool.falsify]` is a module of clauses; any other is none of ours."""
    if file_path.suffix not in {".yaml", ".yml"}:
        return None
    workshop = _workshop(parent.config)
    if workshop is None or not workshop.holds(file_path):
        return None
    from harness.pytest_plugin.collected import ContractModule  # noqa: PLC0415 - see the module's docstring

    return ContractModule.of(parent, file_path, workshop)


def _workshop(config: pytest.Config) -> Workshop | None:
    """The parts that the contract items of this run share; None where no `[tool.falsify]` asks for any."""
    if WORKSHOP not in config.stash:
        from harness.cli.configuration import configuration  # noqa: PLC0415 - see the module's docstring

        found = configuration(config.rootpath)
        if not found.written or found.root != config.rootpath:
            found = configuration(config.invocation_params.dir)
        if found.written:
            from harness.pytest_plugin.workshop import Workshop  # noqa: PLC0415 - see the module's docstring

            config.stash[WORKSHOP] = Workshop(config, found)
        else:
            config.stash[WORKSHOP] = None
    return config.stash[WORKSHOP]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let a term FALSIFY-NNN of -k select exactly the clauses that it means; other terms stay pytest's."""
    expression = config.option.keyword
    contracts = config.stash.get(WORKSHOP, None) is not None
    if not expression or not (contracts or re.search(r"\bFALSIFY-\d+", expression, re.IGNORECASE)):
        return
    from harness.pytest_plugin.selecting import split  # noqa: PLC0415 - see the module's docstring

    kept, dropped = split(expression, items)
    config.option.keyword = ""
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Counts of what the clauses showed, and the reports where they are wanted."""
    if hasattr(config, "workerinput"):
        return
    evidence = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == PROPERTY and report.when == "call"
    ]
    if not evidence:
        return
    from harness.pytest_plugin.summary import summarise  # noqa: PLC0415 - see the module's docstring

    summarise(evidence, terminalreporter, _workshop(config), config.stash[STARTED])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every worker of an xdist run the one folder of answers, so that a subject is run once for a case."""
    stash = node.config.stash
    if ANSWERS not in stash:
        stash[ANSWERS] = tempfile.mkdtemp(prefix="falsify-")
    node.workerinput["falsify_answers"] = stash[ANSWERS]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the working files of the run; those that workers share go with the controller."""
    if ANSWERS in config.stash:
        shutil.rmtree(config.stash[ANSWERS], ignore_errors=True)
    workshop = config.stash.get(WORKSHOP, None)
    if workshop is not None:
        workshop.close()
