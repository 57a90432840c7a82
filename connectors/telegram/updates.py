"""From an Update of Telegram to events, whichever way it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.talks.reading import Fields, moment, part, parts_of
from connectors.talks.start import utm_of_start
from connectors.talks.telling import Telling, Writer
from connectors.telegram.content import Content, content_of, own_phones
from provodka.channel import UnreadableError
from provodka.event import Event
from provodka.talks import ChatState, TalkMessage

SERVICE: Final = "telegram"
WANTED: Final = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "business_message",
    "edited_business_message",
)
"""The kinds of update that we ask for; Telegram remembers the list until it is given another."""

GROUPS: Final = ("group", "supergroup")
_BLOCKED: Final = ("kicked", "left")


@dataclass(frozen=True, slots=True)
class Updates:
    """Reads the updates of one bot, `account`, for one delivery or one answer of getUpdates."""

    telling: Telling
    account: str

    def events(self, update: Mapping[str, Any]) -> tuple[Event, ...]:
        """None for a kind that we do not know, or that tells nothing. Raises UnreadableError for what is no update."""
        if not isinstance(update.get("update_id"), int):
            raise UnreadableError("it is no update of Telegram: update_id is missing")
        for kind, read in _KINDS.items():
            told = update.get(kind)
            if isinstance(told, dict):
                return read(self, told)
        return ()

    def message(self, told: Fields) -> tuple[Event, ...]:
        """`message`, and `business_message`: in the owner's own account the owner writes, too."""
        chat, sender = part(told.get("chat")), part(told.get("from"))
        if not _is_person(sender) or told.get("is_automatic_forward") or "sender_business_bot" in told:
            return ()
        start = _start(told)
        if start is not None and chat.get("type") == "private" and "business_connection_id" not in told:
            state = ChatState(self._chat(told), SERVICE, self.account, utm_of_start(start))
            mark = f"{state.chat}:{told.get('message_id')}"
            return (self.telling.started(state, _writer(sender), moment(told.get("date")), mark),)
        content = content_of(told)
        if content.empty:
            return ()
        at, message = moment(told.get("date")), self._message(told, content)
        if _is_owners(told):
            return (self.telling.sent(message, _writer(chat), at, _name(sender)),)
        writer = _writer(sender, own_phones(told, sender.get("id")))
        return (self.telling.received(message, writer, at, own_words=content.own),)

    def edited(self, told: Fields) -> tuple[Event, ...]:
        """A place on the map that is shared live is edited every few seconds: that is no edited message."""
        sender = part(told.get("from"))
        content = content_of(told)
        if not _is_person(sender) or "location" in told or _is_owners(told) or content.empty:
            return ()
        return (self.telling.edited(self._message(told, content), _writer(sender), moment(told.get("edit_date"))),)

    def pressed(self, query: Fields) -> tuple[Event, ...]:
        """A button below a message of ours."""
        sender, below = part(query.get("from")), part(query.get("message"))
        if not _is_person(sender):
            return ()
        data = str(query.get("data") or "")
        message = TalkMessage(
            id=f"button:{query.get('id')}",
            chat=self._chat(below) if below else str(sender["id"]),
            service=SERVICE,
            account=self.account,
            text=_label(below, data),
            button=data,
            answers=self._id(below) if below else "",
            group=part(below.get("chat")).get("type") in GROUPS,
        )
        # The update has no time of its own.
        return (self.telling.received(message, _writer(sender), self.telling.now, own_words=""),)

    def member(self, told: Fields) -> tuple[Event, ...]:
        """The bot was blocked. That it is let in again shows by `/start`, or by the next message."""
        chat, sender = part(told.get("chat")), part(told.get("from"))
        status = part(told.get("new_chat_member")).get("status")
        if chat.get("type") != "private" or status not in _BLOCKED or not _is_person(sender):
            return ()
        at = moment(told.get("date"))
        state = ChatState(str(chat.get("id")), SERVICE, self.account)
        return (self.telling.stopped(state, _writer(sender), at, f"{state.chat}:{told.get('date')}"),)

    def _message(self, told: Fields, content: Content) -> TalkMessage:
        answered = part(told.get("reply_to_message"))
        return TalkMessage(
            id=self._id(told),
            chat=self._chat(told),
            service=SERVICE,
            account=self.account,
            text=content.text,
            files=content.files,
            answers=f"{self._chat(told)}:{answered['message_id']}" if "message_id" in answered else "",
            group=part(told.get("chat")).get("type") in GROUPS,
        )

    def _id(self, told: Fields) -> str:
        """Message numbers are unique only within their chat."""
        return f"{self._chat(told)}:{told.get('message_id')}"

    def _chat(self, told: Fields) -> str:
        """Where an answer goes; in somebody's business account only through the connection with it."""
        chat, connection = str(part(told.get("chat")).get("id")), told.get("business_connection_id")
        return f"{connection}/{chat}" if connection else chat


_KINDS: Final[Mapping[str, Callable[[Updates, Fields], tuple[Event, ...]]]] = {
    "message": Updates.message,
    "business_message": Updates.message,
    "edited_message": Updates.edited,
    "edited_business_message": Updates.edited,
    "callback_query": Updates.pressed,
    "my_chat_member": Updates.member,
}


def query_id(update: Mapping[str, Any]) -> str:
    """The id of the button's query, which waits for an answer; empty where the update is none."""
    return str(part(update.get("callback_query")).get("id") or "")


def _is_person(user: Fields) -> bool:
    return isinstance(user.get("id"), int) and not user.get("is_bot")


def _is_owners(told: Fields) -> bool:
    """Whether the owner of a business account wrote it himself."""
    sender, chat = part(told.get("from")), part(told.get("chat"))
    return "business_connection_id" in told and sender.get("id") != chat.get("id")


def _start(told: Fields) -> str | None:
    """The payload of `/start PAYLOAD`, None where it is another message."""
    command, _, rest = str(told.get("text") or "").partition(" ")
    return rest.strip() if command.partition("@")[0] == "/start" else None


def _writer(user: Fields, phones: tuple[str, ...] = ()) -> Writer:
    return Writer(str(user.get("id") or ""), _name(user), phones)


def _name(user: Fields) -> str:
    return " ".join(str(user[key]) for key in ("first_name", "last_name") if user.get(key)).strip()


def _label(message: Fields, data: str) -> str:
    """What stands on the button."""
    rows = part(message.get("reply_markup")).get("inline_keyboard")
    keys = [key for row in rows if isinstance(row, list) for key in parts_of(row)] if isinstance(rows, list) else []
    return next((str(key.get("text", "")) for key in keys if key.get("callback_data") == data), "")
