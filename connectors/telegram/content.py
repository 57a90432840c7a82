"""What a Telegram message holds: its words and its files, and for what has neither, words that say what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from connectors.talks.reading import Fields, count, part, parts_of
from provodka.talks import MediaKind, MessageFile

_FILES: Final = {
    "animation": (MediaKind.VIDEO, "video/mp4"),  # comes with a `document` of the same file, so it is asked first
    "video": (MediaKind.VIDEO, "video/mp4"),
    "video_note": (MediaKind.VIDEO, "video/mp4"),
    "voice": (MediaKind.VOICE, "audio/ogg"),
    "audio": (MediaKind.AUDIO, "audio/mpeg"),
    "document": (MediaKind.FILE, ""),
}


@dataclass(frozen=True, slots=True)
class Content:
    """`own` is what of the text its writer typed: not a forwarded text, nor the card of somebody else."""

    text: str
    own: str
    files: tuple[MessageFile, ...]

    @property
    def empty(self) -> bool:
        return not self.text and not self.files


def content_of(message: Fields) -> Content:
    """Empty where the message is a notice of the service itself (somebody joined, the title changed)."""
    typed = str(message.get("text") or message.get("caption") or "")
    files = _files(message)
    told = [say(message[kind]) for kind, say in _SAID.items() if isinstance(message.get(kind), dict)]
    text = "\n".join(filter(None, (typed, *(told[:1] if not files else ()))))
    forwarded = "forward_origin" in message or "forward_date" in message
    return Content(text, "" if forwarded else typed, files)


def own_phones(message: Fields, person: object) -> tuple[str, ...]:
    """The number that a person has shared: one in a forwarded card is somebody else's."""
    contact = part(message.get("contact"))
    number = contact.get("phone_number")
    return (_with_plus(str(number)),) if number and person and contact.get("user_id") == person else ()


def _with_plus(number: str) -> str:
    """Telegram gives the number of an account with its country code, mostly without the plus."""
    return number if number.startswith("+") else f"+{number}"


def _files(message: Fields) -> tuple[MessageFile, ...]:
    sizes = [size for size in parts_of(message.get("photo")) if size.get("file_id")]
    if sizes:
        largest = max(sizes, key=lambda size: count(size.get("width")) * count(size.get("height")))
        return (_file(MediaKind.PICTURE, largest, "image/jpeg"),)
    for name, (kind, usual) in _FILES.items():
        found = part(message.get(name))
        if found.get("file_id"):
            return (_file(kind, found, usual),)
    return ()


def _file(kind: MediaKind, found: Fields, usual: str) -> MessageFile:
    mime = str(found.get("mime_type") or usual)
    if kind is MediaKind.FILE:
        kind = _BY_MIME.get(mime.partition("/")[0], kind)
    return MessageFile(
        kind, str(found["file_id"]), str(found.get("file_name") or ""), mime, count(found.get("file_size"))
    )


def _location(place: Fields) -> str:
    lat, lon = place.get("latitude"), place.get("longitude")
    return f"Место на карте: {lat}, {lon} https://yandex.ru/maps/?pt={lon},{lat}&z=16&l=map"


def _venue(venue: Fields) -> str:
    named = ", ".join(str(venue[key]) for key in ("title", "address") if venue.get(key))
    return f"{named}\n{_location(part(venue.get('location')))}"


def _contact(card: Fields) -> str:
    name = " ".join(str(card[key]) for key in ("first_name", "last_name") if card.get(key))
    return f"Контакт: {name} {_with_plus(str(card.get('phone_number') or ''))}"


def _poll(poll: Fields) -> str:
    options = [str(one.get("text", "")) for one in parts_of(poll.get("options"))]
    return "\n".join([f"Опрос: {poll.get('question', '')}", *(f"– {one}" for one in options)])


_BY_MIME: Final = {"image": MediaKind.PICTURE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}
_SAID: Final[Mapping[str, Callable[[Fields], str]]] = {
    "venue": _venue,  # comes with a `location` of the same place, so it is asked first
    "location": _location,
    "contact": _contact,
    "sticker": lambda sticker: f"Стикер {sticker.get('emoji', '')}".strip(),
    "dice": lambda dice: f"{dice.get('emoji', '')} {dice.get('value', '')}".strip(),
    "poll": _poll,
    "story": lambda _: "История Telegram",
    "paid_media": lambda _: "Платное вложение",
}
