"""A position in a little-endian byte view, moved by reads that are checked and by errors that say where."""

from __future__ import annotations

from harness.verdict.errors import ArtifactError


class Cursor:
    """Reads fields one after the other out of `view`, whose first byte stands at `base` in the file.

    `prefix` begins the rules of its errors: `gguf` gives `gguf-truncated` and `gguf-name`.
    """

    __slots__ = ("base", "file", "position", "prefix", "view")

    def __init__(self, view: memoryview, *, file: str, prefix: str, base: int = 0) -> None:
        self.view = view
        self.file = file
        self.prefix = prefix
        self.base = base
        self.position = 0

    @property
    def offset(self) -> int:
        """Byte offset in the file of the next read."""
        return self.base + self.position

    @property
    def remaining(self) -> int:
        """Bytes left in the view."""
        return len(self.view) - self.position

    def take(self, length: int, what: str) -> memoryview:
        """The next `length` bytes. Raises ArtifactError when there are fewer; nothing is allocated before that."""
        if length > self.remaining:
            raise self.error(
                "truncated", f"{what} is cut short", found=f"{self.remaining} bytes", expected=f"{length} bytes"
            )
        start = self.position
        self.position = start + length
        return self.view[start : self.position]

    def unsigned(self, size: int, what: str) -> int:
        """The next `size` bytes as an unsigned integer."""
        return int.from_bytes(self.take(size, what), "little")

    def text(self, length: int, what: str) -> str:
        """The next `length` bytes as UTF-8."""
        start = self.position
        raw = bytes(self.take(length, what))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self.position = start + error.start
            raise self.error(
                "name", f"{what} is not UTF-8", found=f"byte 0x{raw[error.start]:02x}", expected="UTF-8 text"
            ) from error

    def error(
        self, rule: str, message: str, *, found: str = "", expected: str = "", way_out: str = ""
    ) -> ArtifactError:
        """An error of this file at this place; the caller raises it."""
        return ArtifactError(
            message,
            rule=f"{self.prefix}-{rule}",
            file=self.file,
            offset=self.offset,
            found=found,
            expected=expected,
            way_out=way_out or "the file is damaged: fetch or write it again",
        )
