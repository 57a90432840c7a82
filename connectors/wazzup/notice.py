"""What Wazzup24 tells in a delivery, as events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.talks.reading import Fields, part, phones_of, word
from connectors.talks.states import state_told
from connectors.talks.telling import Telling, Writer
from connectors.wazzup.chats import Chats, Place
from connectors.wazzup.refusals import told
from provodka.channel import Part, PartsReader
from provodka.event import Event
from provodka.talks import DeliveryState, MediaKind, MessageFile, Sent, TalkMessage

GROUPS: Final = {"whatsgroup": "whatsapp", "telegroup": "telegram"}
OF_PHONES: Final = {"whatsapp", "viber"}
MEDIA: Final = {
    "image": MediaKind.PICTURE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "document": MediaKind.FILE,
}
STATES: Final = {
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "error": DeliveryState.FAILED,
}
MARK: Final = "provodka:"
"""How the `crmMessageId` of a message of ours begins."""

NO_ID: Final = "a message without an id or a chat"
MISSED: Final = "Пропущенный звонок ({service})"
UNKNOWN: Final = "[сообщение, которого мессенджер не передаёт: {kind}]"


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery. `usual` is the channel and kind of chat by which we write, `chats` where our messages went."""

    fields: Fields
    telling: Telling
    parts: PartsReader
    usual: tuple[str, str]
    chats: Chats

    def events(self) -> Iterator[Event | Part]:
        """All that it tells."""
        return self.telling.each(self.fields, {"messages": self._message, "statuses": self._status})

    def _message(self, piece: Fields) -> Iterator[Event]:
        if not word(piece.get("messageId")) or not word(piece.get("chatId")):
            yield self.telling.unreadable(piece, NO_ID)
            return
        message, client, at = self._talk(piece), _client(piece), _moment(piece.get("dateTime"))
        is_ours, is_changed = (
            piece.get("isEcho") is True,
            piece.get("isEdited") is True or piece.get("isDeleted") is True,
        )
        if is_ours:
            if not is_changed and not word(piece.get("crmMessageId")).startswith(MARK):
                yield self.telling.sent(message, client, at, word(piece.get("authorName")))
        elif is_changed:
            yield self.telling.edited(message, client, None)
        else:
            own = message.text if word(piece.get("type")) == "text" or message.files else ""
            yield self.telling.received(message, client, at, None, own)

    def _talk(self, piece: Fields) -> TalkMessage:
        kind, is_deleted = word(piece.get("chatType")), piece.get("isDeleted") is True
        place = Place(word(piece.get("channelId")), kind, word(piece.get("chatId")))
        return TalkMessage(
            id=word(piece.get("messageId")),
            chat=place.chat(self.usual),
            service=GROUPS.get(kind, kind),
            account=place.channel,
            text="" if is_deleted else _text(piece, GROUPS.get(kind, kind)),
            files=() if is_deleted else _files(piece),
            answers=word(part(piece, "quotedMessage").get("messageId")),
            group=kind in GROUPS,
        )

    def _status(self, piece: Fields) -> Iterator[Event | Part]:
        number = word(piece.get("messageId"))

        def event(state: DeliveryState) -> Event:
            error = told(piece) if state is DeliveryState.FAILED else ""
            place = self.chats.find(number)
            sent = self._sent(number, state, error, place)
            return self.telling.state(sent, _at(place), _moment(piece.get("timestamp")))

        status = word(piece.get("status"))
        yield from state_told(piece, number, status, STATES, self.telling, self.parts, event)

    def _sent(self, number: str, state: DeliveryState, error: str, place: Place | None) -> Sent:
        if place is None:
            return Sent(number, state, error=error)
        service = GROUPS.get(place.kind, place.kind)
        return Sent(number, state, place.chat(self.usual), service, place.channel, error)


def _at(place: Place | None) -> Writer:
    """The person whom a message of ours went to."""
    if place is None or place.kind in GROUPS:
        return Writer("")
    return Writer(place.number, phones=phones_of(place.number) if place.kind in OF_PHONES else ())


def _client(piece: Fields) -> Writer:
    """A chat of several people has an id that is nobody's: there only a telephone number makes a person."""
    kind, number, contact = word(piece.get("chatType")), word(piece.get("chatId")), part(piece, "contact")
    phone = word(contact.get("phone"))
    if kind in GROUPS:
        return Writer(phone if GROUPS[kind] in OF_PHONES else "", word(piece.get("authorName")), phones_of(phone))
    phones = phones_of(number) if kind in OF_PHONES else phones_of(phone)
    return Writer(number, word(contact.get("name")) or word(contact.get("username")), phones)


def _text(piece: Fields, service: str) -> str:
    kind, said = word(piece.get("type")), word(piece.get("text"))
    if kind == "missing_call":
        return MISSED.format(service=service)
    return said if said or word(piece.get("contentUri")) else UNKNOWN.format(kind=kind or "?")


def _files(piece: Fields) -> tuple[MessageFile, ...]:
    address, kind = word(piece.get("contentUri")), MEDIA.get(word(piece.get("type")), MediaKind.FILE)
    return (MessageFile(kind, address, word(piece.get("fileName"))),) if address else ()


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(word(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
