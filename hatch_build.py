"""Puts the contracts and their schemas into the wheel, inside the package that reads them."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Copies contracts/ to harness/builtin/contracts; an editable install reads them where they stand."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folder to a standard wheel only."""
        if version == "standard":
            build_data["force_include"]["contracts"] = "harness/builtin/contracts"
