"""HTML letters to plain text: what a reader sees, without what senders hide in it."""

from __future__ import annotations

import re
from typing import Final

from html2text import HTML2Text

LONGEST: Final = 300_000
DEEPEST_LIST: Final = 20

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_DATA_URI = re.compile(r"""\b(src|href)\s*=\s*(["']?)data:[^"'>\s]*""", re.IGNORECASE)
_DECLARATION = re.compile(r"<[!?][^<>]*>|<[^<>]{4000,}>")
_NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]*>)")
_VOID: Final = frozenset(("br", "img", "hr", "meta", "link", "input", "area", "base", "col", "embed", "source", "wbr"))
_DROPPED: Final = frozenset(("title", "noscript", "object", "svg", "select", "button"))
_PLAIN: Final = frozenset(("table", "code", "kbd", "tt", "s", "del", "strike", "abbr"))  # html2text would mark these
_BLOCKS: Final = dict.fromkeys(
    ("h1", "h2", "h3", "h4", "h5", "h6", "hr", "article", "section", "header", "footer"), "p"
)

# Marks that mail programs put on the heading of the quoted letter, or on the whole of it.
_QUOTE_CLASSES: Final = frozenset({"gmail_attr", "moz-cite-prefix", "yahoo_quoted", "mail-quote-collapse"})
_QUOTE_BELOW = re.compile(r"<\w+[^>]{0,300}\bid\s*=\s*[\"']?(divRplyFwdMsg|appendonsend)\b", re.IGNORECASE)  # Outlook

Attributes = dict[str, str | None]


class _Reader(HTML2Text):
    def __init__(self, *, own_words: bool) -> None:
        super().__init__(bodywidth=0)
        self.unicode_snob = self.ignore_links = self.ignore_images = self.ignore_emphasis = True
        self._own_words = own_words
        self._skipped = ""
        self._depth = 0
        self._links: list[str] = []
        self._lines: list[bool] = []  # of the open paragraphs, whether each is only a line

    def handle_tag(self, tag: str, attrs: Attributes, start: bool) -> None:
        if self._skipped:
            self._leave_skipped(tag, start=start)
        elif start and tag not in _VOID and self._is_skipped(tag, attrs):
            self._skipped, self._depth = tag, 1
            self.quiet += 1
        elif tag in {"td", "th", "tr"}:
            self._table(tag, start=start)
        elif start and self._is_left_out(tag):
            return
        elif tag == "a":
            self._link(attrs, start=start)
        elif self._is_tight(tag, attrs, start=start):
            self.soft_br()
        elif tag not in _PLAIN:
            super().handle_tag(_BLOCKS.get(tag, tag), attrs, start)

    def handle_data(self, data: str, entity_char: bool = False) -> None:  # noqa: ARG002
        super().handle_data(data, entity_char=True)  # the flag's only effect: no Markdown escapes («1\.»)

    def _is_skipped(self, tag: str, attrs: Attributes) -> bool:
        if tag in _DROPPED or "hidden" in attrs or _HIDDEN.search(attrs.get("style") or ""):
            return True
        return self._own_words and not _QUOTE_CLASSES.isdisjoint((attrs.get("class") or "").lower().split())

    def _leave_skipped(self, tag: str, *, start: bool) -> None:
        if tag == self._skipped:
            self._depth += 1 if start else -1
        if self._depth == 0:
            self._skipped = ""
            self.quiet -= 1

    def _table(self, tag: str, *, start: bool) -> None:
        if tag == "tr":
            self.td_count = 0
            self.soft_br()
            self.p_p = self.p_p if start else 1  # a paragraph that ends the last cell adds no empty line
        elif start:
            self.td_count += 1
            if self.td_count > 1:
                self.p_p = 0
                self.o(" | ")

    def _is_left_out(self, tag: str) -> bool:
        """A block that opens a cell would break its row; html2text takes time in the square of the depth of lists."""
        if tag in {"p", "div"}:
            return bool(self.outtextlist) and self.outtextlist[-1] == " | "
        return tag in {"ul", "ol"} and len(self.list) >= DEEPEST_LIST

    def _is_tight(self, tag: str, attrs: Attributes, *, start: bool) -> bool:
        """Whether a block is a line and no paragraph: a `div`, and each line of Outlook, whose margins are none."""
        if tag == "p" and start:
            self._lines.append("msonormal" in (attrs.get("class") or "").lower())
        return tag == "div" or (tag == "p" and bool(self._lines) and (self._lines[-1] if start else self._lines.pop()))

    def _link(self, attrs: Attributes, *, start: bool) -> None:
        """The address of a link follows its text, unless the text is the address."""
        if start:
            self._links.append(attrs.get("href") or "")
            self._link_begins = len(self.outtextlist)
        elif self._links:
            url = self._links.pop().strip()
            shown = "".join(self.outtextlist[self._link_begins :])
            target = re.sub(r"^(mailto:|tel:)", "", url)
            if url.startswith(("http:", "https:", "mailto:", "tel:")) and not _says(shown, target):
                self.o(f" ({target})")


def to_text(html: str, *, own_words: bool = False) -> str:
    """What the HTML shows, blockquotes as lines with «>»; `own_words` leaves out what is marked as quoted."""
    html = _only_tags(_DATA_URI.sub(r"\1=\2", html)[:LONGEST])
    if own_words:
        html = _before_outlooks_quote(html)
    try:
        return _Reader(own_words=own_words).handle(html)
    except (AssertionError, ValueError, LookupError, TypeError, RecursionError):
        # The standard HTML parser gives up on some broken markup («<![»); the words between the tags still count.
        return re.sub(r"<[^<>]{0,2000}>", " ", html)


def _only_tags(html: str) -> str:
    """Comments, declarations and signs that begin no tag taken out, in one pass.

    Python's HTML parser looks through the whole rest for the end of each of them that has none: one letter of
    400,000 signs could keep it busy for hours.
    """
    first, *rest = html.split("<!--")
    html = first + "".join(each.partition("-->")[2] for each in rest)
    return _NO_TAG.sub("&lt;", _DECLARATION.sub("", html))


def _before_outlooks_quote(html: str) -> str:
    mark = _QUOTE_BELOW.search(html)
    return html[: mark.start()] if mark else html


def _says(shown: str, target: str) -> bool:
    """Whether the text of a link already holds its target; phones are compared by their digits."""
    digits = re.sub(r"\D", "", target)
    if target.startswith(("http:", "https:")) or not digits:
        return target.rstrip("/").split("://")[-1] in shown
    return digits[-10:] in re.sub(r"\D", "", shown) or target in shown
