"""What a message that Green-API brings says, whatever its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from connectors.talks.content import Content, card, place
from connectors.talks.reading import Fields, part, parts_of, word
from provodka.talks import MediaKind, MessageFile

MEDIA: Final = {
    "imageMessage": MediaKind.PICTURE,
    "stickerMessage": MediaKind.PICTURE,
    "videoMessage": MediaKind.VIDEO,
    "audioMessage": MediaKind.AUDIO,
    "documentMessage": MediaKind.FILE,
}
CHANGES: Final = {"editedMessage": "editedMessageData", "deletedMessage": "deletedMessageData"}
_PHONE_LINE: Final = re.compile(r"(?:[\w-]+\.)?TEL\b", re.IGNORECASE)
UNKNOWN: Final = "[сообщение, которого Green-API не передаёт: {kind}]"


def content_of(message: Fields) -> Content:
    """Of every kind that the reference names; of another one the name is told."""
    kind = word(message.get("typeMessage"))
    if kind in MEDIA:
        return _media(kind, message)
    if kind in CHANGES:
        return _change(part(message, CHANGES[kind]))
    if kind in _READERS:
        return _READERS[kind](message)
    return Content(UNKNOWN.format(kind=kind or "?"))


def _media(kind: str, message: Fields) -> Content:
    body = part(message, "fileMessageData")
    caption, name = word(body.get("caption")), word(body.get("fileName"))
    file = MessageFile(MEDIA[kind], word(body.get("downloadUrl")), name, word(body.get("mimeType")))
    return Content(caption, (file,), answers=_quoted(message), own=caption)


def _change(body: Fields) -> Content:
    said = word(body.get("textMessage")) or word(body.get("caption"))
    return Content(said, own=said, changed=word(body.get("stanzaId")))


def _text(message: Fields) -> Content:
    said = word(part(message, "textMessageData").get("textMessage"))
    return Content(said, own=said)


def _extended(message: Fields) -> Content:
    said = word(part(message, "extendedTextMessageData").get("text"))
    return Content(said, answers=_quoted(message), own=said)


def _location(message: Fields) -> Content:
    body = part(message, "locationMessageData")
    return place(*(word(body.get(name)) for name in ("latitude", "longitude", "nameLocation", "address")))


def _contacts(message: Fields) -> Content:
    array = part(message, "messageData").get("contacts") or message.get("contacts")
    cards = parts_of(array) or [part(message, "contactMessageData")]
    return Content("\n".join(card(word(one.get("displayName")), *_numbers(one)) for one in cards))


def _numbers(vcard: Fields) -> list[str]:
    """`TEL;waid=79165554433:+7 916 555-44-33`, also with a group in front (`item1.TEL`)."""
    lines = word(vcard.get("vcard")).splitlines()
    return [line.rpartition(":")[2].strip() for line in lines if _PHONE_LINE.match(line)]


def _pressed(message: Fields) -> Content:
    for name in ("buttonsResponseMessage", "templateButtonsReplyMessage", "templateButtonReplyMessage"):
        if body := part(message, name):
            said = word(body.get("selectedButtonText")) or word(body.get("selectedDisplayText"))
            pressed = word(body.get("selectedButtonId")) or word(body.get("selectedId"))
            return Content(said, button=pressed, answers=word(body.get("stanzaId")))
    body = part(message, "listResponseMessage")
    row = word(part(body, "singleSelectReply").get("selectedRowId"))
    return Content(word(body.get("title")), button=row, answers=word(body.get("stanzaId")))


def _quoted(message: Fields) -> str:
    quoted = part(message, "quotedMessage") or part(message, "extendedTextMessageData")
    return word(quoted.get("stanzaId"))


_READERS: Final[Mapping[str, Callable[[Fields], Content]]] = {
    "textMessage": _text,
    "extendedTextMessage": _extended,
    "quotedMessage": _extended,
    "reactionMessage": _extended,
    "locationMessage": _location,
    "contactMessage": _contacts,
    "contactsArrayMessage": _contacts,
    **dict.fromkeys(
        ("buttonsResponseMessage", "templateButtonsReplyMessage", "templateButtonReplyMessage", "listResponseMessage"),
        _pressed,
    ),
}
