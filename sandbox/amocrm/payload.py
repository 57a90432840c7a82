"""Webhook bodies: PHP bracket keys, every value a string, with the vendor's quirks.

Companies travel under `contacts[...]` with `type=company`; date fields come as `values[0]` without `[value]`;
`linked_leads_id` is a map keyed by lead id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.amocrm.fields import DATES
from sandbox.amocrm.model import Card, Company, Contact, Customer, Element, Incoming, Lead, Note, Task
from sandbox.amocrm.store import Store, field_owner

Pairs = list[tuple[str, str]]
ELEMENT_TYPES = {"contacts": 1, "leads": 2, "companies": 3, "customers": 12}
NOTE_TYPES = {
    "common": 4,
    "attachment": 5,
    "call_in": 10,
    "call_out": 11,
    "service_message": 25,
    "extended_service_message": 25,
    "sms_in": 102,
    "sms_out": 103,
}
OTHER_NOTE = 25


def lead(store: Store, row: Lead, extra: dict[str, Any]) -> Pairs:
    """A lead as `leads[add|update|status|responsible]` carries it; `extra` holds the old_* members."""
    scalars = {
        "id": row.id,
        "name": row.name,
        "status_id": row.status_id,
        "price": row.price,
        "responsible_user_id": row.responsible_user_id,
        "last_modified": row.updated_at,
        "modified_user_id": row.updated_by,
        "created_user_id": row.created_by,
        "date_create": row.created_at,
        "pipeline_id": row.pipeline_id,
        "account_id": store.seed.account_id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        **extra,
    }
    return [*plain(scalars), *_tags(store, row), *_fields(store, row)]


def person(store: Store, row: Contact | Company, extra: dict[str, Any]) -> Pairs:
    """A contact or a company; both arrive under `contacts[...]` and differ by `type`."""
    scalars = {
        "id": row.id,
        "name": row.name,
        "responsible_user_id": row.responsible_user_id,
        "date_create": row.created_at,
        "last_modified": row.updated_at,
        "created_user_id": row.created_by,
        "modified_user_id": row.updated_by,
        "account_id": store.seed.account_id,
        **extra,
    }
    if isinstance(row, Contact) and row.company_id is not None:
        scalars["company_name"] = store.companies[row.company_id].name
        scalars["linked_company_id"] = row.company_id
    links = [(f"[linked_leads_id][{lead_id}][ID]", str(lead_id)) for lead_id in row.leads]
    tail = {
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "type": "contact" if isinstance(row, Contact) else "company",
    }
    return [*plain(scalars), *_tags(store, row), *_fields(store, row), *links, *plain(tail)]


def customer(store: Store, row: Customer, extra: dict[str, Any]) -> Pairs:
    """A customer as `customers[add|update|delete|responsible]` carries it (members by analogy with a lead)."""
    scalars = {
        "id": row.id,
        "name": row.name,
        "status_id": row.status_id,
        "next_price": row.next_price,
        "next_date": row.next_date,
        "responsible_user_id": row.responsible_user_id,
        "last_modified": row.updated_at,
        "modified_user_id": row.updated_by,
        "created_user_id": row.created_by,
        "date_create": row.created_at,
        "account_id": store.seed.account_id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        **extra,
    }
    return [*plain(scalars), *_tags(store, row), *_fields(store, row)]


def element(store: Store, row: Element) -> Pairs:
    """A list element as `catalogs[add|update]` carries it."""
    return [*plain({"id": row.id, "catalog_id": row.catalog_id, "name": row.name}), *_fields(store, row)]


def task(row: Task, extra: dict[str, Any]) -> Pairs:
    """A task as `task[add|update|responsible]` carries it; status 1 is completed."""
    return plain(
        {
            "id": row.id,
            "element_id": row.entity_id or 0,
            "element_type": ELEMENT_TYPES.get(row.entity_type or "", 0),
            "task_type": row.task_type_id,
            "text": row.text,
            "status": int(row.is_completed),
            "date_create": row.created_at,
            "last_modified": row.updated_at,
            "responsible_user_id": row.responsible_user_id,
            "complete_till": row.complete_till,
            "complete_before": row.complete_till,
            **extra,
        }
    )


def note(store: Store, row: Note) -> Pairs:
    """A note as `leads[note][i][note][...]` carries it; a call's text is JSON with UNIQ and LINK."""
    moment = datetime.fromtimestamp(row.created_at, UTC).astimezone(ZoneInfo(store.seed.timezone))
    stamp = f"{moment:%Y-%m-%d %H:%M:%S}"
    scalars = {
        "id": row.id,
        "element_id": row.entity_id,
        "element_type": ELEMENT_TYPES[row.entity_type],
        "note_type": NOTE_TYPES.get(row.note_type, OTHER_NOTE),
        "text": _note_text(row),
        "created_by": row.created_by,
        "main_user_id": row.responsible_user_id,
        "account_id": store.seed.account_id,
        "timestamp_x": stamp,
        "date_create": stamp,
        "metadata": json.dumps({"event_source": {"type": 5, "author_name": str(row.params.get("service", ""))}}),
    }
    return [(f"[note]{key}", value) for key, value in plain(scalars)]


def incoming(row: Incoming, lead_name: str) -> Pairs:
    """An unsorted lead as `unsorted[add]` carries it."""
    scalars = {
        "uid": row.id,
        "category": row.category,
        "pipeline_id": row.pipeline_id,
        "lead_id": row.lead_id,
        "source_name": row.source_name or "",
    }
    pairs = plain(scalars)
    pairs.append(("[source_data][source_name]", row.source_name or ""))
    pairs += plain({"date_create": row.created_at, "created_at": row.created_at})
    pairs += [("[data][leads][0][id]", str(row.lead_id)), ("[data][leads][0][name]", lead_name)]
    return pairs + [(f"[data][contacts][{index}][id]", str(one)) for index, one in enumerate(row.contact_ids)]


def incoming_settled(row: Incoming) -> Pairs:
    """An accepted or declined unsorted lead as `unsorted[delete]` carries it."""
    pairs = [("[uid]", row.id), ("[action]", "accept" if row.state == "accepted" else "decline")]
    if row.state == "accepted":
        pairs.append(("[accept_result][leads][0]", str(row.lead_id)))
    return pairs


def plain(scalars: dict[str, Any]) -> Pairs:
    """`[key]` and the value as text; what is None is left out."""
    return [(f"[{key}]", str(value)) for key, value in scalars.items() if value is not None]


def _tags(store: Store, card: Card) -> Iterable[tuple[str, str]]:
    for index, tag_id in enumerate(card.tags):
        yield f"[tags][{index}][id]", str(tag_id)
        yield f"[tags][{index}][name]", store.tags[tag_id].name


def _fields(store: Store, card: Card) -> Iterable[tuple[str, str]]:
    entity = field_owner(card)
    for index, (field_id, values) in enumerate(card.fields.items()):
        field = store.field(entity, field_id)
        if field is None:
            continue
        here = f"[custom_fields][{index}]"
        yield f"{here}[id]", str(field.id)
        yield f"{here}[name]", field.name
        if field.code:
            yield f"{here}[code]", field.code
        for place, value in enumerate(values):
            text = _text(value.get("value"))
            if field.type in DATES:
                yield f"{here}[values][{place}]", text
                continue
            yield f"{here}[values][{place}][value]", text
            if "enum_id" in value:
                yield f"{here}[values][{place}][enum]", str(value["enum_id"])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _note_text(row: Note) -> str:
    if not row.note_type.startswith("call_"):
        return str(row.params.get("text", ""))
    params = row.params
    call = {
        "UNIQ": params.get("uniq"),
        "LINK": params.get("link"),
        "PHONE": params.get("phone"),
        "DURATION": params.get("duration"),
        "SRC": params.get("source"),
    }
    return json.dumps(call, ensure_ascii=False)
