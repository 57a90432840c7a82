"""Compare what was fetched with the mirror: what really changed, as typed events."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.crm.account import Account
from connectors.crm.mirror import LEAD, KnownContact, KnownLead, lead_snapshot, load_lead, moment
from connectors.crm.names import Names
from provodka.crm import LeadState
from provodka.event import Event, new_event_id
from provodka.payloads import Change, EventType, LeadEvent, LeadRef, Person, TaskEvent
from provodka.stores import Snapshot

SINCE: Final = "leads:since"  # unix seconds: leads made later are new to the rules
FRESH: Final = "leads:fresh"  # unix seconds: what changed before has been compared
LOOK_BACK: Final = 60  # seconds by which each reconciling reaches behind the last one
NEW_WITHOUT_START: Final = timedelta(minutes=10)
LONGEST_VALUE: Final = 60
_CLOSED: Final = {LeadState.WON: (EventType.LEAD_WON, "won"), LeadState.LOST: (EventType.LEAD_LOST, "lost")}


@dataclass(frozen=True, slots=True)
class Card:
    """A lead as it was just read: as the mirror keeps it, and, when asked for, as rules see it."""

    known: KnownLead
    created_at: datetime
    updated_at: datetime
    ref: Callable[[], LeadRef]

    def snapshot(self, before: str | None = None) -> Snapshot:
        """As the mirror keeps it."""
        return lead_snapshot(self.known, self.updated_at, before)


@dataclass(frozen=True, slots=True)
class News:
    """One difference: `what` and `value` go into the event's natural key."""

    type: EventType
    what: str
    value: str
    change: Change


class Comparison:
    """Compares the leads of one account. `read` fetches cards by id, `contacts` knows people by id."""

    def __init__(
        self,
        account: Account,
        names: Names,
        read: Callable[[Sequence[str]], Mapping[str, Card]],
        contacts: Callable[[Sequence[str]], Mapping[str, KnownContact]],
    ) -> None:
        self._account = account
        self._names = names
        self._read = read
        self._contacts = contacts

    def begin(self) -> None:
        """From now on leads that appear are news to the rules; said once for ever."""
        if not self._account.cursor(SINCE):
            self._account.put(LEAD, [], {SINCE: str(int(self._account.now().timestamp()))})

    def learn(self, cards: Sequence[Card], cursors: dict[str, str]) -> None:
        """A page of the first reading. What the mirror has already is newer, or written by ourselves just now.

        Leads that appeared since the reading began are left out, so that the rules will be told of them.
        """
        since = moment(self._account.cursor(SINCE))
        self._account.add(LEAD, [card.snapshot() for card in cards if card.created_at < since], cursors)

    def follow(self, ids: Sequence[str], received_at: datetime) -> tuple[list[Event], list[Snapshot]]:
        """Look into the mirror first: what we write while we read shows then as a change of the mirror."""
        mirror = self._account.mirrored(LEAD, ids)
        return self._compare(self._read(ids), mirror, received_at)

    def reconcile(self, cards: Mapping[str, Card], received_at: datetime) -> tuple[list[Event], list[Snapshot]]:
        """Of cards that a poll has read."""
        events, snapshots = self._compare(cards, self._account.mirrored(LEAD, list(cards)), received_at)
        if events:  # compared with a mirror that is younger than the reading: once more, in the right order
            events, snapshots = self.follow(list(cards), received_at)
        return events, snapshots

    def _compare(
        self, cards: Mapping[str, Card], found: Mapping[str, Snapshot], received_at: datetime
    ) -> tuple[list[Event], list[Snapshot]]:
        since = self._since(received_at)
        changed: list[tuple[Card, list[News]]] = []
        snapshots: list[Snapshot] = []
        for one, card in cards.items():
            old = load_lead(found[one]) if one in found else None
            changed.append((card, self._news(old, card, since)))
            before = found[one].body if one in found else ""
            expected = replace(card.known, expected=_still_expected(old, card.known))
            snapshots.append(lead_snapshot(expected, card.updated_at, before))
        return self._events([(card, news) for card, news in changed if news], received_at), snapshots

    def _since(self, received_at: datetime) -> datetime:
        """Leads made from this moment on are news; before the first filling, those of the last minutes."""
        start = self._account.cursor(SINCE)
        return moment(start) if start else received_at - NEW_WITHOUT_START

    def _news(self, old: KnownLead | None, card: Card, since: datetime) -> list[News]:
        is_ours = old is not None and old.ours
        is_new = (old is None or not old.announced) and (is_ours or card.created_at >= since)
        news = [News(EventType.LEAD_CREATED, "created", "", Change())] if is_new else []
        if old is None:
            if not is_new:
                news.append(News(EventType.LEAD_UPDATED, "seen", "", Change()))
            return news
        return news + list(differences(old, card.known, self._names))

    def _events(self, changed: Sequence[tuple[Card, list[News]]], received_at: datetime) -> list[Event]:
        refs = [card.ref() for card, _ in changed]
        contacts = self._contacts(list(dict.fromkeys(ref.contacts[0] for ref in refs if ref.contacts)))
        events = []
        for (card, news), ref in zip(changed, refs, strict=True):
            contact = contacts.get(ref.contacts[0]) if ref.contacts else None
            person = Person(contact.name, contact.phones, contact.emails) if contact else Person()
            for one in news:
                is_birth = one.type is EventType.LEAD_CREATED
                stamp = f"{one.what}:{int(card.updated_at.timestamp())}:{one.value}"
                events.append(
                    Event(
                        id=new_event_id(received_at),
                        type=one.type,
                        channel=self._account.name,
                        external_id=f"{ref.id}:created" if is_birth else f"{ref.id}:{stamp}",
                        occurred_at=card.created_at if is_birth else card.updated_at,
                        received_at=received_at,
                        person=person,
                        payload=LeadEvent(ref, one.change),
                    )
                )
        return events


@dataclass(frozen=True, slots=True)
class CompletedTask:
    """A task that somebody completed. It happens once, so the event's key needs no time."""

    id: str
    completed_at: datetime
    text: str
    result: str = ""

    def event(self, channel: str, lead: LeadRef, received_at: datetime) -> Event:
        """As an event about its lead."""
        return Event(
            id=new_event_id(received_at),
            type=EventType.TASK_COMPLETED,
            channel=channel,
            external_id=f"task-{self.id}:completed",
            occurred_at=self.completed_at,
            received_at=received_at,
            person=Person(),
            payload=TaskEvent(lead, self.text, self.result),
        )


def differences(old: KnownLead, new: KnownLead, names: Names) -> Iterator[News]:
    """What differs, without what we did not know before and what we are just setting ourselves."""
    if _moved(old, new):
        (_, was, _), (_, now, state) = (names.place_of(lead.pipeline_id, lead.status_id) for lead in (old, new))
        change = Change("stage", was, now)
        value = f"{new.pipeline_id}-{new.status_id}"
        yield News(EventType.LEAD_STAGE_CHANGED, "stage", value, change)
        if state in _CLOSED:
            yield News(*_CLOSED[state], value, change)
    if _differs(old, new, "responsible_id"):
        change = Change("responsible", names.login_of(old.responsible_id), names.login_of(new.responsible_id))
        yield News(EventType.LEAD_ASSIGNED, "responsible", str(new.responsible_id), change)
    for member in ("title", "price", "tags", "contacts"):
        if _differs(old, new, member):
            change = Change(member, _show(getattr(old, member)), _show(getattr(new, member)))
            yield News(EventType.LEAD_UPDATED, member, _short(change.new), change)
    for field_id in _changed_fields(old, new):
        was, now = ((lead.fields or {}).get(field_id, "") for lead in (old, new))
        change = Change(names.field_name(field_id), was, now)
        yield News(EventType.LEAD_UPDATED, f"field-{field_id}", _short(now), change)


def _moved(old: KnownLead, new: KnownLead) -> bool:
    return any(_differs(old, new, member) for member in ("pipeline_id", "status_id"))


def _differs(old: KnownLead, new: KnownLead, member: str) -> bool:
    was, now = _comparable(getattr(old, member)), _comparable(getattr(new, member))
    return was is not None and was != now and _comparable(old.expected.get(member)) != now


def _changed_fields(old: KnownLead, new: KnownLead) -> list[str]:
    if old.fields is None or new.fields is None:
        return []
    expected = old.expected.get("fields") or old.fields
    ids = dict.fromkeys([*old.fields, *new.fields])
    return [one for one in ids if new.fields.get(one) not in (old.fields.get(one), expected.get(one))]


def _still_expected(old: KnownLead | None, new: KnownLead) -> dict[str, object]:
    expected = old.expected if old else {}
    return {
        member: value for member, value in expected.items() if _comparable(value) != _comparable(getattr(new, member))
    }


def _comparable(value: object) -> object:
    """Lists of tags and contacts have no order; the mirror's JSON makes lists of tuples."""
    return frozenset(value) if isinstance(value, list | tuple) else value


def _show(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else hashlib.sha256(value.encode()).hexdigest()[:16]
