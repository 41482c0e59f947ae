"""HTML that cannot be broken out of: every text is escaped unless it was built here."""

from __future__ import annotations

import html

from harness.reporting.figures import printable


class Markup(str):
    """Text that is HTML already; only `element` and `join` make it."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | float | bool | None) -> Markup:
    """An element with escaped children and attributes.

    `class_` is written without the underscore at its end; other underscores become hyphens (`data_standing`). True
    gives an attribute without a value, False and None leave it out.
    """
    written = "".join(
        f' {_attribute(name)}="{html.escape(printable(str(value)))}"' if value is not True else f" {_attribute(name)}"
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{tag}{written}>{join(*children)}</{tag}>")


def join(*parts: str) -> Markup:
    """The parts one after the other, those that are no markup escaped."""
    return Markup("".join(part if isinstance(part, Markup) else html.escape(printable(part)) for part in parts))


def code(text: str) -> Markup:
    """A code element; nothing for an empty text."""
    return element("code", text) if text else Markup("")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], *, caption: str, class_: str = "") -> Markup:
    """A table whose first column names its rows, inside a box that scrolls by itself on a narrow screen."""
    header = element("thead", element("tr", *(element("th", text, scope="col") for text in head)))
    body = element(
        "tbody",
        *(
            element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
            for row in rows
        ),
    )
    whole = element("table", element("caption", caption), header, body, class_=class_ or None)
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def badge(standing: str) -> Markup:
    """The word of a standing on its colour; the word alone says it too."""
    return element("span", standing.replace("_", " "), class_=f"badge {standing.lower()}")


def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
