"""A thread of letters is one affair, whoever of the client's people writes the next one.

Only letters that a person has sent to us join a thread. What we have sent ourselves may have gone to many, whose
answers would make strangers one. And a robot speaks for another person with every letter.
"""

from __future__ import annotations

from typing import Final

from provodka.event import Event
from provodka.payloads import EmailReceived, Mail, MailKind

_LONGEST: Final = 50


def own_identity(event: Event) -> tuple[str, ...]:
    """By what later letters will find this one."""
    mail = _personal(event)
    return (f"letter:{mail.message_id}",) if mail is not None and mail.message_id else ()


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
