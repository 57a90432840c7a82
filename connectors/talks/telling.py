"""From what a messenger tells to events: every service builds them here, so that the same fact is the same event."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from connectors.talks.reading import Fields
from provodka import identity
from provodka.channel import Part, UnreadableError
from provodka.event import Event, new_event_id
from provodka.payloads import ChatState, EventType, MessageEvent, MessageState, Person, Unreadable, Utm
from provodka.talks import Sent, TalkMessage

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, as the messenger tells it. `id` is theirs in the network; `phones` are certain to be theirs (their
    own shared contact, the number of a WhatsApp account), as written. `others` are further ids of theirs there: where
    an id changes, the old and the new one belong to one person."""

    id: str
    name: str = ""
    phones: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def person(self, service: str, text: str = "") -> Person:
        """As an event has them. A number or address that somebody writes in a talk is taken for theirs, where it is the
        only one of the message and the messenger tells none itself."""
        phones = tuple(dict.fromkeys(filter(None, map(identity.phone, self.phones))))
        typed, emails = identity.phones_in(text) if text and not phones else (), identity.emails_in(text)
        return Person(
            name=self.name.strip(),
            phones=phones or (typed if len(typed) == 1 else ()),
            emails=emails if len(emails) == 1 else (),
            messengers=tuple(dict.fromkeys(f"{service}:{one}" for one in (self.id, *self.others) if one)),
        )


@dataclass(frozen=True, slots=True)
class Telling:
    """Makes the events of one delivery to the channel `name`; `raw` is its body, kept with each of them."""

    name: str
    now: datetime
    raw: bytes = b""

    def received(
        self,
        message: TalkMessage,
        writer: Writer,
        at: datetime | None,
        utm: Utm | None = None,
        own_words: str | None = None,
    ) -> Event:
        """A person has written to us. `own_words` is what of the text is theirs, where that is not all of it: a number
        in somebody else's card or in a forwarded message is not the writer's."""
        payload = MessageEvent(message, utm or Utm())
        person = writer.person(message.service, message.text if own_words is None else own_words)
        return self._event(EventType.MESSAGE_RECEIVED, _key(message), at, person, payload)

    def edited(self, message: TalkMessage, writer: Writer, at: datetime | None) -> Event:
        """A message has been changed; each new text is another event, also within the second that services tell."""
        text = sha256(message.text.encode()).hexdigest()[:16]
        stamp = text if at is None else f"{int(at.timestamp())}:{text}"
        person = writer.person(message.service)
        return self._event(EventType.MESSAGE_EDITED, f"edit:{_key(message)}:{stamp}", at, person, MessageEvent(message))

    def sent(self, message: TalkMessage, client: Writer, at: datetime | None, staff: str = "") -> Event:
        """One of ours has written to a person, outside of the CRM and of us."""
        person = client.person(message.service)
        return self._event(EventType.MESSAGE_SENT, _key(message), at, person, MessageEvent(message, staff=staff))

    def state(self, sent: Sent, client: Writer, at: datetime | None) -> Event:
        """News of a message of ours."""
        external_id = f"state:{sent.id}:{sent.state.value}"
        person = client.person(sent.service)
        return self._event(EventType.MESSAGE_STATE, external_id, at, person, MessageState(sent))

    def started(self, state: ChatState, writer: Writer, at: datetime | None, mark: str) -> Event:
        """A person lets us write to them; `mark` tells this time from another one."""
        return self._event(EventType.CHAT_STARTED, f"started:{mark}", at, writer.person(state.service), state)

    def stopped(self, state: ChatState, writer: Writer, at: datetime | None, mark: str) -> Event:
        """A person has blocked us."""
        return self._event(EventType.CHAT_STOPPED, f"stopped:{mark}", at, writer.person(state.service), state)

    def each(
        self, fields: Fields, readers: Mapping[str, Callable[[Fields], Iterator[Event | Part]]]
    ) -> Iterator[Event | Part]:
        """All that the pieces in these lists tell; a broken piece is told of as such and leaves the others alone."""
        for name, read in readers.items():
            pieces = fields.get(name)
            for piece in pieces if isinstance(pieces, list) else ():
                if isinstance(piece, dict):
                    yield from read(piece)
                else:
                    yield self.unreadable({name: piece}, f"{name} holds something that is no object")

    def unreadable(self, piece: object, why: str) -> Event:
        """One piece (any JSON) of what was told that cannot be understood, kept for support, so that the others are not
        lost. A receiver that understands nothing at all raises UnreadableError instead."""
        raw = raw_of(piece)
        external_id = f"unreadable:{sha256(raw).hexdigest()}"
        return self._event(EventType.UNREADABLE, external_id, None, Person(), Unreadable(why), raw)

    def _event(
        self,
        kind: EventType,
        external_id: str,
        at: datetime | None,
        person: Person,
        payload: MessageEvent | MessageState | ChatState | Unreadable,
        raw: bytes | None = None,
    ) -> Event:
        return Event(
            id=new_event_id(self.now),
            type=kind,
            channel=self.name,
            external_id=external_id,
            occurred_at=min(at or self.now, self.now),
            received_at=self.now,
            person=person,
            payload=payload,
            raw=self.raw if raw is None else raw,
        )


def of_answer(name: str, now: datetime, piece: object, read: Callable[[Telling], Iterable[T]]) -> list[T | Event]:
    """What `read` makes of a piece (any JSON) of what a service was asked for. Neither rubbish nor a bug of our parser
    may hold back all that comes after it, nor be lost: such a piece is told as unreadable."""
    telling = Telling(name, now, raw_of(piece))
    try:
        return list(read(telling))
    except Exception as error:
        is_bug = not isinstance(error, UnreadableError)
        why = f"the parser failed: {type(error).__name__}: {error}" if is_bug else str(error)
        log.warning("piece not read: channel=%s: %s", name, type(error).__name__, exc_info=is_bug)
        return [telling.unreadable(piece, why)]


def raw_of(piece: object) -> bytes:
    """A piece as its own raw body."""
    return json.dumps(piece, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _key(message: TalkMessage) -> str:
    return f"message:{message.id}"
