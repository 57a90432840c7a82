"""What an action has made in the CRM, and whether it can be taken away again: as long as nobody has touched it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provodka.crm import (
    CardKind,
    CardRef,
    CardRemoval,
    Contact,
    FeedEntry,
    LeadChange,
    NewContact,
    NewLead,
    Task,
    TaskCompletion,
)
from provodka.errors import Rejected
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef, TaskRef
from provodka.settings import Strict
from rules.actions.base import Decided, Delivery
from rules.actions.desk import Desk, pack, submit_all, unpack
from rules.actions.kept import read_cards
from rules.actions.replaced import STAGE, replaced, still_ours
from rules.text import same

REMOVALS: Final = "removals"
COMPLETIONS: Final = "completions"
NOTHING: Final = LeadRef("")


class Made(Strict):
    """What an action, and the tasks that hang on its result, have made. `create` is the NewLead as it was sent, `added`
    phones and emails that its contact got later by the same import, `feed` what it has written there (`note:17`);
    `touched` says why it stays, where that is known beforehand; `tag` is for what the CRM does not delete."""

    tag: str
    lead: str = ""
    contact: str = ""
    create: dict[str, Any] | None = None
    tasks: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    feed: tuple[str, ...] = ()
    touched: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    """What is there of all that was made, as one batch reads it."""

    leads: Mapping[str, LeadRef]
    contacts: Mapping[str, Contact]
    tasks: Mapping[str, TaskRef]
    open: Mapping[CardRef, Sequence[Task]]
    feed: Mapping[CardRef, Sequence[FeedEntry]]

    @classmethod
    def read(cls, items: Sequence[Made], desk: Desk) -> Cards:
        """A call for each kind."""
        leads = [CardRef(CardKind.LEAD, one.lead) for one in items if one.lead]
        people = [CardRef(CardKind.CONTACT, one.contact) for one in items if one.contact]
        found = read_cards([*leads, *people], desk) if leads or people else {}
        tasks = [task for one in items for task in one.tasks]
        there = desk.crm.tasks(tasks) if tasks else {}
        waiting = desk.crm.open_tasks([ref for ref in leads if ref in found]) if leads else {}
        written = desk.crm.feed(list(found)) if found else {}
        return cls(
            {ref.id: card for ref, card in found.items() if isinstance(card, LeadRef)},
            {ref.id: card for ref, card in found.items() if isinstance(card, Contact)},
            there,
            waiting,
            written,
        )


@dataclass(frozen=True, slots=True)
class Fate:
    """What goes and what stays: `back` and `left` in words."""

    removals: tuple[CardRemoval, ...] = ()
    completions: tuple[TaskCompletion, ...] = ()
    back: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def decision(self) -> dict[str, Any]:
        """As it is frozen; empty where nothing goes."""
        found = {REMOVALS: [pack(one) for one in self.removals], COMPLETIONS: [pack(one) for one in self.completions]}
        return {name: some for name, some in found.items() if some}


def fate(made: Made, cards: Cards) -> Fate:
    """A lead goes with its tasks and, where that was made with it and has nothing else, with its contact."""
    open_tasks = [one for one in made.tasks if one in cards.tasks and not cards.tasks[one].completed]
    if not made.lead:
        return _with_tasks(Fate(), open_tasks)
    lead = cards.leads.get(made.lead)
    if lead is None:
        return _with_tasks(Fate(), open_tasks)
    if why := made.touched or _touched(made, lead, cards):
        return Fate(left=(f"lead:{lead.id}: {why}",))
    refs = [CardRef(CardKind.LEAD, lead.id)]
    left: tuple[str, ...] = ()
    contact = cards.contacts.get(made.contact)
    if contact is not None:
        if used := _used(made, contact, cards):
            left = (f"contact:{contact.id}: {used}",)
        else:
            refs.append(CardRef(CardKind.CONTACT, contact.id))
    removals = tuple(CardRemoval(ref, made.tag) for ref in refs)
    names = tuple(f"{ref.kind.value}:{ref.id}" for ref in refs)
    return _with_tasks(Fate(removals, (), names, left), open_tasks)


def _with_tasks(found: Fate, tasks: Sequence[str]) -> Fate:
    completions = tuple(TaskCompletion(one) for one in tasks)
    return Fate(found.removals, completions, (*found.back, *(f"task:{one}" for one in tasks)), found.left)


def _touched(made: Made, lead: LeadRef, cards: Cards) -> str:
    """Why the lead is not any more as it was made."""
    others = [task for task in cards.open.get(CardRef(CardKind.LEAD, lead.id), ()) if task.id not in made.tasks]
    if others:
        return f"it has a task that was not made by the import ({others[0].id})"
    if any(one in cards.tasks and cards.tasks[one].completed for one in made.tasks):
        return "a task of it has been completed"
    if written := _written(made, CardRef(CardKind.LEAD, lead.id), cards):
        return written
    new = unpack(NewLead, made.create or {"title": lead.title})
    change = LeadChange(
        lead.id, new.title, new.pipeline, new.stage, new.responsible, new.price, new.tags, fields=new.fields
    )
    rows = [one for one in replaced(change, NOTHING) if one.member != STAGE or one.now]
    changed = [one.what for one in rows if not still_ours(one, lead)]
    if changed:
        return f"{', '.join(changed)} has been changed since"
    return "" if lead.state == "open" else f"it has been {lead.state} since"


def _written(made: Made, card: CardRef, cards: Cards) -> str:
    """Whose feed has something that the import has not written: it would be gone with the card."""
    others = [one for one in cards.feed.get(card, ()) if f"{one.kind.value}:{one.id}" not in made.feed]
    return f"somebody has left a {others[0].kind.value} in it ({others[0].id})" if others else ""


def _used(made: Made, contact: Contact, cards: Cards) -> str:
    """Why the contact is not any more as it was made with the lead."""
    if written := _written(made, CardRef(CardKind.CONTACT, contact.id), cards):
        return written
    if any(one != made.lead for one in contact.leads):
        return "it has another lead"
    new = unpack(NewLead, made.create).contact if made.create else None
    new = new or NewContact(contact.name)
    if not same(new.name, contact.name):
        return "its name has been changed since"
    ours = {one.casefold() for one in (*new.phones, *new.emails, *made.added)}
    if not ours.issuperset(one.casefold() for one in (*contact.phones, *contact.emails)):
        return "its phones or emails have been changed since"
    return ""


def made_by(item: Delivery) -> Made | None:
    """What is to be taken away by this undoing; None where it only puts values back."""
    given = item.params.get("made")
    return None if given is None else Made.model_validate(given)


def take_away(ready: Sequence[Decided], desk: Desk) -> dict[str, list[Outcome]]:
    """Tasks first, then the leads before their contacts; the outcomes by action key."""
    found = submit_all(desk.crm.complete_tasks, TaskCompletion, COMPLETIONS, ready)
    sure = [d for d in ready if all(isinstance(one, Done | Rejected) for one in found[d.item.key])]
    for key, outcomes in submit_all(desk.crm.remove_cards, CardRemoval, REMOVALS, sure).items():
        found[key] += outcomes
    return found
