"""The parts of a letter: which are containers, which are words, which are files."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.charsets import decode
from connectors.imap.headers import RawMessage, param


def children(message: RawMessage) -> list[RawMessage]:
    """The parts inside a container or an attached letter; empty for a leaf, also where the boundary is broken."""
    inner = message.get_payload()
    return [each for each in inner if isinstance(each, RawMessage)] if isinstance(inner, list) else []


def is_container(message: RawMessage) -> bool:
    return message.get_content_maintype() == "multipart" and bool(children(message))


def leaves(message: RawMessage) -> Iterator[RawMessage]:
    """The parts that are no containers, in order. An attached letter is one leaf: its parts are its own."""
    if is_container(message):
        for child in children(message):
            yield from leaves(child)
    else:
        yield message


def is_text(part: RawMessage) -> bool:
    """Whether a leaf holds words of the letter.

    A multipart type on a part without parts is a letter whose boundary is broken: its text is all there is.
    """
    kind = part.get_content_type()
    return (kind in {"text/plain", "text/html"} or kind.startswith("multipart/")) and not _is_attached(part)


def content(part: RawMessage) -> bytes:
    """The decoded bytes of a leaf; empty for an attached letter."""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def text(part: RawMessage) -> str:
    """The decoded words of a leaf."""
    return decode(content(part), charset(part))


def unflowed(part: RawMessage) -> str:
    """The same, with the lines that a program has broken for the way put together again (RFC 3676, format=flowed)."""
    words = text(part)
    if param(part, "format").lower() != "flowed":
        return words
    drop = 1 if param(part, "delsp").lower() == "yes" else 0
    lines: list[list[str]] = []
    open_at = -1  # the depth of quoting of a line that goes on
    for line in words.splitlines():
        bare = line.lstrip(">")
        depth, bare = len(line) - len(bare), bare.removeprefix(" ")
        goes_on = bare.endswith(" ") and bare != "-- "
        bare = bare[: len(bare) - drop] if goes_on else bare
        if depth == open_at and bare != "-- ":
            lines[-1].append(bare)
        else:
            lines.append([f"{'>' * depth} ", bare] if depth else [bare])
        open_at = depth if goes_on else -1
    return "\n".join(map("".join, lines))


def charset(part: RawMessage) -> str:
    return param(part, "charset")


def text_charset(message: RawMessage) -> str:
    """The declared charset of the letter's first text part."""
    return next((charset(part) for part in leaves(message) if is_text(part)), "")


def _is_attached(part: RawMessage) -> bool:
    """A bare `name=` in Content-Type does not make a text a file."""
    disposition = str(part.get("Content-Disposition", "")).lower()
    return disposition.lstrip().startswith("attachment") or "filename" in disposition
