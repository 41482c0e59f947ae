"""Who the reference is, for evidence: its answers can change with the version only."""

from __future__ import annotations

from harness import __version__

REFERENCE_LABEL = "reference"
REFERENCE_IDENTITY = f"reference falsify {__version__}"
