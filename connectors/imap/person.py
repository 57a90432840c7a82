"""Who a letter is about: its sender, or whoever filled in the form that a site sent by mail."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.imap.forwarded import Forwarded
from connectors.imap.headers import Headers
from connectors.imap.robots import is_robot
from connectors.imap.settings import ImapSettings
from connectors.imap.signature import name_in, searched, signature_of
from connectors.marks import utm_from_url
from connectors.visit import form_submitted
from provodka import identity
from provodka.payloads import Person, Utm

_LINE = re.compile(
    r"^[ \t*•-]*([^\W\d_][^\n:|=]{0,40}?)[ \t*]*[:|=][ \t*]*"
    r"(?:\n{1,2}(?![^\n:|=]{1,40}[:|=])[ \t]*)?"  # the answer may stand below its question, unless that is the next one
    r"([^\n]{1,300})$",
    re.MULTILINE,
)
_OTHER_NUMBERS = re.compile(
    r"(?:\b(?:ИНН|КПП|ОГРН(?:ИП)?|БИК|ОКПО|ОКТМО|ОКАТО|СНИЛС|[рк]\s?/\s?сч?|(?:расч[её]тный|корр?\.?)\s?сч[её]т)|№)"
    r"[\s:№N.*|/=КП-]{0,12}\d[\d /-]{4,40}",
    re.IGNORECASE,
)
_MARKED_URL = re.compile(r"https?://[^\s<>\"']{1,1000}[?&](?:utm_|yclid=|gclid=|fbclid=|vkclid=)[^\s<>\"')]+")


@dataclass(frozen=True, slots=True)
class FormLetter:
    """What the lines of a form sent by mail say («Имя: Мария»), and where its visitor came from."""

    person: Person
    utm: Utm


def read_form(text: str, sender: str, settings: ImapSettings) -> FormLetter | None:
    """The lines of a form letter; None where this is an ordinary letter, with or without a signature."""
    text = searched(text)
    lines = {label: value.strip() for label, value in reversed(_LINE.findall(text))}
    submitted = form_submitted(lines)
    person, utm = submitted.person, submitted.payload.utm
    if not (person.phones or person.emails) or not (is_robot(sender, settings) or person.name):
        return None
    link = _MARKED_URL.search(text)
    return FormLetter(person, utm if utm != Utm() or link is None else utm_from_url(link.group()))


def phones_in(text: str) -> tuple[str, ...]:
    """The phones of a letter. An ИНН that begins with 3, 4, 7, 8 or 9 looks like one."""
    return identity.phones_in(_OTHER_NUMBERS.sub(" ", searched(text)))


def read_person(
    headers: Headers, text: str, form: FormLetter | None, within: Forwarded | None, settings: ImapSettings
) -> Person:
    """The form's lines go first, then Reply-To where From speaks for somebody else, else From.

    Our own addresses and a site's are never the person's: they would make all its visitors one. What one of ours has
    forwarded is about whoever wrote the letter `within`. Who gives no name in a header may sign with one.
    """
    name, email = headers.mailbox("From")
    if within is not None and form is None:
        name, email = within.name, within.email
    elif is_robot(email, settings):
        name, email = headers.mailbox("Reply-To")
    given = form.person if form else Person()
    emails = [each for each in (*given.emails, email) if each and not is_robot(each, settings)]
    return Person(
        name=given.name or name or (name_in(signature_of(text)) if emails and form is None else ""),
        phones=given.phones or phones_in(text),
        emails=tuple(dict.fromkeys(emails)),
    )
