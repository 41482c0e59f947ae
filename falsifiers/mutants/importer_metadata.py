"""Planted defects of importers in the metadata: defaults, capitals, inventions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from falsifiers.mutants.planting import SpoiltImporter, edits
from harness.trial.interface import operator

if TYPE_CHECKING:
    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.importer import Importer


def _sets(reference: Importer, defect: str, key: str, value: Any, *, when_null: bool = False) -> SpoiltImporter:
    """A file whose metadata has `value` for `key`, if the right value is there, or (`when_null`) if it is not."""

    def edit(apr: PlainApr) -> None:
        if (apr.metadata.get(key) is None) is when_null:
            apr.metadata[key] = value(apr.metadata) if callable(value) else value

    return edits(reference, defect, edit)


@operator(role="importer", edits="bytes", where="metadata", what="rope_theta", before="as stated", after="10000")
def theta_default_10000(reference: Importer) -> SpoiltImporter:
    """The base of the rotation is the usual one, whatever the source says."""
    return _sets(reference, "theta_default_10000", "rope_theta", 10000.0)


@operator(role="importer", edits="bytes", where="metadata", what="rms_norm_eps", before="as stated", after="1e-6")
def eps_default(reference: Importer) -> SpoiltImporter:
    """The epsilon of the norms is the usual one, whatever the source says."""
    return _sets(reference, "eps_default", "rms_norm_eps", 1e-6)


@operator(role="importer", edits="bytes", where="metadata", what="num_kv_heads", before="as stated", after="num_heads")
def kv_defaults_to_heads(reference: Importer) -> SpoiltImporter:
    """Grouped attention is forgotten."""
    return _sets(reference, "kv_defaults_to_heads", "num_kv_heads", lambda metadata: metadata.get("num_heads"))


@operator(role="importer", edits="bytes", where="metadata", what="architecture", before="qwen2", after="Qwen2")
def architecture_capitalised(reference: Importer) -> SpoiltImporter:
    """The family is spelt as a class name is."""
    return _sets(
        reference, "architecture_capitalised", "architecture", lambda metadata: str(metadata["architecture"]).title()
    )


@operator(role="importer", edits="bytes", where="metadata", what="max_position_embeddings",
          before="null, as nothing is stated", after="4096")  # fmt: skip
def invented_max_positions(reference: Importer) -> SpoiltImporter:
    """A context length out of thin air."""
    return _sets(reference, "invented_max_positions", "max_position_embeddings", 4096, when_null=True)


@operator(role="importer", edits="bytes", where="metadata", what="rope_theta",
          before="null, as nothing is stated", after="10000")  # fmt: skip
def invented_theta(reference: Importer) -> SpoiltImporter:
    """A base of the rotation out of thin air."""
    return _sets(reference, "invented_theta", "rope_theta", 10000.0, when_null=True)


@operator(role="importer", edits="bytes", where="metadata", what="license",
          before="null, as nothing is stated", after="apache-2.0")  # fmt: skip
def invented_license(reference: Importer) -> SpoiltImporter:
    """A licence that nobody gave."""
    return _sets(reference, "invented_license", "license", "apache-2.0", when_null=True)
