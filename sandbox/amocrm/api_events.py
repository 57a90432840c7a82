"""`/api/v4/events`: the activity log, the newest first."""

from __future__ import annotations

import itertools
import json

from sandbox.amocrm import filters
from sandbox.amocrm.api_notes import show_note
from sandbox.amocrm.brackets import values
from sandbox.amocrm.call import Call
from sandbox.amocrm.event_types import TYPES
from sandbox.amocrm.model import Event, Json

EVENTS_PAGE = 100
PLURAL = {
    "lead": "leads",
    "contact": "contacts",
    "company": "companies",
    "customer": "customers",
    "task": "tasks",
}
NAMES = ("lead_name", "contact_name", "company_name", "customer_name")


def _listed(attribute: str) -> filters.Maker:
    """`filter[type]=a,b`, or a list in brackets."""

    def make(raw: object) -> filters.Test:
        wanted = {part for text in values(raw) for part in text.split(",")}
        return lambda event: str(getattr(event, attribute)) in wanted

    return make


def _created(raw: object) -> filters.Test | None:
    """`filter[created_at]=from,to`, or `[from]` and `[to]`."""
    if isinstance(raw, str) and "," in raw:
        low, _, high = raw.partition(",")
        raw = {"from": low, "to": high}
    return filters.spaced("created_at")(raw)


def _created_from(raw: object) -> int:
    low = raw.get("from") if isinstance(raw, dict) else None
    return int(low) if isinstance(low, str) and low.isdecimal() else 0


def _held(attribute: str) -> filters.Maker:
    """`filter[value_after][…]…=a,b`: events whose value holds any of these, whatever the brackets say of its place."""

    def make(raw: object) -> filters.Test:
        wanted = {part for text in values(raw) for part in text.split(",")}
        return lambda event: bool(wanted & _leaves(getattr(event, attribute)))

    return make


def _leaves(value: object) -> set[str]:
    if isinstance(value, dict):
        return {one for child in value.values() for one in _leaves(child)}
    if isinstance(value, list):
        return {one for child in value for one in _leaves(child)}
    return {value if isinstance(value, str) else json.dumps(value)}


FILTERS: dict[str, filters.Maker] = {
    "id": _listed("id"),
    "type": _listed("type"),
    "entity": _listed("entity_type"),
    "entity_type": _listed("entity_type"),
    "entity_id": _listed("entity_id"),
    "created_by": _listed("created_by"),
    "created_at": _created,
    "value_before": _held("value_before"),
    "value_after": _held("value_after"),
}


def list_events(call: Call) -> Json | None:
    """`GET /events`: at most 100 a page; of cards the user sees."""
    rows = (event for event in reversed(call.store.events.values()) if call.user.is_admin or _sees(call, event))
    oldest = _created_from(call.filters().get("created_at"))
    recent = itertools.takewhile(lambda event: event.created_at >= oldest, rows)  # they are kept in their order
    found = filters.apply(recent, call.filters(), FILTERS)
    return call.listing("events", found, lambda event: _show(call, event), most=EVENTS_PAGE)


def get_event(call: Call, event_id: str) -> Json | None:
    """`GET /events/{id}`."""
    event = call.store.events.get(event_id)
    return None if event is None or not _sees(call, event) else _show(call, event)


def list_types(call: Call) -> Json:
    """`GET /events/types`."""
    rows = [{"key": key, "type": number, "lang": text} for number, (key, text) in enumerate(TYPES.items(), 1)]
    return {"_total_items": len(rows), "_links": call.links("events/types"), "_embedded": {"events_types": rows}}


def _sees(call: Call, event: Event) -> bool:
    row = call.store.table(PLURAL[event.entity_type]).get(event.entity_id)
    if row is None or call.user.is_admin:
        return call.user.is_admin
    return call.rights.sees_task(row) if event.entity_type == "task" else call.rights.sees(row)


def _show(call: Call, event: Event) -> Json:
    kind = PLURAL[event.entity_type]
    entity = {"id": event.entity_id, "_links": call.links(f"{kind}/{event.entity_id}")}
    wanted = call.with_()
    if f"{event.entity_type}_name" in NAMES and f"{event.entity_type}_name" in wanted:
        card = call.store.table(kind).get(event.entity_id)
        entity["name"] = card.name if card else None
    after = event.value_after
    return {
        "id": event.id,
        "type": event.type,
        "entity_id": event.entity_id,
        "entity_type": event.entity_type,
        "created_by": event.created_by,
        "created_at": event.created_at,
        "value_after": [_with_note(call, one) for one in after] if "note" in wanted else after,
        "value_before": event.value_before,
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"events/{event.id}"),
        "_embedded": {"entity": entity},
    }


def _with_note(call: Call, value: Json) -> Json:
    """`with=note`: the note itself in place of its id."""
    note = call.store.notes.get(value["note"]["id"]) if "note" in value else None
    return {"note": show_note(call, note)} if note else value
