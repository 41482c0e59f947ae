"""Tiny model files built byte by byte from the format descriptions, sharing no code with the readers and the writer."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Raw(NamedTuple):
    """An index entry as it shall stand in the file; `size` and `offset` override what the payload would give."""

    name: bytes
    dtype: int
    dims: tuple[int, ...]
    payload: bytes
    size: int | None = None
    offset: int | None = None


def _padded(data: bytes, alignment: int = 64) -> bytes:
    return data + bytes(-len(data) % alignment)


def apr_bytes(entries: Sequence[Raw] = (), metadata: bytes = b"{}", *, footer: bool = True, **fields: Any) -> bytes:
    """An APR v2 file with right checksums; `fields` override header fields (major, minor, flags, count …)."""
    index, data = b"", b""
    for entry in entries:
        offset = len(data) if entry.offset is None else entry.offset
        size = len(entry.payload) if entry.size is None else entry.size
        index += struct.pack("<H", len(entry.name)) + entry.name + bytes((entry.dtype, len(entry.dims)))
        index += struct.pack(f"<{len(entry.dims)}QQQ", *entry.dims, offset, size)
        data += _padded(entry.payload)
    index = fields.pop("index", index)
    index_at = 64 + len(_padded(metadata))
    header = {
        "magic": b"APR\0", "major": 2, "minor": 0, "flags": 0x0400, "count": len(entries), "metadata_at": 64,
        "metadata_size": len(metadata), "index_at": index_at, "data_at": index_at + len(_padded(index)),
    } | fields  # fmt: skip
    first = struct.pack("<4sBBHIQIQQ", *header.values())
    head = first + struct.pack("<I", zlib.crc32(bytes(20), zlib.crc32(first))) + bytes(20)
    whole = head + _padded(metadata) + _padded(index) + data
    return whole + struct.pack("<I", zlib.crc32(whole)) if footer else whole


def with_apr_header(whole: bytes, at: int, field: bytes) -> bytes:
    """`whole` with other bytes in its header, and both checksums made right again."""
    changed = bytearray(whole[:-4])
    changed[at : at + len(field)] = field
    changed[40:44] = struct.pack("<I", zlib.crc32(changed[44:64], zlib.crc32(changed[:40])))
    return bytes(changed) + struct.pack("<I", zlib.crc32(changed))


def tiny_apr() -> bytes:
    """Two tensors, F32 [2, 3] and BF16 [4]."""
    return apr_bytes(
        [
            Raw(b"a.weight", 0, (2, 3), struct.pack("<6f", *range(6))),
            Raw(b"b.bias", 30, (4,), bytes((0x80, 0x3F, 0x00, 0x40, 0x40, 0xC0, 0, 0x80))),
        ],
        b'{"model_type":"test","hidden_size":3}',
    )


def safetensors_bytes(header: Any, buffer: bytes = b"") -> bytes:
    """A SafeTensors file; `header` is JSON text or an object."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + buffer


def st_entry(dtype: str, shape: Sequence[int], begin: int, end: int) -> dict[str, Any]:
    """A header entry."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def tiny_safetensors() -> bytes:
    """Two tensors, F32 [2, 2] and F16 [3]."""
    header = {
        "__metadata__": {"format": "pt"},
        "a.weight": st_entry("F32", (2, 2), 0, 16),
        "b.bias": st_entry("F16", (3,), 16, 22),
    }
    return safetensors_bytes(header, struct.pack("<4f3e", 1, -2, 3.5, -0.0, 1, 2, 3))


def gguf_string(text: bytes) -> bytes:
    """A length and its bytes."""
    return struct.pack("<Q", len(text)) + text


def gguf_key(key: bytes, kind: int, value: bytes) -> bytes:
    """A metadata pair."""
    return gguf_string(key) + struct.pack("<I", kind) + value


def gguf_tensor(name: bytes, ne: Sequence[int], kind: int, offset: int) -> bytes:
    """A table entry; `ne` innermost first, as in the file."""
    return gguf_string(name) + struct.pack(f"<I{len(ne)}QIQ", len(ne), *ne, kind, offset)


def gguf_bytes(
    keys: Sequence[bytes] = (),
    tensors: Sequence[bytes] = (),
    data: bytes = b"",
    *,
    version: int = 3,
    alignment: int = 32,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """A GGUF file; `counts` overrides the numbers of tensors and keys."""
    tensor_count, key_count = counts or (len(tensors), len(keys))
    head = b"GGUF" + struct.pack("<IQQ", version, tensor_count, key_count) + b"".join(keys) + b"".join(tensors)
    return _padded(head, alignment) + data if tensors or data else head


def tiny_gguf() -> bytes:
    """Every kind of metadata that a reader steps over, and two tensors, F32 [2, 3] and Q8_0 [1, 32]."""
    keys = [
        gguf_key(b"general.architecture", 8, gguf_string(b"test")),
        gguf_key(b"test.count", 4, struct.pack("<I", 7)),
        gguf_key(b"test.flag", 7, b"\1"),
        gguf_key(b"test.eps", 6, struct.pack("<f", 1e-6)),
        gguf_key(b"test.tokens", 9, struct.pack("<IQ", 8, 2) + gguf_string(b"ab") + gguf_string("é".encode())),
        gguf_key(b"test.nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ3h", 3, 3, 1, -2, 3)),
    ]
    tensors = [gguf_tensor(b"a.weight", (3, 2), 0, 0), gguf_tensor(b"b.weight", (32, 1), 8, 32)]
    data = struct.pack("<6f", *range(6)).ljust(32, b"\0") + struct.pack("<e32b", 0.5, *range(-16, 16))
    return gguf_bytes(keys, tensors, data.ljust(96, b"\0"))


def write(folder: Path, data: bytes, name: str = "model.bin") -> Path:
    """A file in `folder`."""
    path = folder / name
    path.write_bytes(data)
    return path
