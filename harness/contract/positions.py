"""Places in a text: where a value starts and ends, and a caret line that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.verdict.evidence import Location


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Start (inclusive) and end (exclusive) of a value; lines and columns count from 1."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def location(self) -> Location:
        """The same place as a record for reports."""
        return Location(
            file=self.file, line=self.line, column=self.column, end_line=self.end_line, end_column=self.end_column
        )

    def caret(self, text: str) -> str:
        """The source line of this span out of `text`, and below it a line with carets under the value."""
        lines = text.splitlines()
        if not 1 <= self.line <= len(lines):
            return ""
        source = lines[self.line - 1]
        end = self.end_column if self.end_line == self.line else len(source) + 1
        width = max(1, min(end, len(source) + 1) - self.column)
        pad = "".join("\t" if character == "\t" else " " for character in source[: self.column - 1])
        return f"{source}\n{pad}{'^' * width}"
