"""`/api/v4/events`: the activity log, the newest first."""

from __future__ import annotations

from sandbox.amocrm import filters
from sandbox.amocrm.brackets import values
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Event, Json

EVENTS_PAGE = 100
PLURAL = {"lead": "leads", "contact": "contacts", "company": "companies", "task": "tasks"}
TYPES = {
    "lead_added": (1, "Новая сделка"),
    "contact_added": (2, "Новый контакт"),
    "company_added": (3, "Новая компания"),
    "lead_status_changed": (4, "Изменение этапа продажи"),
    "entity_responsible_changed": (5, "Смена ответственного"),
    "task_added": (6, "Новая задача"),
    "task_completed": (7, "Завершение задачи"),
    "incoming_call": (8, "Входящий звонок"),
    "outgoing_call": (9, "Исходящий звонок"),
    "common_note_added": (10, "Новое примечание"),
    "service_note_added": (11, "Новое системное примечание"),
}


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


FILTERS: dict[str, filters.Maker] = {
    "id": _listed("id"),
    "type": _listed("type"),
    "entity": _listed("entity_type"),
    "entity_id": _listed("entity_id"),
    "created_by": _listed("created_by"),
    "created_at": _created,
}


def list_events(call: Call) -> Json | None:
    """`GET /events`: at most 100 a page."""
    found = filters.apply(reversed(call.store.events.values()), call.filters(), FILTERS)
    return call.listing("events", found, lambda event: _show(call, event), most=EVENTS_PAGE)


def get_event(call: Call, event_id: str) -> Json | None:
    """`GET /events/{id}`."""
    event = call.store.events.get(event_id)
    return None if event is None else _show(call, event)


def list_types(call: Call) -> Json:
    """`GET /events/types`."""
    rows = [{"key": key, "type": number, "lang": text} for key, (number, text) in TYPES.items()]
    return {"_total_items": len(rows), "_links": call.links("events/types"), "_embedded": {"events_types": rows}}


def _show(call: Call, event: Event) -> Json:
    entity = {"id": event.entity_id, "_links": call.links(f"{PLURAL[event.entity_type]}/{event.entity_id}")}
    return {
        "id": event.id,
        "type": event.type,
        "entity_id": event.entity_id,
        "entity_type": event.entity_type,
        "created_by": event.created_by,
        "created_at": event.created_at,
        "value_after": event.value_after,
        "value_before": event.value_before,
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"events/{event.id}"),
        "_embedded": {"entity": entity},
    }
