"""How each kind of a portal's cards is read: by id, by time of change, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from connectors.bitrix24.cards import Leads
from connectors.bitrix24.client import CHAIN, PAGE, id_of, mapping, moment, rows_of
from connectors.bitrix24.people import read_company, read_contact
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.requisites import Requisites
from connectors.bitrix24.room import COMPANY_FIELDS, CONTACT_FIELDS, Room
from connectors.bitrix24.tasks import COMPLETED, SELECT, TIMES, results_of, task_text
from connectors.crm.changes import Authors, Card
from connectors.crm.following import Keep
from connectors.crm.mirror import COMPANY, CONTACT, LEAD, TASK, KnownParty, KnownTask
from connectors.crm.mirror import moment as of_seconds
from provodka.crm import Progress
from provodka.errors import Rejected
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
        """One by one in batches of fifty; those that are gone, or that we may not read, are left out."""
        found: list[Json] = []
        for start in range(0, len(ids), PAGE):
            part = {one: Command("tasks.task.get", {"taskId": one, **self._listed.asked}) for one in ids[start:][:PAGE]}
            answer = self._room.client.batch({f"t{one}": command for one, command in part.items()})
            for one in part:
                error = answer.errors.get(f"t{one}")
                if error is not None and not isinstance(error, Rejected):
                    raise error
                found += rows_of({"tasks": [mapping(answer.results.get(f"t{one}")).get("task")]})
        return self._cards(found)

    def changed(self, since: int) -> dict[str, Card]:
        return self._cards(self._listed.since(since))

    def fill(self, keep: Keep, progress: Progress, stop: Callable[[], bool]) -> bool:
        """The open ones: of the others nothing will ever be told."""
        return self._listed.all({"!STATUS": COMPLETED}, self._card, keep, progress, stop)

    def _cards(self, rows: Sequence[Json]) -> dict[str, Card]:
        """With the newest result of those that are completed."""
        results = results_of(self._room, [id_of(row) for row in rows if str(row.get("status")) == COMPLETED])
        told = {one: texts[0] for one, texts in results.items() if texts}
        return {id_of(row): self._card(row, told.get(id_of(row), "")) for row in rows}

    def _card(self, row: Json, result: str = "") -> Card:
        created, changed = (moment(row.get(member)) for member in ("createdDate", "changedDate"))
        authors = Authors(row.get("createdBy"), row.get("changedBy"), {"completed": row.get("closedBy")})
        return Card(read_task(row, self._room), created, changed, lambda: self._ref(row), result, authors)

    def _ref(self, row: Json) -> TaskRef:
        known = read_task(row, self._room)
        return TaskRef(
            id=known.id,
            text=known.text,
            type=known.type,
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


def read_task(row: Json, room: Room) -> KnownTask:
    """A task as its family shows it, with the fields of SELECT and TIMES."""
    completed = str(row.get("status")) == COMPLETED
    closed = moment(row.get("closedDate") or row.get("changedDate"))
    return KnownTask(
        id=id_of(row),
        text=task_text(row),
        due=int(moment(row.get("deadline")).timestamp()),
        completed=completed,
        closed_at=int(closed.timestamp()) if completed else 0,
        responsible_id=str(row.get("responsibleId") or "") or None,
        lead=_bound(row, room.kind.letter),
        contact=_bound(row, "C"),
        company=_bound(row, "CO"),
        type=", ".join(_titles(row.get("tags"))),
    )


def contact_reader(room: Room) -> PartyReader:
    def card(row: Json) -> Card:
        return _party(row, read_contact(row, room.directory), lambda known: _seen(room, ContactRef, "contact", known))

    return PartyReader(room, "contact", CONTACT_FIELDS, card)


def company_reader(room: Room) -> PartyReader:
    requisites = Requisites(room)

    def ref(known: KnownParty) -> CompanyRef:
        seen = _seen(room, CompanyRef, "company", known)
        inn, kpp = requisites.of_card(seen.id, seen.fields)
        return replace(seen, inn=inn, kpp=kpp)

    def card(row: Json) -> Card:
        return _party(row, read_company(row, room.directory), ref)

    return PartyReader(room, "company", COMPANY_FIELDS, card)


def _party(row: Json, known: KnownParty, ref: Callable[[KnownParty], Any]) -> Card:
    authors = Authors(row.get("CREATED_BY_ID"), row.get("MODIFY_BY_ID"))
    made, changed = moment(row.get("DATE_CREATE")), moment(row.get("DATE_MODIFY"))
    return Card(known, made, changed, lambda: ref(known), authors=authors)


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


def _bound(row: Json, letter: str) -> str:
    """The id of the card of this letter that a task hangs on: `L_17`, `D_17`, `C_7`, `CO_3`."""
    bound = row.get("ufCrmTask")
    rows = bound if isinstance(bound, list) else [bound]
    return next((str(one).removeprefix(f"{letter}_") for one in rows if str(one).startswith(f"{letter}_")), "")


def _titles(tags: object) -> list[str]:
    """Tags come as texts, or by their ids with a title."""
    rows = tags.values() if isinstance(tags, dict) else tags if isinstance(tags, list) else ()
    return [str(one.get("title") or one.get("name") or "") if isinstance(one, dict) else str(one) for one in rows]
