"""Reader of APR v2: everything but the payloads is checked on opening; the footer's checksum on request."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from harness.model.artifact.apr_header import ALIGNMENT, FOOTER, QUANTIZED, ROW_MAJOR, SIZE, Header, parse_header
from harness.model.artifact.apr_index import IndexEntry, decide_dtype, read_index
from harness.model.artifact.cursor import Cursor
from harness.model.artifact.json_header import parse_object
from harness.model.artifact.mapped import MappedFile, kept_if_read
from harness.model.artifact.mapped_artifact import MappedArtifact
from harness.model.artifact.ranges import Span, align, check_packed
from harness.model.artifact.view import TensorEntry
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

MAX_METADATA = 256 << 20


class AprArtifact(MappedArtifact):
    """An open APR v2 file. A tensor whose payload has the wrong size is listed, and refused when it is read."""

    format = "apr"
    flags: int
    """The 16 flag bits of the header."""
    metadata_size: int
    """Bytes of the metadata, padding excluded."""

    @classmethod
    def open(cls, path: Path) -> AprArtifact:
        """Open `path`. Raises ArtifactError by the rule that the file breaks (`apr-…`)."""
        return kept_if_read(path, cls._read)

    @classmethod
    def _read(cls, mapped: MappedFile) -> AprArtifact:
        head = mapped.slice(0, min(SIZE, mapped.size), rule="apr-truncated", what="the header")
        header = parse_header(bytes(head), file=mapped.file)
        metadata = _read_metadata(mapped, header)
        index = _read_index(mapped, header)
        _check_layout(mapped, header, index, metadata)
        artifact = cls(
            mapped.path,
            [mapped],
            version=f"{header.major}.{header.minor}",
            metadata=metadata,
            tensors={
                entry.name: TensorEntry(
                    name=entry.name,
                    dims=entry.dims,
                    dtype=decide_dtype(entry, file=mapped.file),
                    offset=header.data_offset + entry.offset,
                    nbytes=entry.nbytes,
                    path=mapped.path,
                )
                for entry in index
            },
        )
        artifact.flags = header.flags
        artifact.metadata_size = header.metadata_size
        return artifact

    def verify_checksum(self) -> bool:
        """Stream the file once and compare the CRC-32 in its footer.

        Raises ArtifactError by apr-footer-crc.
        """
        mapped = self._files[self.path]
        covered = mapped.size - FOOTER
        computed = 0
        for block in mapped.blocks(0, covered, rule="apr-truncated", what="the file"):
            computed = zlib.crc32(block, computed)
        footer = mapped.slice(covered, FOOTER, rule="apr-truncated", what="the footer")
        stored = int.from_bytes(footer, "little")
        if stored != computed:
            raise ArtifactError(
                "the checksum in the footer does not hold",
                rule="apr-footer-crc",
                file=mapped.file,
                offset=covered,
                found=f"{stored:08x}",
                expected=f"{computed:08x}",
                way_out="some byte changed after the file was written: fetch or write it again",
            )
        return True


def _read_metadata(mapped: MappedFile, header: Header) -> dict[str, Any]:
    _check_section(mapped, "metadata", header.metadata_offset, SIZE)
    if header.metadata_size > MAX_METADATA:
        raise ArtifactError(
            "the metadata is larger than any model needs",
            rule="apr-metadata",
            file=mapped.file,
            offset=20,
            found=f"{header.metadata_size} bytes",
            expected=f"at most {MAX_METADATA}",
            way_out="write the file again with smaller metadata",
        )
    view = mapped.slice(header.metadata_offset, header.metadata_size, rule="apr-range", what="the metadata")
    return parse_object(view, file=mapped.file, offset=SIZE, rule="apr-metadata", what="the metadata")


def _read_index(mapped: MappedFile, header: Header) -> list[IndexEntry]:
    _check_section(mapped, "tensor index", header.index_offset, SIZE + align(header.metadata_size, ALIGNMENT))
    if header.data_offset < header.index_offset:
        _check_section(mapped, "data section", header.data_offset, header.index_offset)
    view = mapped.slice(
        header.index_offset, header.data_offset - header.index_offset, rule="apr-range", what="the tensor index"
    )
    cursor = Cursor(view, file=mapped.file, prefix="apr", base=header.index_offset)
    entries = read_index(cursor, header.tensor_count)
    _check_section(mapped, "data section", header.data_offset, align(cursor.offset, ALIGNMENT))
    return entries


def _check_section(mapped: MappedFile, name: str, found: int, expected: int) -> None:
    if found != expected:
        raise ArtifactError(
            f"the {name} does not follow the section before it",
            rule="apr-range",
            file=mapped.file,
            offset=found,
            found=f"the {name} at {found}",
            expected=f"at {expected}",
            way_out="the file is damaged or of another dialect: write it again",
        )


def _check_layout(mapped: MappedFile, header: Header, index: list[IndexEntry], metadata: dict[str, Any]) -> None:
    """Payloads back to back, inside the file, and nothing behind them but the footer."""
    spans = [Span(header.data_offset + entry.offset, entry.nbytes, entry.name) for entry in index]
    last = max((span.offset + span.nbytes for span in spans), default=header.data_offset)
    _refuse_dialect(mapped, header, last, metadata)
    for span in spans:
        mapped.slice(span.offset, span.nbytes, rule="apr-range", what="the payload", tensor=span.name)
    end = check_packed(spans, start=header.data_offset, alignment=ALIGNMENT, prefix="apr", file=mapped.file)
    if mapped.size != end + FOOTER:
        trailing = mapped.size > end + FOOTER
        raise ArtifactError(
            "there are bytes behind the footer" if trailing else "the footer with the checksum is missing",
            rule="apr-trailing" if trailing else "apr-footer-missing",
            file=mapped.file,
            offset=min(mapped.size, end + FOOTER),
            found=f"a file of {mapped.size} bytes",
            expected=f"{end + FOOTER} bytes: the payloads end at {end}, the footer has {FOOTER}",
            way_out="the file is cut short or something was appended: fetch or write it again",
        )


def _refuse_dialect(mapped: MappedFile, header: Header, last: int, metadata: dict[str, Any]) -> None:
    """Name the dialect of `apr import --preserve-q4k`: no footer, GGUF names and GGUF dim order, GGML numbers."""
    lacks_footer = mapped.size <= align(last, ALIGNMENT)
    if not header.flags & QUANTIZED or header.flags & ROW_MAJOR:
        return
    if lacks_footer or metadata.get("model_type") == "transformer_lm_q4k":
        raise ArtifactError(
            "this is the --preserve-q4k dialect: it has no checksum, and its dims stand in GGUF order",
            rule="apr-dialect-q4k",
            file=mapped.file,
            offset=6,
            found=f"flags 0x{header.flags:04x}" + (", no footer" if lacks_footer else ""),
            expected=f"flags with 0x{ROW_MAJOR:04x} (row-major), and a footer",
            way_out="import the GGUF without --preserve-q4k, or convert it with falsify convert",
        )
