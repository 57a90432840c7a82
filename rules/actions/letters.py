"""What a letter to the client takes from the letters before: its thread, its subject, the files; and when a letter
that came gets no answer by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from provodka.crm import Crm
from provodka.errors import ConnectorError
from provodka.mail import Mail, MailKind
from provodka.mail_thread import mail_of
from provodka.payloads import Attachment, EmailReceived
from rules.actions.base import Delivery, Outside
from rules.actions.desk import Desk
from rules.actions.targets import Target, event_lead, find_targets

LETTER: Final = "letter"
ANSWERED_WITHIN: Final = timedelta(days=1)
"""So long an address gets no second automatic answer (RFC 3834, 2)."""
NO_ROBOTS: Final = "an automatic letter gets no automatic answer (RFC 3834)"


def answered(item: Delivery, to: str, lead_id: str, outside: Outside) -> tuple[str, tuple[str, ...]]:
    """Subject and thread of a letter to this address: those of the letter that came from there, else of the newest
    letter with them about this lead; nothing where there was none."""
    mail = _came_from(item, to) or _newest_with(item, to, lead_id, outside)
    if mail is None:
        return "", ()
    again = mail.subject.casefold().startswith("re:")
    subject = mail.subject if again or not mail.subject else f"Re: {mail.subject}"
    return subject, (*mail.thread, *filter(None, (mail.message_id,)))


def files_of(item: Delivery) -> tuple[Attachment, ...]:
    """The files that came with the letter."""
    mail = _mail(item)
    return mail.attachments if mail else ()


def lead_of_letter(item: Delivery, outside: Outside) -> str:
    """The lead that a letter of ours is about, so that the answer to it can be found; empty where nobody knows one.

    Of an event that names none it is asked of the CRM: a lead that cannot be read now is no reason not to write.
    """
    if lead := (item.needed or {}).get("lead_id") or (own.id if (own := event_lead(item)) is not None else ""):
        return lead
    crm: Crm | None = outside.crm
    if crm is None:
        return ""
    try:
        target = find_targets([item], Desk(outside))[item.key]
    except ConnectorError:
        return ""
    return target.lead_id if isinstance(target, Target) else ""


def is_answer(item: Delivery, to: str) -> bool:
    """Whether a letter to this address answers the one that has come from there."""
    return _came_from(item, to) is not None


def why_no_answer(item: Delivery, to: str, outside: Outside) -> str:
    """Why a letter that came is not to be answered by a letter; empty where it may be.

    Two robots would else write to each other for ever, and a person who writes five times would get five answers.
    """
    mail = _mail(item)
    if mail is None:
        return ""
    if mail.kind is not MailKind.LETTER:
        return NO_ROBOTS
    last = outside.links.last_answer(item.lane_identities, to)
    if last is None or outside.now - last >= ANSWERED_WITHIN:
        return ""
    at = outside.calendar.local(last)
    return f"{to} has had an automatic answer on {at:%d.%m.%Y %H:%M}: not again within a day"


def _came_from(item: Delivery, to: str) -> Mail | None:
    mail = _mail(item)
    theirs = {email.casefold() for email in item.event.person.emails}
    return mail if mail is not None and to.casefold() in theirs else None


def _newest_with(item: Delivery, to: str, lead_id: str, outside: Outside) -> Mail | None:
    if not lead_id:
        return None
    for one in outside.links.past_letters(item.lane_identities):
        mail = one.mail
        people = {mail.from_, *mail.to, *mail.cc}
        if mail.kind is MailKind.LETTER and mail.message_id and lead_id in one.leads and to.casefold() in people:
            return mail
    return None


def _mail(item: Delivery) -> Mail | None:
    return mail_of(item.event.payload) if isinstance(item.event.payload, EmailReceived) else None
