"""What a message of MAX holds: its words, its files, a contact that was shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.talks.reading import Fields, count, part, parts_of, word
from provodka.talks import MediaKind, MessageFile

VIDEO: Final = "video:"
"""Before the token of a video, whose address is to be asked for."""

_KINDS: Final = {"image": MediaKind.PICTURE, "audio": MediaKind.AUDIO, "file": MediaKind.FILE}


@dataclass(frozen=True, slots=True)
class Content:
    """`own` is what of the text its writer typed; `phones` are theirs for certain."""

    text: str
    own: str
    files: tuple[MessageFile, ...]
    phones: tuple[str, ...]

    @property
    def empty(self) -> bool:
        return not self.text and not self.files


def content_of(message: Fields, writer: str) -> Content:
    """Of `message`, with what it hands on: a forwarded message is its content. `writer` is the id of who wrote it."""
    body, link = part(message, "body"), part(message, "link")
    handed_on = part(link, "message") if link.get("type") == "forward" else {}
    own = word(body.get("text"))
    pieces = [*parts_of(body.get("attachments")), *parts_of(handed_on.get("attachments"))]
    text = "\n".join(filter(None, (own, word(handed_on.get("text")), *_said(pieces))))
    mine = [card for card in map(_card, parts_of(body.get("attachments"))) if card and writer in card.owners]
    files = tuple(file for piece in pieces if (file := _file(piece)) is not None)
    return Content(text, own, files, tuple(phone for card in mine for phone in card.phones))


def answered(message: Fields) -> str:
    """The id of the message that this one answers."""
    link = part(message, "link")
    return word(part(link, "message").get("mid")) if link.get("type") == "reply" else ""


def label(message: Fields, data: str) -> str:
    """What stands on the button with this data."""
    for piece in parts_of(part(message, "body").get("attachments")):
        rows = part(piece, "payload").get("buttons")
        for row in rows if isinstance(rows, list) else ():
            for key in parts_of(row):
                if word(key.get("payload")) == data:
                    return word(key.get("text"))
    return ""


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    phones: tuple[str, ...]
    owners: tuple[str, ...]


def _card(piece: Fields) -> _Card | None:
    """A shared contact. `max_info` (older: `tam_info`) is whose card it is, where they have an account."""
    if piece.get("type") != "contact":
        return None
    payload = part(piece, "payload")
    name, phones = _read_vcard(word(payload.get("vcf_info")))
    infos = [part(payload, key) for key in ("max_info", "tam_info")]
    called = next((word(info.get("name") or info.get("first_name")) for info in infos if info), "")
    owners = tuple(filter(None, (word(info.get("user_id")) for info in infos)))
    return _Card(name or called, tuple(phones), owners)


def _read_vcard(text: str) -> tuple[str, list[str]]:
    """The name (FN) and the numbers (TEL); a line that begins with white space goes on with the one before."""
    name, phones = "", []
    for line in text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "").split("\n"):
        key, _, value = line.partition(":")
        match key.partition(";")[0].rpartition(".")[2].upper():
            case "FN":
                name = value.strip()
            case "TEL" if value.strip():
                number = value.strip().removeprefix("tel:")
                phones.append(number if number.startswith(("+", "8")) else f"+{number}")
    return name, phones


def _said(pieces: list[Fields]) -> Iterator[str]:
    """In words, what is neither words nor a file."""
    for piece in pieces:
        payload = part(piece, "payload")
        match piece.get("type"):
            case "contact":
                card = _card(piece)
                yield f"Контакт: {card.name} {', '.join(card.phones)}".strip() if card else ""
            case "location":
                lat, lon = piece.get("latitude"), piece.get("longitude")
                yield f"Место на карте: {lat}, {lon} https://yandex.ru/maps/?pt={lon},{lat}&z=16&l=map"
            case "share":
                yield word(payload.get("url")) or word(piece.get("title"))
            case "sticker":
                yield "Стикер"


def _file(piece: Fields) -> MessageFile | None:
    payload, kind = part(piece, "payload"), word(piece.get("type"))
    url, token = word(payload.get("url")), word(payload.get("token"))
    if kind == "video":
        ref = f"{VIDEO}{token}" if token else url
        return MessageFile(MediaKind.VIDEO, ref, content_type="video/mp4") if ref else None
    if kind not in _KINDS or not url:
        return None
    return MessageFile(_KINDS[kind], url, word(piece.get("filename")), size=count(piece.get("size")))
