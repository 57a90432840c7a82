"""What VK tells, by its Callback API and by a long poll alike, as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.talks.reading import Fields, moment, part, word
from connectors.talks.sent import SentBook
from connectors.talks.telling import Telling, Writer
from connectors.vk.leads import Leads
from connectors.vk.message import SERVICE, button_of, message_of, own_words, utm_of
from provodka.channel import UnreadableError
from provodka.event import Event
from provodka.talks import ChatState, TalkMessage

TOLD: Final = frozenset(
    {"message_new", "message_reply", "message_edit", "message_event", "message_allow", "message_deny", "lead_forms_new"}
)
"""The kinds of notices that are read."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Reads notices. What we have sent ourselves comes back as `message_reply`: `sent` knows it by its `random_id`."""

    account: str
    sent: SentBook

    def events(self, notice: Fields, telling: Telling) -> list[Event]:
        """The events of one notice, none for a kind that tells nothing of people. Raises UnreadableError."""
        kind, body = word(notice.get("type")), part(notice, "object")
        if kind not in TOLD:
            return []
        if not body:
            raise UnreadableError(f"the notice {kind} has no object")
        return self._read(kind, body, telling, word(notice.get("event_id")))

    def message(self, body: Fields, telling: Telling) -> list[Event]:
        """A message that nobody has told of, out of the history: of a person, or of one of ours."""
        if _is_ours(body, self.account):
            return self._sent(body, telling)
        return [self._received(body, telling)]

    def _read(self, kind: str, body: Fields, telling: Telling, event_id: str) -> list[Event]:
        match kind:
            case "message_new":
                return self.message(_bare(body), telling)
            case "message_reply":
                return self._sent(_bare(body), telling)
            case "message_edit":
                return self._edited(_bare(body), telling)
            case "message_event":
                return [self._pressed(body, telling, event_id)]
            case "lead_forms_new":
                return [Leads(telling.name, telling.now, telling.raw).of_notice(body)]
        return [self._state(kind, body, telling, event_id)]

    def _received(self, body: Fields, telling: Telling) -> Event:
        message = message_of(body, self.account)
        writer = Writer(word(body.get("from_id")) or word(body.get("user_id")))
        at = moment(body.get("date"))
        return telling.received(message, writer, at, utm_of(body), own_words(body))

    def _sent(self, body: Fields, telling: Telling) -> list[Event]:
        """Nothing where we have sent it ourselves: the journal knows of it."""
        number = word(body.get("random_id"))
        if number not in ("", "0") and self.sent.knows(number):
            return []
        message = message_of(body, self.account)
        client = Writer("" if message.group else message.chat)  # a chat of several is nobody
        return [telling.sent(message, client, moment(body.get("date")))]

    def _edited(self, body: Fields, telling: Telling) -> list[Event]:
        """Only what a person has changed: of ours the card knows what was sent."""
        if _is_ours(body, self.account):
            return []
        at = moment(body.get("update_time")) or moment(body.get("date"))
        return [telling.edited(message_of(body, self.account), Writer(word(body.get("from_id"))), at)]

    def _pressed(self, body: Fields, telling: Telling, event_id: str) -> Event:
        """A callback button: no message, but what the person says by it."""
        press, peer = word(body.get("event_id")) or event_id, word(body.get("peer_id"))
        message = TalkMessage(f"press:{press}", peer, SERVICE, self.account, button=button_of(body.get("payload")))
        return telling.received(message, Writer(word(body.get("user_id"))), telling.now)

    def _state(self, kind: str, body: Fields, telling: Telling, event_id: str) -> Event:
        user = word(body.get("user_id"))
        if kind == "message_allow":
            utm = utm_of({"ref": body.get("key")})  # what the widget or the page was given by whoever placed it
            return telling.started(ChatState(user, SERVICE, self.account, utm), Writer(user), None, event_id)
        return telling.stopped(ChatState(user, SERVICE, self.account), Writer(user), None, event_id)


def _bare(body: Fields) -> Fields:
    """The message itself: up to version 5.102 it is the object, later it stands in it beside `client_info`."""
    inner = part(body, "message")
    return inner or body


def _is_ours(body: Fields, account: str) -> bool:
    return word(body.get("out")) == "1" or word(body.get("from_id")) == f"-{account}"
