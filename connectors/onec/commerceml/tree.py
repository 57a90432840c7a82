"""Elements to be written, as values; and the lengths that the schema of CommerceML allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

ID: Final = 40
NAME: Final = 255
VALUE: Final = 1000
COMMENT: Final = 3000

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Tree:
    """An element with its text, attributes and children."""

    name: str
    text: str
    attributes: dict[str, str]
    children: tuple[Tree, ...]


def tree(name: str, *content: str | Tree, text: str = "", **attributes: str) -> Tree:
    """`tree("Ид", "17")`, or an element with children."""
    children = tuple(one for one in content if isinstance(one, Tree))
    return Tree(name, text or "".join(one for one in content if isinstance(one, str)), attributes, children)


def attach(parent: Any, one: Tree) -> None:  # noqa: ANN401 -- lxml has no types
    """Hang it into a tree of lxml."""
    element = etree.SubElement(parent, one.name, one.attributes)
    element.text = one.text or None
    for child in one.children:
        attach(element, child)


def filled(name: str, text: str, longest: int) -> list[Tree]:
    """The element, or nothing where there is no text for it."""
    kept = cut(text, longest)
    return [tree(name, kept)] if kept else []


def cut(text: str, length: int) -> str:
    """Without what XML cannot hold, and no longer than that."""
    return _NOT_XML.sub("", text).strip()[:length].strip()
