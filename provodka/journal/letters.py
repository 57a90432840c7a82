"""A thread of letters is one affair, whoever of the client's people writes the next one.

Only letters that a person has sent to us join a thread. What we have sent ourselves may have gone to many, whose
answers would make strangers one. And a robot speaks for another person with every letter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from provodka.event import Event
from provodka.journal.records import StoredEvent
from provodka.payloads import EmailReceived, EmailSent, EventType, Mail, MailKind

KINDS: Final = (EventType.EMAIL_RECEIVED.value, EventType.EMAIL_SENT.value)
_LONGEST: Final = 50


def own_identity(event: Event) -> tuple[str, ...]:
    """By what later letters will find this one, and by what its copies in other mailboxes are in one lane with it."""
    if not isinstance(event.payload, EmailReceived | EmailSent):
        return ()
    mail = _personal(event)
    return (f"letter:{mail.message_id}" if mail is not None and mail.message_id else f"copy:{event.external_id}",)


def is_letter(one: StoredEvent) -> bool:
    """Whether it is a letter, received or sent."""
    return isinstance(one.event.payload, EmailReceived | EmailSent)


def later(
    taken: Sequence[StoredEvent], lane_of: Mapping[int, int], making: Collection[int], put_back: Mapping[int, int]
) -> set[int]:
    """Of events claimed together, in their order, those that have to wait, since nobody can tell yet to which lead
    they belong: a letter behind another event of its lane (its talk, or its copy in another mailbox) or behind the
    letter that was `put_back` there after an error, one whose lane is in `making` (an action that may bring a lead is
    under way), and whatever comes after it in its lane."""
    seen: set[int] = set()
    cut: set[int] = set()
    late: set[int] = set()
    for one in taken:
        lane = lane_of[one.seq]
        is_behind = lane in seen or lane in making or one.seq > put_back.get(lane, one.seq)
        if is_letter(one) and is_behind:
            cut.add(lane)
        if lane in cut:
            late.add(one.seq)
        seen.add(lane)
    return late


def thread(event: Event) -> tuple[str, ...]:
    """The letters that this one answers, the latest ones; ours among them are nobody's identities."""
    mail = _personal(event)
    return tuple(f"letter:{one}" for one in mail.thread[-_LONGEST:]) if mail is not None else ()


def _personal(event: Event) -> Mail | None:
    """The letter, if the person it is about has written it."""
    if not isinstance(event.payload, EmailReceived):
        return None
    mail = event.payload.message
    return mail if mail.kind is MailKind.LETTER and mail.from_ in event.person.emails else None
