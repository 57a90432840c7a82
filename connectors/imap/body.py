"""The text of a letter: which part of it is the text, and which of that the writer's own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from connectors.charsets import clean
from connectors.imap.headers import RawMessage
from connectors.imap.html_text import to_text
from connectors.imap.parts import children, content, is_container, is_text, leaves, text, unflowed
from connectors.imap.tnef import TYPES, open_tnef

LONGEST: Final = 200_000
MOST: Final = 1_000_000  # of one part, before blanks and markup are taken away

Cut = Callable[[str], str]

_STUB = re.compile(r"\b(?:html|browser|браузер\w*)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of text in both readings: with the quoted letters, and as far as the markup tells without."""

    whole: str
    own: str


@dataclass(frozen=True, slots=True)
class Body:
    """`full` is all the text; `own` the writer's words, signature included; `html` the markup, for its references."""

    full: str = ""
    own: str = ""
    html: str = ""


def read_body(message: RawMessage, cut: Cut | None) -> Body:
    """The text to show; `cut` takes the quotes out of it, None leaves them in."""
    fragments = list(_fragments(message)) or list(_packed(message))
    full = tidy("\n\n".join(each.whole for each in fragments))[:LONGEST]
    html = "".join(_markup(message))
    if cut is None:
        return Body(full, full, html)
    own = tidy("\n\n".join(each.own for each in fragments))[:LONGEST] or full
    return Body(full, cut(own), html)


def _packed(message: RawMessage) -> Iterator[Fragment]:
    """The text of a letter that Outlook has packed whole into a `winmail.dat`."""
    packed = (content(part) for part in leaves(message) if part.get_content_type() in TYPES)
    return (Fragment(opened.text, opened.text) for data in packed if (opened := open_tnef(data)))


def tidy(text: str) -> str:
    """Clean, with no blanks at line ends and at most one empty line in a row."""
    lines = re.sub(r"[ \t]+$", "", clean(text), flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _fragments(message: RawMessage) -> Iterator[Fragment]:
    if is_container(message):
        found = [(child, list(_fragments(child))) for child in children(message)]
        if message.get_content_subtype() == "alternative":
            yield from _best(found)
        else:
            yield from (each for _, fragments in found for each in fragments)
    elif is_text(message):
        words = unflowed(message)[:MOST]
        is_html = message.get_content_subtype() == "html"
        yield Fragment(to_text(words), to_text(words, own_words=True)) if is_html else Fragment(words, words)


def _best(found: list[tuple[RawMessage, list[Fragment]]]) -> list[Fragment]:
    """Of several forms of one text the plain one, unless it only says that there is another."""
    filled = [(child, fragments) for child, fragments in found if _length(fragments)]
    plain = next((fragments for child, fragments in filled if child.get_content_type() == "text/plain"), [])
    richest = filled[-1][1] if filled else []
    if not plain or (_is_stub(plain) and _length(richest) > _length(plain)):
        return richest
    return plain


def _is_stub(fragments: list[Fragment]) -> bool:
    return _length(fragments) < 300 and any(_STUB.search(each.whole) for each in fragments)


def _length(fragments: list[Fragment]) -> int:
    return sum(len(each.whole.strip()) for each in fragments)


def _markup(message: RawMessage) -> Iterator[str]:
    return (text(part) for part in leaves(message) if part.get_content_type() == "text/html" and is_text(part))
