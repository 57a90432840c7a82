"""`/api/v4/leads/unsorted`: incoming leads. Until one is accepted its contact and company are invisible.

The same `source_uid` cannot be added twice: a repeat is refused (the vendor's exact error body is not confirmed).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sandbox.amocrm import filters
from sandbox.amocrm.call import Call
from sandbox.amocrm.changes import Before
from sandbox.amocrm.drafts import Draft, DraftReader
from sandbox.amocrm.model import Incoming, Json, Lead
from sandbox.amocrm.problems import missing

FILTERS: dict[str, filters.Maker] = {
    "uid": filters.one_of("id"),
    "category": filters.one_of("category"),
    "pipeline_id": filters.one_of("pipeline_id"),
}
CATEGORIES = ("sip", "mail", "forms", "chats")


def keep_incoming(call: Call, lead: Lead, metadata: Json, source: Json | None = None) -> Incoming:
    """Remember that a lead waits for acceptance."""
    source = source or {}
    row = Incoming(
        id=secrets.token_hex(20),
        category=str(metadata.get("category", "forms")),
        source_uid=source.get("source_uid"),
        source_name=source.get("source_name"),
        pipeline_id=lead.pipeline_id,
        created_at=lead.created_at,
        metadata=metadata,
        lead_id=lead.id,
        contact_ids=list(lead.contacts),
        company_ids=[] if lead.company_id is None else [lead.company_id],
    )
    call.store.add("incoming", row)
    call.changes.incoming_added(row, lead.name)
    return row


def list_incoming(call: Call) -> Json | None:
    """`GET /leads/unsorted`: those that still wait."""
    waiting = (row for row in call.store.incoming.values() if row.state == "waiting")
    found = filters.order(filters.apply(waiting, call.filters(), FILTERS), call.params, ("created_at",))
    return call.listing("unsorted", found, lambda row: _show(call, row))


def get_incoming(call: Call, uid: str) -> Json | None:
    """`GET /leads/unsorted/{uid}`."""
    row = call.store.incoming.get(uid)
    return None if row is None else _show(call, row)


def summary(call: Call) -> Json:
    """`GET /leads/unsorted/summary`."""
    rows = list(call.store.incoming.values())
    return {
        "total": len(rows),
        "accepted": sum(row.state == "accepted" for row in rows),
        "declined": sum(row.state == "declined" for row in rows),
        "average_sort_time": 0,
        "categories": {one: {"total": sum(row.category == one for row in rows)} for one in CATEGORIES},
    }


def add_incoming(call: Call, category: str) -> Json:
    """`POST /leads/unsorted/forms|sip`."""
    reader = call.reader()
    drafts = []
    for request_id, item in call.items():
        reader.checks.item(request_id)
        drafts.append((item, _read(call, reader, item, request_id, category)))
    reader.checks.finish()
    writer, rows = call.writer(), []
    for item, draft in drafts:
        lead, _, _ = writer.complex(draft)
        row = keep_incoming(call, lead, draft.metadata or {}, item)
        links = call.links(f"leads/unsorted/{row.id}")
        head = {"uid": row.id, "account_id": call.store.seed.account_id, "request_id": draft.request_id}
        rows.append({**head, "_links": links, "_embedded": _embedded(call, row)})
    return {"_total_items": len(rows), "_embedded": {"unsorted": rows}}


def accept(call: Call, uid: str) -> Json:
    """`POST /leads/unsorted/{uid}/accept`: the lead takes a stage and its cards become visible."""
    row = _waiting(call, uid)
    body = call.item()
    lead = call.store.leads[row.lead_id]
    pipeline = call.store.pipelines[row.pipeline_id]
    wish: Json = {"pipeline_id": pipeline.id, "status_id": body.get("status_id") or pipeline.first().id}
    if body.get("user_id") is not None:
        wish["responsible_user_id"] = body["user_id"]
    reader = call.reader()
    draft = reader.patch("leads", lead.id, wish, "0")
    reader.checks.finish()
    call.writer().patch(lead, draft)
    return _settle(call, row, "accepted")


def decline(call: Call, uid: str) -> Json:
    """`DELETE /leads/unsorted/{uid}/decline`: the lead is lost; its contact stays invisible."""
    row = _waiting(call, uid)
    lead = call.store.leads[row.lead_id]
    before = Before.of(lead)
    lead.status_id, lead.closed_at, lead.updated_at = 143, call.now, call.now
    call.store.save(lead)
    call.changes.card_updated(lead, before)
    return _settle(call, row, "declined")


def _read(call: Call, reader: DraftReader, item: Json, request_id: str, category: str) -> Draft:
    embedded = item.get("_embedded") if isinstance(item.get("_embedded"), dict) else {}
    rows = (embedded or {}).get("leads")
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    for key in ("source_uid", "source_name", "metadata"):
        if not item.get(key):
            reader.checks.fail(key, "FieldMissing")
    if _is_known(call.store.incoming.values(), item.get("source_uid")):
        reader.checks.fail("source_uid", "NotUnique")
    metadata = item.get("metadata") if isinstance(item.get("metadata"), dict) else {}
    people = {key: value for key, value in (embedded or {}).items() if key in ("contacts", "companies")}
    lead = {
        **{key: item[key] for key in ("pipeline_id", "created_at") if key in item},
        **first,
        "_embedded": {**people, "metadata": {**(metadata or {}), "category": category}},
    }
    return reader.complex(lead, request_id)


def _is_known(rows: Iterable[Incoming], source_uid: object) -> bool:
    return source_uid is not None and any(row.source_uid == source_uid for row in rows)


def _waiting(call: Call, uid: str) -> Incoming:
    row = call.store.incoming.get(uid)
    if row is None or row.state != "waiting":
        raise missing("Unsorted not found")
    return row


def _settle(call: Call, row: Incoming, state: str) -> Json:
    row.state = state
    call.store.touch("incoming", row.id)
    call.changes.incoming_settled(row)
    return {
        "uid": row.id,
        "pipeline_id": row.pipeline_id,
        "category": row.category,
        "created_at": row.created_at,
        "_embedded": _embedded(call, row),
    }


def _show(call: Call, row: Incoming) -> Json:
    return {
        "uid": row.id,
        "source_uid": row.source_uid,
        "source_name": row.source_name,
        "category": row.category,
        "pipeline_id": row.pipeline_id,
        "created_at": row.created_at,
        "metadata": {key: value for key, value in row.metadata.items() if key != "category"},
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"leads/unsorted/{row.id}"),
        "_embedded": _embedded(call, row),
    }


def _embedded(call: Call, row: Incoming) -> Json:
    ids = {"leads": [row.lead_id], "contacts": row.contact_ids, "companies": row.company_ids}
    return {
        entity: [{"id": one, "_links": call.links(f"{entity}/{one}")} for one in found] for entity, found in ids.items()
    }
