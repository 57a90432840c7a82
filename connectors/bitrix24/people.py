"""Who is known to the portal: how the identity index is filled and kept fresh."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from connectors.bitrix24.cards import contacts_of
from connectors.bitrix24.client import CHAIN, PAGE, id_of, mapping, moment
from connectors.bitrix24.directory import COMPANY_TYPE, CONTACT_TYPE, Directory
from connectors.bitrix24.fields import decode
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import CONTACT_FIELDS, Room
from connectors.crm.account import CLOCKS
from connectors.crm.mirror import KnownCompany, KnownContact, emails_of, phones_of
from connectors.crm.mirror import moment as of_seconds
from connectors.crm.names import CustomField
from connectors.crm.people import FILLED, FRESH, OVERLAP, PeopleIndex
from provodka.crm import FoundPerson, LeadState, Progress
from provodka.payloads import Person

LAST_ID: Final = "contacts:last"  # where the first reading stands
FEW: Final = 25  # with more changes than that, one freshening a second is enough
MOST_PAGES: Final = 100  # of changes; beyond that, reading everything anew is cheaper
MOST_VALUES: Final = 20  # of a search for duplicates


class People(PeopleIndex):
    """The identity index of one portal."""

    def __init__(self, room: Room) -> None:
        super().__init__(room, room.directory)
        self._room = room
        self._recent: dict[str, KnownContact] = {}

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        room = self._room
        if self.filled:
            return True
        if not room.cursor(FRESH):
            self.put([], {FRESH: str(int(room.now().timestamp()) - CLOCKS)})
        walk = partial(room.client.walk, "crm.contact.list", _asked(), chain=CHAIN)
        return room.walk_all("contacts", lambda after: walk(after=after), self._keep, progress, stop)

    def _keep(self, rows: list[Json], cursors: dict[str, str]) -> None:
        self.put([self._read(row) for row in rows], cursors)

    def _read(self, row: Json) -> KnownContact:
        return read_contact(row, self._room.directory)

    def read_changes(self) -> bool:
        """Whatever was changed since the mark, by ascending id, so that equal times cannot hide anything."""
        room = self._room
        mark = int(room.cursor(FRESH) or 0)
        latest = int(room.now().timestamp()) + CLOCKS
        since = room.client.written(of_seconds(max(0, mark - OVERLAP)))
        seen: dict[str, KnownContact] = {}
        chain = min(len(self._recent) // PAGE + 1, CHAIN)  # as many as the last time, most of which come again
        walk = room.client.walk("crm.contact.list", _asked({">=DATE_MODIFY": since}), chain=chain)
        for pages, rows in enumerate(walk, start=1):
            seen.update((id_of(row), self._read(row)) for row in rows)
            if pages >= MOST_PAGES:
                self.put([], {FILLED: "", LAST_ID: "", FRESH: ""})
                return True
        newest = max([mark, *(one.updated_at for one in seen.values() if one.updated_at <= latest)])
        news = [contact for one, contact in seen.items() if self._recent.get(one) != contact]
        self.put(news, {FRESH: str(newest)} if newest > mark else {})
        self._recent = seen
        return len(seen) > FEW

    def with_open_leads(self, contacts: Sequence[KnownContact]) -> set[str]:
        """The portal is asked: a contact there does not tell its leads."""
        room = self._room
        ids = [contact.id for contact in contacts]
        (leads,) = room.all_items(room.kind, [{"@contactId": ids}])
        is_open = [
            lead
            for lead in leads
            if room.directory.place_of(int(lead.get("categoryId") or 0), str(lead.get("stageId")))[2] is LeadState.OPEN
        ]
        return {one for lead in is_open for one in contacts_of(lead)}.intersection(ids)

    def search(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """By the portal's own index of duplicates: two requests for all of them, whatever their number."""
        asked = [(i, command) for i, person in enumerate(people) for command in _searches(person)]
        answers = self._room.client.ask([command for _, command in asked])
        ids: list[list[str]] = [[] for _ in people]
        for (i, _), answer in zip(asked, answers, strict=True):
            ids[i] += (str(one) for one in mapping(answer).get("CONTACT") or ())
        rows = self._room.contacts_by_ids([one for some in ids for one in some])
        found = {id_of(row): self._read(row) for row in rows}
        self.remember(found.values())
        return [self.choose([found[one] for one in some if one in found]) for some in ids]


def read_contact(row: Json, directory: Directory) -> KnownContact:
    """A row of `crm.contact.list`; it holds PHONE and EMAIL only where there are any."""
    names = (str(row.get(key) or "").strip() for key in ("NAME", "SECOND_NAME", "LAST_NAME"))
    return KnownContact(**_party(row, directory.own_fields(CONTACT_TYPE)), name=" ".join(filter(None, names)))


def read_company(row: Json, directory: Directory) -> KnownCompany:
    """A row of `crm.company.list`."""
    return KnownCompany(**_party(row, directory.own_fields(COMPANY_TYPE)), name=str(row.get("TITLE") or ""))


def _party(row: Json, fields: Sequence[CustomField]) -> dict[str, Any]:
    return {
        "id": id_of(row),
        "phones": phones_of(values_of(row, "PHONE")),
        "emails": emails_of(values_of(row, "EMAIL")),
        "responsible_id": str(row.get("ASSIGNED_BY_ID") or "") or None,
        "fields": {str(one.id): text for one in fields if (text := decode(one, row.get(str(one.id))))},
        "created_at": int(moment(row.get("DATE_CREATE")).timestamp()),
        "updated_at": int(moment(row.get("DATE_MODIFY")).timestamp()),
    }


def values_of(row: Json, code: str) -> list[str]:
    """The values of PHONE or EMAIL as they were typed."""
    values = row.get(code)
    return [str(one.get("VALUE") or "") for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _asked(filters: Json | None = None) -> Json:
    return {"select": list(CONTACT_FIELDS), "filter": filters or {}}


def _searches(person: Person) -> list[Command]:
    """One kind of card per call, since twenty hits of one hide the others; all values as texts, or they are skipped."""
    phones = [form for phone in person.phones for form in forms(phone)]
    return [
        Command(
            "crm.duplicate.findbycomm",
            {"type": kind, "values": values[start : start + MOST_VALUES], "entity_type": "CONTACT"},
        )
        for kind, values in (("PHONE", phones), ("EMAIL", list(person.emails)))
        for start in range(0, len(values), MOST_VALUES)
    ]


def forms(phone: str) -> list[str]:
    """As we write it, and with the Russian 8 in front: portals differ in what they hold for equal."""
    return [phone, f"8{phone[2:]}"] if phone.startswith("+7") else [phone]
