"""Hint, fetch, compare, for every kind of card of one account: what really changed, as typed events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from connectors.crm.account import CLOCKS, Account
from connectors.crm.callers import keep_directory
from connectors.crm.changes import COMPANIES, CONTACTS, LEADS, TASKS, About, Card, Comparison, Fresh, Kind
from connectors.crm.glances import glances
from connectors.crm.mirror import (
    TASK,
    KnownCompany,
    KnownContact,
    KnownLead,
    KnownTask,
    alarm_mark,
    load,
    load_contact,
    moment,
)
from connectors.crm.names import Names
from connectors.crm.people import PeopleIndex
from provodka.crm import Glance, Progress
from provodka.event import Event
from provodka.payloads import (
    MIRRORED,
    CardEvent,
    CompanyEvent,
    ContactEvent,
    CrmHint,
    LeadEvent,
    LeadRef,
    Person,
    TaskEvent,
)
from provodka.stores import ByKind, Snapshot

LOOK_BACK: Final = 60  # seconds by which each reconciling reaches behind the last one
LONGEST_GAP: Final = 90 * 24  # hours: the alarms of a longer standstill are not gone through one by one
ALARMS: Final = "tasks:alarms"  # unix seconds: what was overdue before has been told

DELETED: Final = "deleted:compared"  # unix seconds: what was deleted before is forgotten

Deleted = Callable[[int], Mapping[str, Sequence[str]]]
"""The ids by kind of cards that are said to have been deleted or merged since then (unix seconds)."""
Keep = Callable[[Sequence[Card], dict[str, str]], None]


class Reader(Protocol):
    """How a CRM's room reads one kind of card."""

    def cards(self, ids: Sequence[str]) -> Mapping[str, Card]:
        """By id, in as few calls as can be; those that are gone are absent."""

    def changed(self, since: int) -> Mapping[str, Card]:
        """Those whose time of change is `since` (unix seconds) or later."""

    def fill(self, keep: Keep, progress: Progress, stop: Callable[[], bool]) -> bool:
        """All of them by pages, going on where an earlier run ended; whether it is complete."""


class Following:
    """The changes of one account.

    `read_leads` gives leads as rules see them, `aliases` what hints call the kinds, `deleted` tells what is gone: its
    time of change is seen by nobody.
    """

    def __init__(
        self,
        account: Account,
        names: Names,
        people: PeopleIndex,
        readers: Mapping[Kind, Reader],
        read_leads: Callable[[Sequence[str]], Mapping[str, LeadRef]],
        deleted: Deleted,
        aliases: Callable[[Kind], str] = lambda kind: kind.name,
        look_back: int = LOOK_BACK,
    ) -> None:
        self._account = account
        self._names = names
        self._people = people
        self._readers = readers
        self._read_leads = read_leads
        self._deleted = deleted
        self._aliases = aliases
        self._look_back = look_back
        about = {LEADS: self._about_leads, CONTACTS: _about_contacts, COMPANIES: _about_companies}
        self._comparisons = {
            kind: Comparison(account, names, kind, reader.cards, about.get(kind, self._about_tasks))
            for kind, reader in readers.items()
        }

    def begin(self) -> None:
        """From now on what appears is news to the rules."""
        for comparison in self._comparisons.values():
            comparison.begin()

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], ByKind]:
        """Events and the new snapshots by kind, to be stored in one transaction."""
        events: list[Event] = []
        seen: dict[str, list[Snapshot]] = {}
        for kind, comparison in self._comparisons.items():
            if ids := hint.ids(self._aliases(kind), MIRRORED + kind.name):
                found, seen[kind.name] = comparison.follow(ids, event.received_at, _fresh(seen))
                events += found
        return events, seen

    def reconcile(self, received_at: datetime) -> tuple[list[Event], ByKind, dict[str, str]]:
        """What changed since the last time, whether or not a hint told of it; with the cursors to store along."""
        events: list[Event] = []
        seen: dict[str, list[Snapshot]] = {}
        cursors: dict[str, str] = {}
        for kind, comparison in self._comparisons.items():
            cards, cursors[f"{kind.plural}:compared"] = self._changed(kind)
            if kind is TASKS:
                due, cursors[ALARMS] = self._due(received_at)
                cards = {**cards, **self._readers[kind].cards([one for one in due if one not in cards])}
            found, seen[kind.name] = comparison.reconcile(cards, received_at, _fresh(seen))
            events += found
        cursors[DELETED] = self._forget_deleted(received_at)
        return events, seen, self._account.named(cursors)

    def glances(self, kind: str, after: str, most: int) -> list[Glance]:
        """See `provodka.crm.Cards`."""
        return glances(self._account, self._names, kind, after, most)

    def look(self, kind: str, ids: Sequence[str]) -> dict[str, tuple[Person, CardEvent]]:
        """See `provodka.crm.Cards`."""
        comparison = next(one for its, one in self._comparisons.items() if its.name == kind)
        found = comparison.look(ids, {})
        return {one: (person, card) for one, (person, card) in found.items() if isinstance(card, CardEvent)}

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Learn all cards without a word to the rules, going on where an earlier run ended; whether it is complete."""
        self.begin()
        if not self._people.fill(progress, stop):
            return False
        others = (kind for kind in self._comparisons if kind is not CONTACTS)
        if not all(self._readers[kind].fill(self._comparisons[kind].learn, progress, stop) for kind in others):
            return False
        keep_directory(self._account, self._names)
        return True

    def _changed(self, kind: Kind) -> tuple[Mapping[str, Card], str]:
        """The cards that changed since the mark, with the mark for the next time."""
        latest = int(self._account.now().timestamp()) + CLOCKS
        mark = int(self._account.cursor(f"{kind.plural}:compared") or latest - 2 * CLOCKS)
        cards = self._readers[kind].changed(max(0, mark - self._look_back))
        times = (int(card.updated_at.timestamp()) for card in cards.values())
        return cards, str(max([mark, *(at for at in times if at <= latest)]))

    def _forget_deleted(self, now: datetime) -> str:
        """Look at those that are said to be gone; one that is there all the same will show by its time of change."""
        mark = int(self._account.cursor(DELETED) or now.timestamp() - CLOCKS)
        told = self._deleted(max(0, mark - self._look_back))
        for kind, comparison in self._comparisons.items():
            comparison.forget_missing(told.get(kind.name, ()))
        return str(int(now.timestamp()))

    def _due(self, now: datetime) -> tuple[list[str], str]:
        """The open tasks of the mirror whose time has passed since the last look."""
        account, end = self._account, int(now.timestamp())
        start = int(account.cursor(ALARMS) or account.cursor(TASKS.since) or end)
        first = max(start // 3600, end // 3600 - LONGEST_GAP)
        hours = [alarm_mark(hour * 3600) for hour in range(first, end // 3600 + 1)]
        marked = account.store.find_snapshots(account.name, TASK, hours)
        ids = [one for found in marked.values() for one in found]
        tasks = {one: load(TASK, kept) for one, kept in account.mirrored(TASK, ids).items()}
        return [one for one, task in tasks.items() if 0 < task.alarm <= end], str(end)

    def _about_leads(self, cards: Sequence[Card], fresh: Fresh) -> list[About]:
        refs = [_seen_lead(card) for card in cards]
        people = self._persons([ref.contacts[0] for ref in refs if ref.contacts], fresh)
        return [About(_of(people, ref), lambda change, ref=ref: LeadEvent(ref, change)) for ref in refs]  # type: ignore[misc]

    def _about_tasks(self, cards: Sequence[Card], fresh: Fresh) -> list[About]:
        tasks = [card.known for card in cards if isinstance(card.known, KnownTask)]
        leads = self._read_leads([task.lead for task in tasks if task.lead])
        on = {task.id: leads.get(task.lead) for task in tasks}
        whose = {one: lead.contacts[0] if lead and lead.contacts else "" for one, lead in on.items()}
        whose.update((task.id, task.contact) for task in tasks if task.contact and not whose[task.id])
        people = self._persons([one for one in whose.values() if one], fresh)
        return [
            About(
                people.get(whose[card.known.id], Person()),
                lambda change, card=card: TaskEvent(  # type: ignore[misc]
                    on[card.known.id], card.known.text, card.result, card.ref(), change
                ),
            )
            for card in cards
        ]

    def _persons(self, contacts: Sequence[str], fresh: Fresh) -> dict[str, Person]:
        """By contact, from the mirror; those that it lacks are read in one call."""
        wanted = list(dict.fromkeys(contacts))
        known = {**self._people.known(wanted), **fresh}
        if missing := [one for one in wanted if one not in known]:
            read = (card.known for card in self._readers[CONTACTS].cards(missing).values())
            known.update((card.id, card) for card in read if isinstance(card, KnownContact))
        return {one: Person(contact.name, contact.phones, contact.emails) for one, contact in known.items()}


def _seen_lead(card: Card) -> LeadRef:
    """As rules see it, with what only the mirror knows."""
    ref: LeadRef = card.ref()
    known = card.known
    assert isinstance(known, KnownLead)  # noqa: S101 -- the reader of leads gives no other
    return replace(ref, stage_since=moment(known.stage_since))


def _of(people: Mapping[str, Person], lead: LeadRef) -> Person:
    return people.get(lead.contacts[0], Person()) if lead.contacts else Person()


def _fresh(seen: ByKind) -> Fresh:
    return {one.id: load_contact(one) for one in seen.get(CONTACTS.name, ())}


def _about_contacts(cards: Sequence[Card], _: Fresh) -> list[About]:
    return [About(_party(card), lambda change, card=card: ContactEvent(card.ref(), change)) for card in cards]  # type: ignore[misc]


def _about_companies(cards: Sequence[Card], _: Fresh) -> list[About]:
    return [About(_party(card), lambda change, card=card: CompanyEvent(card.ref(), change)) for card in cards]  # type: ignore[misc]


def _party(card: Card) -> Person:
    known = card.known
    assert isinstance(known, KnownContact | KnownCompany)  # noqa: S101 -- the reader of this kind gives no other
    return Person(known.name, known.phones, known.emails)
