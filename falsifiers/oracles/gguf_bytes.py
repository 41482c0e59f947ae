"""GGUF v3 files of one tensor, byte by byte, also of types that nobody knows."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ALIGNMENT = 32


def write_plain_gguf(path: Path, name: str, dims: tuple[int, ...], number: int, payload: bytes) -> None:
    """Write one tensor; `dims` outermost first, `number` the type as the file will have it."""
    text = name.encode()
    entry = struct.pack("<Q", len(text)) + text + struct.pack(f"<I{len(dims)}Q", len(dims), *reversed(dims))
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + entry + struct.pack("<IQ", number, 0)
    padded = payload + bytes(-len(payload) % ALIGNMENT)
    path.write_bytes(head + bytes(-len(head) % ALIGNMENT) + padded)
