"""Files that a folder or an index names stay in the folder: no `..`, no absolute path, no link that leaves it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from harness.verdict.errors import ArtifactError


def inside(folder: Path, name: str, *, file: str) -> Path:
    """`folder / name`, once it is known to stay in the folder; nothing is opened to find out.

    Links within the folder are followed, and so are those of a Hugging Face cache from `snapshots/REVISION` to the
    `blobs` beside it. Raises ArtifactError by `path-escape`; `file` is who names it.
    """
    pure = PurePosixPath(name)
    if not name or "\0" in name or "\\" in name or pure.is_absolute() or ".." in pure.parts:
        raise _escape(file, name, "a path that leaves its folder")
    path = folder / name
    try:
        home, target = folder.resolve(), path.resolve()
    except (OSError, RuntimeError) as error:
        raise _escape(file, name, "a link that leads nowhere") from error
    homes = [home]
    if home.parent.name == "snapshots":
        homes.append(home.parent.parent / "blobs")
    if not any(target.is_relative_to(allowed) for allowed in homes):
        raise _escape(file, name, "a link that leaves its folder")
    return path


def _escape(file: str, name: str, what: str) -> ArtifactError:
    return ArtifactError(
        f"{what} is not followed",
        rule="path-escape",
        file=file,
        found=repr(name),
        expected="a file in the same folder",
        way_out="put a copy of the file into the folder, or name the file itself",
    )
