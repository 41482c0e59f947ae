"""What an init file holds, what a run asks for instead, and what is wrong with the file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from falsifiers.strategies.small_models import Shape
from harness.trial.interface import Case

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILIES = ("llama", "qwen2")
"""Families that a run can be started from."""

FIELDS = (
    "vocab_size", "hidden_size", "num_layers", "num_heads", "num_kv_heads", "intermediate_size",
    "max_position_embeddings", "family", "attention_bias", "rope_theta", "rms_norm_eps", "tie_word_embeddings",
)  # fmt: skip
"""What a target states; a file must agree with it in every one."""

REQUIRED_KEYS = (
    "architecture", "vocab_size", "hidden_size", "num_layers", "num_heads", "num_kv_heads", "intermediate_size",
    "max_position_embeddings", "rope_theta", "rms_norm_eps",
)  # fmt: skip
"""Metadata without which a file cannot be compared."""

FieldName = Literal[
    "vocab_size", "hidden_size", "num_layers", "num_heads", "num_kv_heads", "intermediate_size",
    "max_position_embeddings", "family", "attention_bias", "rope_theta", "rms_norm_eps", "tie_word_embeddings",
]  # fmt: skip

Damage = Literal[
    "none", "missing_file", "folder", "empty_file", "bad_magic", "torn_header", "null_key", "absent_key",
    "unknown_family", "case_variant",
]  # fmt: skip

STAGES: Mapping[Damage, str] = {
    "none": "architecture",
    "missing_file": "open",
    "folder": "open",
    "empty_file": "magic",
    "bad_magic": "magic",
    "torn_header": "metadata",
    "null_key": "architecture",
    "absent_key": "architecture",
    "unknown_family": "architecture",
    "case_variant": "architecture",
}
"""Damage -> the stage that must refuse it."""


class PreflightCase(Case):
    """An init file, sound or damaged, and a target that differs from it in the fields named."""

    family: str
    tied: bool
    differ: tuple[FieldName, ...] = ()
    """Fields in which the target asks for something else than the file holds."""
    damage: Damage = "none"
    key: int = Field(default=0, ge=0)
    """Which of REQUIRED_KEYS a damaged key is, modulo their number."""
    heads: int = Field(default=4, ge=2, le=8, multiple_of=2)
    kv_heads: int = Field(default=2, ge=1)
    layers: int = Field(default=1, ge=1, le=3)
    seed: int = 0

    @property
    def shape(self) -> Shape:
        """The architecture of the file."""
        return Shape(
            family=self.family,
            vocab=24 + 2 * (self.seed % 5),
            hidden=4 * self.heads,
            layers=self.layers,
            heads=self.heads,
            kv_heads=self.kv_heads,
            ffn=20,
            tied=self.tied,
            theta=1_000_000.0 if self.family == "qwen2" else 10_000.0,
            eps=1e-6,
        )

    @property
    def damaged_key(self) -> str:
        """The metadata key that is null or absent."""
        return REQUIRED_KEYS[self.key % len(REQUIRED_KEYS)]

    def held(self) -> dict[str, JsonValue]:
        """What the file holds, by the target's field names."""
        shape = self.shape
        return {
            "vocab_size": shape.vocab,
            "hidden_size": shape.hidden,
            "num_layers": shape.layers,
            "num_heads": shape.heads,
            "num_kv_heads": shape.kv_heads,
            "intermediate_size": shape.ffn,
            "max_position_embeddings": shape.positions,
            "family": shape.family,
            "attention_bias": shape.bias,
            "rope_theta": shape.theta,
            "rms_norm_eps": shape.eps,
            "tie_word_embeddings": shape.tied,
        }

    @property
    def written_family(self) -> str:
        """The family as the metadata write it, where they do."""
        match self.damage:
            case "unknown_family":
                return "gpt_neverland"
            case "case_variant":
                return self.family.capitalize()
            case _:
                return self.family

    def stated(self) -> dict[str, JsonValue]:
        """What the metadata say of it, by the target's field names; None for what they leave out."""
        said = self.held() | {"family": self.written_family}
        if self.damage in {"null_key", "absent_key"}:
            said["family" if self.hides_family else self.damaged_key] = None
        return said

    def target(self) -> dict[str, JsonValue]:
        """What the run asks for: the file's own values, but for the fields that differ."""
        shape = self.shape
        other: dict[str, JsonValue] = {
            "vocab_size": 32_000,
            "hidden_size": 2 * shape.hidden,
            "num_layers": shape.layers + 1,
            "num_heads": 2 * shape.heads,
            "num_kv_heads": 2 * shape.kv_heads,
            "intermediate_size": shape.ffn + 12,
            "max_position_embeddings": 2 * shape.positions,
            "family": next(family for family in FAMILIES if family != shape.family),
            "attention_bias": not shape.bias,
            "rope_theta": 500_000.0,
            "rms_norm_eps": 1e-5,
            "tie_word_embeddings": not shape.tied,
        }
        return self.held() | {field: other[field] for field in self.differ}

    def injected(self) -> frozenset[str]:
        """The fields that must be reported: those that differ, and one that the metadata does not state."""
        found: set[str] = set(self.differ)
        if self.hides_family:
            found.add("family")
        elif self.damage in {"null_key", "absent_key"}:
            found.add(self.damaged_key)
        return frozenset(found) if STAGES[self.damage] == "architecture" else frozenset()

    @property
    def hides_family(self) -> bool:
        """Whether the file itself does not properly state its family."""
        of_key = self.damage in {"null_key", "absent_key"} and self.damaged_key == "architecture"
        return of_key or self.damage in {"unknown_family", "case_variant"}

    @property
    def is_sound(self) -> bool:
        """Whether every stage has to let it pass."""
        return self.damage == "none" and not self.differ
