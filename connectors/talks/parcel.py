"""A message cut into what a messenger carries at once, and sent piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from connectors.enclosed import File
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.operation import Done

MOST_PIECES: Final = 10
_TOO_LONG: Final = "Текст длиннее десяти сообщений: пошлите его файлом или ссылкой."
_TOO_LARGE: Final = "Файл больше {most} МБ, столько этот мессенджер не берёт: пошлите ссылку или другим каналом."
_EMPTY: Final = "Сообщение пустое: проверьте его текст в правиле."
TOO_LARGE: Final = "file_too_big"


@dataclass(frozen=True, slots=True)
class Room:
    """What one message holds: `size` of a text, and of one beside a file; bytes of a file."""

    text: int
    caption: int
    file: int
    size: Callable[[str], int] = len


@dataclass(frozen=True, slots=True)
class Piece:
    """One message: a text, or a file with its caption."""

    text: str
    file: File | None = None


def pieces_of(text: str, files: Sequence[File], room: Room) -> list[Piece]:
    """In their order. One file takes a short text for its caption; else the text goes first. Raises Rejected."""
    for name, _, body in files:
        if len(body) > room.file:
            hint = _TOO_LARGE.format(most=room.file // 1024**2)
            raise Rejected(f"«{name}» has {len(body)} bytes", hint=hint, code=TOO_LARGE)
    if len(files) == 1 and room.size(text) <= room.caption:
        return [Piece(text, files[0])]
    texts = [Piece(part) for part in split(text, room.text, room.size)]
    if len(texts) > MOST_PIECES:
        raise Rejected(f"the text makes {len(texts)} messages", hint=_TOO_LONG)
    if not (texts or files):
        raise Rejected("neither text nor files", hint=_EMPTY)
    return [*texts, *(Piece("", file) for file in files)]


P = TypeVar("P")


def send_all(pieces: Sequence[P], send: Callable[[P], str]) -> Done:
    """One after the other, whatever a piece is to its messenger. `send` gives the id of its message; the first stands
    for all of them, and `messages` names each. What breaks off on the way is Ambiguous: begun again, the client would
    get the beginning twice."""
    sent: list[str] = []
    for piece in pieces:
        try:
            sent.append(send(piece))
        except ConnectorError as error:
            if not sent:
                raise
            raise Ambiguous(f"{len(sent)} of {len(pieces)} messages were sent, then: {error.reason}") from error
    return Done(sent[0], {"messages": " ".join(sent)})


def split(text: str, most: int, size: Callable[[str], int] = len) -> Iterator[str]:
    """Pieces that fit, cut at an empty line, else at a line's end, else between words, else anywhere."""
    rest = text.strip()
    while size(rest) > most:
        head = _head(rest, most, size)
        cut = next((at for sign in ("\n\n", "\n", " ") if (at := head.rfind(sign)) > len(head) // 2), len(head))
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def _head(text: str, most: int, size: Callable[[str], int]) -> str:
    head = text[:most]
    while (over := size(head) - most) > 0:
        head = head[: -max(1, over // 2)]
    return head
