"""The known families: roles of their tensors, names in checkpoints and GGUF, what an exporter does to values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from functools import cache

SUFFIXES = (".weight", ".bias")


@unique
class Role(StrEnum):
    """What a tensor is for, whatever its name; the value is the checkpoint's name, `{layer}` where it repeats."""

    EMBEDDING = "model.embed_tokens.weight"
    HEAD = "lm_head.weight"
    FINAL_NORM = "model.norm.weight"
    ATTENTION_NORM = "model.layers.{layer}.input_layernorm.weight"
    Q = "model.layers.{layer}.self_attn.q_proj.weight"
    K = "model.layers.{layer}.self_attn.k_proj.weight"
    V = "model.layers.{layer}.self_attn.v_proj.weight"
    Q_BIAS = "model.layers.{layer}.self_attn.q_proj.bias"
    K_BIAS = "model.layers.{layer}.self_attn.k_proj.bias"
    V_BIAS = "model.layers.{layer}.self_attn.v_proj.bias"
    O = "model.layers.{layer}.self_attn.o_proj.weight"  # noqa: E741 - as q, k and v are called
    FFN_NORM = "model.layers.{layer}.post_attention_layernorm.weight"
    GATE = "model.layers.{layer}.mlp.gate_proj.weight"
    UP = "model.layers.{layer}.mlp.up_proj.weight"
    DOWN = "model.layers.{layer}.mlp.down_proj.weight"

    @property
    def repeats(self) -> bool:
        """Whether every layer has one."""
        return "{layer}" in self.value

    def in_layer(self, layer: int = 0) -> str:
        """The checkpoint's name of it in layer `layer`; the layer means nothing where the role does not repeat."""
        return self.value.replace("{layer}", str(layer))


@unique
class Transform(StrEnum):
    """What the exporter to GGUF does to a tensor's values."""

    IDENTITY = "identity"
    ROPE_PERMUTE = "rope_permute"
    """Rows of each head go from halves to pairs: (heads, 2, head_dim/2, in) -> (heads, head_dim/2, 2, in)."""


@dataclass(frozen=True, slots=True)
class Family:
    """An architecture family."""

    slug: str
    """As `model_type` in config.json, `general.architecture` in GGUF and `architecture` in APR."""
    hf_architecture: str
    """Class name in `architectures` of config.json."""
    rope_type: int
    """How APR marks the rotary pairing of the family: 0 adjacent pairs, 2 split halves."""
    qkv_bias: bool
    """Whether q, k and v have a bias; of these families only that tells the names of one from the other's."""
    permuted: frozenset[Role] = frozenset()
    """Roles whose rows the exporter to GGUF permutes."""

    @property
    def layer_roles(self) -> tuple[Role, ...]:
        """Roles that every layer has."""
        biases = {Role.Q_BIAS, Role.K_BIAS, Role.V_BIAS}
        return tuple(role for role in Role if role.repeats and (self.qkv_bias or role not in biases))

    def transform(self, role: Role) -> Transform:
        """What the exporter to GGUF did to a tensor of this role."""
        return Transform.ROPE_PERMUTE if role in self.permuted else Transform.IDENTITY


FAMILIES: dict[str, Family] = {
    family.slug: family
    for family in (
        Family("llama", "LlamaForCausalLM", rope_type=0, qkv_bias=False, permuted=frozenset({Role.Q, Role.K})),
        Family("qwen2", "Qwen2ForCausalLM", rope_type=2, qkv_bias=True),
    )
}

SUPPORTED = ", ".join(FAMILIES)


@cache
def gguf_templates(slug: str) -> dict[str, Role]:
    """GGUF name -> role for a family, with `{layer}` where it repeats, as the `gguf` package maps them."""
    import gguf  # noqa: PLC0415 - a quarter of a second that only GGUF sources need

    arch = next(arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == slug)
    # One layer is enough: the map grows with the layers and differs in their number only.
    names = gguf.get_tensor_name_map(arch, 1)
    family = FAMILIES[slug]
    found: dict[str, Role] = {}
    for role in Role:
        if role.repeats and role not in family.layer_roles:
            continue
        name = names.get_name(role.in_layer(0), try_suffixes=SUFFIXES)
        if name is None:
            raise LookupError(f"the installed gguf package has no name for {role.value} of {slug}")
        found[name.replace("blk.0.", "blk.{layer}.") if role.repeats else name] = role
    return found


def role_of_gguf_name(slug: str, name: str) -> tuple[Role, int] | None:
    """Role and layer of a tensor of a GGUF file; None for a name that the family does not have."""
    parts = name.split(".")
    if parts[0] == "blk" and len(parts) > 2 and _is_index(parts[1]):
        role = gguf_templates(slug).get(".".join(("blk", "{layer}", *parts[2:])))
        return (role, int(parts[1])) if role is not None else None
    role = gguf_templates(slug).get(name)
    return (role, 0) if role is not None and not role.repeats else None


def gguf_names(slug: str, layers: int) -> dict[str, str]:
    """GGUF name -> checkpoint name of every tensor that the family can have with `layers` layers, head included."""
    names: dict[str, str] = {}
    for template, role in gguf_templates(slug).items():
        for layer in range(layers if role.repeats else 1):
            names[template.replace("{layer}", str(layer))] = role.in_layer(layer)
    return names


def layer_of(name: str) -> int | None:
    """Index in a checkpoint's name `model.layers.N.…`; None for a tensor that belongs to no layer."""
    parts = name.split(".", 3)
    return int(parts[2]) if name.startswith("model.layers.") and len(parts) == 4 and _is_index(parts[2]) else None


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9 and (text == "0" or text[0] != "0")
