"""Hint, fetch, compare: what really changed of what amoCRM says has changed, as typed events."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.directory import LOST, WON, Directory
from connectors.amocrm.known import CONTACT, LEAD, KnownLead, lead_snapshot, load_lead, moment
from connectors.amocrm.leads import WITH, Leads
from connectors.amocrm.people import People
from connectors.amocrm.room import CLOCKS, Room
from connectors.amocrm.task_changes import TASK, CompletedTasks
from provodka.crm import Progress
from provodka.event import Event, new_event_id
from provodka.payloads import Change, CrmHint, EventType, LeadEvent, Person
from provodka.stores import Snapshot

SINCE: Final = "leads:since"  # unix seconds: leads made later are new to the rules
FRESH: Final = "leads:fresh"  # unix seconds: what changed before has been compared
LOOK_BACK: Final = 60  # seconds by which each reconciling reaches behind the last one
NEW_WITHOUT_START: Final = timedelta(minutes=10)
LONGEST_VALUE: Final = 60


@dataclass(frozen=True, slots=True)
class News:
    """One difference: `what` and `value` go into the event's natural key."""

    type: EventType
    what: str
    value: str
    change: Change


class Changes:
    """The changes of one account's leads, and its tasks as they are completed."""

    def __init__(self, room: Room, leads: Leads, people: People) -> None:
        self._room = room
        self._leads = leads
        self._people = people
        self._tasks = CompletedTasks(room, leads)

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], list[Snapshot]]:
        """Events and the new snapshots of kind `lead`, to be stored in one transaction."""
        kinds: dict[str, list[str]] = {LEAD: [], CONTACT: [], TASK: []}
        for entity in dict.fromkeys(hint.entities):
            kind, _, one = entity.partition(":")
            if kind in kinds:
                kinds[kind].append(one)
        if kinds[CONTACT]:
            self._people.refresh(kinds[CONTACT])
        events, snapshots = self._follow(kinds[LEAD], event.received_at)
        return [*events, *self._tasks.completed(kinds[TASK], event.received_at)], snapshots

    def reconcile(self, received_at: datetime) -> tuple[list[Event], list[Snapshot], dict[str, str]]:
        """What changed since the last time, whether or not a webhook told of it; with the cursors to store along."""
        latest = int(self._room.now().timestamp()) + CLOCKS
        mark = int(self._room.cursor(FRESH) or latest - 2 * CLOCKS)
        changed: dict[str, Json] = {}
        newest = mark
        for items in self._room.newest_changes("leads", WITH, many=False):
            fresh = [item for item in items if int(item.get("updated_at") or 0) >= mark - LOOK_BACK]
            changed.update((str(item["id"]), item) for item in fresh)
            newest = max([newest, *(at for item in fresh if (at := int(item["updated_at"])) <= latest)])
            if len(fresh) < len(items):
                break
        events, snapshots = self._compare(changed, self._mirror(list(changed)), received_at)
        if events:  # compared with a mirror that is younger than the reading: once more, in the right order
            events, snapshots = self._follow(list(changed), received_at)
        return events, snapshots, {f"{self._room.name}:{FRESH}": str(newest)}

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Learn all leads without a word to the rules, going on where an earlier run ended; whether it is complete."""
        self.begin()
        return self._room.read_all("leads", "contacts", self._keep, {}, progress, stop)

    def begin(self) -> None:
        """From now on leads that appear are news to the rules; said once for ever."""
        if not self._room.cursor(SINCE):
            self._room.put(LEAD, [], {SINCE: str(int(self._room.now().timestamp()))})

    def _keep(self, items: list[Json], cursors: dict[str, str]) -> None:
        """A page of the first reading. What the mirror has already is newer, or written by ourselves just now.

        Leads that appeared since the reading began are left out, so that the rules will be told of them.
        """
        since = moment(self._room.cursor(SINCE))
        old = [item for item in items if moment(item.get("created_at")) < since]
        self._room.add(LEAD, [self._snapshot(self._leads.known(item), item) for item in old], cursors)

    def _follow(self, ids: Sequence[str], received_at: datetime) -> tuple[list[Event], list[Snapshot]]:
        """Look into the mirror first: what we write while we read shows then as a change of the mirror."""
        mirror = self._mirror(ids)
        return self._compare(self._leads.items(ids), mirror, received_at)

    def _mirror(self, ids: Sequence[str]) -> dict[str, Snapshot]:
        return self._room.store.snapshots(self._room.name, LEAD, ids) if ids else {}

    def _compare(
        self, by_id: Mapping[str, Json], found: Mapping[str, Snapshot], received_at: datetime
    ) -> tuple[list[Event], list[Snapshot]]:
        since = self._since(received_at)
        changed: list[tuple[Json, list[News]]] = []
        snapshots: list[Snapshot] = []
        for one, item in by_id.items():
            old = load_lead(found[one]) if one in found else None
            new = self._leads.known(item)
            changed.append((item, self._news(old, new, item, since)))
            before = found[one].body if one in found else ""
            snapshots.append(self._snapshot(replace(new, expected=_still_expected(old, new)), item, before))
        return self._events([(item, news) for item, news in changed if news], received_at), snapshots

    def _since(self, received_at: datetime) -> datetime:
        """Leads made from this moment on are news; before the first filling, those of the last minutes."""
        start = self._room.cursor(SINCE)
        return moment(start) if start else received_at - NEW_WITHOUT_START

    def _news(self, old: KnownLead | None, new: KnownLead, item: Json, since: datetime) -> list[News]:
        is_ours = old is not None and old.ours
        is_new = (old is None or not old.announced) and (is_ours or moment(item.get("created_at")) >= since)
        news = [News(EventType.LEAD_CREATED, "created", "", Change())] if is_new else []
        if old is None:
            if not is_new:
                news.append(News(EventType.LEAD_UPDATED, "seen", "", Change()))
            return news
        return news + list(differences(old, new, self._room.directory))

    def _events(self, changed: Sequence[tuple[Json, list[News]]], received_at: datetime) -> list[Event]:
        refs = [self._leads.ref(item) for item, _ in changed]
        contacts = self._people.known(list(dict.fromkeys(ref.contacts[0] for ref in refs if ref.contacts)))
        events = []
        for (item, news), ref in zip(changed, refs, strict=True):
            contact = contacts.get(ref.contacts[0]) if ref.contacts else None
            person = Person(contact.name, contact.phones, contact.emails) if contact else Person()
            for one in news:
                is_birth = one.type is EventType.LEAD_CREATED
                updated_at = int(item.get("updated_at") or 0)
                events.append(
                    Event(
                        id=new_event_id(received_at),
                        type=one.type,
                        channel=self._room.name,
                        external_id=f"{ref.id}:created"
                        if is_birth
                        else f"{ref.id}:{one.what}:{updated_at}:{one.value}",
                        occurred_at=moment(item.get("created_at") if is_birth else updated_at),
                        received_at=received_at,
                        person=person,
                        payload=LeadEvent(ref, one.change),
                    )
                )
        return events

    def _snapshot(self, lead: KnownLead, item: Json, before: str | None = None) -> Snapshot:
        return lead_snapshot(lead, moment(item.get("updated_at")), before)


def differences(old: KnownLead, new: KnownLead, directory: Directory) -> Iterator[News]:
    """What differs, without what we did not know before and what we are just setting ourselves."""
    if _moved(old, new):
        was, now = (directory.place_of(lead.pipeline_id, lead.status_id)[1] for lead in (old, new))
        change = Change("stage", was, now)
        value = f"{new.pipeline_id}-{new.status_id}"
        yield News(EventType.LEAD_STAGE_CHANGED, "stage", value, change)
        closing = {WON: (EventType.LEAD_WON, "won"), LOST: (EventType.LEAD_LOST, "lost")}.get(new.status_id or 0)
        if closing:
            yield News(*closing, value, change)
    if _differs(old, new, "responsible_id"):
        change = Change("responsible", directory.login_of(old.responsible_id), directory.login_of(new.responsible_id))
        yield News(EventType.LEAD_ASSIGNED, "responsible", str(new.responsible_id), change)
    for member in ("title", "price", "tags", "contacts"):
        if _differs(old, new, member):
            change = Change(member, _show(getattr(old, member)), _show(getattr(new, member)))
            yield News(EventType.LEAD_UPDATED, member, _short(change.new), change)
    for field_id in _changed_fields(old, new):
        name = next((field.name for field in directory.fields() if str(field.id) == field_id), field_id)
        was, now = ((lead.fields or {}).get(field_id, "") for lead in (old, new))
        yield News(EventType.LEAD_UPDATED, f"field-{field_id}", _short(now), Change(name, was, now))


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
