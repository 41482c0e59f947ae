"""YAML text as plain data, with the span of every value and key and the written form of every plain scalar."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.contract.models import Finding, FindingSeverity
from harness.contract.positions import Span
from harness.contract.scalars import is_overlong_number, resolve
from harness.contract.yaml_events import TEXT_TAGS, Node, Place, read_tree, span_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str | int, ...]
"""Keys and indices from the root, as in pydantic's `loc`."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
    "map": dict,
    "seq": list,
}


class Duplicate(NamedTuple):
    """A key that a mapping has twice: the first stays in the data, the second is kept here."""

    path: Path
    """Path of the second one's value in `spans` and `lexemes`; its last part is no key of the data."""
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Document:
    """The first document of a YAML text."""

    data: Any
    """None, bool, int, float, str, lists and dicts; keys are always text, as written."""
    spans: Mapping[Path, Span]
    key_spans: Mapping[Path, Span]
    """Span of a key, by the path of its value."""
    lexemes: Mapping[Path, str]
    """Written form of the plain scalars; the quoted and the block ones are text under every version of YAML."""
    plain_keys: frozenset[Path]
    """Keys that are written without quotes."""
    findings: tuple[Finding, ...]
    duplicates: tuple[Duplicate, ...] = ()
    shown: str = field(default="")

    def span(self, path: Path) -> Span:
        """The span of the value at `path`, or of the nearest value that holds it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.spans:
                return self.spans[path[:length]]
        return Span(self.shown, 1, 1, 1, 1)

    def key_span(self, path: Path) -> Span:
        """The span of the key of the value at `path`; of the value, or of what holds it, where it has no key."""
        return self.key_spans.get(path) or self.span(path)


def read_yaml(text: str, shown: str) -> Document:
    """Read `text`, which messages call `shown`; never raises, what is wrong becomes a finding."""
    root, findings = read_tree(text, shown)
    flattener = _Flattener(shown, list(findings))
    data = flattener.value(root, ()) if root is not None else None
    return Document(
        data=data,
        spans=flattener.spans,
        key_spans=flattener.key_spans,
        lexemes=flattener.lexemes,
        plain_keys=frozenset(flattener.plain_keys),
        findings=tuple(flattener.findings),
        duplicates=tuple(flattener.duplicates),
        shown=shown,
    )


class _Flattener:
    """Writes the tree out as data; recursion is bounded by the depth limit of the tree."""

    def __init__(self, shown: str, findings: list[Finding]) -> None:
        self.shown = shown
        self.findings = findings
        self.spans: dict[Path, Span] = {}
        self.key_spans: dict[Path, Span] = {}
        self.lexemes: dict[Path, str] = {}
        self.plain_keys: list[Path] = []
        self.duplicates: list[Duplicate] = []

    def value(self, node: Node, path: Path) -> Any:
        """The data of `node`, whose place in the document is `path`."""
        self.spans[path] = self._span(node.start, node.end)
        source = node.value
        if source.children is None:
            data = self._scalar(source, path)
        elif source.mapping:
            data = self._mapping(source.children, path)
        else:
            data = [self.value(child, (*path, index)) for index, child in enumerate(source.children)]
        if source.tag is not None and source.tag not in TEXT_TAGS:
            kind = source.tag.rpartition(":")[2]
            if kind != "str" and not isinstance(data, _TYPES[kind]):
                self._report("FC012", f"the value is not what its tag !!{kind} says", node)
        return data

    def _scalar(self, node: Node, path: Path) -> Any:
        if node.plain:
            self.lexemes[path] = node.text
            if is_overlong_number(node.text):
                self._report("FC005", f"a number of {len(node.text)} characters is kept as text", node)
            return resolve(node.text)
        return resolve(node.text) if node.tag is not None and node.tag not in TEXT_TAGS else node.text

    def _mapping(self, children: list[Node], path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in zip(children[::2], children[1::2], strict=True):
            key = self._key(key_node)
            at = (*path, key)
            if key not in data:
                self.key_spans[at] = self._span(key_node.start, key_node.end)
                if key_node.value.plain:
                    self.plain_keys.append(at)
                data[key] = self.value(value_node, at)
                continue
            first = self.key_spans[at]
            message = f"the key `{key}` stands twice in this mapping, first at {first}; the first one holds"
            self._report("FC004", message, key_node, f"remove one of the two; the other is at line {first.line}")
            spare = (*path, f"{key} (line {key_node.start.line + 1}, column {key_node.start.column + 1})")
            self.key_spans[spare] = self._span(key_node.start, key_node.end)
            self.duplicates.append(Duplicate(spare, key, self.value(value_node, spare)))
        return data

    def _key(self, node: Node) -> str:
        source = node.value
        if source.children is not None:
            self._report("FC012", "a key is a list or a mapping; keys are text", node, "write the key as text")
            return f"? (line {node.start.line + 1}, column {node.start.column + 1})"
        if source.text == "<<" and source.plain:
            self._report("FC007", "the merge key << is not part of YAML 1.2; nothing is merged", node, "write it out")
        return source.text

    def _report(self, code: str, message: str, node: Node, hint: str = "") -> None:
        self.findings.append(Finding(code, FindingSeverity.ERROR, message, self._span(node.start, node.end), hint))

    def _span(self, start: Place, end: Place) -> Span:
        return span_of(self.shown, start, end)
