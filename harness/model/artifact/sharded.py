"""Reader of a SafeTensors checkpoint in shards: the index and its files have to agree on every name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.model.artifact.confine import inside
from harness.model.artifact.json_header import parse_object
from harness.model.artifact.mapped import MappedFile
from harness.model.artifact.safetensors import SafetensorsArtifact, open_file
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.artifact.safetensors_header import Parsed

INDEX_NAME = "model.safetensors.index.json"
MAX_INDEX = 100_000_000


class ShardedArtifact(SafetensorsArtifact):
    """An open checkpoint in shards, its tensors in the order of the index.

    `metadata` is the `__metadata__` of the shards; where they differ, that of the shard named first.
    """

    index_metadata: dict[str, Any]
    """The `metadata` of the index file (`total_size` and the like); a claim that nothing here relies on."""


def open_sharded(index: Path) -> ShardedArtifact:
    """Open the shards that `index` names. Raises ArtifactError (`index-…`, `path-escape`, `safetensors-…`)."""
    weight_map, index_metadata = _read_index(index)
    # All names are looked at before the first shard is opened.
    paths = {name: inside(index.parent, name, file=str(index)) for name in dict.fromkeys(weight_map.values())}
    opened: dict[str, tuple[MappedFile, Parsed]] = {}
    try:
        for name, path in paths.items():
            opened[name] = _open_shard(index, name, path)
        artifact = _assemble(index, weight_map, opened)
    except BaseException:
        for mapped, _ in opened.values():
            mapped.close()
        raise
    artifact.index_metadata = index_metadata
    return artifact


def shards_of(index: Path) -> frozenset[str]:
    """Names of the files that an index names. Raises ArtifactError when it is no index."""
    return frozenset(_read_index(index)[0].values())


def _read_index(index: Path) -> tuple[dict[str, str], dict[str, Any]]:
    mapped = MappedFile(index)
    try:
        if mapped.size > MAX_INDEX:
            raise _error(index, "index-json", "the index is too large", f"{mapped.size} bytes", f"at most {MAX_INDEX}")
        view = mapped.slice(0, mapped.size, rule="index-json", what="the index")
        parsed = parse_object(view, file=str(index), offset=0, rule="index-json", what="the index")
        view.release()
    finally:
        mapped.close()
    weight_map, metadata = parsed.get("weight_map"), parsed.get("metadata") or {}
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise _error(
            index, "index-weight-map", "this JSON is no index of shards",
            f"keys {', '.join(sorted(parsed)[:8])}", "weight_map: a file name for every tensor name",
        )  # fmt: skip
    if not weight_map:
        raise _error(index, "index-weight-map", "the index names no tensor", "an empty weight_map", "tensors")
    if not isinstance(metadata, dict):
        raise _error(index, "index-json", "metadata is no object", type(metadata).__name__, "an object")
    return weight_map, metadata


def _open_shard(index: Path, name: str, path: Path) -> tuple[MappedFile, Parsed]:
    try:
        return open_file(path)
    except ArtifactError as error:
        if error.rule != "file-missing":
            raise
        raise _error(
            index, "index-shard-missing", f"shard {name} is missing", f"no file {path}", "every file of weight_map",
            way_out="fetch the shard",
        ) from error  # fmt: skip


def _assemble(index: Path, weight_map: dict[str, str], opened: dict[str, tuple[MappedFile, Parsed]]) -> ShardedArtifact:
    held = {shard: {entry.name: entry for entry in parsed.entries} for shard, (_, parsed) in opened.items()}
    for shard, entries in held.items():
        for name in entries:
            if weight_map.get(name) != shard:
                raise _error(
                    index, "index-unlisted", f"tensor {name} of {shard} is not in the index there",
                    f"weight_map says {weight_map.get(name) or 'nothing'}", shard, tensor=name,
                )  # fmt: skip
    for name, shard in weight_map.items():
        if name not in held[shard]:
            raise _error(
                index, "index-tensor-missing", f"the index places a tensor in {shard}, which does not hold it",
                f"{len(held[shard])} other tensors there", f"tensor {name}", tensor=name,
            )  # fmt: skip
    metadata: dict[str, str] = {}
    for _, parsed in opened.values():
        metadata = {**parsed.metadata, **metadata}
    return ShardedArtifact(
        index,
        [mapped for mapped, _ in opened.values()],
        version="",
        metadata=metadata,
        tensors={name: held[shard][name] for name, shard in weight_map.items()},
    )


def _error(  # noqa: PLR0913 - the parts of one error line
    index: Path,
    rule: str,
    message: str,
    found: str,
    expected: str,
    *,
    tensor: str = "",
    way_out: str = "the index and its files do not belong together: fetch them again",
) -> ArtifactError:
    return ArtifactError(
        message, rule=rule, file=str(index), tensor=tensor, found=found, expected=expected, way_out=way_out
    )
