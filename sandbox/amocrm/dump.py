"""Leads with everything that hangs on them, names in place of ids: for tests, and for the board."""

from __future__ import annotations

from typing import Any

from sandbox.amocrm.model import Card, Json, Lead, Note, Task
from sandbox.amocrm.store import Store


def dump_lead(store: Store, lead: Lead) -> Json:
    """A lead with everything that hangs on it, names in place of ids."""
    company = None if lead.company_id is None else store.companies[lead.company_id]
    notes = [store.notes[one] for one in store.notes_of.get(("leads", lead.id), ())]
    for contact_id in lead.contacts:
        notes += [store.notes[one] for one in store.notes_of.get(("contacts", contact_id), ())]
    return {
        "id": lead.id,
        "name": lead.name,
        "price": lead.price,
        "pipeline": store.pipelines[lead.pipeline_id].name,
        "status": store.status_of(lead).name,
        "status_id": lead.status_id,
        "is_open": lead.is_open,
        "loss_reason": None if lead.loss_reason_id is None else store.loss_reasons[lead.loss_reason_id].name,
        "responsible": user_name(store, lead.responsible_user_id),
        "responsible_email": user_email(store, lead.responsible_user_id),
        "created_by": lead.created_by,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
        "tags": [store.tags[one].name for one in lead.tags],
        "fields": field_texts(store, "leads", lead),
        "contacts": [_person(store, "contacts", store.contacts[one]) for one in lead.contacts],
        "company": company and _person(store, "companies", company),
        "tasks": [_task(store, store.tasks[one]) for one in store.tasks_of.get(("leads", lead.id), ())],
        "notes": [_note(note) for note in notes if not is_call(note)],
        "calls": [_note(note) for note in notes if is_call(note)],
    }


def is_call(note: Note) -> bool:
    return note.note_type in ("call_in", "call_out")


def user_name(store: Store, user_id: int) -> str:
    """A person's name; the robot writes as user 0."""
    user = store.users.get(user_id)
    return user.name if user else "Робот"


def user_email(store: Store, user_id: int) -> str | None:
    user = store.users.get(user_id)
    return user.email if user else None


def field_texts(store: Store, entity: str, card: Card) -> dict[str, list[Any]]:
    """Custom field values by field name."""
    found = {}
    for field_id, values in card.fields.items():
        field = store.field(entity, field_id)
        if field is not None:
            found[field.name] = [value.get("value") for value in values]
    return found


def coded_values(store: Store, entity: str, card: Card, code: str) -> list[str]:
    """The values of a field named by its code, e.g. PHONE."""
    field = store.field_by_code(entity, code)
    return [str(value["value"]) for value in card.fields.get(field.id, ())] if field else []


def _person(store: Store, entity: str, card: Card) -> Json:
    return {
        "id": card.id,
        "name": card.name,
        "phones": coded_values(store, entity, card, "PHONE"),
        "emails": coded_values(store, entity, card, "EMAIL"),
        "tags": [store.tags[one].name for one in card.tags],
        "fields": field_texts(store, entity, card),
    }


def _task(store: Store, task: Task) -> Json:
    return {
        "id": task.id,
        "text": task.text,
        "type": store.task_types[task.task_type_id].name,
        "complete_till": task.complete_till,
        "created_at": task.created_at,
        "responsible": user_name(store, task.responsible_user_id),
        "is_completed": task.is_completed,
        "result": (task.result or {}).get("text"),
    }


def _note(note: Note) -> Json:
    return {
        "id": note.id,
        "note_type": note.note_type,
        "entity_type": note.entity_type,
        "entity_id": note.entity_id,
        "created_by": note.created_by,
        "created_at": note.created_at,
        **note.params,
    }
