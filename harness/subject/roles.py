"""The roles that a subject can play, and how a command line plays each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """A role, with the placeholders that a command template may use."""

    name: str
    meaning: str
    placeholders: dict[str, str]
    required: tuple[str, ...]
    """Placeholders without which a command of this role could do nothing."""
    example: str
    answers: str
    """How the exit code and output of a command are read."""


IMPORTER = Role(
    name="importer",
    meaning="Converts a checkpoint (SafeTensors or GGUF) into an APR file.",
    placeholders={
        "source": "the file that a person would name: model.safetensors, model.safetensors.index.json, model.gguf",
        "folder": "the folder of {source}; config.json and tokenizer files stand there",
        "dest": "the APR file to write, in an empty folder",
    },
    required=("dest",),
    example="--subject importer='prog convert {source} {dest}'",
    answers="Exit 0 and a readable APR file at {dest}. Exit 0 alone is no evidence; everything else is a finding.",
)

READER = Role(
    name="reader",
    meaning="Opens a model file and admits it, or refuses it and names the rules that it breaks.",
    placeholders={"artifact": "the model file to look at"},
    required=("artifact",),
    example="--subject reader='prog validate {artifact}'",
    answers="Exit 0 admits. Any other exit refuses; rule ids such as F-DATA-QUALITY-002 are read out of the output.",
)

PRETRAINER = Role(
    name="pretrainer",
    meaning="Checks an init file against the architecture of a training run before the first step.",
    placeholders={
        "init": "the APR file to start from",
        "target": "a JSON file with the architecture that the run asks for",
        "probe": "a file that must not exist when an earlier stage refused; the stage behind the checks writes it",
    },
    required=("init", "target"),
    example="--subject pretrainer='prog preflight {init} --target {target} --probe {probe}'",
    answers="Exit 0 admits. Any other exit refuses; the mismatched fields are read out of the output by name.",
)

ROLES: dict[str, Role] = {role.name: role for role in (IMPORTER, READER, PRETRAINER)}
