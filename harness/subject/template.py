"""A command template such as `prog convert {source} {dest}`: parsed, checked, resolved and filled without a shell."""

from __future__ import annotations

import difflib
import hashlib
import os
import shlex
import shutil
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.subject.roles import Role

_Part = tuple[str, str | None]
"""Literal text, then the placeholder behind it."""


class CommandTemplate:
    """The arguments of a command. Relative paths mean what they mean in `start`, not where the program will run."""

    def __init__(self, text: str, role: Role, *, start: Path) -> None:
        """Raises UsageError for quotes that do not close, unknown placeholders, and required ones that are missing."""
        self.text = text
        self._role = role
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise self._wrong(f"it cannot be split into arguments: {error}") from error
        if not words:
            raise self._wrong("it is empty")
        self._words = [self._parse(word) for word in words]
        used = {name for parts in self._words for _, name in parts if name is not None}
        if missing := [name for name in role.required if name not in used]:
            raise self._wrong(
                "a placeholder is missing, without which it could do nothing",
                expected=", ".join(f"{{{name}}}: {role.placeholders[name]}" for name in missing),
            )
        if any(name is not None for _, name in self._words[0]):
            raise self._wrong("the program itself cannot be a placeholder")
        self._files: list[Path] = []
        self._words[0] = [(self._program(self._words[0][0][0], start), None)]
        self._words[1:] = [self._resolved(parts, start) for parts in self._words[1:]]

    @property
    def identity(self) -> str:
        """The template with the sha256 of the program and of every file among its arguments, as they are now."""
        return " ".join([self.text, *(f"[{path.name} sha256:{_sha256(path)}]" for path in self._files)])

    def fill(self, values: Mapping[str, Path]) -> list[str]:
        """The arguments, placeholders replaced one argument at a time: blanks in a path stay within it."""
        return [
            "".join(literal + ("" if name is None else str(values[name])) for literal, name in parts)
            for parts in self._words
        ]

    def _parse(self, word: str) -> list[_Part]:
        try:
            fields = list(Formatter().parse(word))
        except ValueError as error:
            raise self._wrong(f"the argument {word!r} has a brace too many: {error}") from error
        parts: list[_Part] = []
        for literal, name, form, conversion in fields:
            if name is not None and (form or conversion or name not in self._role.placeholders):
                near = difflib.get_close_matches(name, self._role.placeholders, n=1)
                raise self._wrong(
                    f"{{{name}}} is no placeholder of the role {self._role.name}",
                    expected=", ".join(f"{{{known}}}" for known in self._role.placeholders),
                    way_out=f"did you mean {{{near[0]}}}?" if near else "a brace itself is written {{ or }}",
                )
            parts.append((literal, name))
        return parts or [("", None)]

    def _program(self, word: str, start: Path) -> str:
        """Absolute path of the program; the word itself when there is none, so that the call can say so."""
        found = str(start / word) if os.sep in word else shutil.which(word, path=search_path(start))
        if found is None:
            return word
        if Path(found).is_file():
            self._files.append(Path(found))
        return found

    def _resolved(self, parts: list[_Part], start: Path) -> list[_Part]:
        """An argument (or the value of `--option=`) that names something in `start` becomes absolute.

        A bare word such as `convert` is left alone even where a folder of that name stands in `start`: only what
        looks like a path (a separator, or a file with a dot in its name) is taken for one.
        """
        if len(parts) != 1 or parts[0][1] is not None:
            return parts
        word = parts[0][0]
        option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
        path = start / value
        looks = os.sep in value or value in {".", ".."} or ("." in value and path.is_file())
        if not value or not looks or not path.exists():
            return parts
        if path.is_file():
            self._files.append(path)
        return [(f"{option}{equals}{path.resolve() if value in {'.', '..'} else path}", None)]

    def _wrong(self, why: str, *, expected: str = "", way_out: str = "") -> UsageError:
        return UsageError(
            f"the command of the {self._role.name} cannot be used: {why}",
            found=repr(self.text),
            expected=expected,
            way_out=way_out or f"for example {self._role.example}",
        )


def search_path(start: Path) -> str:
    """PATH with its relative entries made absolute from `start`."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(str(start / entry) for entry in entries)


def _sha256(path: Path) -> str:
    """Hex digest of a file; `unreadable` for one that can be run but not read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"
