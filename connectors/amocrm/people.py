"""Who is known: the index of the contacts' phones and emails, how it is filled, kept fresh and asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.known import CONTACT, KnownContact, contact_snapshot, load_contact, read_contact
from connectors.amocrm.room import CLOCKS, Room
from provodka.crm import FoundPerson, Progress
from provodka.payloads import Person

PAGE_CURSOR, FILLED = "contacts:page", "contacts:filled"
FRESH: Final = "contacts:fresh"  # unix seconds: what changed before is in the index
OVERLAP: Final = 5  # seconds: what commits late has an older time
FEW: Final = 12
BUSY_SECONDS: Final = 1.0  # with more changes than that, one freshening a second is enough
MOST_PAGES: Final = 100  # of changes; beyond that, reading everything anew is cheaper
PHONE_DIGITS: Final = 10  # `query` compares as typed: +7… and 8… share only the last ten digits


class People:
    """The identity index of one account. Shared by threads: those who wait for a freshening share its result."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._mutex = threading.Lock()
        self._freshened_at = float("-inf")
        self._recent: dict[str, Json] = {}
        self._busy = False

    @property
    def filled(self) -> bool:
        """Whether the index holds all contacts. It may end: after too many changes at once it is to be filled anew."""
        return bool(self._room.cursor(FILLED))

    def find(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """Who of these is known. One freshening call for all of them; until the index is filled, a search for each."""
        if not any(person.identities for person in people):
            return [None] * len(people)
        if self.filled:
            self.freshen()
        known = self._ask_index(people)
        if self.filled:
            return known
        return [found or self._search(person) for person, found in zip(people, known, strict=True)]

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Read all contacts into the index by pages, going on where an earlier run ended; whether it is complete."""
        start = {FRESH: str(int(self._room.now().timestamp()) - CLOCKS)}
        return self._room.read_all("contacts", "leads", self._keep, start, progress, stop)

    def freshen(self) -> None:
        """Bring what changed since the last time into the index: newest first, back to the mark."""
        asked = time.monotonic()
        with self._mutex:
            if self._freshened_at >= asked - (BUSY_SECONDS if self._busy else 0):
                return  # one that began after we asked has just ended, or so much happens that one a second must do
            began = time.monotonic()
            self._read_changes()
            self._freshened_at = began

    def remember(self, contacts: Iterable[KnownContact]) -> None:
        """Put contacts into the index at once: the search of amoCRM may show our own creations only seconds later."""
        rows = list(contacts)
        for contact in rows:
            self._recent.pop(contact.id, None)
        self._put(rows, {})

    def refresh(self, ids: Sequence[str]) -> None:
        """Read these contacts anew; those that are gone leave the index."""
        found = self._room.by_ids("contacts", ids, "leads")
        self.remember(read_contact(item) for item in found.values())
        self.forget([one for one in ids if one not in found])

    def forget(self, ids: Sequence[str]) -> None:
        """These contacts are gone."""
        for one in ids:
            self._recent.pop(one, None)
        if ids:
            self._room.store.forget_snapshots(self._room.name, CONTACT, ids)

    def known(self, ids: Sequence[str]) -> dict[str, KnownContact]:
        """Contacts as the index has them."""
        found = self._room.store.snapshots(self._room.name, CONTACT, ids) if ids else {}
        return {one: load_contact(snapshot) for one, snapshot in found.items()}

    def _read_changes(self) -> None:
        mark = int(self._room.cursor(FRESH) or 0)
        latest = int(self._room.now().timestamp()) + CLOCKS
        seen: dict[str, Json] = {}
        news: list[KnownContact] = []
        newest = mark
        for pages, items in enumerate(self._room.newest_changes("contacts", "leads", many=self._busy), start=1):
            fresh = {str(item["id"]): item for item in items if _changed_at(item) >= mark - OVERLAP}
            page_news = [item for one, item in fresh.items() if self._recent.get(one) != item and one not in seen]
            seen.update(fresh)
            news += map(read_contact, page_news)
            newest = max([newest, *(at for item in page_news if (at := _changed_at(item)) <= latest)])
            if len(fresh) < len(items) or (not page_news and items and _changed_at(items[-1]) <= mark):
                break
            if pages >= MOST_PAGES:
                self._put([], {FILLED: "", PAGE_CURSOR: "", FRESH: ""})
                return
        self._put(news, {FRESH: str(newest)} if newest > mark else {})
        self._recent, self._busy = seen, len(seen) > FEW

    def _ask_index(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        room = self._room
        identities = list(dict.fromkeys(one for person in people for one in person.identities))
        ids = room.store.find_snapshots(room.name, CONTACT, identities) if identities else {}
        contacts = self.known(list(dict.fromkeys(one for found in ids.values() for one in found)))
        return [
            self._choose([contacts[i] for one in person.identities for i in ids.get(one, ()) if i in contacts])
            for person in people
        ]

    def _search(self, person: Person) -> FoundPerson | None:
        """By amoCRM's own search, which also finds the digits in other fields: so look at the values themselves."""
        queries = [(f"phone:{p}", p[-PHONE_DIGITS:]) for p in person.phones]
        queries += [(f"email:{e}", e) for e in person.emails]
        for wanted, query in queries:
            pages = self._room.client.pages("/contacts", "contacts", [("query", query), ("with", "leads")])
            read = [read_contact(item) for _, items in pages for item in items if not item.get("is_deleted")]
            found = [contact for contact in read if wanted in contact.identities]
            if found:
                self.remember(found)
                return self._choose(found)
        return None

    def _choose(self, contacts: Sequence[KnownContact]) -> FoundPerson | None:
        """The one changed last stands for the person; the order is the same every time."""
        different = {contact.id: contact for contact in contacts}
        ranked = sorted(different.values(), key=lambda c: (-c.updated_at, int(c.id)))
        if not ranked:
            return None
        return FoundPerson(ranked[0].neutral(self._room.directory), tuple(other.id for other in ranked[1:]))

    def _keep(self, items: list[Json], cursors: dict[str, str]) -> None:
        self._put([read_contact(item) for item in items], cursors)

    def _put(self, contacts: Sequence[KnownContact], cursors: dict[str, str]) -> None:
        self._room.put(CONTACT, [contact_snapshot(contact) for contact in contacts], cursors)


def _changed_at(item: Json) -> int:
    return int(item.get("updated_at") or 0)
