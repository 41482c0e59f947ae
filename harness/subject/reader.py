"""The role reader: a model file in, admission or a refusal that names rules out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.verdict.verdicts import RunState


@dataclass(frozen=True, slots=True)
class Listing:
    """A tensor as the reader lists it; dims outermost first, `nbytes` of the payload."""

    name: str
    dims: tuple[int, ...]
    dtype: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class Admission:
    """What the reader said about a file.

    `refused` maps a tensor name (or "" for the file as a whole) to the rules that it breaks; empty means admitted.
    """

    state: RunState
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    listing: tuple[Listing, ...] = ()
    message: str = ""
    duration_s: float = 0.0

    @property
    def rules(self) -> frozenset[str]:
        """Every rule named, whatever the tensor."""
        return frozenset().union(*self.refused.values()) if self.refused else frozenset()


class Reader(Protocol):
    """Opens APR, SafeTensors or GGUF."""

    role: str
    label: str
    identity: str

    def admit(self, artifact: Path, gates: Mapping[str, Any]) -> Admission:
        """Look at every byte of `artifact` under the data-quality `gates` (the contract's `semantic_validation`).

        Without gates (an empty mapping: the contract has no such table) container and layout alone are judged.
        """

    def decode(self, artifact: Path, tensor: str) -> tuple[RunState, bytes, str]:
        """Values of one tensor as little-endian F32 bytes, or a refusal and its message."""

    def offer(self, door: str, name: str, dims: tuple[int, ...], value: object, gates: Mapping[str, Any]) -> Admission:
        """Try to get `value` into a model view through the door named; REFUSED when the view does not let it in."""
