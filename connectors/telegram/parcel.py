"""A message cut into what Telegram carries at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.enclosed import File
from connectors.telegram.cures import CURES, Code
from provodka.errors import Rejected

LONGEST_TEXT: Final = 4096  # UTF-16 units, as Telegram counts
LONGEST_CAPTION: Final = 1024
LARGEST_FILE: Final = 50 * 1024 * 1024
LARGEST_PICTURE: Final = 10 * 1024 * 1024
PICTURES: Final = ("image/jpeg", "image/png", "image/webp")
MOST_PIECES: Final = 10
TOO_LONG: Final = "Текст длиннее десяти сообщений Telegram: пошлите его файлом или ссылкой."


@dataclass(frozen=True, slots=True)
class Piece:
    """One message: a text, or a file with its caption."""

    text: str
    file: tuple[str, bytes] | None = None
    picture: bool = False


def pieces_of(text: str, files: list[File]) -> list[Piece]:
    """In their order. One file takes a short text for its caption; else the text goes first. Raises Rejected."""
    enclosed = [_piece(*file) for file in files]
    if len(enclosed) == 1 and units(text) <= LONGEST_CAPTION:
        return [Piece(text, enclosed[0].file, enclosed[0].picture)]
    texts = [Piece(part) for part in split(text)]
    if len(texts) > MOST_PIECES:
        raise Rejected(f"the text makes {len(texts)} messages", hint=TOO_LONG)
    return [*texts, *enclosed]


def shorten(text: str) -> str:
    """At most 4096 UTF-16 units, with an ellipsis where something is missing."""
    if units(text) <= LONGEST_TEXT:
        return text
    return _head(text, LONGEST_TEXT - 1) + "…"


def units(text: str) -> int:
    """The length as Telegram counts: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str) -> Iterator[str]:
    """Pieces that fit, cut at an empty line, else at a line's end, else between words, else anywhere."""
    rest = text.strip()
    while units(rest) > LONGEST_TEXT:
        head = _head(rest, LONGEST_TEXT)
        cut = next((at for sign in ("\n\n", "\n", " ") if (at := head.rfind(sign)) > len(head) // 2), len(head))
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def _head(text: str, most: int) -> str:
    return text.encode("utf-16-le", "surrogatepass")[: most * 2].decode("utf-16-le", "ignore")


def _piece(name: str, kind: str, body: bytes) -> Piece:
    if len(body) > LARGEST_FILE:
        raise Rejected(
            f"«{name}» has {len(body)} bytes", hint=CURES[Code.FILE_TOO_BIG][1], code=Code.FILE_TOO_BIG.value
        )
    return Piece("", (name, body), kind in PICTURES and len(body) <= LARGEST_PICTURE)
