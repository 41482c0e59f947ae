"""Falsifier modules on disk: the built-in package, and a project's own by path, so that neither hides the other."""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import pkgutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness.verdict.errors import FalsifyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

BUILTIN = Path(harness.__file__).parents[1] / "falsifiers"


@contextmanager
def builtin_package_visible() -> Iterator[None]:
    """Let `falsifiers` name the built-in package, even where a folder of that name comes first on the import path."""
    found = importlib.machinery.PathFinder.find_spec("falsifiers")
    loaded = sys.modules.get("falsifiers")
    here = [str(BUILTIN)]
    first = found is not None and list(found.submodule_search_locations or ()) == here
    if first and (loaded is None or list(getattr(loaded, "__path__", ())) == here):
        yield
        return
    theirs = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "falsifiers"}
    sys.modules.update(_OURS)
    sys.path.insert(0, str(BUILTIN.parent))
    try:
        yield
    finally:
        sys.path.remove(str(BUILTIN.parent))
        for name in [name for name in sys.modules if name.partition(".")[0] == "falsifiers"]:
            _OURS[name] = sys.modules.pop(name)
        sys.modules.update(theirs)


_OURS: dict[str, ModuleType] = {}
"""The built-in modules, kept while a project's package of the same name has their place."""


def builtin_modules() -> Iterator[ModuleType]:
    """Every module of the built-in package; to be called where it is visible."""
    package = importlib.import_module("falsifiers")
    for info in pkgutil.walk_packages(package.__path__, "falsifiers."):
        yield importlib.import_module(info.name)


def modules_by_path(folder: Path) -> Iterator[tuple[ModuleType, str]]:
    """The modules of a project's folder, under a package name of their own, with their dotted names in the folder."""
    package = f"falsify_project_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    if package not in sys.modules:
        spec = importlib.machinery.ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[package] = importlib.util.module_from_spec(spec)
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if path.name == "__init__.py" or not all(part.isidentifier() for part in parts):
            continue
        dotted = ".".join(parts)
        try:
            yield importlib.import_module(f"{package}.{dotted}"), dotted
        except FalsifyError:
            raise
        except (Exception, SystemExit) as error:
            raise UsageError(
                "the falsifier module cannot be imported",
                file=str(path),
                found=f"{type(error).__name__}: {error}",
                way_out="mend the module, or take its folder out of [tool.falsify] falsifiers",
            ) from error
