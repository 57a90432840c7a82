"""Facts of people: their card, their firm, how their leads ended, what they said before, who has sent them to us."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from provodka.crm import Company, Contact, LeadState
from provodka.journal import said
from provodka.own_pages import Partner
from provodka.payloads import CompanyRef, ContactRef, EmailReceived, LeadRef
from rules.fact import HistoryFact, KnownContact, TalkFact
from worker.facts.history import summed_up
from worker.facts.source import Source
from worker.facts.talk import talk_of


def _known_contact(source: Source) -> KnownContact | None:
    """The card of the person, by our own links first: a card that we made may not be searchable yet."""
    if source.crm is None:
        return None
    (found,) = source.crm.find_people([source.event.person])
    if found is not None:
        return KnownContact(found.contact.id, found.contact.name)
    own = source.subject.linked("contact")
    return KnownContact(own[0]) if own else None


def _contact(source: Source) -> ContactRef | None:
    """The event's own contact as it is now, else the lead's main one, else the card of the event's person."""
    one = source.subject.contact_id()
    found = source.crm.contacts([one]).get(one) if source.crm is not None and one else None
    if found is None:
        return None
    return ContactRef(**_seen(found))


def _company(source: Source) -> CompanyRef | None:
    """The event's own firm as it is now, else that of its lead, else that of its contact."""
    one = source.subject.company_id()
    found = source.crm.companies([one]).get(one) if source.crm is not None and one else None
    if found is None:
        return None
    return CompanyRef(**_seen(found), inn=found.inn, kpp=found.kpp)


def _seen(card: Contact | Company) -> dict[str, Any]:
    """What rules see of both."""
    return {
        "id": card.id,
        "name": card.name,
        "url": card.url,
        "phones": card.phones,
        "emails": card.emails,
        "responsible": card.responsible,
        "tags": card.tags,
        "fields": card.fields,
    }


def _last_lead(source: Source) -> LeadRef | None:
    """The newest lead of the person, of any state, as it is now."""
    newest = next(iter(source.their_leads), "")
    return source.crm.leads([newest]).get(newest) if source.crm is not None and newest else None


def _ended(source: Source, state: LeadState) -> int:
    return sum(one == state for one in source.their_leads.values())


def _history(source: Source) -> HistoryFact:
    return summed_up(source.past)


def _talk(source: Source) -> TalkFact:
    event, identities = source.event, source.event.identities
    lines = source.journal.read(lambda c: said.lines(c, identities))
    count = source.journal.read(lambda c: said.received(c, identities, event.channel)) if lines else 0
    return talk_of(lines, event, count, resumed=source.resumed)


def _partner(source: Source) -> Partner | None:
    """Who has sent the request: as the event says, else by the address that the letter came from."""
    payload = source.event.payload
    if isinstance(payload, EmailReceived) and source.own_pages is not None:
        return source.own_pages.partner_of(payload.message.from_)
    told: Partner | None = getattr(payload, "partner", None)
    return told


FETCH: Final[Mapping[str, Callable[[Source], Any]]] = {
    "person.contact": _known_contact,
    "person.won_leads": lambda source: _ended(source, LeadState.WON),
    "person.lost_leads": lambda source: _ended(source, LeadState.LOST),
    "person.last_lead": _last_lead,
    "contact": _contact,
    "company": _company,
    "history": _history,
    "talk": _talk,
    "partner": _partner,
}
