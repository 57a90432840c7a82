"""A letter's bytes to an event. Nothing here touches a socket, and nothing raises."""

from __future__ import annotations

import hashlib
import logging
import re
from datetime import datetime
from functools import partial
from typing import Final

from connectors.imap.attachments import read_attachments
from connectors.imap.body import Cut, read_body
from connectors.imap.forwarded import Forwarded, comment_on, forwarded_in
from connectors.imap.headers import Headers, RawMessage, parse_message
from connectors.imap.kind import kind_of
from connectors.imap.notes import notes_on
from connectors.imap.parts import text_charset
from connectors.imap.people import alias_of, read_participants, sent_to
from connectors.imap.person import read_form, read_person
from connectors.imap.quotes import without_quotes, without_signature
from connectors.imap.reports import Report, read_report
from connectors.imap.robots import is_robot
from connectors.imap.said import read_said
from connectors.imap.settings import ImapSettings
from connectors.imap.talk import is_answer, is_forward, read_talk
from provodka.event import Event, new_event_id
from provodka.payloads import EmailReceived, EventType, Mail, MailKind, Person, Said, Unreadable, Utm

RAW_LIMIT: Final = 256 * 1024  # enough for headers and text; the files lie in blobs of their own
OUR_MESSAGE_ID: Final = "<prv."

_REPORTS: Final = frozenset({MailKind.BOUNCE, MailKind.DELAYED, MailKind.RECEIPT})
_UNDELIVERED: Final = frozenset({MailKind.BOUNCE, MailKind.DELAYED})
_SUBJECT_LIMIT: Final = 1000
_ID_LIMIT: Final = 500

_ID = re.compile(r"<?[^\s<>]{3}")  # «<>» or «<@>», as some scripts send it, would make all their letters one

log = logging.getLogger(__name__)


def parse_letter(
    raw: bytes,
    *,
    channel: str,
    folder: str,
    received_at: datetime,
    internal_date: datetime | None,
    settings: ImapSettings,
) -> tuple[Event, list[bytes]]:
    """The event of a letter, and the bytes of its attachments.

    `internal_date` is the moment the server took the letter (IMAP's INTERNALDATE): a Date header may be years off.
    What cannot be read as a letter becomes an event of type `unreadable` with all its bytes.
    """
    happened = internal_date or received_at
    try:
        message = parse_message(raw)
        if not message.keys():
            return unreadable(raw, "no headers: not a letter", channel, received_at, happened), []
        person, payload, blobs = _read(message, folder, settings)
        key = payload.message.message_id if _ID.match(payload.message.message_id) else _fingerprint(message, raw)
        event = Event(
            new_event_id(received_at),
            EventType.EMAIL_RECEIVED,
            channel,
            key,
            happened,
            received_at,
            person,
            payload,
            raw[:RAW_LIMIT],
        )
    except Exception as error:
        log.exception("letter cannot be parsed: channel=%s folder=%s size=%s", channel, folder, len(raw))
        return unreadable(raw, f"{type(error).__name__}: {error}", channel, received_at, happened), []
    return event, blobs


def unreadable(
    raw: bytes, why: str, channel: str, received_at: datetime, occurred_at: datetime, key: str = ""
) -> Event:
    """The event of a letter that nobody can read; kept whole, so that support can look at it."""
    return Event(
        new_event_id(received_at),
        EventType.UNREADABLE,
        channel,
        key or "sha256:" + hashlib.sha256(raw).hexdigest(),
        occurred_at,
        received_at,
        Person(),
        Unreadable(why.encode("utf-8", "replace").decode()[:1000]),
        raw,
    )


def is_our_own(event: Event) -> bool:
    """Whether it is a letter that Provodka sent itself: its Message-ID begins with `prv.`"""
    return isinstance(event.payload, EmailReceived) and event.payload.message.message_id.startswith(OUR_MESSAGE_ID)


def _read(message: RawMessage, folder: str, settings: ImapSettings) -> tuple[Person, EmailReceived, list[bytes]]:
    headers = Headers(message, text_charset(message))
    subject = headers.text("Subject")[:_SUBJECT_LIMIT]
    sender = headers.mailbox("From")[1]
    body = read_body(message, _cut(headers, subject, robot=is_robot(sender, settings)))
    passed_on = is_forward(subject)
    within = forwarded_in(body.own, settings) if passed_on and settings.is_own(sender) else None
    form = read_form(body.own, sender, settings) if within is None else None
    is_form = form is not None and (settings.is_own(sender) or form.person.name != "")  # newsletters have phones, too
    kind = kind_of(message, headers, sender, folder, settings, is_form=is_form)
    form = form if kind is MailKind.LETTER else None
    report = read_report(message, headers, settings) if kind in _REPORTS else Report()
    files, blobs = read_attachments(message, body.html) if kind not in _UNDELIVERED else ((), [])
    words = _words(comment_on(body.own) if passed_on and form is None else body.own, within, kind)
    person = read_person(headers, words, form, within, settings)
    if kind in _UNDELIVERED:
        person = Person(emails=report.recipients)
    talk = read_talk(headers, subject, report.original, sent_to(headers), settings)
    notes = notes_on(message, files, body.full) if kind not in _UNDELIVERED else ()
    mail = Mail(
        subject=subject,
        text=(body.own if passed_on else without_signature(body.own)) or "\n".join(notes),
        full_text=body.full,
        kind=kind,
        message_id=headers.text("Message-ID")[:_ID_LIMIT],
        thread=talk.thread,
        conversation=talk.conversation,
        topic=talk.topic,
        tag=talk.tag,
        from_=sender,
        to=headers.addresses("To"),
        cc=headers.addresses("Cc"),
        to_alias=alias_of(headers, settings),
        participants=read_participants(headers, settings),
        folder=folder,
        attachments=files,
        notes=notes,
        said=read_said(words, person.email) if kind is MailKind.LETTER else Said(),
        failed=report.recipients if kind is MailKind.BOUNCE else (),
        reason=report.reason if kind in _UNDELIVERED else "",
    )
    return person, EmailReceived(mail, form.utm if form else Utm()), blobs


def _cut(headers: Headers, subject: str, *, robot: bool) -> Cut | None:
    """How to cut quotes: in a forwarded letter not at all, the quoted one is the point; in a site's form carefully."""
    if is_forward(subject):
        return None
    answer = headers.has("In-Reply-To", "References") or is_answer(subject)
    return without_quotes if answer or not robot else partial(without_quotes, walls=False)


def _words(own: str, within: Forwarded | None, kind: MailKind) -> str:
    """The person's own words. Machines' letters name other people's phones: those are not taken."""
    if kind is not MailKind.LETTER:
        return ""
    return within.text if within is not None else own


def _fingerprint(message: RawMessage, raw: bytes) -> str:
    """What makes a letter without Message-ID the same letter when it is read again."""
    headers = Headers(message)
    named = [headers.raw(name).encode("utf-8", "surrogateescape") for name in ("From", "Date", "Subject")]
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1]
    return "sha256:" + hashlib.sha256(b"\n".join([*named, body])).hexdigest()
