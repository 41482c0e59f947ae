"""The table `[tool.falsify]` of a project's pyproject.toml, with every path resolved against the project's root."""

from __future__ import annotations

import difflib
import glob
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.verdict.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Table(BaseModel):
    """`[tool.falsify]`; every key is optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contracts: tuple[str, ...] | None = None
    """Folders, files or globs of contracts; `builtin` names the contracts that come with falsify."""
    falsifiers: tuple[str, ...] = ("falsifiers",)
    """Folders of falsifier modules; they are imported, as pytest imports a conftest.py."""
    bindings: tuple[str, ...] = ("contracts/bindings",)
    """Folders of bindings."""
    sources: tuple[str, ...] = ()
    """Real model files to convert, besides generated ones."""
    artifacts: tuple[str, ...] = ()
    """Finished model files to judge in every run."""
    subjects: dict[str, str] = Field(default_factory=dict)
    """Command templates by role."""
    reports: str = "reports"
    """Folder of reports and stored counterexamples."""
    profile: str = "dev"
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration of the project around a folder."""

    root: Path
    """Folder of the pyproject.toml with a `[tool.falsify]` table, or the folder asked about."""
    table: Table
    written: bool
    """Whether the table stands in a file."""

    def resolve(self, entries: Iterable[str]) -> tuple[Path, ...]:
        """`entries` (files, folders or globs) as paths; one that matches nothing stays, so that its loss is seen."""
        found: list[Path] = []
        for entry in entries:
            path = str(self.root / entry)
            matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(entry) else [path]  # noqa: PTH207 - absolute patterns
            found += [Path(match) for match in matches or [path]]
        return tuple(found)

    @property
    def reports(self) -> Path:
        """Folder of reports."""
        return self.root / self.table.reports

    def sources(self) -> tuple[Path, ...]:
        """The project's real model files. Raises RefusedError for one that is not there."""
        found = self.resolve(self.table.sources)
        for path in found:
            if not path.exists():
                raise RefusedError(
                    "a source that the project names is not there",
                    file=shown(path),
                    way_out="mend `sources` in [tool.falsify]",
                )
        return found

    def falsifier_folders(self) -> tuple[Path, ...]:
        """Folders of the project's own falsifiers that exist."""
        return tuple(path for path in self.resolve(self.table.falsifiers) if path.is_dir())

    def binding_folders(self) -> tuple[Path, ...]:
        """Folders of bindings that exist."""
        return tuple(path for path in self.resolve(self.table.bindings) if path.is_dir())


def configuration(start: Path) -> Configuration:
    """The configuration that holds in `start`: the nearest pyproject.toml upward with a `[tool.falsify]` table.

    Raises UsageError for a table with unknown keys or wrong types, RefusedError for a file that is no TOML.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and (table := _read(file)) is not None:
            return Configuration(folder, table, written=True)
    return Configuration(start, Table(), written=False)


def _read(file: Path) -> Table | None:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RefusedError("not a TOML file", file=str(file), found=str(error)) from None
    table = content.get("tool", {}).get("falsify")
    if table is None:
        return None
    try:
        return Table.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        near = difflib.get_close_matches(key, Table.model_fields, n=1)
        raise UsageError(
            first["msg"],
            file=str(file),
            place=f"[tool.falsify] {key}",
            expected=near[0] if near else ", ".join(Table.model_fields),
        ) from None


def shown(path: Path) -> str:
    """A path as the user would type it: relative to where he stands, if it lies below; with forward slashes."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links that the user typed
    try:
        return absolute.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return absolute.as_posix()
