"""Preflights that overlook, guess or stop early, and init files whose metadata was changed before they look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from falsifiers.mutants.pretrainer_bent import BentPretrainer, EditedInit, passed, without
from falsifiers.oracles.apr_bytes import read_apr
from harness.trial.interface import operator

if TYPE_CHECKING:
    from pathlib import Path

    from falsifiers.mutants.pretrainer_bent import Target
    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.pretrainer import Preflight


@operator(
    role="pretrainer", edits="output", where="mismatches", what="stops at the first",
    before="every field that differs", after="the first of them",
)  # fmt: skip
def reports_first_only(sound: Any) -> Any:
    """Report one mismatch and hide the rest."""

    def change(result: Preflight, *_: Any) -> Preflight:
        return replace(result, mismatches=dict(list(result.mismatches.items())[:1]))

    return BentPretrainer(sound, change)


@operator(
    role="pretrainer", edits="output", where="mismatches", what="gives the target's value for both",
    before="(asked, held)", after="(asked, asked)",
)  # fmt: skip
def echoes_the_target(sound: Any) -> Any:
    """Report the right fields with values of no use."""

    def change(result: Preflight, *_: Any) -> Preflight:
        return replace(result, mismatches={field: (pair[0], pair[0]) for field, pair in result.mismatches.items()})

    return BentPretrainer(sound, change)


@operator(
    role="pretrainer", edits="output", where="mismatches", what="exchanges both values",
    before="(asked, held)", after="(held, asked)",
)  # fmt: skip
def pairs_exchanged(sound: Any) -> Any:
    """Report the right fields with what the file holds as what the target asks for."""

    def change(result: Preflight, *_: Any) -> Preflight:
        return replace(result, mismatches={field: (pair[1], pair[0]) for field, pair in result.mismatches.items()})

    return BentPretrainer(sound, change)


@operator(
    role="pretrainer", edits="behaviour", where="stages open, magic and metadata", what="goes on without the file",
    before="refused", after="passed as if no --init had been given",
)  # fmt: skip
def skips_when_unreadable(sound: Any) -> Any:
    """Start from nothing when the file cannot be read."""

    def change(result: Preflight, _: Path, __: Target, probe: Path) -> Preflight:
        return passed(result, probe) if result.stage in {"open", "magic", "metadata"} else result

    return BentPretrainer(sound, change)


@operator(
    role="pretrainer", edits="behaviour", where="family", what="lowers the case of the family's name first",
    before="qwen2 exactly", after="Qwen2 too",
)  # fmt: skip
def lower_case_prefix(sound: Any) -> Any:
    """Take a variant of a family's name for the family."""

    def edit(apr: PlainApr, _: Target) -> None:
        if isinstance(apr.metadata.get("architecture"), str):
            apr.metadata["architecture"] = apr.metadata["architecture"].lower()

    return EditedInit(sound, edit)


@operator(
    role="pretrainer", edits="behaviour", where="family", what="has a default arm",
    before="an unknown family is refused", after="it is taken for what the target asks for",
)  # fmt: skip
def unknown_as_llama(sound: Any) -> Any:
    """Train what nobody knows as if it were known."""

    def change(result: Preflight, init: Path, _: Target, probe: Path) -> Preflight:
        if "family" not in result.mismatches or read_apr(init).metadata.get("architecture") in {"llama", "qwen2", None}:
            return result
        return without(result, {"family"}, probe)

    return BentPretrainer(sound, change)


@operator(
    role="pretrainer", edits="behaviour", where="comparison", what="leaves rms_norm_eps out",
    before="twelve fields", after="eleven",
)  # fmt: skip
def ignores_eps(sound: Any) -> Any:
    """Overlook another epsilon."""
    return BentPretrainer(sound, lambda result, _, __, probe: without(result, {"rms_norm_eps"}, probe))


@operator(
    role="pretrainer", edits="behaviour", where="extraction of num_kv_heads", what="has a default",
    before="an unstated number is refused", after="as many as heads",
)  # fmt: skip
def kv_defaults_to_heads(sound: Any) -> Any:
    """Invent the number of kv heads, whatever the file states."""

    def edit(apr: PlainApr, _: Target) -> None:
        apr.metadata["num_kv_heads"] = apr.metadata.get("num_heads")

    return EditedInit(sound, edit)


@operator(
    role="pretrainer", edits="bytes", where="metadata of the file", what="writes the target's vocabulary into it",
    before="vocab_size of the file", after="vocab_size of the target",
)  # fmt: skip
def adopts_the_targets_sizes(sound: Any) -> Any:
    """Make the metadata agree with the target before the sound preflight looks; what rows there are stays as it is."""

    def edit(apr: PlainApr, target: Target) -> None:
        for field in ("vocab_size", "max_position_embeddings", "rope_theta", "rms_norm_eps"):
            if apr.metadata.get(field) is not None:
                apr.metadata[field] = target[field]

    return EditedInit(sound, edit)


@operator(
    role="pretrainer", edits="bytes", where="metadata of the file", what="doubles max_position_embeddings",
    before="positions of the file", after="twice as many",
)  # fmt: skip
def doubles_positions(sound: Any) -> Any:
    """Make a sound file differ from its target."""

    def edit(apr: PlainApr, _: Target) -> None:
        if isinstance(apr.metadata.get("max_position_embeddings"), int):
            apr.metadata["max_position_embeddings"] *= 2

    return EditedInit(sound, edit)


@operator(
    role="pretrainer", edits="behaviour", where="the stage behind the checks", what="runs before them",
    before="checks, then the first step", after="the first step, then checks",
)  # fmt: skip
def probes_first(sound: Any) -> Any:
    """Reach the first step whatever the checks say."""

    def change(result: Preflight, _: Path, __: Target, probe: Path) -> Preflight:
        probe.touch()
        return replace(result, probe_reached=True)

    return BentPretrainer(sound, change)


@operator(
    role="pretrainer", edits="output", where="the stage that refuses", what="calls every refusal one of opening",
    before="open, magic, metadata, architecture", after="open",
)  # fmt: skip
def blames_opening(sound: Any) -> Any:
    """Name the wrong stage."""

    def change(result: Preflight, *_: Any) -> Preflight:
        return replace(result, stage="open") if result.stage else result

    return BentPretrainer(sound, change)
