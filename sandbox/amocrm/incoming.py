"""`/api/v4/leads/unsorted`: incoming leads. Until one is accepted its contact and company are invisible.

The same `source_uid` cannot be added twice: a repeat is refused (the vendor's exact error body is not confirmed).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sandbox.amocrm import filters
from sandbox.amocrm.api_notes import add_note
from sandbox.amocrm.call import Call
from sandbox.amocrm.changes import SINGULAR, Before
from sandbox.amocrm.drafts import Draft, DraftReader
from sandbox.amocrm.model import LOST, Customer, Incoming, Json, Lead
from sandbox.amocrm.problems import Checks, Problem, missing

FILTERS: dict[str, filters.Maker] = {
    "uid": filters.one_of("id"),
    "category": filters.one_of("category"),
    "pipeline_id": filters.one_of("pipeline_id"),
    "created_at": filters.spaced("created_at"),
}
CATEGORIES = ("sip", "mail", "forms", "chats")
LINKABLE = ("chats", "mail")


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
    found = filters.order(filters.apply(waiting, call.filters(), FILTERS), call.params, ("created_at", "updated_at"))
    return call.listing("unsorted", found, lambda row: _show(call, row))


def get_incoming(call: Call, uid: str) -> Json | None:
    """`GET /leads/unsorted/{uid}`."""
    row = call.store.incoming.get(uid)
    return None if row is None else _show(call, row)


def summary(call: Call) -> Json:
    """`GET /leads/unsorted/summary`, with `filter[uid|pipeline_id|created_at]`; the average is in seconds."""
    rows = filters.apply(call.store.incoming.values(), call.filters(), FILTERS)
    waits = [row.settled_at - row.created_at for row in rows if row.settled_at is not None]
    return {
        "total": len(rows),
        "accepted": sum(row.state == "accepted" for row in rows),
        "declined": sum(row.state == "declined" for row in rows),
        "average_sort_time": sum(waits) // len(waits) if waits else 0,
        "categories": {one: {"total": sum(row.category == one for row in rows)} for one in CATEGORIES},
    }


def add_incoming(call: Call, category: str) -> Json:
    """`POST /leads/unsorted/forms|sip`."""
    call.rights.need_add("leads")
    return take_incoming(call, category, call.items())


def take_incoming(call: Call, category: str, items: list[tuple[str, Json]]) -> Json:
    """Store incoming leads; also for the channels that only the account itself has: mail and chats."""
    reader = call.reader()
    drafts = []
    for request_id, item in items:
        reader.checks.item(request_id)
        drafts.append((item, _read(call, reader, item, request_id, category)))
    reader.checks.finish()
    writer, rows = call.writer(), []
    for item, draft in drafts:
        lead, _, _ = writer.complex(draft)
        row = keep_incoming(call, lead, draft.metadata or {}, item)
        if category == "sip" and row.metadata.get("is_call_event_needed"):
            _add_call(call, lead, row.metadata)
        links = call.links(f"leads/unsorted/{row.id}")
        head = {"uid": row.id, "account_id": call.store.seed.account_id, "request_id": draft.request_id}
        rows.append({**head, "_links": links, "_embedded": _embedded(call, row)})
    return {"_total_items": len(rows), "_embedded": {"unsorted": rows}}


def accept(call: Call, uid: str) -> Json:
    """`POST /leads/unsorted/{uid}/accept`: the lead takes a stage and its cards become visible."""
    row = _waiting(call, uid)
    body = call.options()
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
    body = call.options()
    _check_user(call, body)
    lead = call.store.leads[row.lead_id]
    before = Before.of(lead)
    lead.status_id, lead.closed_at, lead.updated_at = LOST, call.now, call.now
    lead.updated_by = body.get("user_id") or call.user_id
    call.store.save(lead)
    call.changes.card_updated(lead, before)
    return _settle(call, row, "declined")


def link_incoming(call: Call, uid: str) -> Json:
    """`POST /leads/unsorted/{uid}/link`: a chat or letter belongs to a lead or customer there is; its own lead goes."""
    row, body, checks = _waiting(call, uid), call.item(), Checks()
    if row.category not in LINKABLE:
        raise Problem(400, "Unsorted of this category cannot be linked")
    wish = body.get("link") if isinstance(body.get("link"), dict) else {}
    checks.choice(wish or {}, "entity_type", ("leads", "customers"), required=True)
    kind = (wish or {}).get("entity_type")
    if kind in ("leads", "customers"):
        checks.choice(wish or {}, "entity_id", call.store.table(kind), required=True)
    checks.finish()
    _check_user(call, body)
    buyer = call.store.table(str(kind))[(wish or {})["entity_id"]]
    for contact_id in row.contact_ids:
        contact = call.store.contacts[contact_id]
        contact.is_unsorted = False
        call.writer().links.link(buyer, contact)
    _hand_over(call, row, str(kind), buyer)
    answer = _settle(call, row, "accepted")
    people = {key: [{"id": one} for one in ids] for key, ids in (("contacts", row.contact_ids), ("companies", []))}
    linked = {"leads": [], "customers": [], **people, str(kind): [{"id": buyer.id}]}
    return {"uid": answer["uid"], "_embedded": linked}


def _hand_over(call: Call, row: Incoming, kind: str, buyer: Lead | Customer) -> None:
    """What hung on the incoming lead hangs on the other card now."""
    own = call.store.leads[row.lead_id]
    for contact in (call.store.contacts[one] for one in list(own.contacts)):
        call.writer().links.unlink(own, contact)
    for note_id in call.store.notes_of.pop(("leads", own.id), []):
        note = call.store.notes[note_id]
        note.entity_type, note.entity_id = kind, buyer.id
        call.store.notes_of[(kind, buyer.id)].append(note_id)
        call.store.touch("notes", note_id)
    for talk in call.store.talks.values():
        if (talk.entity_type, talk.entity_id) == ("lead", own.id):
            talk.entity_type, talk.entity_id = SINGULAR[kind], buyer.id
            call.store.touch("talks", talk.id)
    own.is_deleted = True
    call.store.save(own)
    call.changes.card_removed(own, call.user_id, back=False)
    row.lead_id = buyer.id if kind == "leads" else row.lead_id


def _check_user(call: Call, body: Json) -> None:
    user_id, checks = body.get("user_id"), Checks()
    if user_id is not None and not (isinstance(user_id, int) and call.reader().is_user(user_id, robot=True)):
        checks.fail("user_id", "NotSupportedChoice")
    checks.finish()


def _add_call(call: Call, lead: Lead, metadata: Json) -> None:
    known = {"uniq": "uniq", "duration": "duration", "link": "link", "phone": "phone", "service_code": "source"}
    params = {theirs: metadata[ours] for ours, theirs in known.items() if metadata.get(ours) is not None}
    add_note(call, ("leads", lead.id), "call_in", params, {})


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
    return reader.complex(lead, request_id, CATEGORIES)


def _is_known(rows: Iterable[Incoming], source_uid: object) -> bool:
    return source_uid is not None and any(row.source_uid == source_uid for row in rows)


def _waiting(call: Call, uid: str) -> Incoming:
    row = call.store.incoming.get(uid)
    if row is None or row.state != "waiting":
        raise missing("Unsorted not found")
    return row


def _settle(call: Call, row: Incoming, state: str) -> Json:
    row.state, row.settled_at = state, call.now
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
