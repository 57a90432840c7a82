"""What a letter to the client takes from the letter that came."""

from __future__ import annotations

from typing import Final

from provodka.payloads import Attachment, EmailReceived, Mail
from rules.actions.base import Delivery

LETTER: Final = "letter"


def answered(item: Delivery, to: str) -> tuple[str, tuple[str, ...]]:
    """Subject and thread of an answer; nothing where the event is no letter of this address."""
    mail = _mail(item)
    if mail is None or to.casefold() not in (email.casefold() for email in item.event.person.emails):
        return "", ()
    again = mail.subject.casefold().startswith("re:")
    subject = mail.subject if again or not mail.subject else f"Re: {mail.subject}"
    return subject, (*mail.thread, *filter(None, (mail.message_id,)))


def files_of(item: Delivery) -> tuple[Attachment, ...]:
    """The files that came with the letter."""
    mail = _mail(item)
    return mail.attachments if mail else ()


def _mail(item: Delivery) -> Mail | None:
    return item.event.payload.message if isinstance(item.event.payload, EmailReceived) else None
