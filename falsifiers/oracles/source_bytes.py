"""What a source file says: SafeTensors in plain `struct` and `json`, GGUF through the gguf library; payloads mapped."""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

from falsifiers.oracles.dtypes import APR_HOLDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
MAX_HEADER = 100_000_000


class SourceError(Exception):
    """The source cannot be read, so that nothing made from it can be judged."""


@dataclass(frozen=True, slots=True)
class SourceTensor:
    """A tensor of a source file; dims outermost first."""

    dtype: str
    dims: tuple[int, ...]
    payload: bytes | memoryview


def named_file(path: Path) -> Path:
    """The file that a person would name: `path` itself, or the checkpoint in the folder `path`. Raises SourceError."""
    if not path.is_dir():
        if path.exists() and not path.is_file():
            raise SourceError(f"{path} is no regular file")  # a pipe would be waited for
        return path
    for name in (SINGLE, INDEX):
        if (path / name).is_file():
            return path / name
    found = sorted(path.glob("*.gguf"))
    if len(found) == 1:
        return found[0]
    raise SourceError(f"{path} holds neither {SINGLE} nor {INDEX} nor exactly one GGUF file")


def files_of(path: Path) -> list[Path]:
    """Every file that an importer of `path` has to read, in a fixed order."""
    if path.suffix == ".gguf":
        return [path]
    shards = sorted(set(_weight_map(path).values())) if path.name.endswith(".index.json") else []
    files = [path, *(path.parent / shard for shard in shards)]
    return files + [path.parent / name for name in ("config.json",) if (path.parent / name).is_file()]


def source_digest(path: Path) -> str:
    """sha256 over the digests of every file that an importer of `path` has to read."""
    digest = hashlib.sha256()
    for file in files_of(path):
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _weight_map(index: Path) -> dict[str, str]:
    try:
        places = json.loads(index.read_bytes())["weight_map"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{index}: no weight_map can be read: {error}") from error
    if not isinstance(places, dict) or not all(isinstance(name, str) and "/" not in name for name in places.values()):
        raise SourceError(f"{index}: weight_map must name files beside it")
    return places


def read_safetensors(path: Path) -> dict[str, SourceTensor]:
    """Every tensor of a checkpoint in one file or, when `path` is an index, in several."""
    if not path.name.endswith(".index.json"):
        return dict(_one_safetensors(path))
    tensors: dict[str, SourceTensor] = {}
    for shard in sorted(set(_weight_map(path).values())):
        tensors.update(_one_safetensors(path.parent / shard))
    return tensors


def _one_safetensors(path: Path) -> Iterator[tuple[str, SourceTensor]]:
    data = _mapped(path)
    try:
        (length,) = struct.unpack_from("<Q", data)
        if length > min(MAX_HEADER, len(data) - 8):
            raise ValueError(f"its header announces {length} bytes")  # noqa: TRY301 - one way to say it
        header = json.loads(bytes(data[8 : 8 + length]))
        for name, row in header.items():
            if name != "__metadata__":
                begin, end = row["data_offsets"]
                payload = data[8 + length + begin : 8 + length + end]
                yield name, SourceTensor(row["dtype"], tuple(row["shape"]), payload)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SourceError(f"{path} is no SafeTensors file: {error}") from error


def _mapped(path: Path) -> memoryview:
    try:
        with path.open("rb") as stream:
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be opened: {error}") from error


def read_config(path: Path) -> dict[str, Any]:
    """The config.json beside a SafeTensors source; empty when there is none."""
    config = path.parent / "config.json"
    if not config.is_file():
        return {}
    try:
        value = json.loads(config.read_bytes())
    except ValueError as error:
        raise SourceError(f"{config} is no JSON: {error}") from error
    return value if isinstance(value, dict) else {}


def read_gguf(path: Path) -> tuple[Mapping[str, Any], dict[str, SourceTensor]]:
    """Key-value pairs and tensors of a GGUF file; types that APR has no number for come dequantised as F32."""
    try:
        reader = gguf.GGUFReader(path)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise SourceError(f"{path} is no GGUF file: {error}") from error
    if reader.byte_order == "S":
        raise SourceError(f"{path} is big-endian; payloads cannot be compared byte for byte")
    pairs = {name: field.contents() for name, field in reader.fields.items()}
    tensors = {}
    for tensor in reader.tensors:
        dims = tuple(int(dim) for dim in reversed(tensor.shape.tolist()))
        dtype, data = tensor.tensor_type.name, np.ascontiguousarray(tensor.data)
        if dtype not in APR_HOLDS:
            dtype, data = f"F32<{dtype}", gguf.dequantize(data, tensor.tensor_type).astype("<f4")
        tensors[tensor.name] = SourceTensor(dtype, dims, data.reshape(-1).view(np.uint8).data)
    return pairs, tensors
