"""To which lead a letter belongs: one answer for the fact `lead`, for `intake`, and for every action about a letter.

By what names the lead, in this order: what another rule, or its copy in another mailbox, has made of this very letter;
the Message-ID of a letter of ours that is answered; the leads in which other letters of the thread ended; our mark in
the subject or address; of several open leads of the person the one whose contacts take part in the letter, and the one
with a letter of the same subject; else the person's newest open lead.
A lead that is closed does not get letters by itself: `reopen` of an intake may take it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from provodka.crm import Crm, LeadState
from provodka.event import Event
from provodka.mail import Mail
from provodka.mail_thread import PastLetter, mail_of, stamps_in
from provodka.payloads import LeadRef
from rules.text import fold

_MOST_IDS: Final = 50
_MOST_LEADS: Final = 10


class Letters(Protocol):
    """What the journal knows of letters."""

    def leads_of_ours(self, stamps: Sequence[str]) -> Mapping[str, str]:
        """By stamp (`provodka.mail_thread`), the leads of letters that we have sent; others than ours are absent."""

    def leads_of_letters(self, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """By Message-ID, the leads in which these letters ended, the last one first."""

    def past_letters(self, identities: Sequence[str]) -> Sequence[PastLetter]:
        """The letters of these people, newest first."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter's event, and all identities that are joined in its lane."""

    event: Event
    identities: tuple[str, ...]

    @property
    def mail(self) -> Mail:
        mail = mail_of(self.event.payload)
        return mail if mail is not None else Mail()


@dataclass(frozen=True, slots=True)
class Threaded:
    """What a letter's thread says: its open lead and why it is that one; `closed` are those of its leads that are not
    open any more."""

    lead: LeadRef | None = None
    reason: str = ""
    closed: tuple[LeadRef, ...] = ()


def by_thread(letters: Mapping[str, Letter], journal: Letters, crm: Crm) -> dict[str, Threaded]:
    """By key, what the threads of these letters say; one call for all of them, and none where no letter has one."""
    named = {key: _named(letter.mail, journal) for key, letter in letters.items()}
    wanted = tuple(dict.fromkeys(lead for some in named.values() for lead, _ in some))
    read = crm.leads(wanted) if wanted else {}
    return {key: _first_open([(read[lead], why) for lead, why in some if lead in read]) for key, some in named.items()}


def _named(mail: Mail, journal: Letters) -> list[tuple[str, str]]:
    """The leads that a thread names, the surest first, each with the reason."""
    ids = list(reversed(mail.thread[-_MOST_IDS:]))  # the letter that was answered is the last
    own = mail.message_id
    if not (own or ids):
        return []
    ended = journal.leads_of_letters([own, *ids] if own else ids)
    found = dict.fromkeys(ended.get(own, ()), "this letter is in it")
    ours = journal.leads_of_ours(stamps_in(ids)) if ids else {}
    for one in stamps_in(ids):
        if lead := ours.get(one):
            found.setdefault(lead, f"it answers our letter {one}")
    for one in ids:
        for lead in ended.get(one, ()):
            found.setdefault(lead, f"the letter {one} of the same thread is in it")
    return list(found.items())[:_MOST_LEADS]


def _first_open(leads: Sequence[tuple[LeadRef, str]]) -> Threaded:
    lead, reason = next(((lead, why) for lead, why in leads if lead.state == LeadState.OPEN), (None, ""))
    closed = tuple(one for one, _ in leads if one.state != LeadState.OPEN)
    return Threaded(lead, f"lead {lead.id}: {reason}" if lead is not None else "", closed)


def open_leads(linked: Sequence[LeadRef], searched: Sequence[LeadRef]) -> list[LeadRef]:
    """The open leads of a person, newest first: those that we linked to them, then those that only the CRM knows."""
    each = {lead.id: lead for lead in (*searched, *linked)}
    ids = dict.fromkeys(lead.id for lead in (*linked, *searched))
    return [each[one] for one in ids if each[one].state == LeadState.OPEN]


def choose(letter: Letter, leads: Sequence[LeadRef], journal: Letters, crm: Crm) -> tuple[LeadRef, str]:
    """Of the person's open leads, newest first, the one that a letter without a thread belongs to; and the reason."""
    if len(leads) == 1:
        return leads[0], f"lead {leads[0].id}: the only open one of this person"
    return (
        _by_tag(letter.mail, leads)
        or _by_participants(letter, leads, crm)
        or _by_subject(letter, leads, journal)
        or (leads[0], f"lead {leads[0].id}: the newest open one of this person; open too: {_ids(leads[1:])}")
    )


def _by_tag(mail: Mail, leads: Sequence[LeadRef]) -> tuple[LeadRef, str] | None:
    """Among the person's own leads only: anybody can write a number."""
    lead = next((lead for lead in leads if mail.tag and lead.id == mail.tag), None)
    return (lead, f"lead {lead.id}: the mark [#{lead.id}] names it") if lead is not None else None


def _by_participants(letter: Letter, leads: Sequence[LeadRef], crm: Crm) -> tuple[LeadRef, str] | None:
    """The lead whose contacts are among those of the letter, the person left out; none where several have as many."""
    own = {email.casefold() for email in letter.event.person.emails}
    others = {one.email.casefold() for one in letter.mail.participants} - own
    if not others:
        return None
    cards = crm.contacts(tuple(dict.fromkeys(contact for lead in leads for contact in lead.contacts)))
    there = {
        lead.id: {e.casefold() for c in lead.contacts if c in cards for e in cards[c].emails} & others for lead in leads
    }
    most = max(len(some) for some in there.values())
    first, *more = [lead for lead in leads if len(there[lead.id]) == most]
    if most == 0 or more:
        return None
    return first, f"lead {first.id}: {', '.join(sorted(there[first.id]))} of this letter takes part in it"


def _by_subject(letter: Letter, leads: Sequence[LeadRef], journal: Letters) -> tuple[LeadRef, str] | None:
    """By Outlook's own number of the talk, which is the same in all its letters; then by the subject."""
    mail, open_ids = letter.mail, {lead.id: lead for lead in leads}
    topic = fold(mail.topic)
    if not mail.conversation and not topic:
        return None
    past = [one for one in journal.past_letters(letter.identities) if one.event_id != letter.event.id]
    alike = [one for one in past if mail.conversation and one.mail.conversation == mail.conversation]
    alike += [one for one in past if topic and fold(one.mail.topic) == topic]
    for one in alike:
        if (id_ := next((id_ for id_ in one.leads if id_ in open_ids), None)) is not None:
            return open_ids[id_], f"lead {id_}: a letter «{one.mail.topic or one.mail.subject}» is in it"
    return None


def _ids(leads: Sequence[LeadRef]) -> str:
    return ", ".join(lead.id for lead in leads)
