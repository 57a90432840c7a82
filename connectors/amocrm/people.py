"""Who is known to amoCRM: how the identity index is filled and kept fresh."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.known import read_contact
from connectors.amocrm.room import Room
from connectors.crm.account import CLOCKS
from connectors.crm.mirror import KnownContact
from connectors.crm.people import FILLED, FRESH, OVERLAP, PeopleIndex
from provodka.crm import FoundPerson, Progress
from provodka.errors import RateLimited
from provodka.payloads import Person

PAGE_CURSOR: Final = "contacts:page"
FEW: Final = 12  # with more changes than that, one freshening a second is enough
MOST_PAGES: Final = 100  # of changes; beyond that, reading everything anew is cheaper
SEARCHED_SINGLY: Final = 5  # people of one batch
FILLING_SECONDS: Final = 10.0
FILLING_HINT: Final = "Ничего не делайте: Provodka впервые читает контакты CRM, заявки уйдут сами"
PHONE_DIGITS: Final = 10  # `query` compares as typed: +7… and 8… share only the last ten digits


class People(PeopleIndex):
    """The identity index of one account."""

    def __init__(self, room: Room) -> None:
        super().__init__(room, room.directory)
        self._room = room
        self._recent: dict[str, Json] = {}
        self._filling = threading.Lock()

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        start = {FRESH: str(int(self._room.now().timestamp()) - CLOCKS)}
        return self._room.read_all("contacts", "leads", self._keep, start, progress, stop)

    def made(self, contacts: Iterable[KnownContact]) -> None:
        rows = list(contacts)
        for contact in rows:
            self._recent.pop(contact.id, None)
        super().made(rows)

    def forget(self, ids: Sequence[str]) -> None:
        for one in ids:
            self._recent.pop(one, None)
        super().forget(ids)

    def read_changes(self) -> bool:
        """Newest first, back to the mark."""
        mark = int(self._room.cursor(FRESH) or 0)
        latest = int(self._room.now().timestamp()) + CLOCKS
        seen: dict[str, Json] = {}
        news: list[KnownContact] = []
        newest = mark
        for pages, items in enumerate(self._room.newest_changes("contacts", "leads", many=self._busy), start=1):
            fresh = {str(item["id"]): item for item in items if _changed_at(item) >= mark - OVERLAP}
            page_news = [item for one, item in fresh.items() if self._recent.get(one) != item and one not in seen]
            seen.update(fresh)
            news += [read_contact(item, self._room.zone) for item in page_news]
            newest = max([newest, *(at for item in page_news if (at := _changed_at(item)) <= latest)])
            if len(fresh) < len(items) or (not page_news and items and _changed_at(items[-1]) <= mark):
                break
            if pages >= MOST_PAGES:
                self.put([], {FILLED: "", PAGE_CURSOR: "", FRESH: ""})
                return self._busy
        self.put(news, {FRESH: str(newest)} if newest > mark else {})
        self._recent = seen
        return len(seen) > FEW

    def search(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """One by one while they are few. Many wait for the index: a page of it tells of 250 cards, a search of one."""
        if len(people) <= SEARCHED_SINGLY:
            return [self._search(person) for person in people]
        self._fill_on()
        self.freshen()
        return self.ask_index(people)

    def _fill_on(self) -> None:
        """Go on with the filling for a while; RateLimited, which uses up no attempt, where that is not enough."""
        end = time.monotonic() + FILLING_SECONDS
        if self._filling.acquire(blocking=False):
            try:
                if self.fill(stop=lambda: time.monotonic() > end):
                    return
            finally:
                self._filling.release()
        raise RateLimited("the index of people is being filled", hint=FILLING_HINT, wait=1.0)

    def _search(self, person: Person) -> FoundPerson | None:
        """By amoCRM's own search, which also finds the digits in other fields: so look at the values themselves."""
        queries = [(f"phone:{p}", p[-PHONE_DIGITS:]) for p in person.phones]
        queries += [(f"email:{e}", e) for e in person.emails]
        for wanted, query in queries:
            pages = self._room.client.pages("/contacts", "contacts", [("query", query), ("with", "leads")])
            read = [
                read_contact(item, self._room.zone)
                for _, items in pages
                for item in items
                if not item.get("is_deleted")
            ]
            found = [contact for contact in read if wanted in contact.identities]
            if found:
                self.remember(found)
                return self.choose(found)
        return None

    def _keep(self, items: list[Json], cursors: dict[str, str]) -> None:
        self.put([read_contact(item, self._room.zone) for item in items], cursors)


def _changed_at(item: Json) -> int:
    return int(item.get("updated_at") or 0)
