"""From an update of MAX to events, whichever way it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.max.content import Content, answered, content_of, label
from connectors.talks.reading import Fields, moment, part, word
from connectors.talks.start import utm_of_start
from connectors.talks.telling import Telling, Writer
from provodka.channel import UnreadableError
from provodka.event import Event
from provodka.talks import ChatState, TalkMessage

SERVICE: Final = "max"
GROUP: Final = "chat:"
"""Before the number of a group: a dialog is called by the number of its person, as MAX writes to them."""

_MILLISECOND: Final = 0.001


@dataclass(frozen=True, slots=True)
class Updates:
    """Reads the updates of one bot, `account`."""

    telling: Telling
    account: str

    def events(self, update: Mapping[str, Any]) -> tuple[Event, ...]:
        """None for a kind that we do not know, or that tells nothing. Raises UnreadableError for what is no update."""
        kind = update.get("update_type")
        if not isinstance(kind, str):
            raise UnreadableError("it is no update of MAX: update_type is missing")
        read = _KINDS.get(kind)
        return read(self, update) if read is not None else ()

    def created(self, update: Fields) -> tuple[Event, ...]:
        message, sender = part(update, "message"), part(update, "message", "sender")
        if not _is_person(sender):
            return ()
        content = content_of(message, word(sender["user_id"]))
        if content.empty:
            return ()
        writer = _writer(sender, content.phones)
        at = _moment(message.get("timestamp") or update.get("timestamp"))
        return (self.telling.received(self._message(message, content), writer, at, own_words=content.own),)

    def edited(self, update: Fields) -> tuple[Event, ...]:
        message, sender = part(update, "message"), part(update, "message", "sender")
        if not _is_person(sender):
            return ()
        content = content_of(message, word(sender["user_id"]))
        at = _moment(update.get("timestamp"))
        return (self.telling.edited(self._message(message, content), _writer(sender), at),)

    def pressed(self, update: Fields) -> tuple[Event, ...]:
        callback, below = part(update, "callback"), part(update, "message")
        user = part(callback, "user")
        if not _is_person(user):
            return ()
        data = word(callback.get("payload"))
        message = TalkMessage(
            id=f"button:{word(callback.get('callback_id'))}",
            chat=_chat(below, word(user["user_id"])),
            service=SERVICE,
            account=self.account,
            text=label(below, data),
            button=data,
            answers=word(part(below, "body").get("mid")),
            group=_is_group(below),
        )
        at = _moment(callback.get("timestamp") or update.get("timestamp"))
        return (self.telling.received(message, _writer(user), at, own_words=""),)

    def started(self, update: Fields) -> tuple[Event, ...]:
        user = part(update, "user")
        if not _is_person(user):
            return ()
        state = ChatState(word(user["user_id"]), SERVICE, self.account, utm_of_start(word(update.get("payload"))))
        return (self.telling.started(state, _writer(user), _moment(update.get("timestamp")), _mark(update)),)

    def stopped(self, update: Fields) -> tuple[Event, ...]:
        user = part(update, "user")
        if not _is_person(user):
            return ()
        state = ChatState(word(user["user_id"]), SERVICE, self.account)
        return (self.telling.stopped(state, _writer(user), _moment(update.get("timestamp")), _mark(update)),)

    def _message(self, message: Fields, content: Content) -> TalkMessage:
        return TalkMessage(
            id=word(part(message, "body").get("mid")),
            chat=_chat(message, word(part(message, "sender").get("user_id"))),
            service=SERVICE,
            account=self.account,
            text=content.text,
            files=content.files,
            answers=answered(message),
            group=_is_group(message),
        )


_KINDS: Final[Mapping[str, Callable[[Updates, Fields], tuple[Event, ...]]]] = {
    "message_created": Updates.created,
    "message_edited": Updates.edited,
    "message_callback": Updates.pressed,
    "bot_started": Updates.started,
    "bot_stopped": Updates.stopped,
}
WANTED: Final = tuple(_KINDS)
"""The kinds of update that we ask for."""


def _is_person(user: Fields) -> bool:
    return bool(word(user.get("user_id"))) and not user.get("is_bot")


def _is_group(message: Fields) -> bool:
    kind = word(part(message, "recipient").get("chat_type"))
    return bool(kind) and kind != "dialog"


def _chat(message: Fields, person: str) -> str:
    return f"{GROUP}{word(part(message, 'recipient').get('chat_id'))}" if _is_group(message) else person


def _writer(user: Fields, phones: tuple[str, ...] = ()) -> Writer:
    whole = " ".join(filter(None, (word(user.get("first_name")), word(user.get("last_name")))))
    return Writer(word(user.get("user_id")), whole or word(user.get("name")), phones)


def _mark(update: Fields) -> str:
    return f"{word(update.get('chat_id'))}:{word(update.get('timestamp'))}"


def _moment(value: object) -> datetime | None:
    return moment(value, _MILLISECOND)
