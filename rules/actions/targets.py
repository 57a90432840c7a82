"""Which lead (or, without one, which contact) an action is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provodka.crm import FoundPerson, LeadState
from provodka.errors import GONE, ConnectorError, Rejected
from provodka.mail_thread import mail_of
from provodka.payloads import LeadRef, lead_of
from rules.actions.base import Delivery
from rules.actions.desk import Desk
from rules.threads import Letter, Threaded, by_thread, choose, open_leads

_LOOK_AT: Final = 5
"""How many of our own links of a lane are looked at: an older lead than that is hardly the one."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an action hangs on. `responsible` is a staff key, or a login where staff has none; `lead` as it was read;
    `why` tells of a letter how it got to this lead."""

    lead_id: str = ""
    contact_id: str = ""
    responsible: str = ""
    lead: LeadRef | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the CRM knows of a person: the card, and the open leads of it (else of its doubles), newest first."""

    person: FoundPerson | None = None
    leads: tuple[LeadRef, ...] = ()


def event_lead(item: Delivery) -> LeadRef | None:
    """The lead that the event itself is about, as it was then."""
    return lead_of(item.event.payload)


def linked_leads(items: Sequence[Delivery], desk: Desk) -> dict[str, list[LeadRef]]:
    """By action key, the leads that we linked to its lane before, freshly read, newest first; deleted ones left out."""
    ids = {item.key: desk.outside.links.of(item.lane_identities).lead_ids[:_LOOK_AT] for item in items}
    wanted = tuple(dict.fromkeys(id_ for some in ids.values() for id_ in some))
    read = desk.crm.leads(wanted) if wanted else {}
    return {key: [read[id_] for id_ in some if id_ in read] for key, some in ids.items()}


def search(items: Sequence[Delivery], desk: Desk) -> dict[str, Known]:
    """By action key, what the CRM knows of the event's person: two calls for the whole batch."""
    asked = [item for item in items if item.event.person.phones or item.event.person.emails]
    people = desk.crm.find_people([item.event.person for item in asked]) if asked else []
    found = {item.key: person for item, person in zip(asked, people, strict=True) if person is not None}
    cards = tuple(dict.fromkeys(id_ for person in found.values() for id_ in (person.contact.id, *person.others)))
    leads = desk.crm.open_leads(cards) if cards else {}
    return {item.key: _known(found.get(item.key), leads) for item in items}


def _known(person: FoundPerson | None, leads: dict[str, list[LeadRef]]) -> Known:
    if person is None:
        return Known()
    cards = (person.contact.id, *person.others)
    return Known(person, tuple(lead for card in cards for lead in leads.get(card, ())))


def find_targets(items: Sequence[Delivery], desk: Desk) -> dict[str, Target | ConnectorError]:
    """By action key: the result it needs, the event's own lead, that of a letter's thread, our own link, or what a
    search finds; in this order.

    A CRM that cannot be read now holds back only those that have to be looked up.
    """
    targets: dict[str, Target | ConnectorError] = {
        item.key: _needed(item) for item in items if item.needed and item.needed.get("lead_id")
    }
    unknown = [item for item in items if item.key not in targets]
    try:
        return {**targets, **_looked_up(unknown, desk)} if unknown else targets
    except Rejected:
        raise  # the fault of one of them: the caller tries them one by one
    except ConnectorError as error:
        return {**targets, **{item.key: error for item in unknown}}


def _looked_up(items: Sequence[Delivery], desk: Desk) -> dict[str, Target | ConnectorError]:
    targets = _own([item for item in items if event_lead(item)], desk)
    rest = [item for item in items if item.key not in targets]
    letters = threads_of(rest, desk)
    targets |= {key: of_lead(one.lead, desk, one.reason) for key, one in letters.items() if one.lead is not None}
    rest = [item for item in rest if item.key not in targets]
    linked = linked_leads(rest, desk) if rest else {}
    for item in (item for item in rest if item.key not in letters):
        lead = next((lead for lead in linked[item.key] if lead.state == LeadState.OPEN), None)
        if lead is not None:
            targets[item.key] = of_lead(lead, desk)
    rest = [item for item in rest if item.key not in targets]
    found = search(rest, desk) if rest else {}
    for item in rest:
        chosen = choose_lead(item, linked[item.key], found[item.key], desk) if item.key in letters else None
        targets[item.key] = of_lead(chosen[0], desk, chosen[1]) if chosen else _found(found[item.key], desk)
    return targets


def threads_of(items: Sequence[Delivery], desk: Desk) -> dict[str, Threaded]:
    """By action key, what their threads say of those that are about a letter; others are absent."""
    letters = {item.key: _letter(item) for item in items if mail_of(item.event.payload) is not None}
    return by_thread(letters, desk.outside.links, desk.crm) if letters else {}


def choose_lead(
    item: Delivery, linked: Sequence[LeadRef], known: Known, desk: Desk, fits: Callable[[LeadRef], bool] = bool
) -> tuple[LeadRef, str] | None:
    """Which of the person's open leads a letter is about that no thread tells of; and why. None where none `fits`."""
    leads = [lead for lead in open_leads(linked, known.leads) if fits(lead)]
    return choose(_letter(item), leads, desk.outside.links, desk.crm) if leads else None


def _letter(item: Delivery) -> Letter:
    return Letter(item.event, item.lane_identities)


def of_lead(lead: LeadRef, desk: Desk, why: str = "") -> Target:
    """A lead that was just read, as a target."""
    contact = lead.contacts[0] if lead.contacts else ""
    return Target(lead.id, contact, desk.outside.team.key(lead.responsible), lead, why)


def with_leads(targets: Mapping[str, Target | ConnectorError], desk: Desk) -> dict[str, Target | ConnectorError]:
    """The same with the leads as they are now; one that was made just now may not show yet."""
    known = {key: target for key, target in targets.items() if isinstance(target, Target)}
    unread = {key: target for key, target in known.items() if target.lead_id and target.lead is None}
    try:
        ids = tuple(dict.fromkeys(target.lead_id for target in unread.values()))
        read = desk.crm.leads(ids) if ids else {}
    except ConnectorError as error:
        return {**targets, **dict.fromkeys(unread, error)}
    return {**targets, **{key: replace(target, lead=read.get(target.lead_id)) for key, target in unread.items()}}


def _needed(item: Delivery) -> Target:
    values = item.needed or {}
    return Target(values["lead_id"], values.get("contact_id", ""), values.get("responsible", ""))


def _own(items: Sequence[Delivery], desk: Desk) -> dict[str, Target | ConnectorError]:
    """The events' own leads, read anew: the responsible may be another by now."""
    ids = {item.key: lead.id for item in items if (lead := event_lead(item))}
    read = desk.crm.leads(tuple(dict.fromkeys(ids.values()))) if ids else {}
    return {key: of_lead(read[id_], desk) if id_ in read else _deleted(id_) for key, id_ in ids.items()}


def _deleted(lead_id: str) -> Rejected:
    hint = "Сделку удалили: действие больше не нужно"
    return Rejected(f"lead {lead_id} is not in the CRM any more", hint=hint, code=GONE)


def _found(known: Known, desk: Desk) -> Target | Rejected:
    if known.leads:
        return of_lead(known.leads[0], desk)
    if known.person is not None:
        contact = known.person.contact
        return Target(contact_id=contact.id, responsible=desk.outside.team.key(contact.responsible))
    return Rejected(
        "there is no lead that this could be about",
        hint="Поставьте перед этим действием intake или проверьте, что у события есть телефон или почта",
    )
