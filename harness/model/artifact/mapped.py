"""Read-only mapping of a regular file, with slices that cannot leave it."""

from __future__ import annotations

import mmap
import os
import stat
from typing import TYPE_CHECKING, TypeVar

from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

BLOCK = 4 << 20
"""Bytes that a pass over a whole file looks at before it gives the pages back."""


class MappedFile:
    """A regular file, mapped for reading. Nothing is read but the pages that are looked at.

    A file that shrinks while it is mapped would kill the process at the next access, so every slice looks at the
    size first. Raises ArtifactError: `file-missing`, `file-unreadable`, `file-kind` on opening, `file-changed` later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = str(path)
        descriptor = _open_regular(path)
        try:
            self.size = os.fstat(descriptor).st_size
            # A mapping of zero bytes does not exist; an empty file is an empty view.
            self._map = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) if self.size else None
        except (OSError, ValueError, OverflowError) as error:
            raise _unreadable(path, error) from error
        finally:
            os.close(descriptor)
        self._view = memoryview(self._map) if self._map is not None else memoryview(b"")
        self._closed = False

    def slice(self, offset: int, length: int, *, rule: str, what: str, tensor: str = "") -> memoryview:
        """View of `length` bytes at `offset`. Raises ArtifactError by `rule` when they are not all in the file."""
        self._check_size()
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ArtifactError(
                f"{what} ends beyond the end of the file",
                rule=rule,
                file=self.file,
                offset=offset,
                tensor=tensor,
                found=f"{length} bytes at {offset} in a file of {self.size}",
                expected=f"at most {max(0, self.size - max(offset, 0))} bytes there",
                way_out="the file is cut short or its header is wrong: fetch or write it again",
            )
        return self._view[offset : offset + length]

    def blocks(self, offset: int, length: int, *, rule: str, what: str) -> Iterator[memoryview]:
        """The bytes from `offset` on in views of at most 4 MiB, whose pages are given back behind the reader."""
        self.slice(offset, length, rule=rule, what=what)
        for start in range(offset, offset + length, BLOCK):
            size = min(BLOCK, offset + length - start)
            yield self.slice(start, size, rule=rule, what=what)
            self.forget(start, size)

    def forget(self, offset: int, length: int) -> None:
        """Tell the system that these bytes are not needed soon, so that memory does not follow the file's size."""
        advice = getattr(mmap, "MADV_DONTNEED", None)
        if self._map is None or self._closed or advice is None:
            return
        first = -(-offset // mmap.PAGESIZE) * mmap.PAGESIZE if offset else 0
        last = (offset + length) // mmap.PAGESIZE * mmap.PAGESIZE
        if last > first:
            self._map.madvise(advice, first, last - first)

    def close(self) -> None:
        """Release the mapping; where views are still in use, it goes with the last of them."""
        if self._closed:
            return
        self._closed = True
        try:
            self._view.release()
            if self._map is not None:
                self._map.close()
        except BufferError:
            # Whoever holds a view keeps it valid: an error here would hide the one that made them leave early.
            pass
        finally:
            self._view = memoryview(b"")
            self._map = None

    def _check_size(self) -> None:
        if self._closed:
            raise ArtifactError("the file is closed", rule="file-closed", file=self.file, way_out="read it while open")
        now = self._map.size() if self._map is not None else 0
        if now != self.size:
            raise ArtifactError(
                "the file changed its size while it was being read",
                rule="file-changed",
                file=self.file,
                found=f"{now} bytes",
                expected=f"{self.size} bytes",
                way_out="wait until nobody writes to it",
            )


def _open_regular(path: Path) -> int:
    """Descriptor of a regular file; looks before it opens, because opening a device or a pipe can do something."""
    try:
        _check_kind(path, os.stat(path).st_mode)  # noqa: PTH116 - the twin of the fstat below
        # Between the two looks a pipe may take the file's place; O_NONBLOCK keeps its opening from waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise ArtifactError(
            "there is no such file", rule="file-missing", file=str(path), way_out="check the path"
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        _check_kind(path, os.fstat(descriptor).st_mode)
    except ArtifactError:
        os.close(descriptor)
        raise
    return descriptor


def _check_kind(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a character device"),
        (stat.S_ISBLK, "a block device"),
    )
    raise ArtifactError(
        "this is not a regular file",
        rule="file-kind",
        file=str(path),
        found=next((name for is_kind, name in kinds if is_kind(mode)), "something else"),
        expected="a regular file",
        way_out="name a model file; what comes through a pipe has to be saved first",
    )


def _unreadable(path: Path, error: Exception) -> ArtifactError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ArtifactError(
        f"the file cannot be read: {reason}",
        rule="file-unreadable",
        file=str(path),
        way_out="check its permissions and its path",
    )


def kept_if_read(path: Path, read: Callable[[MappedFile], T]) -> T:
    """What `read` makes of the mapped file `path`; whatever it raises, the mapping is not left open."""
    mapped = MappedFile(path)
    try:
        return read(mapped)
    except BaseException:
        mapped.close()
        raise
