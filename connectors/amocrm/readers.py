"""How each kind of amoCRM's cards is read: by id, by time of change, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.firm_fields import FirmFields
from connectors.amocrm.known import (
    company_ref,
    contact_ref,
    read_company,
    read_contact,
    read_task,
    result_of,
    task_ref,
)
from connectors.amocrm.room import Room
from connectors.crm.changes import Authors, Card
from connectors.crm.following import Keep
from connectors.crm.mirror import TASK, KnownCard, moment
from provodka.crm import Progress

OPEN: Final = [("filter[is_completed]", "0")]
EVENT_PAGE: Final = 100
MOST_EVENTS: Final = 50  # pages of them; whoever deletes more at once has the rest forgotten when it is next met
TASK_EVENTS: Final = ("task_added", "task_completed", "task_deadline_changed", "task_text_changed")
DELETIONS: Final = ("lead_deleted", "contact_deleted", "company_deleted", "task_deleted", "entity_merged")


@dataclass(frozen=True, slots=True)
class CardReader:
    """Leads, contacts or companies of one account, which can be listed by their time of change."""

    room: Room
    entity: str
    with_: str
    make: Callable[[Json], Card]

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        return self._made(self.room.by_ids(self.entity, ids, self.with_).values())

    def changed(self, since: int) -> dict[str, Card]:
        """Newest first, back to that moment."""
        found: dict[str, Json] = {}
        for items in self.room.newest_changes(self.entity, self.with_, many=False):
            fresh = [item for item in items if int(item.get("updated_at") or 0) >= since]
            found.update((str(item["id"]), item) for item in fresh)
            if len(fresh) < len(items):
                break
        return self._made(found.values())

    def fill(self, keep: Keep, progress: Progress, stop: Callable[[], bool]) -> bool:
        def page(items: list[Json], cursors: dict[str, str]) -> None:
            keep(list(self._made(items).values()), cursors)

        return self.room.read_all(self.entity, self.with_, page, {}, progress, stop)

    def _made(self, items: Iterable[Json]) -> dict[str, Card]:
        return {str(item["id"]): self.make(item) for item in items if not item.get("is_deleted")}


@dataclass(frozen=True, slots=True)
class TaskReader:
    """Tasks of one account. They are not listed by their time of change: that takes a filter.

    An account without API filtering overlooks filters: there the feed of events tells which tasks to look at.
    """

    room: Room

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        return {one: self._card(item) for one, item in self.room.by_ids("tasks", ids, "").items()}

    def changed(self, since: int) -> dict[str, Card]:
        if not self.room.directory.account().api_filter:
            return self.cards(told_of(self.room, TASK_EVENTS, since).get(TASK, []))
        asked = [("filter[updated_at][from]", str(since)), ("order[id]", "asc")]
        items = (item for _, page in self.room.client.pages("/tasks", "tasks", asked) for item in page)
        return {str(item["id"]): self._card(item) for item in items if int(item.get("updated_at") or 0) >= since}

    def fill(self, keep: Keep, progress: Progress, stop: Callable[[], bool]) -> bool:
        """The open ones: of the others nothing will ever be told."""

        def page(items: list[Json], cursors: dict[str, str]) -> None:
            keep([self._card(item) for item in items if not item.get("is_completed")], cursors)

        return self.room.read_all("tasks", "", page, {}, progress, stop, OPEN)

    def _card(self, item: Json) -> Card:
        known = read_task(item, self.room.directory)
        return _card(item, known, lambda: task_ref(item, self.room.directory), result_of(item.get("result")))


def deleted(room: Room, since: int) -> dict[str, list[str]]:
    """What the feed of events calls deleted or merged, by kind."""
    return told_of(room, DELETIONS, since)


def told_of(room: Room, types: Sequence[str], since: int) -> dict[str, list[str]]:
    """The cards of events of these types, by kind. The feed has the newest first; filters may be overlooked."""
    asked = [("filter[type]", ",".join(types)), ("filter[created_at][from]", str(since))]
    found: dict[str, list[str]] = {}
    for page, items in room.client.pages("/events", "events", asked, limit=EVENT_PAGE):
        fresh = [item for item in items if int(item.get("created_at") or 0) >= since]
        for item in fresh:
            if item.get("type") in types:
                found.setdefault(str(item.get("entity_type")), []).append(str(item.get("entity_id")))
        if len(fresh) < len(items) or page >= MOST_EVENTS:
            break
    return found


def contact_reader(room: Room) -> CardReader:
    """Contacts, as the index of people has them too."""

    def make(item: Json) -> Card:
        known = read_contact(item, room.zone)
        return _card(item, known, lambda: contact_ref(item, room.directory, room.settings.url))

    return CardReader(room, "contacts", "leads", make)


def company_reader(room: Room) -> CardReader:
    firm = FirmFields(room)

    def make(item: Json) -> Card:
        known = read_company(item, room.zone)
        return _card(item, known, lambda: company_ref(item, room.directory, room.settings.url, *firm.read(item)))

    return CardReader(room, "companies", "", make)


def _card(item: Json, known: KnownCard, ref: Callable[[], object], result: str = "") -> Card:
    authors = Authors(item.get("created_by"), item.get("updated_by"))
    return Card(known, moment(item.get("created_at")), moment(item.get("updated_at")), ref, result, authors)
