"""How each kind of a portal's cards is read: by id, by time of change, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from connectors.bitrix24.cards import Leads
from connectors.bitrix24.client import PAGE, id_of, moment
from connectors.bitrix24.open_tasks import results_of, tags_of_task
from connectors.bitrix24.people import read_company, read_contact
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import CHAIN, COMPANY_FIELDS, CONTACT_FIELDS, Room
from connectors.bitrix24.tasks import COMPLETED, SELECT, TIMES, is_completed, read_task, tasks_by_id
from connectors.crm.changes import Card
from connectors.crm.following import Keep
from connectors.crm.mirror import COMPANY, CONTACT, LEAD, TASK, KnownParty, KnownTask, load
from connectors.crm.mirror import moment as of_seconds
from provodka.crm import Progress
from provodka.payloads import CompanyRef, ContactRef, TaskRef

SWEPT: Final = "swept"  # unix seconds: when all ids were gone through
DAY: Final = 86_400

R = TypeVar("R", ContactRef, CompanyRef)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A list of the portal that is walked by ascending id. `member` is the time of change as filters spell it."""

    room: Room
    plural: str
    method: str
    key: str
    asked: Json
    member: str
    spelled: str  # the same in the rows

    def since(self, seconds: int) -> list[Json]:
        """What the filter gives is looked at again here: portals have been seen to mistake the zone of a filter."""
        wanted = {f">={self.member}": self.room.client.written(of_seconds(seconds))}
        pages = self.walk("0", wanted)
        return [row for page in pages for row in page if moment(row.get(self.spelled)).timestamp() >= seconds]

    def walk(self, after: str, wanted: Json, chain: int = 1) -> Iterator[list[Json]]:
        asked = {**self.asked, "filter": wanted}
        return self.room.client.walk(self.method, asked, key=self.key, after=after, chain=chain)

    def all(
        self, wanted: Json, card: Callable[[Json], Card], keep: Keep, progress: Progress, stop: Callable[[], bool]
    ) -> bool:
        def page(rows: list[Json], cursors: dict[str, str]) -> None:
            keep([card(row) for row in rows], cursors)

        return self.room.walk_all(self.plural, lambda after: self.walk(after, wanted, CHAIN), page, progress, stop)


class LeadReader:
    """The portal's leads or its deals, as it works."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        return {one: self._leads.card(item) for one, item in self._leads.items(ids).items()}

    def changed(self, since: int) -> dict[str, Card]:
        return {id_of(row): self._leads.card(row) for row in self._listed().since(since)}

    def fill(self, keep: Keep, progress: Progress, stop: Callable[[], bool]) -> bool:
        return self._listed().all({}, self._leads.card, keep, progress, stop)

    def _listed(self) -> _Listed:
        asked = {"entityTypeId": self._room.kind.type_id, "select": ["*"]}
        return _Listed(self._room, "leads", "crm.item.list", "id", asked, "updatedTime", "updatedTime")


class PartyReader:
    """Contacts or companies, by the classic family: the universal one does not list phones."""

    def __init__(self, room: Room, word: str, select: Sequence[str], card: Callable[[Json], Card]) -> None:
        self._room = room
        self._card = card
        self._select = select
        plural = {"contact": "contacts", "company": "companies"}[word]
        asked = {"select": list(select)}
        self._listed = _Listed(room, plural, f"crm.{word}.list", "ID", asked, "DATE_MODIFY", "DATE_MODIFY")

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        return self._made(self._room.classic_by_ids(self._listed.method, self._select, ids))

    def changed(self, since: int) -> dict[str, Card]:
        return self._made(self._listed.since(since))

    def fill(self, keep: Keep, progress: Progress, stop: Callable[[], bool]) -> bool:
        return self._listed.all({}, self._card, keep, progress, stop)

    def _made(self, rows: Iterable[Json]) -> dict[str, Card]:
        return {id_of(row): self._card(row) for row in rows}


class TaskReader:
    """The tasks of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room
        asked = {"select": [*SELECT, *TIMES]}
        self._listed = _Listed(room, "tasks", "tasks.task.list", "ID", asked, "CHANGED_DATE", "changedDate")

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        """Those that are gone, or that we may not read, are left out."""
        return self._made(list(tasks_by_id(self._room, ids).values()))

    def changed(self, since: int) -> dict[str, Card]:
        return self._made(self._listed.since(since))

    def fill(self, keep: Keep, progress: Progress, stop: Callable[[], bool]) -> bool:
        """The open ones: of the others nothing will ever be told."""
        return self._listed.all({"!STATUS": COMPLETED}, self._card, keep, progress, stop)

    def _made(self, rows: Sequence[Json]) -> dict[str, Card]:
        """The results are asked for only of tasks that the mirror does not know to be completed."""
        done = [id_of(row) for row in rows if is_completed(row)]
        kept = self._room.mirrored(TASK, done)
        known = {one for one, row in kept.items() if load(TASK, row).completed}
        results = results_of(self._room, [one for one in done if one not in known])
        return {one: self._card(row, next(iter(results.get(one, ())), "")) for row in rows if (one := id_of(row))}

    def _card(self, row: Json, result: str = "") -> Card:
        times = moment(row.get("createdDate")), moment(row.get("changedDate"))
        return Card(self._known(row), *times, lambda: self._ref(row), result)

    def _known(self, row: Json) -> KnownTask:
        return read_task(row, self._room.kind)

    def _ref(self, row: Json) -> TaskRef:
        known = self._known(row)
        return TaskRef(
            id=known.id,
            text=known.text,
            type=", ".join(tags_of_task(row)),
            due=of_seconds(known.due) if known.due else None,
            responsible=self._room.directory.login_of(known.responsible_id),
            completed=known.completed,
            contact=known.contact,
            company=known.company,
            created_at=moment(row.get("createdDate")),
        )


class Deletions:
    """What was deleted or merged: the portal keeps no list of it, so once a day all ids are gone through."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def since(self, _: int) -> dict[str, list[str]]:
        """By kind, the cards of the mirror whose ids the portal does not list."""
        room, now = self._room, int(self._room.now().timestamp())
        swept = room.cursor(SWEPT)
        if not swept or now - int(swept) < DAY:
            if not swept:
                room.put(LEAD, [], {SWEPT: str(now)})
            return {}
        lists: dict[str, tuple[str, str, Json]] = {
            LEAD: ("crm.item.list", "id", {"entityTypeId": room.kind.type_id, "select": ["id"]}),
            CONTACT: ("crm.contact.list", "ID", {"select": ["ID"]}),
            COMPANY: ("crm.company.list", "ID", {"select": ["ID"]}),
            TASK: ("tasks.task.list", "ID", {"select": ["ID"]}),
        }
        found: dict[str, list[str]] = {}
        for kind, (method, key, asked) in lists.items():
            held = room.store.snapshot_ids(room.name, kind)
            pages = room.client.walk(method, asked, key=key, chain=PAGE) if held else ()
            there = {id_of(row) for rows in pages for row in rows}
            found[kind] = [one for one in held if one not in there]
        room.put(LEAD, [], {SWEPT: str(now)})
        return found


def contact_reader(room: Room) -> PartyReader:
    def card(row: Json) -> Card:
        return _party(row, read_contact(row, room.directory), lambda known: _seen(room, ContactRef, "contact", known))

    return PartyReader(room, "contact", CONTACT_FIELDS, card)


def company_reader(room: Room) -> PartyReader:
    def card(row: Json) -> Card:
        return _party(row, read_company(row, room.directory), lambda known: _seen(room, CompanyRef, "company", known))

    return PartyReader(room, "company", COMPANY_FIELDS, card)


def _party(row: Json, known: KnownParty, ref: Callable[[KnownParty], Any]) -> Card:
    return Card(known, moment(row.get("DATE_CREATE")), moment(row.get("DATE_MODIFY")), lambda: ref(known))


def _seen(room: Room, kind: type[R], word: str, known: KnownParty) -> R:
    labels = room.directory.labels(word)
    return kind(
        id=known.id,
        name=known.name,
        url=f"{room.settings.portal}/crm/{word}/details/{known.id}/",
        phones=known.phones,
        emails=known.emails,
        responsible=room.directory.login_of(known.responsible_id),
        fields={labels.get(one, one): text for one, text in (known.fields or {}).items()},
        created_at=of_seconds(known.created_at),
    )
