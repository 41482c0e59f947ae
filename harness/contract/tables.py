"""Models of the tables that a contract may hold: data for falsifiers, each row with a closed set of keys."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

from harness.contract.models import Closed, Name, Text
from harness.verdict.verdicts import Severity

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]
Flag = StrictBool
Dims = Annotated[tuple[Text | StrictInt, ...], Field(description="Outermost first; names of sizes, or numbers.")]


def _percentages(values: object) -> object:
    if isinstance(values, list) and any(isinstance(value, int | float) and not 0 <= value <= 100 for value in values):
        raise ValueError("percentiles lie between 0 and 100")
    return values


class FormatRow(Closed):
    """How a file format lays tensors out."""

    layout: Text | None = Field(default=None, description="row-major or column-major.")
    dims: Text | None = Field(default=None, description="Which dim is written first: outermost_first, innermost_first.")
    data: Text | None = Field(default=None, description="Order of the elements: row_major.")
    shape_convention: Text | None = None
    dims_order: Text | None = Field(default=None, description="Which of the stored dims is the innermost.")
    innermost: Text | None = None
    magic: Text | None = None
    suffix: Text | None = None
    alignment: Count | None = Field(default=None, description="Bytes.")
    dtypes: tuple[Text, ...] = ()
    note: Text | None = None


class TensorRow(Closed):
    """What a tensor of one role looks like."""

    dims: Dims | None = None
    gguf_dims: Dims | None = None
    apr_shape: Text | None = Field(default=None, description="Public spelling of dims: text such as [vocab, hidden].")
    gguf_shape: Text | None = None
    hf: Text | None = Field(default=None, description="Name in a checkpoint; {layer} stands for the layer.")
    gguf: Text | None = Field(default=None, description="Name in a GGUF file.")
    hf_name: Text | None = Field(default=None, description="{n} stands for the layer.")
    apr_name: Text | None = None
    gguf_name: Text | None = None
    critical: Flag = Field(default=False, description="A wrong one makes every output garbage.")
    optional: Flag = False
    transpose: Flag | None = None
    role: Text | None = None
    dtype: Text | None = None
    families: tuple[Text, ...] = ()
    kernel: Text | None = None
    kernel_out_dim: Text | None = None
    kernel_in_dim: Text | None = None
    validation: Text | None = None
    note: Text | None = None


class DispatchRow(Closed):
    """The block of a dtype and what decodes it."""

    kernel: Text | None = None
    decoder: Text | None = None
    block_bytes: Count | None = Field(default=None, description="Bytes of one block.")
    elements_per_block: Count | None = None
    apr_id: Count | None = None
    gguf_id: Count | None = None
    note: Text | None = None


class QuantDispatch(Closed):
    """Every dtype with the one kernel that may read it: rows by dtype, here or in groups."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, DispatchRow]

    principle: Text | None = None
    anti_pattern: Text | None = None
    reference: Text | None = None
    note: Text | None = None
    gpu_dispatch: dict[Text, DispatchRow] = Field(default_factory=dict)
    cpu_dispatch: dict[Text, DispatchRow] = Field(default_factory=dict)
    dispatch_sites: tuple[dict[str, Any], ...] = ()
    refused: tuple[Text, ...] = Field(default=(), description="Dtypes that are refused by name.")


class Density(Closed):
    """Shares of exact zeros, in percent of all elements."""

    embedding_max_zero_pct: Number | None = None
    weight_max_zero_pct: Number | None = None
    note: Text | None = None


class Numeric(Closed):
    """Values that are no numbers."""

    allow_nan: Flag | None = None
    allow_inf: Flag | None = None
    note: Text | None = None


class Distribution(Closed):
    """Degenerate tensors."""

    min_l2_norm: Number | None = None
    require_variation: Flag | None = None
    note: Text | None = None


class SpotCheck(Closed):
    """Rows of the embedding that are looked at alone."""

    enabled: Flag | None = None
    sample_percentiles: Annotated[tuple[Number, ...], BeforeValidator(_percentages)] = ()
    min_token_l2: Number | None = None
    note: Text | None = None


class DeadRows(Closed):
    """Rows of an embedding or head with next to no norm."""

    max_dead_pct: Number | None = None
    min_row_l2: Number | None = None
    exempt: tuple[Text, ...] = Field(default=(), description="Rows that are zero by construction: pad_token_id.")
    note: Text | None = None


class SemanticValidation(Closed):
    """Thresholds of the data-quality gates."""

    density: Density | None = None
    numeric: Numeric | None = None
    distribution: Distribution | None = None
    spot_check: SpotCheck | None = None
    dead_rows: DeadRows | None = None
    note: Text | None = None


class ValidationRule(Closed):
    """A rule that clauses refer to; counted as what it is, no clause."""

    id: Text
    name: Text
    description: Text
    severity: Severity
    critical: Flag = False
    reference: Text | None = None


class Tables(Closed):
    """The tables at the top of a contract; `tables` holds those that have no model here."""

    formats: dict[Name, FormatRow] = Field(default_factory=dict)
    tensors: dict[Name, TensorRow] = Field(default_factory=dict)
    quant_dispatch: QuantDispatch | None = None
    semantic_validation: SemanticValidation | None = None
    validation_rules: tuple[ValidationRule, ...] = ()
    families: dict[Text, dict[str, Any]] = Field(default_factory=dict)
    tables: dict[Name, Any] = Field(
        default_factory=dict, description="Further data for the falsifiers of this contract, which check it themselves."
    )
