"""Values, healthy or not, in whatever they come in, and the door at which they are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from falsifiers.strategies.small_models import live
from harness.trial.interface import Case

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]

Door = Literal[
    "admit", "file", "raw", "constructor", "mapping", "list", "memoryview", "subclass", "duck", "new", "copy",
    "replace", "pickle", "mutation",
]  # fmt: skip
LEGAL_DOORS: tuple[Door, ...] = ("admit", "file")
"""Ways through the gates: for values, and for whole files."""

SIDE_DOORS: tuple[Door, ...] = (
    "raw", "constructor", "mapping", "list", "memoryview", "subclass", "duck", "new", "copy", "replace", "pickle",
    "mutation",
)  # fmt: skip
"""Ways past the gates; none may be open, whatever the value."""

Value = Literal["healthy", "all_zero", "nan", "infinite", "constant"]
VALUES: tuple[Value, ...] = ("healthy", "all_zero", "nan", "infinite", "constant")
Vessel = Literal["array", "list", "memoryview", "frozen", "subclass"]
VESSELS: tuple[Vessel, ...] = ("array", "list", "memoryview", "frozen", "subclass")


class _Subclass(np.ndarray[Any, Any]):
    """An array that calls itself admitted."""

    admitted = True


class DoorCase(Case):
    """A value, healthy or not, offered at a door."""

    door: Door
    value: Value
    vessel: Vessel = "array"
    """What the value comes in."""
    rows: int = Field(ge=2)
    columns: int = Field(ge=2, multiple_of=2)
    seed: int

    @property
    def may_enter(self) -> bool:
        """Healthy values through a door that has gates."""
        return self.door in LEGAL_DOORS and self.value == "healthy"

    def contents(self) -> F32:
        """The values, rows x columns."""
        values = live(np.random.default_rng(self.seed), (self.rows, self.columns))
        match self.value:
            case "healthy":
                pass
            case "all_zero":
                values[...] = 0.0
            case "constant":
                values[...] = values[0, 0]
            case "nan" | "infinite":
                values.reshape(-1)[self.seed % values.size] = np.nan if self.value == "nan" else np.inf
        return values

    def offered(self) -> object:
        """The values in their vessel."""
        values = self.contents()
        match self.vessel:
            case "array":
                return values
            case "list":
                return values.tolist()
            case "memoryview":
                return memoryview(values.tobytes()).cast("f", values.shape)
            case "frozen":
                values.flags.writeable = False
                return values
            case "subclass":
                return values.view(_Subclass)
