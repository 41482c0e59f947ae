"""From YAML text to a tree of nodes with places, within limits of depth and size; libyaml does the parsing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import yaml

from harness.contract.models import Finding, FindingSeverity
from harness.contract.positions import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_DEPTH = 64
MAX_NODES = 100_000
"""Nodes of a document, each alias counted as the nodes that it stands for."""

_CORE = "tag:yaml.org,2002:"
CORE_TAGS = frozenset(_CORE + name for name in ("str", "int", "float", "bool", "null", "map", "seq"))
TEXT_TAGS = frozenset({_CORE + "str", "!"})
_QUOTE_IT = "a text that begins with * must be quoted"
_QUOTES = frozenset("'\"|>")


class Place(Protocol):
    """A position in the text, such as the marks of libyaml; line and column count from 0, columns in characters."""

    @property
    def line(self) -> int:
        """Line, from 0."""

    @property
    def column(self) -> int:
        """Column, from 0."""


class At(NamedTuple):
    """A position of our own reckoning."""

    line: int
    column: int


class Node:
    """A scalar (no `children`) or a collection; the children of a mapping are its keys and values in turn."""

    __slots__ = (
        "alias_of", "block", "children", "closed", "end", "height", "mapping", "plain", "size", "start", "tag", "text"
    )  # fmt: skip

    def __init__(self, start: Place, end: Place, text: str = "", *, plain: bool = False) -> None:
        self.start = start
        self.end = end
        self.text = text
        self.plain = plain
        self.tag: str | None = None
        self.children: list[Node] | None = None
        self.mapping = False
        self.block = False
        self.alias_of: Node | None = None
        self.closed = True
        self.size = 1
        self.height = 1

    @property
    def value(self) -> Node:
        """The node that holds the value: itself, or what it is an alias of."""
        return self.alias_of or self


class _LimitError(Exception):
    """A limit was passed; nothing of the document can be used."""

    def __init__(self, message: str, at: Place) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


def span_of(shown: str, start: Place, end: Place | None = None) -> Span:
    """The span from `start` to `end` (one character without `end`) in the file shown as `shown`."""
    stop = end or At(start.line, start.column + 1)
    return Span(shown, start.line + 1, start.column + 1, stop.line + 1, stop.column + 1)


def read_tree(text: str, shown: str) -> tuple[Node | None, tuple[Finding, ...]]:
    """The first document of `text` as a tree, and what was wrong; no tree for broken or hostile text and for none."""
    builder = _Builder(shown, text.splitlines())
    loader: yaml.CSafeLoader | None = None
    try:
        loader = yaml.CSafeLoader(text)
        while (event := loader.get_event()) is not None and builder.take(event):
            pass
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark or At(0, 0)
        builder.report("FC002", _sentence(error), at, _QUOTE_IT if "alias" in str(error.context) else "")
        builder.root = None
    except yaml.reader.ReaderError as error:
        builder.report("FC002", f"the character U+{int(error.character):04X} is not allowed in YAML", _at(text, error))
        builder.root = None
    except _LimitError as error:
        builder.report("FC005", error.message, error.at)
        builder.root = None
    finally:
        if loader is not None:
            loader.dispose()
    return builder.root, tuple(builder.findings)


class _Builder:
    """Takes events one by one; iterative, so that deep input cannot exhaust the stack."""

    def __init__(self, shown: str, lines: Sequence[str]) -> None:
        self.shown = shown
        self.lines = lines
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self._open: list[Node] = []
        self._anchors: dict[str, Node] = {}
        self._count = 0
        self._documents = 0

    def report(self, code: str, message: str, at: Place, hint: str = "") -> None:
        self.findings.append(Finding(code, FindingSeverity.ERROR, message, span_of(self.shown, at), hint))

    def take(self, event: yaml.Event) -> bool:
        """Whether there is more to read after `event`."""
        start = event.start_mark or At(0, 0)
        end = event.end_mark or start
        if isinstance(event, yaml.ScalarEvent):
            node = Node(start, end, event.value, plain=event.style not in _QUOTES)
            if event.style in {"|", ">"}:
                node.end = self._end_of_text(start, end)
            self._add(node, event)
        elif isinstance(event, yaml.CollectionStartEvent):
            node = Node(start, end)
            node.children = []
            node.mapping = isinstance(event, yaml.MappingStartEvent)
            node.closed = False
            node.block = not event.flow_style
            self._add(node, event)
            self._open.append(node)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(end)
        elif isinstance(event, yaml.AliasEvent):
            self._add_alias(event.anchor or "", start, end)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                hint = "put each contract into a file of its own"
                self.report("FC005", "a second document begins here; only the first one is read", start, hint)
                return False
        return not isinstance(event, yaml.StreamEndEvent)

    def _add(self, node: Node, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _LimitError(f"nested more than {MAX_DEPTH} levels deep", node.start)
        self._grow(1, node.start)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if event.tag is not None:
            self._tag(node, event.tag)
        self._attach(node)

    def _tag(self, node: Node, tag: str) -> None:
        if tag in CORE_TAGS or tag == "!":
            node.tag = tag
            node.plain = False
            return
        hint = "remove the tag; contracts are plain data"
        shown_tag = tag.replace(_CORE, "!!")
        self.report("FC007", f"the tag {shown_tag[:80]} is refused; the value is read without it", node.start, hint)

    def _add_alias(self, name: str, start: Place, end: Place) -> None:
        node = Node(start, end, plain=True)
        target = self._anchors.get(name)
        if target is None:
            self.report("FC002", f"the alias *{name} names no anchor before it", start, _QUOTE_IT)
        elif not target.closed:
            hint = "write the value out"
            self.report("FC005", f"the alias *{name} stands inside what it names; it is read as null", start, hint)
        else:
            node.alias_of = target.value
            node.size, node.height = target.size, target.height
        if len(self._open) + node.height > MAX_DEPTH:
            raise _LimitError(f"nested more than {MAX_DEPTH} levels deep once *{name} is written out", start)
        self._grow(node.size, start)
        self._attach(node)

    def _grow(self, nodes: int, at: Place) -> None:
        self._count += nodes
        if self._count > MAX_NODES:
            raise _LimitError(f"more than {MAX_NODES} values once aliases are written out", at)

    def _attach(self, node: Node) -> None:
        if self._open:
            children = self._open[-1].children
            assert children is not None
            children.append(node)
        else:
            self.root = node

    def _close(self, end: Place) -> None:
        node = self._open.pop()
        children = node.children or []
        # libyaml reports the token behind a block collection as its end.
        node.end = children[-1].end if node.block and children else end
        node.closed = True
        node.size = 1 + sum(child.size for child in children)
        node.height = 1 + max((child.height for child in children), default=0)

    def _end_of_text(self, start: Place, end: Place) -> Place:
        """The end of a block scalar without the blank lines and the indentation behind it."""
        line, column = end.line, end.column
        while line > start.line and (line >= len(self.lines) or not self.lines[line][:column].strip()):
            line -= 1
            column = len(self.lines[line])
        return At(line, column)


def _at(text: str, error: yaml.reader.ReaderError) -> Place:
    # libyaml counts bytes
    before = (text.encode()[: error.position].decode(errors="replace") + "|").splitlines()
    return At(len(before) - 1, len(before[-1]) - 1)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.problem, error.context) if part]
    return "not YAML: " + ", ".join(parts)
