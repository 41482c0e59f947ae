from __future__ import annotations

import os
import subprocess
import sys

import pytest
from artifact_samples import write

from harness.model.artifact.mapped import BLOCK, MappedFile
from harness.verdict.errors import ArtifactError


def test_slices_stay_in_the_file(tmp_path):
    """The last byte can be read, the one behind it cannot, and huge or negative places are no different."""
    mapped = MappedFile(write(tmp_path, b"abc"))
    assert bytes(mapped.slice(0, 3, rule="r", what="w")) == b"abc"
    assert bytes(mapped.slice(3, 0, rule="r", what="w")) == b""
    for offset, length in ((0, 4), (3, 1), (4, 0), (2**64, 1), (0, 2**64), (-1, 1), (1, -1)):
        with pytest.raises(ArtifactError) as caught:
            mapped.slice(offset, length, rule="r", what="w", tensor="t")
        assert (caught.value.rule, caught.value.offset, caught.value.tensor) == ("r", offset, "t")
    mapped.close()


def test_an_empty_file_is_an_empty_view(tmp_path):
    """Although the system maps no empty file."""
    mapped = MappedFile(write(tmp_path, b""))
    assert mapped.size == 0
    assert bytes(mapped.slice(0, 0, rule="r", what="w")) == b""
    assert list(mapped.blocks(0, 0, rule="r", what="w")) == []
    mapped.close()


@pytest.mark.parametrize("size", [0, 2, 4, 8192])
def test_a_file_that_changes_its_size_is_refused(tmp_path, size):
    """Reading behind the new end would kill the process."""
    path = write(tmp_path, b"abc")
    mapped = MappedFile(path)
    os.truncate(path, size)
    with pytest.raises(ArtifactError) as caught:
        mapped.slice(0, 1, rule="r", what="w")
    assert caught.value.rule == "file-changed"
    mapped.close()


def test_views_outlive_the_mapping_and_a_closed_file_says_so(tmp_path):
    """Closing twice, and closing while a view is held, is no error; reading afterwards is one."""
    mapped = MappedFile(write(tmp_path, b"abc"))
    view = mapped.slice(1, 1, rule="r", what="w")
    mapped.close()
    mapped.close()
    assert bytes(view) == b"b"
    with pytest.raises(ArtifactError) as caught:
        mapped.slice(0, 1, rule="r", what="w")
    assert caught.value.rule == "file-closed"


def test_blocks_cover_the_range_in_order(tmp_path):
    """Also where it begins and ends within a block."""
    data = os.urandom(BLOCK + 5000)
    mapped = MappedFile(write(tmp_path, data))
    blocks = [bytes(block) for block in mapped.blocks(3, BLOCK + 4000, rule="r", what="w")]
    assert [len(block) for block in blocks] == [BLOCK, 4000]
    assert b"".join(blocks) == data[3 : BLOCK + 4003]
    mapped.close()


def test_nothing_can_be_written_through_a_view(tmp_path):
    """The mapping is read-only."""
    mapped = MappedFile(write(tmp_path, b"abc"))
    assert mapped.slice(0, 3, rule="r", what="w").readonly
    mapped.close()


SCAN = """
import resource, sys, time
from pathlib import Path
from harness.model.artifact.open import open_artifact
from harness.model.kernels.statistics import describe
import numpy
start = time.perf_counter()
artifact = open_artifact(Path(sys.argv[1]))
listed = time.perf_counter() - start
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.argv[2] == "scan":
    assert describe(artifact.pieces("a")).zeros == artifact.tensors["a"].elements
    assert sum(len(chunk) for chunk in artifact.chunks("a")) == artifact.tensors["a"].nbytes
    try:
        artifact.verify_checksum()
    except Exception as error:
        assert error.rule == "apr-footer-crc"
unit = 1 if sys.platform == "darwin" else 1024
print(listed, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit)
"""


def test_a_hundred_gigabytes_are_listed_at_once(tmp_path, root):
    """A sparse file of 100 GB is listed in milliseconds and next to no memory."""
    _, grown = _scan(tmp_path, root, 25_000_000_000, "list")
    assert grown < 8 << 20


def test_a_scan_takes_constant_memory(tmp_path, root):
    """Statistics, chunks and checksum of 256 MB of F32 stay below 48 MB: pages are given back."""
    _, grown = _scan(tmp_path, root, 64_000_000, "scan")
    assert grown < 48 << 20


def _scan(folder, root, elements, what):
    from artifact_samples import Raw, apr_bytes

    padded = -(-4 * elements // 64) * 64
    head = apr_bytes([Raw(b"a", 0, (elements,), b"", size=4 * elements)], footer=False)
    path = write(folder, head, "large.apr")
    os.truncate(path, len(head) + padded + 4)
    done = subprocess.run(
        [sys.executable, "-c", SCAN, str(path), what], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed, grown = done.stdout.split()
    assert float(listed) < 0.1
    return float(listed), int(grown)
