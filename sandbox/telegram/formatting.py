"""What Telegram does to the text of a message: the markup it takes, and the entities it answers."""

from __future__ import annotations

import html
import re
from typing import Any

from sandbox.telegram.errors import ApiError, bad_request

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}
MARKDOWN_SAFE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|\\.|^>|\|\|", re.DOTALL | re.MULTILINE)
MARKDOWN_RESERVED = re.compile(r"[.!#+=|{}>-]")
TAG = re.compile(r"<(/?)([^\s>]*)([^>]*)(>?)")
HREF = re.compile(r"href\s*=\s*([\"']?)(.*?)\1\s*$", re.IGNORECASE)
COMMAND = re.compile(r"(?:^|(?<=\s))/[A-Za-z0-9_]{1,32}")

Entity = dict[str, Any]


def utf16_length(text: str) -> int:
    """Telegram counts offsets in UTF-16 units: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def render(text: str, parse_mode: str | None) -> tuple[str, list[Entity]]:
    """(shown text, entities) of a bot's message; markup that Telegram refuses raises its 400."""
    match (parse_mode or "").lower():
        case "html":
            return _Html(text.strip()).read()
        case "markdownv2":
            _check_markdown(text)
            return text, []
        case "" | "markdown":
            return text.strip(), commands(text)
        case _:
            raise bad_request("unsupported parse_mode")


def commands(text: str) -> list[Entity]:
    """The `/commands` of a plain text, as Telegram marks them."""
    return [
        {"type": "bot_command", "offset": utf16_length(text[: m.start()]), "length": utf16_length(m.group())}
        for m in COMMAND.finditer(text)
    ]


def _check_markdown(text: str) -> None:
    # Only the commonest mistake is looked for: a reserved sign outside code and links that is not escaped.
    if found := MARKDOWN_RESERVED.search(MARKDOWN_SAFE.sub("", text)):
        sign = found.group()
        raise _unparsable(f"Character '{sign}' is reserved and must be escaped with the preceding '\\'")


def _unparsable(why: str) -> ApiError:
    return bad_request(f"can't parse entities: {why}")


class _Html:
    """One pass over HTML markup, as strict as Telegram: every "<" must begin a tag that it knows."""

    def __init__(self, text: str) -> None:
        self.shown = ""
        self.entities: list[Entity] = []
        self._text = text
        self._open: list[tuple[str, Entity]] = []

    def read(self) -> tuple[str, list[Entity]]:
        after = 0
        for found in TAG.finditer(self._text):
            self.shown += html.unescape(self._text[after : found.start()])
            after = found.end()
            self._tag(found, f"at byte offset {len(self._text[: found.start()].encode())}")
        self.shown += html.unescape(self._text[after:])
        if self._open:
            raise _unparsable(f'Can\'t find end tag corresponding to start tag "{self._open[-1][0]}"')
        return self.shown, self.entities

    def _tag(self, found: re.Match[str], where: str) -> None:
        slash, name, attributes, end = found.group(1), found.group(2).lower(), found.group(3), found.group(4)
        if not end:
            raise _unparsable(f"Unclosed {'end' if slash else 'start'} tag {where}")
        if slash:
            self._close(name, where)
        elif name not in TAGS:
            raise _unparsable(f'Unsupported start tag "{name}" {where}')
        else:
            link = HREF.search(attributes)
            url = {"url": html.unescape(link.group(2))} if name == "a" and link else {}
            self._open.append((name, {"type": TAGS[name], "offset": utf16_length(self.shown), **url}))

    def _close(self, name: str, where: str) -> None:
        if not self._open or self._open[-1][0] != name:
            raise _unparsable(f'Unexpected end tag "{name}" {where}')
        _, entity = self._open.pop()
        entity["length"] = utf16_length(self.shown) - entity["offset"]
        if entity["length"]:
            self.entities.append(entity)
