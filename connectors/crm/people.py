"""Who is known: the index of the contacts' phones and emails, how it is kept fresh and asked."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from connectors.crm.account import Account
from connectors.crm.changes import CONTACTS
from connectors.crm.differences import ahead
from connectors.crm.mirror import CONTACT, LEAD, KnownContact, contact_snapshot, load_contact, load_lead
from connectors.crm.names import Names
from connectors.line import Haste, hurry
from provodka.crm import FoundPerson, LeadState, Progress
from provodka.payloads import Person
from provodka.stores import Snapshot

FILLED: Final = "contacts:filled"
FRESH: Final = "contacts:fresh"  # unix seconds: what changed before is in the index
OVERLAP: Final = 5  # seconds: what commits late has an older time
BUSY_SECONDS: Final = 1.0  # where much changes, one freshening a second is enough


class PeopleIndex(ABC):
    """The identity index of one account. Shared by threads: those who wait for a freshening share its result."""

    def __init__(self, account: Account, names: Names) -> None:
        self._account = account
        self._names = names
        self._mutex = threading.Lock()
        self._freshened_at = float("-inf")
        self._busy = False

    @abstractmethod
    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Read all contacts into the index, going on where an earlier run ended; whether it is complete."""

    @abstractmethod
    def read_changes(self) -> bool:
        """Bring what changed since the last time into the index; whether much happens just now."""

    @abstractmethod
    def search(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """Ask the CRM itself for each of these, while the index is not complete."""

    @property
    def filled(self) -> bool:
        """Whether the index holds all contacts. It may end: after too many changes at once it is to be filled anew."""
        return bool(self._account.cursor(FILLED))

    def find(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """Who of these is known. One freshening for all of them; until the index is filled, the CRM is asked."""
        if not any(person.identities for person in people):
            return [None] * len(people)
        if self.filled:
            self.freshen()
        known = self.ask_index(people)
        missed = [i for i, found in enumerate(known) if found is None and people[i].identities]
        if not self.filled and missed:
            for i, found in zip(missed, self.search([people[i] for i in missed]), strict=True):
                known[i] = found
        return known

    def freshen(self) -> None:
        """Bring what changed since the last time into the index."""
        asked = time.monotonic()
        with self._mutex:
            if self._freshened_at >= asked - (BUSY_SECONDS if self._busy else 0):
                return  # one that began after we asked has just ended, or so much happens that one a second must do
            began = time.monotonic()
            with hurry(Haste.SHARED):
                self._busy = self.read_changes()
            self._freshened_at = began

    def remember(self, contacts: Iterable[KnownContact]) -> None:
        """Put contacts that were just read into the index."""
        self.put(list(contacts), {})

    def made(self, contacts: Iterable[KnownContact]) -> None:
        """Put contacts of our own making into the index at once: what the CRM lists may show them only later."""
        self._account.put(CONTACT, [contact_snapshot(contact) for contact in contacts])

    def expect(self, aims: Mapping[str, Mapping[str, Any]]) -> None:
        """What a write of ours that is under way is about to set, by contact; nothing where it is over."""
        self._amend(list(aims), lambda kept: replace(kept, expected=dict(aims[kept.id])))

    def enriched(self, contacts: Mapping[str, KnownContact], before: Mapping[str, KnownContact]) -> None:
        """We have added phones and emails to these: to what the index has of them, and to what rules know of them."""
        self._amend(list(contacts), lambda kept: _enriched(kept, contacts[kept.id], before[kept.id]))

    def _amend(self, ids: Sequence[str], change: Callable[[KnownContact], KnownContact]) -> None:
        def amend(found: Mapping[str, Snapshot]) -> list[Snapshot]:
            return [contact_snapshot(change(load_contact(kept))) for kept in found.values()]

        if ids:
            self._account.store.amend_snapshots(self._account.name, CONTACT, ids, amend)

    def forget(self, ids: Sequence[str]) -> None:
        """These contacts are gone."""
        if ids:
            self._account.store.forget_snapshots(self._account.name, CONTACT, ids)

    def known(self, ids: Sequence[str]) -> dict[str, KnownContact]:
        """Contacts as the index has them."""
        return {one: load_contact(snapshot) for one, snapshot in self._account.mirrored(CONTACT, ids).items()}

    def put(self, contacts: Sequence[KnownContact], cursors: dict[str, str]) -> None:
        """What was read into the index, together with the cursors. What rules know of the contacts stays as it is."""
        since = int(self._account.cursor(CONTACTS.since) or 0)

        def amend(found: Mapping[str, Snapshot]) -> list[Snapshot]:
            return [
                contact_snapshot(ahead(load_contact(found[one.id]), one) if one.id in found else _met(one, since))
                for one in contacts
            ]

        if not contacts:
            self._account.put(CONTACT, [], cursors)
            return
        store, ids = self._account.store, [contact.id for contact in contacts]
        store.amend_snapshots(self._account.name, CONTACT, ids, amend, cursors=self._account.named(cursors))

    def choose(self, contacts: Sequence[KnownContact]) -> FoundPerson | None:
        """The one with an open lead stands for the person, else the one changed last; the same one every time."""
        different = {contact.id: contact for contact in contacts}
        ranked = sorted(different.values(), key=lambda c: (-c.updated_at, int(c.id)))
        if not ranked:
            return None
        busy = self.with_open_leads(ranked) if len(ranked) > 1 else set()
        ranked.sort(key=lambda contact: contact.id not in busy)
        others = tuple(other.id for other in ranked[1:])
        why = "with an open lead" if ranked[0].id in busy else "changed last"
        reason = f"of {len(ranked)} cards the one {why}" if others else ""
        return FoundPerson(ranked[0].neutral(self._names), others, reason)

    def with_open_leads(self, contacts: Sequence[KnownContact]) -> set[str]:
        """Which of these have one, by the mirror: a lead that it does not hold yet counts for nobody."""
        leads = self._account.mirrored(LEAD, [lead for contact in contacts for lead in contact.leads])
        known = (load_lead(snapshot) for snapshot in leads.values())
        places = {lead.id: (lead.pipeline_id, lead.status_id) for lead in known if lead.status_id is not None}
        is_open = {one for one, place in places.items() if self._names.place_of(*place)[2] is LeadState.OPEN}
        return {contact.id for contact in contacts if is_open.intersection(contact.leads)}

    def ask_index(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """Who of these is known to the index as it is now."""
        identities = list(dict.fromkeys(one for person in people for one in person.identities))
        account = self._account
        ids = account.store.find_snapshots(account.name, CONTACT, identities) if identities else {}
        contacts = self.known(list(dict.fromkeys(one for found in ids.values() for one in found)))
        return [
            self.choose([contacts[i] for one in person.identities for i in ids.get(one, ()) if i in contacts])
            for person in people
        ]


def _met(contact: KnownContact, since: int) -> KnownContact:
    """A contact that the index meets: rules are still to be told of one that was made after the beginning."""
    return replace(contact, announced=not contact.created_at or not since or contact.created_at < since)


def _enriched(kept: KnownContact, richer: KnownContact, before: KnownContact) -> KnownContact:
    told = dict(kept.told)
    members: dict[str, Any] = {}
    for member in ("phones", "emails"):
        added = [one for one in getattr(richer, member) if one not in getattr(before, member)]
        members[member] = tuple(dict.fromkeys([*getattr(kept, member), *added]))
        if member in told:
            told[member] = [*told[member], *(one for one in added if one not in told[member])]
    return replace(kept, **members, told=told, expected={})
