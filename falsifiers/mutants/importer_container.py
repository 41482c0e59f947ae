"""Planted defects of importers in the container: checksums, order, alignment, flags, bytes behind the data."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING
from zlib import crc32

from falsifiers.mutants.planting import SpoiltImporter, edits
from falsifiers.oracles.apr_bytes import COLUMN_MAJOR, read_apr, restore_checksums, write_plain_apr
from harness.trial.interface import operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.importer import Importer


def _patches(reference: Importer, defect: str, patch: Callable[[bytearray], object]) -> SpoiltImporter:
    def spoil(dest: Path, _source: Path) -> None:
        data = bytearray(dest.read_bytes())
        patch(data)
        dest.write_bytes(data)

    return SpoiltImporter(reference, defect, spoil)


@operator(role="importer", edits="bytes", where="the last four bytes", what="the footer checksum",
          before="that of the bytes before", after="one bit off")  # fmt: skip
def footer_crc_stale(reference: Importer) -> SpoiltImporter:
    """The footer belongs to other bytes."""

    def patch(data: bytearray) -> None:
        data[-1] ^= 1

    return _patches(reference, "footer_crc_stale", patch)


@operator(role="importer", edits="bytes", where="reserved bytes of the header", what="the header checksum",
          before="that of the header", after="that of the header before an edit")  # fmt: skip
def header_crc_stale(reference: Importer) -> SpoiltImporter:
    """The header was edited after its checksum was taken."""

    def patch(data: bytearray) -> None:
        data[60] ^= 1
        struct.pack_into("<I", data, len(data) - 4, crc32(data[:-4]))

    return _patches(reference, "header_crc_stale", patch)


@operator(role="importer", edits="bytes", where="the index", what="the order of entries",
          before="by name", after="as they came")  # fmt: skip
def unsorted_index(reference: Importer) -> SpoiltImporter:
    """The index is not sorted."""

    def spoil(dest: Path, _source: Path) -> None:
        apr = read_apr(dest)
        for tensor in apr.tensors:
            tensor.payload = bytes(tensor.payload)
        write_plain_apr(dest, apr.metadata, apr.tensors[::-1], flags=apr.flags, index_order=True)

    return SpoiltImporter(reference, "unsorted_index", spoil)


@operator(role="importer", edits="bytes", where="behind the last tensor", what="64 bytes",
          before="none", after="zeros under a right footer")  # fmt: skip
def trailing_bytes(reference: Importer) -> SpoiltImporter:
    """Something stands behind the last tensor."""

    def patch(data: bytearray) -> None:
        data[-4:] = bytes(68)
        restore_checksums(data)

    return _patches(reference, "trailing_bytes", patch)


@operator(role="importer", edits="bytes", where="the flags of the header", what="bit 0x0800",
          before="clear", after="set")  # fmt: skip
def column_major_flag(reference: Importer) -> SpoiltImporter:
    """The file says that its data are column-major."""

    def edit(apr: PlainApr) -> None:
        apr.flags |= COLUMN_MAJOR

    return edits(reference, "column_major_flag", edit)


@operator(role="importer", edits="bytes", where="the first entry of the index", what="the offset",
          before="its own", after="that of the second, so that both share bytes")  # fmt: skip
def overlapping_payloads(reference: Importer) -> SpoiltImporter:
    """Two tensors are given the same bytes."""

    def patch(data: bytearray) -> None:
        (at,) = struct.unpack_from("<Q", data, 24)
        ends = []
        for _ in range(2):
            (length,) = struct.unpack_from("<H", data, at)
            at += 4 + length + 8 * data[at + 3 + length]
            ends.append(at)
            at += 16
        data[ends[0] : ends[0] + 8] = data[ends[1] : ends[1] + 8]
        restore_checksums(data)

    return _patches(reference, "overlapping_payloads", patch)
