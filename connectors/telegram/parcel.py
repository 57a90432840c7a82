"""What one message of Telegram holds."""

from __future__ import annotations

from typing import Final

from connectors.enclosed import File
from connectors.talks.parcel import Room

LONGEST_TEXT: Final = 4096  # UTF-16 units, as Telegram counts
LARGEST_PICTURE: Final = 10 * 1024 * 1024
PICTURES: Final = ("image/jpeg", "image/png", "image/webp")


def units(text: str) -> int:
    """The length as Telegram counts: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


ROOM: Final = Room(text=LONGEST_TEXT, caption=1024, file=50 * 1024 * 1024, size=units)


def shorten(text: str) -> str:
    """At most 4096 UTF-16 units, with an ellipsis where something is missing."""
    if units(text) <= LONGEST_TEXT:
        return text
    return text.encode("utf-16-le")[: (LONGEST_TEXT - 1) * 2].decode("utf-16-le", "ignore") + "…"


def is_picture(file: File) -> bool:
    """Whether it goes as a picture, which Telegram shows in the talk; a larger one goes as a file."""
    _, kind, body = file
    return kind in PICTURES and len(body) <= LARGEST_PICTURE
