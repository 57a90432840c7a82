"""What a letter is to us besides its words: by whose hand it went, and what its mailbox is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from connectors.imap.forwarded import forwarded_in
from connectors.imap.headers import Headers, parse_headers
from connectors.imap.parse import OUR_MESSAGE_ID
from connectors.imap.person import read_person
from connectors.imap.settings import ImapSettings
from provodka.event import Event
from provodka.payloads import EmailReceived, EmailSent, EventType, Mail, MailKind, MailRole, Person

Knows = Callable[[Sequence[str]], bool | None]
"""Whether one of these addresses is in the CRM; None while that cannot be told."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells what an event of `parse_letter` is in this mailbox."""

    settings: ImapSettings
    knows: Knows

    def tell(self, event: Event, *, in_sent: bool) -> Event:
        """`email.sent` where one of ours has written it to somebody else; with the role of the mailbox; and without the
        words of strangers where the mailbox is personal."""
        received = event.payload
        if not isinstance(received, EmailReceived):
            return event
        mail = replace(received.message, role=self.settings.role)
        if forwarder := self._forwarder(event, mail):
            mail = replace(mail, forwarded_by=forwarder)
            event = replace(event, person=self._forwarded(event, mail))
        elif self._is_sent(event, mail, in_sent=in_sent):
            sent = EmailSent(mail)
            event = replace(event, type=EventType.EMAIL_SENT, person=self._recipient(mail), payload=sent)
            return self._private(event, sent)
        return self._private(event, replace(received, message=mail))

    def wants_files(self, header: bytes) -> bool:
        """Whether the files of a letter are to be kept: not those of strangers in a personal mailbox."""
        if self.settings.role is not MailRole.PERSONAL:
            return True
        headers = Headers(parse_headers(header))
        people = [headers.mailbox("From")[1], *headers.addresses("To"), *headers.addresses("Cc")]
        return self._are_known(people, headers.ids("References", "In-Reply-To"))

    def _private(self, event: Event, payload: EmailReceived | EmailSent) -> Event:
        mail = payload.message
        if not (mail.role is MailRole.PERSONAL and mail.seeks_known) or self._are_known(
            (mail.from_, *mail.to, *mail.cc), mail.thread
        ):
            return replace(event, payload=payload)
        kept = Mail(
            kind=mail.kind,
            message_id=mail.message_id,
            thread=mail.thread,
            from_=mail.from_,
            to=mail.to,
            cc=mail.cc,
            folder=mail.folder,
            role=mail.role,
        )
        person = Person(emails=event.person.emails)
        return replace(event, payload=type(payload)(kept), person=person, raw=b"")

    def _are_known(self, people: Sequence[str], thread: Sequence[str]) -> bool:
        """Also where a letter answers one of ours, and while nobody can tell: nothing is to be lost."""
        if any(one.startswith(OUR_MESSAGE_ID) for one in thread):
            return True
        return self.knows([one for one in people if one and not self.settings.is_own(one)]) is not False

    def _is_sent(self, event: Event, mail: Mail, *, in_sent: bool) -> bool:
        """In the folder for sent letters; or a copy of one of ours to somebody else. A form that a site sends from our
        own address is for us, and what is forwarded names its person."""
        if in_sent:
            return True
        to_others = any(not self.settings.is_own(one) for one in mail.to)
        is_ours = mail.kind is MailKind.LETTER and self.settings.is_own(mail.from_)
        return is_ours and to_others and not event.person.emails

    def _recipient(self, mail: Mail) -> Person:
        """The first who is not of ours. Those besides are other people, not other addresses of this one."""
        names = {one.email: one.name for one in mail.participants}
        first = next((one for one in (*mail.to, *mail.cc) if not self.settings.is_own(one)), "")
        return Person(name=names.get(first, ""), emails=(first,) if first else ())

    def _forwarder(self, event: Event, mail: Mail) -> str:
        """Whoever of ours has sent this to the address for cards; nobody else can put a letter into a card."""
        card = self.settings.card_address
        if not card or not self.settings.is_own(mail.from_):
            return ""
        headers = Headers(parse_headers(event.raw))
        delivered = (address for name in ("Delivered-To", "X-Original-To") for address in headers.addresses(name))
        return mail.from_ if card in {*mail.to, *mail.cc, *delivered} else ""

    def _forwarded(self, event: Event, mail: Mail) -> Person:
        """Whoever has written the letter within, found even where the subject does not say that it is forwarded."""
        if event.person.emails:
            return event.person
        within = forwarded_in(mail.full_text, self.settings)
        if within is None:
            return event.person
        return read_person(Headers(parse_headers(event.raw)), within.text, None, within, self.settings)
