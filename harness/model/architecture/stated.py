"""Typed look-ups in metadata: what is stated is read strictly, what is not stated stays None, every fault is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.verdict.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST_INTEGER = 2**32 - 1
"""The formats hold sizes as unsigned 32-bit integers."""

LARGEST_FLOAT = 3.4028234663852886e38
"""Beyond it a float32, which is what GGUF and APR hold, is infinite."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One field of an architecture that its metadata does not state properly."""

    field: str
    """Field of `Architecture` concerned."""
    key: str
    """Key as the metadata spells it."""
    found: Any
    """The value as it stands there; None when it is absent or null."""
    expected: str

    def __str__(self) -> str:
        found = "nothing" if self.found is None else shorten(self.found)
        return f"{self.key}: found {found}, expected {self.expected}"


class ArchitectureError(RefusedError):
    """Metadata states no usable architecture; `problems` has every field concerned."""

    def __init__(self, message: str, *, problems: Sequence[Problem] = (), file: str = "", way_out: str = "") -> None:
        first = problems[0] if problems else None
        super().__init__(
            message,
            file=file,
            place=f"key {first.key}" if first else "",
            found=("nothing" if first.found is None else shorten(first.found)) if first else "",
            expected=first.expected if first else "",
            way_out=way_out,
        )
        self.problems = tuple(problems)


def shorten(value: object) -> str:
    """`value` as a person may read it in an error: at most 80 characters, whatever a file holds."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value) if not isinstance(value, (list, tuple, dict)) else f"{type(value).__name__} of {len(value)}"
    return text if len(text) <= 80 else text[:77] + "..."


class Statements:
    """A mapping of metadata under strict look-ups. Absent and null are the same: not stated."""

    def __init__(self, metadata: Mapping[str, Any], *, file: str = "", prefix: str = "") -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._metadata = metadata
        self._prefix = prefix

    def value(self, key: str) -> Any:
        """The value under the key, whatever it is; None when it is not stated."""
        return self._metadata.get(self._prefix + key)

    def stated(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return self.value(key) is not None

    def refuse(self, field: str, key: str, expected: str) -> None:
        """Keep a problem with the value under `key`."""
        full = self._prefix + key
        self.problems.append(Problem(field, full, self._metadata.get(full), expected))

    def integer(self, field: str, key: str) -> int | None:
        """A positive integer of at most 32 bits; booleans and 896.0 are none."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_INTEGER:
            self.refuse(field, key, "a positive integer of at most 32 bits")
            return None
        return value

    def real(self, field: str, key: str) -> float | None:
        """A positive number that a float32 can hold; numbers written as text are none."""
        value = self.value(key)
        if value is None:
            return None
        usable = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not usable or not 0 < value <= LARGEST_FLOAT or math.isnan(value):
            self.refuse(field, key, "a positive finite number")
            return None
        return float(value)

    def flag(self, field: str, key: str) -> bool | None:
        """True or false; 0, 1 and text are none."""
        value = self.value(key)
        if value is None or isinstance(value, bool):
            return value
        self.refuse(field, key, "true or false")
        return None

    def text(self, field: str, key: str) -> str | None:
        """A text that is not empty."""
        value = self.value(key)
        if value is None or (isinstance(value, str) and value):
            return value
        self.refuse(field, key, "a text that is not empty")
        return None

    def settle(self, what: str) -> None:
        """Raise an ArchitectureError with every problem kept so far; nothing when there is none."""
        if self.problems:
            rest = "".join(f"; also {problem}" for problem in self.problems[1:])
            raise ArchitectureError(
                f"{what} states no usable architecture{rest}", problems=self.problems, file=self.file
            )
