"""A file that appears whole or not at all: written beside its place, synced, then put there."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from harness.verdict.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


class Stream:
    """What a writer fills; its failures to write are refusals that name the destination."""

    def __init__(self, stream: BinaryIO, dest: Path) -> None:
        self._stream = stream
        self._dest = dest

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data`. Raises RefusedError when the system does not let us."""
        try:
            self._stream.write(data)
        except OSError as error:
            raise _unwritable(self._dest, error) from error


@contextmanager
def whole_file(dest: Path, *, overwrite: bool = False) -> Iterator[Stream]:
    """A stream to fill; `dest` appears when the block ends without an exception, and is untouched otherwise.

    What a killed process leaves is a hidden `.falsify-….partial` beside it. Raises RefusedError when `dest` exists
    and `overwrite` is false, is no regular file, or when the system does not let it be written (a full disk, a
    read-only folder).
    """
    _check_free(dest, overwrite=overwrite)
    temporary = dest.parent / f".falsify-{secrets.token_hex(8)}.partial"
    try:
        # O_EXCL: nobody else's file or link is written through; the mode leaves the rest to the umask.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except (OSError, ValueError) as error:
        raise _unwritable(dest, error) from error
    stream = os.fdopen(descriptor, "wb")
    try:
        yield Stream(stream, dest)
        try:
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            raise _unwritable(dest, error) from error
        _put(temporary, dest, overwrite=overwrite)
    finally:
        with suppress(OSError):
            stream.close()  # on a full disk it tries once more to write what is left, and fails as before
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _check_free(dest: Path, *, overwrite: bool) -> None:
    try:
        if dest.is_dir() or (dest.exists() and not dest.is_file()):
            raise RefusedError("there is something else than a file", file=str(dest), way_out="name a file")
        if not overwrite and os.path.lexists(dest):
            raise _exists(dest)
    except (OSError, ValueError) as error:
        raise _unwritable(dest, error) from error


def _put(temporary: Path, dest: Path, *, overwrite: bool) -> None:
    try:
        if overwrite:
            temporary.replace(dest)
        else:
            _link(temporary, dest)
        folder = os.open(dest.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _unwritable(dest, error) from error


def _link(temporary: Path, dest: Path) -> None:
    """Give the file its name unless somebody took it meanwhile; a rename would silently replace theirs."""
    try:
        os.link(temporary, dest)
    except FileExistsError as error:
        raise _exists(dest) from error
    except OSError:
        # No hard links here (exFAT, some network drives): the best there is.
        _check_free(dest, overwrite=False)
        temporary.rename(dest)


def _exists(dest: Path) -> RefusedError:
    return RefusedError(
        "the destination exists", file=str(dest), expected="a free name", way_out="name another one, or use --overwrite"
    )


def _unwritable(dest: Path, error: Exception) -> RefusedError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return RefusedError(
        f"the file cannot be written: {reason}",
        file=str(dest),
        way_out="check the folder, its permissions and its space",
    )
