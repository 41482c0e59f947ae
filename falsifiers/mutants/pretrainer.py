"""Preflights that overlook, guess or stop early, and init files whose metadata was changed before they look."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from falsifiers.oracles.apr_bytes import UnreadableError, read_apr, rewrite
from harness.subject.pretrainer import Preflight
from harness.trial.interface import operator
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue

    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.pretrainer import Pretrainer

Target = Mapping[str, "JsonValue"]
Change = Callable[[Preflight, "Path", Target, "Path"], Preflight]


class _Bent:
    """The sound pretrainer with its answer changed."""

    role = "pretrainer"
    label = "reference"

    def __init__(self, sound: Pretrainer, change: Change) -> None:
        self.sound = sound
        self.identity = f"bent {sound.identity}"
        self._change = change

    def preflight(self, init: Path, target: Target, probe: Path) -> Preflight:
        """The sound answer, changed."""
        return self._change(self.sound.preflight(init, target, probe), init, target, probe)


class _Edited(_Bent):
    """The sound pretrainer on a file whose metadata was edited, checksums kept right."""

    def __init__(self, sound: Pretrainer, edit: Callable[[PlainApr, Target], object]) -> None:
        super().__init__(sound, lambda result, *_: result)
        self._edit = edit

    def preflight(self, init: Path, target: Target, probe: Path) -> Preflight:
        """The sound answer to the edited file."""
        edited = init.with_name("edited.apr")
        try:
            shutil.copyfile(init, edited)
            rewrite(edited, lambda apr: self._edit(apr, target))
        except (OSError, UnreadableError):
            edited = init
        return self.sound.preflight(edited, target, probe)


def _without(result: Preflight, dropped: set[str], probe: Path) -> Preflight:
    """`result` without some mismatches; with none left, the stages pass and the probe is reached."""
    kept = {field: pair for field, pair in result.mismatches.items() if field not in dropped}
    if kept or not result.mismatches:
        return replace(result, mismatches=kept)
    return _passed(result, probe)


def _passed(result: Preflight, probe: Path) -> Preflight:
    probe.touch()
    return replace(result, state=RunState.RAN, stage="", mismatches={}, probe_reached=True)


@operator(
    role="pretrainer", edits="output", where="mismatches", what="stops at the first",
    before="every field that differs", after="the first of them",
)  # fmt: skip
def reports_first_only(sound: Any) -> Any:
    """Report one mismatch and hide the rest."""

    def change(result: Preflight, *_: Any) -> Preflight:
        return replace(result, mismatches=dict(list(result.mismatches.items())[:1]))

    return _Bent(sound, change)


@operator(
    role="pretrainer", edits="output", where="mismatches", what="gives the target's value for both",
    before="(asked, held)", after="(asked, asked)",
)  # fmt: skip
def echoes_the_target(sound: Any) -> Any:
    """Report the right fields with values of no use."""

    def change(result: Preflight, *_: Any) -> Preflight:
        return replace(result, mismatches={field: (pair[0], pair[0]) for field, pair in result.mismatches.items()})

    return _Bent(sound, change)


@operator(
    role="pretrainer", edits="behaviour", where="stages open, magic and metadata", what="goes on without the file",
    before="refused", after="passed as if no --init had been given",
)  # fmt: skip
def skips_when_unreadable(sound: Any) -> Any:
    """Start from nothing when the file cannot be read."""

    def change(result: Preflight, _: Path, __: Target, probe: Path) -> Preflight:
        return _passed(result, probe) if result.stage in {"open", "magic", "metadata"} else result

    return _Bent(sound, change)


@operator(
    role="pretrainer", edits="behaviour", where="family", what="lowers the case of the family's name first",
    before="qwen2 exactly", after="Qwen2 too",
)  # fmt: skip
def lower_case_prefix(sound: Any) -> Any:
    """Take a variant of a family's name for the family."""

    def edit(apr: PlainApr, _: Target) -> None:
        if isinstance(apr.metadata.get("architecture"), str):
            apr.metadata["architecture"] = apr.metadata["architecture"].lower()

    return _Edited(sound, edit)


@operator(
    role="pretrainer", edits="behaviour", where="family", what="has a default arm",
    before="an unknown family is refused", after="it is taken for what the target asks for",
)  # fmt: skip
def unknown_as_llama(sound: Any) -> Any:
    """Train what nobody knows as if it were known."""

    def change(result: Preflight, init: Path, _: Target, probe: Path) -> Preflight:
        if "family" not in result.mismatches or read_apr(init).metadata.get("architecture") in {"llama", "qwen2", None}:
            return result
        return _without(result, {"family"}, probe)

    return _Bent(sound, change)


@operator(
    role="pretrainer", edits="behaviour", where="comparison", what="leaves rms_norm_eps out",
    before="twelve fields", after="eleven",
)  # fmt: skip
def ignores_eps(sound: Any) -> Any:
    """Overlook another epsilon."""
    return _Bent(sound, lambda result, _, __, probe: _without(result, {"rms_norm_eps"}, probe))


@operator(
    role="pretrainer", edits="behaviour", where="extraction of num_kv_heads", what="has a default",
    before="an unstated number is refused", after="as many as heads",
)  # fmt: skip
def kv_defaults_to_heads(sound: Any) -> Any:
    """Invent the number of kv heads, whatever the file states."""

    def edit(apr: PlainApr, _: Target) -> None:
        apr.metadata["num_kv_heads"] = apr.metadata.get("num_heads")

    return _Edited(sound, edit)


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

    return _Edited(sound, edit)


@operator(
    role="pretrainer", edits="bytes", where="metadata of the file", what="doubles max_position_embeddings",
    before="positions of the file", after="twice as many",
)  # fmt: skip
def doubles_positions(sound: Any) -> Any:
    """Make a sound file differ from its target."""

    def edit(apr: PlainApr, _: Target) -> None:
        if isinstance(apr.metadata.get("max_position_embeddings"), int):
            apr.metadata["max_position_embeddings"] *= 2

    return _Edited(sound, edit)


@operator(
    role="pretrainer", edits="behaviour", where="the stage behind the checks", what="runs before them",
    before="checks, then the first step", after="the first step, then checks",
)  # fmt: skip
def probes_first(sound: Any) -> Any:
    """Reach the first step whatever the checks say."""

    def change(result: Preflight, _: Path, __: Target, probe: Path) -> Preflight:
        probe.touch()
        return replace(result, probe_reached=True)

    return _Bent(sound, change)


@operator(
    role="pretrainer", edits="output", where="the stage that refuses", what="calls every refusal one of opening",
    before="open, magic, metadata, architecture", after="open",
)  # fmt: skip
def blames_opening(sound: Any) -> Any:
    """Name the wrong stage."""

    def change(result: Preflight, *_: Any) -> Preflight:
        return replace(result, stage="open") if result.stage else result

    return _Bent(sound, change)
