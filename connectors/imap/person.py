"""Who a letter is about: its sender, or whoever filled in the form that a site sent by mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connectors.imap.headers import Headers
from connectors.imap.settings import ImapSettings
from connectors.visit import form_submitted, utm_from_url
from provodka import identity
from provodka.payloads import Person, Utm

SEARCHED: Final = 20_000  # a phone stands near the top or in the signature; looking for one is slow

_ROBOT = re.compile(
    r"(?:no[._-]?reply|do[._-]?not[._-]?reply|robot|wordpress|www-data|bitrix|mailer|notifications?)[@+._-]"
)
_LINE = re.compile(
    r"^[ \t*•-]*([^\W\d_][^\n:|=]{0,40}?)[ \t*]*[:|=][ \t*]*"
    r"(?:\n{1,2}(?![^\n:|=]{1,40}[:|=])[ \t]*)?"  # the answer may stand below its question, unless that is the next one
    r"([^\n]{1,300})$",
    re.MULTILINE,
)
_MARKED_URL = re.compile(r"https?://[^\s<>\"']+[?&](?:utm_|yclid=|gclid=|fbclid=|vkclid=)[^\s<>\"')]+")
_WRITER = re.compile(
    r"^[ \t>*]*(?:(?:От|От кого|From)[ \t*]*:|\d{1,2}[./]\d{1,2}[./]\d{2,4},?[ \t]+(?:в[ \t]+)?\d{1,2}:\d{2},?)"
    r"[ \t*]*(?P<writer>[^\n]{3,300})$",
    re.MULTILINE | re.IGNORECASE,
)
"""What programs put above a forwarded letter: «От: Пётр <petr@example.com>», or its time and then the writer."""


@dataclass(frozen=True, slots=True)
class FormLetter:
    """What the lines of a form sent by mail say («Имя: Мария»), and where its visitor came from."""

    person: Person
    utm: Utm


def is_robot(sender: str, settings: ImapSettings) -> bool:
    """Whether an address writes for somebody else: our own one, or a site's (`noreply@`)."""
    return settings.is_own(sender) or bool(_ROBOT.match(sender))


def read_form(text: str, sender: str, settings: ImapSettings) -> FormLetter | None:
    """The lines of a form letter; None where this is an ordinary letter, with or without a signature."""
    lines = {label: value.strip() for label, value in reversed(_LINE.findall(text[:SEARCHED]))}
    submitted = form_submitted(lines)
    person, utm = submitted.person, submitted.payload.utm
    if not (person.phones or person.emails) or not (is_robot(sender, settings) or person.name):
        return None
    link = _MARKED_URL.search(text)
    return FormLetter(person, utm if utm != Utm() or link is None else utm_from_url(link.group()))


def read_person(
    headers: Headers, text: str, form: FormLetter | None, settings: ImapSettings, *, forwarded: bool = False
) -> Person:
    """The form's lines go first, then Reply-To where From speaks for somebody else, else From.

    Our own addresses and a site's are never the person's: they would make all its visitors one. What one of ours has
    forwarded is about whoever wrote the letter within.
    """
    name, email = headers.mailbox("From")
    if forwarded and form is None and settings.is_own(email):
        name, email = _writer_within(text, settings)
    elif is_robot(email, settings):
        name, email = headers.mailbox("Reply-To")
    given = form.person if form else Person()
    return Person(
        name=given.name or name,
        phones=given.phones or identity.phones_in(text[:SEARCHED]),
        emails=tuple(dict.fromkeys(each for each in (*given.emails, email) if each and not is_robot(each, settings))),
    )


def _writer_within(text: str, settings: ImapSettings) -> tuple[str, str]:
    """Name and address of the first stranger who is named as the writer of a letter."""
    for line in _WRITER.finditer(text[:SEARCHED]):
        address = identity.email(line["writer"])
        if address and not is_robot(address, settings):
            name = line["writer"].partition("<")[0] if "<" in line["writer"] else ""
            return name.strip(" \t\"'*"), address
    return "", ""
