"""What differs between two states of a card, as people see it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from connectors.crm.mirror import CONTACT, KnownCard, KnownLead, KnownParty, KnownTask, with_values
from connectors.crm.names import Names
from provodka.crm import LeadState
from provodka.payloads import Change, EventType

LONGEST_VALUE: Final = 60
PARTY: Final = ("name", "phones", "emails", "responsible_id", "tags")
"""The members of a person's or a firm's card whose change is news, besides each of its fields."""

_CLOSED: Final = {LeadState.WON: (EventType.LEAD_WON, "won"), LeadState.LOST: (EventType.LEAD_LOST, "lost")}

K = TypeVar("K", bound=KnownCard)
P = TypeVar("P", bound=KnownParty)


@dataclass(frozen=True, slots=True)
class News:
    """One difference: `what` and `value` go into the event's natural key."""

    type: EventType
    what: str
    value: str
    change: Change


def of_leads(old: KnownLead, new: KnownLead, names: Names) -> Iterator[News]:
    """What differs, without what we did not know before and what we are just setting ourselves."""
    if any(differs(old, new, member) for member in ("pipeline_id", "status_id")):
        (left, was, _), (came, now, state) = (names.place_of(lead.pipeline_id, lead.status_id) for lead in (old, new))
        change = Change("stage", was, now, old_pipeline=left, new_pipeline=came)
        value = f"{new.pipeline_id}-{new.status_id}"
        yield News(EventType.LEAD_STAGE_CHANGED, "stage", value, change)
        if state in _CLOSED:
            yield News(*_CLOSED[state], value, change)
    if differs(old, new, "responsible_id"):
        yield _reassigned(EventType.LEAD_ASSIGNED, old, new, names)
    yield from _members(EventType.LEAD_UPDATED, old, new, ("title", "price", "tags", "contacts"))
    for field_id in _changed_fields(old, new):
        yield _field(EventType.LEAD_UPDATED, old, new, field_id, names.field_name(field_id))


def of_parties(kind: str, old: KnownParty, new: KnownParty, names: Names) -> Iterator[News]:
    """The same of a contact or a company."""
    updated = EventType.CONTACT_UPDATED if kind == CONTACT else EventType.COMPANY_UPDATED
    yield from _members(updated, old, new, ("name", "phones", "emails"))
    if differs(old, new, "responsible_id"):
        yield _reassigned(updated, old, new, names)
    yield from _members(updated, old, new, ("tags",))
    for field_id in _changed_fields(old, new):
        yield _field(updated, old, new, field_id, names.labels(kind).get(field_id, field_id))


def of_tasks(old: KnownTask | None, new: KnownTask, since: int, now: int) -> Iterator[News]:
    """What became of a task. `since`: what was completed or overdue before is no news of a task that was not known."""
    was_done = new.closed_at < since if old is None else old.completed or bool(old.expected.get("completed"))
    if new.completed and not was_done:
        yield News(EventType.TASK_COMPLETED, "completed", str(new.closed_at), Change())
    if 0 < alarm_of(old, new, since) <= now:
        yield News(EventType.TASK_OVERDUE, "overdue", str(new.due), Change())


def alarm_of(old: KnownTask | None, new: KnownTask, since: int) -> int:
    """When rules are to be told that the task is overdue: once for each due time; 0 for never."""
    if new.completed or not new.due:
        return 0
    if old is None:
        return new.due if new.due >= since else 0
    same = old.due == new.due and not old.expected.get("completed", old.completed)
    return int(old.expected.get("alarm", old.alarm)) if same else new.due


def ahead(old: P, new: P) -> P:
    """A card that the index of people has read: what differs is kept in `told` until rules have been told of it."""
    changed = {one: (old.fields or {}).get(one, "") for one in _changed_fields(old, new)}
    told = {member: getattr(old, member) for member in PARTY if differs(old, new, member)} | old.told
    fields = _not_yet(changed | told.pop("fields", {}), new)
    pending = {m: value for m, value in told.items() if comparable(value) != comparable(getattr(new, m))}
    if fields:
        pending["fields"] = fields
    return replace(new, announced=old.announced, ours=old.ours, expected=old.expected, told=pending)


def as_told(known: K) -> K:
    """The card as rules last knew it."""
    return with_values(known, _loaded(known.told)) if isinstance(known, KnownParty) and known.told else known


def still_expected(old: KnownCard | None, new: KnownCard) -> dict[str, object]:
    """What of a write of ours does not show yet."""
    expected = dict(old.expected) if old else {}
    fields = _not_yet(expected.pop("fields", {}), new)
    rest: dict[str, object] = {m: v for m, v in expected.items() if comparable(v) != comparable(getattr(new, m))}
    return {**rest, "fields": fields} if fields else rest


def differs(old: KnownCard, new: KnownCard, member: str) -> bool:
    """Whether a member that was known is another now, and not the one that we are just setting."""
    was, now = comparable(getattr(old, member)), comparable(getattr(new, member))
    return was is not None and was != now and comparable(old.expected.get(member)) != now


def comparable(value: object) -> object:
    """Lists of tags and contacts have no order; the mirror's JSON makes lists of tuples."""
    return frozenset(value) if isinstance(value, list | tuple) else value


def _loaded(told: dict[str, Any]) -> dict[str, Any]:
    return {member: tuple(value) if isinstance(value, list) else value for member, value in told.items()}


def _members(kind: EventType, old: KnownCard, new: KnownCard, members: tuple[str, ...]) -> Iterator[News]:
    for member in members:
        if differs(old, new, member):
            change = _change(member, getattr(old, member), getattr(new, member))
            value = _hash(change.new) if member in ("phones", "emails") else _short(change.new)
            yield News(kind, member, value, change)


def _reassigned(kind: EventType, old: KnownLead | KnownParty, new: KnownLead | KnownParty, names: Names) -> News:
    change = Change("responsible", names.login_of(old.responsible_id), names.login_of(new.responsible_id))
    return News(kind, "responsible", str(new.responsible_id), change)


def _field(kind: EventType, old: KnownLead | KnownParty, new: KnownLead | KnownParty, field_id: str, name: str) -> News:
    was, now = ((card.fields or {}).get(field_id, "") for card in (old, new))
    return News(kind, f"field-{field_id}", _short(now), Change(name, was, now, custom=True))


def _change(member: str, old: object, new: object) -> Change:
    was, now = (tuple(map(str, one)) if isinstance(one, list | tuple) else () for one in (old, new))
    lost, gained = (tuple(one for one in some if one not in others) for some, others in ((was, now), (now, was)))
    return Change(member, _show(old), _show(new), lost=lost, gained=gained)


def _changed_fields(old: KnownLead | KnownParty, new: KnownLead | KnownParty) -> list[str]:
    if old.fields is None or new.fields is None:
        return []
    expected = {**old.fields, **old.expected.get("fields", {})}
    ids = dict.fromkeys([*old.fields, *new.fields])
    return [one for one in ids if new.fields.get(one, "") not in (old.fields.get(one, ""), expected.get(one, ""))]


def _not_yet(values: Mapping[str, str], card: KnownCard) -> dict[str, str]:
    """Those of these fields that are otherwise on the card."""
    there = getattr(card, "fields", None) or {}
    return {one: text for one, text in values.items() if there.get(one, "") != text}


def _show(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else _hash(value)


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]
