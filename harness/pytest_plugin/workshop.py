"""What the contract items of one pytest run share: configuration, registry, subjects, and the running session."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.assembly import builtin_contracts, load_contracts, parse_subjects
from harness.cli.registry import registry
from harness.trial.plan import Plan, plan_checks
from harness.trial.profiles import profile
from harness.trial.session import Session

if TYPE_CHECKING:
    import pytest

    from harness.cli.configuration import Configuration
    from harness.cli.registry import Shelves
    from harness.contract.models import Contract


class Workshop:
    """Built when the first contract is collected, closed when pytest ends."""

    def __init__(self, config: pytest.Config, configuration: Configuration) -> None:
        self.config = config
        self.configuration = configuration
        entries = configuration.table.contracts or ("contracts",)
        folders = [builtin_contracts() if entry == "builtin" else configuration.root / entry for entry in entries]
        self._folders = tuple(folder.resolve() for folder in folders)
        self._apart = tuple(folder.resolve() for folder in configuration.binding_folders())

    def holds(self, path: Path) -> bool:
        """Whether `path` is a contract of this project, and no binding or schema."""
        file = path.resolve()
        if any(file.is_relative_to(folder) for folder in self._apart) or file.parent.name in {"schema", "bindings"}:
            return False
        return any(file.is_relative_to(folder) for folder in self._folders)

    @functools.cached_property
    def _registry(self) -> Shelves:
        return registry(self.configuration.falsifier_folders())

    def plan(self, path: Path) -> tuple[Contract, Plan]:
        """The contract in `path` and its checks."""
        (contract,) = load_contracts([path], self.configuration)
        option, table = self.config.option, self.configuration.table
        chosen = profile(option.falsify_profile or table.profile)
        subjects = parse_subjects(option.falsify_subject, table.subjects, call_seconds=chosen.call_seconds)
        return contract, plan_checks([contract], self._registry, subjects)

    @functools.cached_property
    def session(self) -> Session:
        """The session that runs the checks; its clock starts with the first of them."""
        option, table = self.config.option, self.configuration.table
        return Session.start(
            self._registry,
            profile(option.falsify_profile or table.profile),
            table.seed if option.falsify_seed is None else option.falsify_seed,
            sources=self.configuration.sources(),
            cases=self.configuration.reports / "cases",
            answers=self._answers(),
        )

    def _answers(self) -> Path | None:
        """Folder of answers, if the workers of one xdist run share it, so that a subject is run once for a case."""
        worker = getattr(self.config, "workerinput", {})
        return Path(worker["falsify_answers"]) if "falsify_answers" in worker else None

    def close(self) -> None:
        """Remove working files; a worker leaves the shared ones to whoever is last."""
        if "session" in vars(self) and getattr(self.config, "workerinput", None) is None:
            self.session.close()
