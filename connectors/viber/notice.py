"""What Viber tells, as events. Numbers of messages (`message_token`) are larger than 2^53: they are texts here.

Callbacks: developers.viber.com, "REST Bot API".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.talks.reading import Fields, count, moment, part, word
from connectors.talks.start import utm_of_start
from connectors.talks.telling import Telling, Writer
from provodka.channel import UnreadableError
from provodka.event import Event
from provodka.payloads import Utm
from provodka.talks import ChatState, DeliveryState, MediaKind, MessageFile, Sent, TalkMessage

SERVICE: Final = "viber"
_MILLI: Final = 0.001
_STATES: Final = {"delivered": DeliveryState.DELIVERED, "seen": DeliveryState.READ, "failed": DeliveryState.FAILED}
_KINDS: Final = {"picture": MediaKind.PICTURE, "video": MediaKind.VIDEO, "file": MediaKind.FILE}
_FAILED: Final = "Viber не доставил сообщение: {why}"


@dataclass(frozen=True, slots=True)
class Notices:
    """Reads notices to the bot `account`."""

    account: str

    def events(self, notice: Fields, telling: Telling) -> list[Event]:
        """At most one; none for a kind that tells nothing of people. Raises UnreadableError."""
        kind = word(notice.get("event"))
        if kind in _STATES:
            return [self._state(_STATES[kind], notice, telling)]
        read = self._readers.get(kind)
        return [read(notice, telling)] if read else []

    @property
    def _readers(self) -> dict[str, Callable[[Fields, Telling], Event]]:
        return {
            "message": self._received,
            "conversation_started": self._started,
            "subscribed": self._started,
            "unsubscribed": self._stopped,
        }

    def _received(self, notice: Fields, telling: Telling) -> Event:
        sender, body = part(notice, "sender"), part(notice, "message")
        if not sender.get("id") or not body:
            raise UnreadableError("a message without its sender or its content")
        message = TalkMessage(
            id=_token(notice),
            chat=word(sender.get("id")),
            service=SERVICE,
            account=self.account,
            text="\n".join(filter(None, _lines(body))),
            files=_files(body),
        )
        writer = Writer(word(sender.get("id")), word(sender.get("name")), _own_phones(body, word(sender.get("name"))))
        typed = word(body.get("text"))  # a number in somebody else's card is not the writer's
        return telling.received(message, writer, _at(notice), own_words=typed)

    def _started(self, notice: Fields, telling: Telling) -> Event:
        """The chat was opened, or the person has subscribed; `context` is what the link to the bot held."""
        user = part(notice, "user")
        utm = utm_of_start(word(notice.get("context")))
        state, writer = self._who(word(user.get("id")), utm), Writer(word(user.get("id")), word(user.get("name")))
        return telling.started(state, writer, _at(notice), _token(notice))

    def _stopped(self, notice: Fields, telling: Telling) -> Event:
        user = word(notice.get("user_id"))
        return telling.stopped(self._who(user, Utm()), Writer(user), _at(notice), _token(notice))

    def _state(self, state: DeliveryState, notice: Fields, telling: Telling) -> Event:
        user, why = word(notice.get("user_id")), word(notice.get("desc"))
        error = _FAILED.format(why=why or "причина не названа") if state is DeliveryState.FAILED else ""
        return telling.state(Sent(_token(notice), state, user, SERVICE, self.account, error), Writer(user), _at(notice))

    def _who(self, user: str, utm: Utm) -> ChatState:
        if not user:
            raise UnreadableError("a notice of a person without their id")
        return ChatState(user, SERVICE, self.account, utm)


def _token(notice: Fields) -> str:
    if token := word(notice.get("message_token")):
        return token
    raise UnreadableError("a notice without message_token")


def _at(notice: Fields) -> datetime | None:
    return moment(notice.get("timestamp"), _MILLI)


def _lines(body: Fields) -> list[str]:
    """What the message says; what is neither text nor a file stands there in words."""
    kind, lines = word(body.get("type")), [word(body.get("text"))]
    contact, place = part(body, "contact"), part(body, "location")
    if contact:
        told = ", ".join(filter(None, (word(contact.get("name")), word(contact.get("phone_number")))))
        lines.append(f"Контакт: {told}")
    if place:
        lines.append(f"Место: {word(place.get('lat'))}, {word(place.get('lon'))}")
    if kind == "url":
        lines.append(word(body.get("media")))
    elif kind == "sticker":
        lines.append("[стикер]")
    elif kind not in (*_KINDS, "text", "contact", "location"):
        lines.append(f"[{kind or 'message'}]")
    return lines


def _files(body: Fields) -> tuple[MessageFile, ...]:
    kind, url = _KINDS.get(word(body.get("type"))), word(body.get("media"))
    if kind is None or not url:
        return ()
    return (MessageFile(kind, url, word(body.get("file_name")), size=count(body.get("size"))),)


def _own_phones(body: Fields, name: str) -> tuple[str, ...]:
    """The number of a card that has the writer's own name, as the button «share my number» sends it. Viber does not
    say whose card it is, and one with another name may well be somebody else's."""
    contact = part(body, "contact")
    whose = word(contact.get("name"))
    return (word(contact.get("phone_number")),) if not whose or whose.casefold() == name.casefold() else ()
