"""Finding events by what support has in hand: an id or a piece of it, a phone in any form, an email, a lead, a name, or
the number of an invoice, of an order or of a payment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from provodka import identity
from provodka.journal import Journal, StoredEvent, lanes, naming, numbering, people, queries
from provodka.journal.numbering import Numbered
from provodka.journal.queries import EventLine
from provodka.payloads import EventType

_PIECE: Final = re.compile(r"[0-9a-f]{4,40}")
_CARD: Final = re.compile(r"(lead|contact|company):(\d+)")
_LINK: Final = re.compile(
    r"\S*/(?P<kind>leads|contacts|companies|crm/deal|crm/lead|crm/contact|crm/company)/details?/(?P<id>\d+)(?!\d)\S*"
)
_KINDS: Final = {
    "leads": "lead", "crm/deal": "lead", "crm/lead": "lead",
    "contacts": "contact", "crm/contact": "contact", "companies": "company", "crm/company": "company",
}  # fmt: skip
_LEAD: Final = re.compile(r"(?:(сделка|лид|заявка|lead|deal)\s*)?(?:№|#|n)?\s*(\d{1,12})", re.IGNORECASE)
_CALLED: Final = {
    "сч[её]т|invoice|bill": numbering.INVOICE,
    "заказ|order": numbering.ORDER,
    "плат[её]ж|оплата|payment": numbering.PAYMENT,
    "накладная|упд|реализация|отгрузка|shipment": numbering.SHIPMENT,
    "заявка|request": numbering.REQUEST,
}
_NUMBER: Final = re.compile(
    rf"(?:({'|'.join(_CALLED)})\s*(?:на оплату|покупателю|клиента|покупателя)?(?![^\W\d_])\s*)?"
    r"(?:(?:№|#|номер|no\.|n)\s*)?(\w[\w ./:-]*?)(?:\s+(?:от|from)\s.*)?",
    re.IGNORECASE,
)
MANY: Final = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: one event, or the events of a person (newest first), or ids that are too alike, or numbers of
    several people.

    `way` is `id`, `phone`, `email`, `lead`, what a number is of (`invoice`, `order`, …), `number` for one that nobody
    has, or empty where the wanted text is none of them.
    """

    way: str
    one: StoredEvent | None = None
    lines: Sequence[EventLine] = ()
    alike: Sequence[str] = ()
    numbers: Sequence[Numbered] = ()


def find(journal: Journal, wanted: str) -> Found:
    """Look for one event or a person's. What could be both is first taken for a person that is known."""
    wanted = wanted.strip()
    who = identity_of(wanted)
    if who:
        lines = events_of(journal, who, MANY)
        if lines:
            return Found(who.partition(":")[0], lines=lines)
    if numbers := journal.read(lambda c: [*_lead_numbered(c, wanted), *_numbered(c, wanted)]):
        one = numbers[0]
        if len({found.lane for found in numbers}) > 1:
            return Found(one.kind, numbers=numbers)
        return Found(one.kind, lines=journal.read(lambda c: queries.list_events(c, lane=one.lane, limit=MANY)))
    if _PIECE.fullmatch(wanted.lower()):
        found = journal.read(lambda c: _by_id(c, wanted.lower()))
        return found if found.one or found.alike or not who else replace(found, way=who.partition(":")[0])
    return Found(who.partition(":")[0] or ("number" if re.search(r"\d", wanted) and _NUMBER.fullmatch(wanted) else ""))


def find_one(journal: Journal, wanted: str) -> Found:
    """Look for one event by its id or a piece of it."""
    return journal.read(lambda c: _by_id(c, wanted.strip().lower()))


def identity_of(wanted: str) -> str:
    """`email:…`, `phone:+7…`, or the card of `lead:17` or of a card's address, as `lead:…`, `contact:…` or `company:…`;
    empty where it is none of them."""
    if card := _CARD.fullmatch(wanted.strip()):
        return card[0]
    if link := _LINK.fullmatch(wanted.strip()):
        return f"{_KINDS[link['kind']]}:{link['id']}"
    if "@" in wanted:
        address = identity.email(wanted)
        return f"email:{address}" if address else ""
    number = "" if re.search("[a-z]", wanted, re.IGNORECASE) else identity.phone(wanted)
    return f"phone:{number}" if number else ""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text was taken for, and what is there. `who` are the identities that it may be, the likeliest first;
    `name` the words of a name, `number` what may be the number of an invoice and the like. Found is one of: `lane` or
    `waiting` (somebody, by the identity `is_known`, or by the number that is the only one of `numbers`), `event`,
    `alike` (ids that begin or end so), `people` (of that name, or those of the `numbers`; `many`: there are more)."""

    who: tuple[str, ...] = ()
    name: str = ""
    number: str = ""
    is_known: str = ""
    lane: int | None = None
    waiting: bool = False
    numbers: Sequence[Numbered] = ()
    event: StoredEvent | None = None
    alike: Sequence[str] = ()
    people: Sequence[people.Newest] = ()
    many: bool = False


PEOPLE: Final = 20


def understand(journal: Journal, wanted: str) -> Understood:
    """Take a text for whatever it can be: who is known by it, else an event's id or a piece of one, else a name. A mere
    number may be of several things at once."""
    wanted = wanted.strip()
    sure = identity_of(wanted)
    lead, is_link = _LEAD.fullmatch(wanted), _LINK.fullmatch(wanted)
    who = tuple(filter(None, (sure, f"lead:{lead[2]}" if lead else "")))

    def read(connection: Connection) -> Understood:
        lane_of = lanes.lanes_of(connection, who)
        known = Understood(who)
        for one in who:
            waiting = bool(queries.not_planned_yet(connection, one))
            if one in lane_of or waiting:
                known = Understood(who, is_known=one, lane=lane_of.get(one), waiting=waiting)
                break
        is_sure = known.is_known and (known.is_known == sure or (lead and lead[1]))
        numbers = [] if is_sure or is_link else _numbered(connection, wanted)
        if known.is_known or numbers:
            return _of_numbers(connection, known, numbers)
        if _PIECE.fullmatch(wanted.lower()):
            found = _by_id(connection, wanted.lower())
            if found.one or found.alike:
                return Understood(who, event=found.one, alike=found.alike)
        words = "" if who or not naming.words_of(wanted) else wanted
        lanes_found = naming.lanes_named(connection, words, PEOPLE + 1) if words else []
        newest = people.newest_of(connection, lanes_found[:PEOPLE])
        is_number = not is_link and any(one.isdigit() for one in wanted) and _NUMBER.fullmatch(wanted)
        number = wanted if is_number else ""
        return Understood(who, words, number, people=newest, many=len(lanes_found) > PEOPLE)

    return journal.read(read)


def _numbered(connection: Connection, wanted: str) -> list[Numbered]:
    """Those who have a number that this may mean; where it says what it is of («счёт 123»), of those alone if any are
    of that."""
    typed = _NUMBER.fullmatch(wanted)
    if typed is None:
        return []
    found = numbering.lanes_numbered(connection, typed[2], PEOPLE + 1)
    called = next((kind for words, kind in _CALLED.items() if re.fullmatch(words, typed[1] or "", re.IGNORECASE)), "")
    return [one for one in found if one.kind == called] or found


def _lead_numbered(connection: Connection, wanted: str) -> list[Numbered]:
    """The lead that a mere number may mean."""
    lead = _LEAD.fullmatch(wanted)
    known = lanes.lanes_of(connection, [f"lead:{lead[2]}"]) if lead else {}
    return [Numbered("lead", lead[2], lane) for lane in known.values() if lead]


def _of_numbers(connection: Connection, known: Understood, numbers: Sequence[Numbered]) -> Understood:
    """Of those who are known by an identity and by numbers: the only one there is, or all to choose from."""
    by_lane = {one.lane: one for one in reversed(numbers)}
    if known.is_known and by_lane.keys() <= {known.lane}:
        return known
    if not known.is_known and len(by_lane) == 1:
        return replace(known, lane=numbers[0].lane, numbers=numbers[:1])
    chosen = list(dict.fromkeys([*([known.lane] if known.lane is not None else []), *(n.lane for n in numbers)]))
    newest = people.newest_of(connection, chosen[:PEOPLE])
    return replace(known, numbers=numbers, people=newest, many=len(chosen) > PEOPLE)


def events_of(journal: Journal, who: str, limit: int) -> list[EventLine]:
    """The events of a person, newest first, with those that still lie in the inbox and so belong to no lane yet."""

    def read(connection: Connection) -> list[EventLine]:
        inbox = [EventLine(event, {}) for event in queries.not_planned_yet(connection, who)]
        return [*inbox, *queries.list_events(connection, identity=who, limit=limit)]

    lines = {line.event.seq: line for line in journal.read(read)}
    return [lines[seq] for seq in sorted(lines, reverse=True)][:limit]


_RECENT: Final = 10_000  # events; all of a large journal would take a second to look through
FEW: Final = 100


def without_a_person(journal: Journal) -> dict[EventType, int]:
    """How many of the last events carry no person, though one may have sent them (`FEW`: as many or more), by
    type: a robot's phone joins nobody, and a broken body has none."""

    def read(connection: Connection) -> dict[EventType, int]:
        newest = queries.list_events(connection, limit=1)
        after = max(0, newest[0].event.seq - _RECENT) if newest else 0
        kinds = (EventType.UNREADABLE, EventType.FORM_SPAM)
        found = {k: len(queries.list_events(connection, kind=k, after_seq=after, limit=FEW)) for k in kinds}
        return {kind: many for kind, many in found.items() if many}

    return journal.read(read)


def _by_id(connection: Connection, wanted: str) -> Found:
    ids = queries.ids_alike(connection, wanted) if _PIECE.fullmatch(wanted) else []
    if wanted in ids:
        ids = [wanted]
    if len(ids) == 1:
        return Found("id", one=queries.event_by_id(connection, ids[0]))
    return Found("id", alike=ids)
