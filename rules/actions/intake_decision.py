"""What an intake makes of what is known: reuse a lead, or create one, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from provodka.crm import (
    CardKind,
    CardRef,
    Contact,
    ContactAddition,
    LeadChange,
    LeadState,
    NewContact,
    NewLead,
)
from provodka.payloads import LeadRef, Person
from rules.actions.base import Delivery
from rules.actions.desk import Desk, pack
from rules.actions.introductions import introduced
from rules.actions.kept import keeping
from rules.actions.replaced import replaced
from rules.actions.targets import Known, choose_lead
from rules.assignment import Strategy, unfit_to_keep
from rules.team import KEEP
from rules.text import fold, same
from rules.threads import Threaded


def decide_by_link(item: Delivery, linked: Sequence[LeadRef], desk: Desk) -> dict[str, Any] | None:
    """Reuse the newest of our own leads of this lane that is still open, if the parameters let us."""
    lead = _reusable(item, linked)
    if lead is None:
        return None
    others = [one.id for one in linked if one.state == LeadState.OPEN and one.id != lead.id]
    reason = f"own open lead {lead.id} of this person"
    if others:  # two that have turned out to be one person, each with a lead by then
        reason += f", the newest one; open too: {', '.join(others)}"
    contact_id, addition = _own_card(item.event.person, lead)
    return _reuse(item, lead, contact_id, addition, reason, desk)


def _own_card(person: Person, lead: LeadRef) -> tuple[str, ContactAddition | None]:
    """The card of a lead that we linked to this person, and what it may lack."""
    contact = Contact(lead.contacts[0] if lead.contacts else "", "")
    # By a single phone or email the card was found or made before, so that it has it. With more of them one may be new;
    # so may be any that somebody tells in a messenger, where the card was made without.
    told = len(person.phones) + len(person.emails) + len(person.messengers)
    return contact.id, lacking(person, contact) if contact.id and told > 1 else None


def decide_named(item: Delivery, lead: LeadRef, desk: Desk) -> dict[str, Any]:
    """Reuse the lead that the event names. Who wrote may be anybody (a colleague has filled in the questionnaire), so
    that their phone is not put into the client's card."""
    contact = lead.contacts[0] if lead.contacts else ""
    return _reuse(item, lead, contact, None, f"open lead {lead.id}, which the event itself is about", desk)


@dataclass(frozen=True, slots=True)
class Creation:
    """A lead is to be made, for this card or for a new person; `doubles` are the person's other cards."""

    item: Delivery
    card: Contact | None
    doubles: Sequence[str] = ()

    def takes_turn(self, desk: Desk) -> bool:
        """Whether the rule's own choice counts: whoever has a known person keeps them."""
        if self.item.params["responsible"] == KEEP:
            return False
        owner = _owner(self.item, self.card, desk)
        return not owner or unfit(owner, self.item, desk) != ""


def decide_by_search(
    item: Delivery, known: Known, linked: Sequence[LeadRef], desk: Desk, thread: Threaded | None = None
) -> dict[str, Any] | Creation:
    """Reuse the newest open lead of the known person, else create one. A letter (which has a `thread`, if an empty one)
    reuses the one that it belongs to."""
    card = known.person.contact if known.person else None
    others = known.person.others if known.person else ()
    if thread is not None and (chosen := _of_letter(item, known, linked, thread, desk)) is not None:
        return _reuse_of_letter(item, *chosen, card, linked, desk)
    lead = _reusable(item, known.leads)
    if lead is not None and card is not None:
        contact_id = card.id if card.id in lead.contacts or not lead.contacts else lead.contacts[0]
        reason = f"open lead {lead.id} of known contact {card.id}"
        decision = _reuse(item, lead, contact_id, lacking(item.event.person, card), reason, desk)
        return {**decision, "told": {**decision["told"], **_doubles(others)}}
    own = next((lead for lead in linked if lead.contacts), None)
    if card is None and own is not None:  # the search does not know the card yet that we made with this lead
        card = Contact(own.contacts[0], "", item.event.person.phones, item.event.person.emails, own.responsible)
    return Creation(item, card, others)


def _doubles(others: Sequence[str]) -> dict[str, str]:
    """What the result says of the person's other cards, where the CRM has the person more than once."""
    return {"doubles": ", ".join(others)} if others else {}


def _reuse_of_letter(
    item: Delivery, lead: LeadRef, reason: str, card: Contact | None, linked: Sequence[LeadRef], desk: Desk
) -> dict[str, Any]:
    main = next(iter(lead.contacts), "")
    if card is not None:
        contact_id = card.id if card.id in lead.contacts else main
        return _reuse(item, lead, contact_id, lacking(item.event.person, card), reason, desk)
    if lead.id in {one.id for one in linked}:
        return _reuse(item, lead, *_own_card(item.event.person, lead), reason, desk)
    # somebody else of the client's has written: no new address for the card of the one who is known
    return _reuse(item, lead, main, None, reason, desk)


def _of_letter(
    item: Delivery, known: Known, linked: Sequence[LeadRef], thread: Threaded, desk: Desk
) -> tuple[LeadRef, str] | None:
    """The lead of its thread, of whomever it is; else the one among the person's own."""
    if thread.lead is not None and _fits(item, thread.lead):
        return thread.lead, thread.reason
    return choose_lead(item, linked, known, desk, lambda lead: _fits(item, lead))


def _reusable(item: Delivery, leads: Sequence[LeadRef]) -> LeadRef | None:
    return next((lead for lead in leads if _fits(item, lead)), None)


def _fits(item: Delivery, lead: LeadRef) -> bool:
    """Whether it is open, and the parameters let us take it."""
    reuse, pipeline = item.params["reuse"], item.params["pipeline"]
    fits = reuse == "any" or (reuse == "pipeline" and same(lead.pipeline, pipeline))
    return fits and lead.state == LeadState.OPEN


def _reuse(
    item: Delivery, lead: LeadRef, contact_id: str, added: ContactAddition | None, reason: str, desk: Desk
) -> dict[str, Any]:
    has = {fold(tag) for tag in lead.tags}
    tags = tuple(tag for tag in item.params["tags"] if fold(tag) not in has)
    source, why = first_source(item, lead)
    change = LeadChange(lead.id, add_tags=tags, fields=source)
    decision = {
        "create": None,
        "change": pack(change) if tags or source else None,
        "addition": pack(added) if added else None,
        "told": {
            "lead_id": lead.id,
            "contact_id": contact_id,
            "created": "no",
            "responsible": desk.outside.team.key(lead.responsible),
            "reason": f"{reason}{why}",
            "url": lead.url,
        },
    }
    return keeping(decision, CardRef(CardKind.LEAD, lead.id), replaced(change, lead))


def first_source(item: Delivery, lead: LeadRef) -> tuple[dict[str, str], str]:
    """The fields of `source` that a found lead gets, and what the result says of it: all where none is filled in yet.

    They belong to one visit: a campaign of the second beside the source of the first would tell of neither.
    """
    wanted = _told_source(item)
    filled = {fold(name) for name, text in lead.fields.items() if text.strip()}
    first = [name for name in item.params.get("source") or {} if fold(name) in filled]
    if first:
        return {}, f"; its first source stays ({', '.join(first)})" if wanted else ""
    return wanted, "; had no source, this one is its first" if wanted else ""


def _told_source(item: Delivery) -> dict[str, str]:
    """What the event says of its source."""
    return {name: text for name, text in (item.params.get("source") or {}).items() if text.strip()}


def decide_creation(creation: Creation, desk: Desk) -> dict[str, Any]:
    """The lead to be made, with its responsible. Raises Rejected when nobody can be chosen."""
    item, card = creation.item, creation.card
    person = item.event.person if card else introduced(item, desk.outside).event.person
    params = item.params
    responsible, reason = _responsible(item, card, desk)
    price = params["price"]
    lead = NewLead(
        title=params["title"],
        pipeline=params["pipeline"],
        stage=params["stage"],
        responsible=desk.outside.team.login(responsible),
        price=None if price is None else Decimal(price),
        tags=tuple(params["tags"]),
        fields={**params["fields"], **_told_source(item)},
        contact_id=card.id if card else "",
        contact=None if card else NewContact(_name(person), person.phones, person.emails),
    )
    added = lacking(person, card) if card else None
    whose = f"new lead for known contact {card.id}" if card else "new person"
    return {
        "create": pack(lead),
        "change": None,
        "addition": pack(added) if added else None,
        "told": {
            "contact_id": lead.contact_id,
            "created": "yes",
            "responsible": responsible,
            "reason": f"{whose}; {reason}",
            **_doubles(creation.doubles),
        },
    }


def _responsible(item: Delivery, card: Contact | None, desk: Desk) -> tuple[str, str]:
    """The staff key and the reason. Whoever has a known person keeps them, and no turn is used up."""
    before = ""
    if owner := _owner(item, card, desk):
        why_not = unfit(owner, item, desk)
        if not why_not:
            return owner, f"stays with {owner}"
        before = f"{owner} {why_not}; "
    if item.params["responsible"] == KEEP:
        return "", f"{before}the rule names no responsible"
    choice = desk.choose(item, item.params["responsible"])
    return choice.person, f"{before}{choice.reason}"


def _owner(item: Delivery, card: Contact | None, desk: Desk) -> str:
    """Who has the known person, where that counts. What the strategy says of it goes before `keep`."""
    if not card or not card.responsible:
        return ""
    strategy = desk.read(item.params["responsible"])
    said = strategy.keep_owner if isinstance(strategy, Strategy) else None
    return desk.outside.team.key(card.responsible) if (item.params["keep"] if said is None else said) else ""


def unfit(owner: str, item: Delivery, desk: Desk) -> str:
    """Why the known person cannot stay with their own responsible; empty if they can."""
    return unfit_to_keep(owner, desk.read(item.params["responsible"]), desk.choosing)


def lacking(person: Person, card: Contact) -> ContactAddition | None:
    """The phones and emails of the person that the card does not have yet."""
    known = {email.casefold() for email in card.emails}
    phones = tuple(phone for phone in person.phones if phone not in card.phones)
    emails = tuple(email for email in person.emails if email.casefold() not in known)
    return ContactAddition(card.id, phones, emails) if phones or emails else None


def _name(person: Person) -> str:
    return person.name or person.phone or person.email or "Без имени"
