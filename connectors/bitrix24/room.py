"""What the parts of this room share: one portal with its client, names, store and clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.bitrix24.client import PAGE, UNCOUNTED, Client, id_of, rows_of
from connectors.bitrix24.directory import COMPANIES, CONTACTS, Directory, Kind
from connectors.bitrix24.problems import GONE, NOT_FOUND
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.settings import BitrixSettings
from connectors.crm.account import Account
from connectors.crm.names import UNKNOWN_NAME
from provodka.crm import CardKind, Progress
from provodka.errors import Ambiguous, ConnectorError, RateLimited, Rejected, Retryable
from provodka.operation import Done, Outcome

_AUTHORS: Final = ("CREATED_BY_ID", "MODIFY_BY_ID")
_PARTY: Final = ("ID", "ASSIGNED_BY_ID", "DATE_CREATE", "DATE_MODIFY", *_AUTHORS, "PHONE", "EMAIL", "UF_*")
CONTACT_FIELDS: Final = (*_PARTY, "NAME", "SECOND_NAME", "LAST_NAME", "ORIGIN_ID")
COMPANY_FIELDS: Final = (*_PARTY, "TITLE")
LOST: Final = "Поля, которое меняет правило, в Битрикс24 больше нет: укажите другое."
NOWHERE: Final = "Не указано, к какой карточке или контакту относится запись."
Reader = Callable[[Any], Outcome]


@dataclass(frozen=True, slots=True)
class Room(Account):
    """One portal of Bitrix24."""

    settings: BitrixSettings
    client: Client
    directory: Directory

    @property
    def settle_seconds(self) -> float:
        return self.settings.settle_seconds

    @property
    def kind(self) -> Kind:
        """What the portal's leads are."""
        return self.directory.kind

    def kind_of(self, card: CardKind) -> Kind:
        """What a kind of card is on this portal."""
        return {CardKind.LEAD: self.kind, CardKind.CONTACT: CONTACTS, CardKind.COMPANY: COMPANIES}[card]

    def stamp(self, key: str) -> Json:
        """Our origin stamp in a card of the universal family."""
        return {"originatorId": self.settings.originator, "originId": key}

    def classic_stamp(self, key: str) -> Json:
        """The same in the classic family."""
        return {"ORIGINATOR_ID": self.settings.originator, "ORIGIN_ID": key}

    def items(self, kind: Kind, filters: Sequence[Mapping[str, Any]]) -> list[list[Json]]:
        """For each filter the first fifty cards of this kind by their ids, in as few requests as can be."""
        asked = {"entityTypeId": kind.type_id, "select": ["*"], "order": {"id": "ASC"}, "start": UNCOUNTED}
        found = self.client.ask([Command("crm.item.list", {**asked, "filter": one}) for one in filters])
        return [rows_of(result) for result in found]

    def all_items(self, kind: Kind, filters: Sequence[Mapping[str, Any]]) -> list[list[Json]]:
        """For each filter all cards of this kind by their ids; what goes beyond fifty costs more requests."""
        found = self.items(kind, filters)
        for rows, wanted in zip(found, filters, strict=True):
            if len(rows) == PAGE:
                asked = {"entityTypeId": kind.type_id, "select": ["*"], "filter": wanted}
                for page in self.client.walk("crm.item.list", asked, key="id", after=id_of(rows[-1])):
                    rows += page
        return found

    def by_ids(self, kind: Kind, ids: Sequence[str]) -> dict[str, Json]:
        """Cards by id; those that are gone, or that we may not read, are absent."""
        wanted = [one for one in dict.fromkeys(ids) if one.isdecimal()]  # another would spoil the answer for all
        parts = [wanted[start : start + PAGE] for start in range(0, len(wanted), PAGE)]
        rows = [row for part in self.items(kind, [{"@id": part} for part in parts]) for row in part]
        return {id_of(row): row for row in rows}

    def contacts_by_ids(self, ids: Sequence[str]) -> list[Json]:
        """Contacts by id, with their phones and emails, which must be asked for by name; the gone are absent."""
        return self.classic_by_ids("crm.contact.list", CONTACT_FIELDS, ids)

    def classic_by_ids(self, method: str, select: Sequence[str], ids: Sequence[str]) -> list[Json]:
        """Rows of a list of the classic family by id; those that are gone are absent."""
        wanted = list(dict.fromkeys(ids))
        asked = {"select": list(select), "order": {"ID": "ASC"}, "start": UNCOUNTED}
        parts = [{"@ID": wanted[start : start + PAGE]} for start in range(0, len(wanted), PAGE)]
        found = self.client.ask([Command(method, {**asked, "filter": one}) for one in parts])
        return [row for result in found for row in rows_of(result)]

    def walk_all(
        self,
        plural: str,
        walk: Callable[[str], Iterator[list[Json]]],
        keep: Callable[[list[Json], dict[str, str]], None],
        progress: Progress,
        stop: Callable[[], bool],
    ) -> bool:
        """Every row of a list, going on behind the id where an earlier run ended; whether it is complete.

        `walk` gives the pages behind an id, and `keep` stores a page together with the cursors.
        """
        last_id, filled = f"{plural}:last", f"{plural}:filled"
        if self.cursor(filled):
            return True
        done = 0
        for rows in walk(self.cursor(last_id) or "0"):
            keep(rows, {last_id: id_of(rows[-1])})
            done += len(rows)
            progress(done)
            if stop():
                return False
        keep([], {filled: self.now().isoformat()})
        return True

    def deliver(self, commands: Mapping[int, Command], read: Reader) -> dict[int, Outcome]:
        """Send writes that do not hang on one another, and read the outcome of each."""
        outcomes: dict[int, Outcome] = {}
        order = list(commands)
        for start in range(0, len(order), PAGE):
            part = order[start : start + PAGE]
            try:
                answer = self.client.batch({f"w{i}": commands[i] for i in part}, write=True)
            except ConnectorError as error:
                outcomes.update(dict.fromkeys(part, error))
                continue
            for i in part:
                outcomes[i] = told(answer.results, answer.errors, f"w{i}", read)
                if isinstance(outcomes[i], Done) and (lost := _lost(commands[i], answer.results.get(f"w{i}"))):
                    outcomes[i] = Rejected(f"the portal has no field {lost} any more", hint=LOST, code=UNKNOWN_NAME)
        return outcomes


def _lost(command: Command, result: object) -> str:
    """A user field that was to change and that the changed card does not have: that is overlooked without a word."""
    if command.method != "crm.item.update":
        return ""
    item = item_of(result)
    fields = command.params.get("fields") or {}
    return next((name for name in fields if name.startswith("ufCrm") and name not in item), "")


def told(results: Json, errors: Mapping[str, ConnectorError], key: str, read: Reader) -> Outcome:
    """What a batch tells of one of its writes."""
    if key in errors:
        return errors[key]
    if key not in results:
        return Ambiguous("the answer does not mention this item")
    return read(results[key])


def made(result: object) -> Outcome:
    """A create of the classic family answers with the bare id."""
    one = str(result if not isinstance(result, dict) else id_of(result))
    return Done(one) if one.isdigit() and one != "0" else Ambiguous("the answer holds no id")


def item_of(result: object) -> Json:
    """The card in the answer of `crm.item.*`."""
    inner = result.get("item") if isinstance(result, dict) else None
    return inner if isinstance(inner, dict) else {}


def gone(kind: str, one: str) -> Rejected:
    """The refusal for a card that is not there."""
    return Rejected(f"{kind} {one} is not on the portal", hint=GONE, code=NOT_FOUND)


def number(one: str) -> int:
    """An id as the portal counts; Rejected for what none can be."""
    if not one.isdecimal():
        raise Rejected(f"«{one}» is no id of the portal", hint=GONE, code=NOT_FOUND)
    return int(one)


def named(outcome: Outcome, one: str) -> Outcome:
    """A success with the id of what was changed, whatever the portal answered."""
    return Done(one) if isinstance(outcome, Done) else outcome


def unfinished(error: ConnectorError, what: str) -> ConnectorError:
    """The error of a second step: what may still succeed must find the card of the first, not make another one."""
    if isinstance(error, RateLimited | Retryable):
        return Ambiguous(f"the card is made, {what} are not yet: {error.reason}", status=error.status)
    return error


def place_of(lead_id: str, contact_id: str, kind: Kind) -> tuple[str, str, int]:
    """The card that a task, note or call hangs on: `lead`, `deal` or `contact`, its letter, its id."""
    if lead_id:
        return kind.path, kind.letter, int(lead_id)
    if contact_id:
        return "contact", "C", int(contact_id)
    raise Rejected("neither a lead nor a contact is named", hint=NOWHERE)


def since(moment: datetime, clocks: int) -> float:
    """Unix seconds of what may have been made at that moment or later, by another clock."""
    return moment.timestamp() - clocks
