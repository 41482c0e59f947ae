"""A contract file as a pytest module, and its clauses as pytest functions: thin items over the runner of the CLI."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any, Self

import pytest

from harness.contract.models import FindingSeverity
from harness.pytest_plugin.plugin import PROPERTY
from harness.reporting.terminal import failure
from harness.verdict.errors import FalsifyError
from harness.verdict.verdicts import Verdict

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from harness.contract.models import Contract
    from harness.pytest_plugin.workshop import Workshop
    from harness.trial.plan import Check
    from harness.verdict.evidence import Evidence


class ClauseFailed(Exception):  # noqa: N818 - a verdict, told to pytest in the way that it understands
    """A clause that is not corroborated."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(f"{evidence.verdict}: {evidence.message}")
        self.evidence = evidence


class BadContract(Exception):  # noqa: N818 - likewise
    """A contract with errors: part of it was not measured."""


class ContractModule(pytest.Module):
    """A contract file; its functions are its clauses."""

    workshop: Workshop

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, workshop: Workshop) -> Self:
        """The module of one contract file."""
        module: Self = cls.from_parent(parent, path=path)
        module.workshop = workshop
        return module

    def _getobj(self) -> types.ModuleType:
        return types.ModuleType(self.path.stem)

    def collect(self) -> Iterator[pytest.Item]:
        """One item a check, in the order of the file, and one for the errors of the contract itself, if it has any."""
        try:
            contract, plan = self.workshop.plan(self.path)
        except FalsifyError as error:
            raise self.CollectError(str(error)) from None
        errors = [finding for finding in contract.findings if finding.severity is FindingSeverity.ERROR]
        if errors:
            told = "\n".join(f"{finding.span}: {finding.code} {finding.message}" for finding in errors)
            yield ContractErrors.from_parent(self, name="contract", callobj=functools.partial(_complain, told))
        for check in plan.checks:
            yield ClauseFunction.of(self, contract, check)


def _complain(told: str) -> None:
    raise BadContract(told)


class ContractErrors(pytest.Function):
    """Fails for the errors of a contract."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ARG002 - as Node has it
        """The findings, without a traceback."""
        return str(excinfo.value) if isinstance(excinfo.value, BadContract) else super().repr_failure(excinfo)


class ClauseFunction(pytest.Function):
    """One clause on one subject."""

    contract: Contract
    check: Check

    @classmethod
    def of(cls, parent: ContractModule, contract: Contract, check: Check) -> Self:
        """The item of `check`; the function is bound here, not in a loop, so that each item runs its own clause."""

        def clause() -> None:
            _try_clause(item, parent.workshop)

        item: Self = cls.from_parent(parent, name=check.node, callobj=clause)
        structured = getattr(item, "id", None)
        if structured is not None:  # pytest 9.2's --lf compares parsed ids, where [reference] is no part of the name
            item._id = type(structured).parse(item.nodeid)
        item.contract, item.check = contract, check
        item.add_marker("contract")
        item.add_marker(check.clause.severity.value)
        if check.falsifier is not None:
            item.add_marker(check.falsifier.role)
        item.extra_keyword_matches.update({check.clause.id, contract.id})
        return item

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """The clause's place in the contract."""
        return self.path, self.check.clause.span.line - 1, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ARG002 - as Node has it
        """What a person needs; a traceback only for faults."""
        if isinstance(excinfo.value, ClauseFailed):
            return failure(excinfo.value.evidence, colour=False)
        if isinstance(excinfo.value, FalsifyError):
            return f"a fault of our own: {excinfo.value}"
        return super().repr_failure(excinfo)


def _try_clause(item: ClauseFunction, workshop: Workshop) -> None:
    evidence = workshop.session.run(item.check)
    item.user_properties.append((PROPERTY, evidence.model_dump_json()))
    if not evidence.bound:
        pytest.skip(f"UNBOUND: {evidence.message}")
    if evidence.verdict is not Verdict.CORROBORATED or evidence.vacuous:
        raise ClauseFailed(evidence)
