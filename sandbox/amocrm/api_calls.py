"""`POST /api/v4/calls`: the account itself looks for the card by phone; with no card a call is not stored."""

from __future__ import annotations

from sandbox.amocrm.api_notes import add_note
from sandbox.amocrm.call import Call
from sandbox.amocrm.identity import identity
from sandbox.amocrm.model import Json
from sandbox.amocrm.problems import Checks, Raw

DIRECTIONS = {"inbound": "call_in", "outbound": "call_out"}
REQUIRED = ("direction", "duration", "source", "phone")
PARAMS = ("uniq", "duration", "source", "link", "phone", "call_responsible", "call_status", "call_result")
NOT_FOUND = 263
STATUSES = range(1, 8)
Owner = tuple[str, int]


def create_calls(call: Call) -> Json:
    """Stores what finds a card. A batch may be half stored: `errors` and `_embedded.calls` are both filled then."""
    checks, items = Checks(), call.items()
    for request_id, item in items:
        checks.item(request_id)
        _check(call, item, checks)
    checks.finish()
    rows: list[Json] = []
    errors: list[Json] = []
    for request_id, item in items:
        owner = find_owner(call, str(item["phone"]))
        if owner is None:
            error = {"title": "Entity not found", "status": NOT_FOUND, "detail": "Entity not found"}
            errors.append({**error, "request_id": request_id})
        else:
            rows.append(_store(call, item, request_id, owner))
    body = {"_total_items": len(rows), "errors": errors, "_embedded": {"calls": rows}}
    if not rows:
        raise Raw(400, body)
    return body


def find_owner(call: Call, phone: str) -> Owner | None:
    """The only open lead (or the only customer) of the cards with that phone, else the oldest of them, contacts first.

    The vendor says nothing of one open lead beside a customer: the card itself gets the call then.
    """
    store = call.store
    one = identity("PHONE", phone)
    holders = [owner for owner in store.people.holders(one or "") if not store.table(owner[0])[owner[1]].is_unsorted]
    if not holders:
        return None
    cards = [store.table(kind)[card_id] for kind, card_id in holders]
    leads = (store.leads[one] for card in cards for one in card.leads)
    active = {lead.id for lead in leads if lead.is_open and not lead.is_deleted}
    customers = {one for card in cards for one in card.customers}
    if len(active) == 1 and not customers:
        return ("leads", active.pop())
    if len(customers) == 1 and not active:
        return ("customers", customers.pop())
    return min(holders, key=lambda owner: (owner[0] != "contacts", owner[1]))


def _store(call: Call, item: Json, request_id: str, owner: Owner) -> Json:
    params = {key: item[key] for key in PARAMS if item.get(key) is not None}
    add_note(call, owner, DIRECTIONS[item["direction"]], params, item)
    entity, card_id = owner
    return {
        "id": call.store.new_id("calls"),
        "entity_id": card_id,
        "entity_type": entity,
        "account_id": call.store.seed.account_id,
        "request_id": request_id,
        "_embedded": {"entity": {"id": card_id, "_links": call.links(f"{entity}/{card_id}")}},
    }


def _check(call: Call, item: Json, checks: Checks) -> None:
    for key in REQUIRED:
        if item.get(key) is None:
            checks.fail(key, "FieldMissing")
    checks.choice(item, "direction", DIRECTIONS)
    checks.choice(item, "call_status", STATUSES)
    checks.integers(item, "duration", "created_at", "updated_at")
    reader = call.reader()
    for key in ("responsible_user_id", "created_by", "updated_by"):
        user_id = item.get(key)
        robot = key != "responsible_user_id"
        if user_id is not None and not (isinstance(user_id, int) and reader.is_user(user_id, robot=robot)):
            checks.fail(key, "NotSupportedChoice")
