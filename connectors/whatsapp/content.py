"""What a message of WhatsApp says, whatever its kind: a text, files, the data of a button."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from connectors.talks.content import Content, card, place
from connectors.talks.reading import Fields, part, parts_of, word
from provodka.talks import MediaKind, MessageFile

MEDIA: Final = {
    "image": MediaKind.PICTURE,
    "sticker": MediaKind.PICTURE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "document": MediaKind.FILE,
}
UNKNOWN: Final = "[сообщение, которого WhatsApp не передаёт: {kind}]"


def content_of(message: Fields) -> Content:
    """Of every kind that the reference names; another one is told of by its name, so that the staff see that
    something was written."""
    kind = word(message.get("type"))
    body = part(message, kind)
    if kind in MEDIA:
        caption = word(body.get("caption"))
        return Content(caption, (_file(kind, body),), own=caption)
    if kind in _READERS:
        return _READERS[kind](body, message)
    return Content(UNKNOWN.format(kind=kind or "?"))


def _file(kind: str, body: Fields) -> MessageFile:
    voice = body.get("voice") is True
    return MessageFile(
        MediaKind.VOICE if voice else MEDIA[kind],
        ref=word(body.get("id")),
        name=word(body.get("filename")),
        content_type=word(body.get("mime_type")),
    )


def _text(body: Fields, message: Fields) -> Content:
    del message
    said = word(body.get("body"))
    return Content(said, own=said)


def _button(body: Fields, message: Fields) -> Content:
    del message
    return Content(word(body.get("text")), button=word(body.get("payload")))


def _interactive(body: Fields, message: Fields) -> Content:
    del message
    reply = part(body, word(body.get("type")))
    if "response_json" in reply:
        said = _flow(word(reply.get("response_json")))
        return Content(said or word(reply.get("body")), button=word(reply.get("name")), own=said)
    return Content(word(reply.get("title")), button=word(reply.get("id")))


def _flow(answers: str) -> str:
    """The answers of a form of WhatsApp, a line each."""
    try:
        fields = json.loads(answers)
    except ValueError:
        return answers
    if not isinstance(fields, dict):
        return answers
    return "\n".join(f"{name}: {word(value)}" for name, value in fields.items() if name != "flow_token" and word(value))


def _location(body: Fields, message: Fields) -> Content:
    del message
    return place(*(word(body.get(name)) for name in ("latitude", "longitude", "name", "address")))


def _order(body: Fields, message: Fields) -> Content:
    del message
    lines = [
        f"{word(one.get('product_retailer_id'))}: {word(one.get('quantity'))} × "
        f"{word(one.get('item_price'))} {word(one.get('currency'))}"
        for one in parts_of(body.get("product_items"))
    ]
    said = word(body.get("text"))
    return Content("\n".join(filter(None, ("Заказ из каталога WhatsApp:", *lines, said))), own=said)


def _reaction(body: Fields, message: Fields) -> Content:
    del message
    return Content(word(body.get("emoji")), answers=word(body.get("message_id")))


def _contacts(_: Fields, message: Fields) -> Content:
    return Content("\n".join(map(_card, parts_of(message.get("contacts")))))


def _card(one: Fields) -> str:
    phones = (word(phone.get("phone")) for phone in parts_of(one.get("phones")))
    return card(word(part(one, "name").get("formatted_name")), *phones)


def _unsupported(_: Fields, message: Fields) -> Content:
    first = next(iter(parts_of(message.get("errors"))), {})
    return Content(UNKNOWN.format(kind=word(first.get("title")) or "unsupported"))


_READERS: Final[Mapping[str, Callable[[Fields, Fields], Content]]] = {
    "text": _text,
    "button": _button,
    "interactive": _interactive,
    "location": _location,
    "order": _order,
    "reaction": _reaction,
    "contacts": _contacts,
    "unsupported": _unsupported,
}
