"""`/api/v4/leads`, `/contacts` and `/companies`: lists, search, single cards, writes, and `/leads/complex`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TypeVar

from sandbox.amocrm import filters, identity
from sandbox.amocrm.call import Call
from sandbox.amocrm.cards_view import CardView
from sandbox.amocrm.customers_mode import need_customers
from sandbox.amocrm.drafts import COMPLEX_FIELDS, Draft
from sandbox.amocrm.duplicates import matching_lead, merge
from sandbox.amocrm.incoming import keep_incoming
from sandbox.amocrm.model import Card, Contact, Json
from sandbox.amocrm.problems import business, missing

AnyCard = TypeVar("AnyCard", bound=Card)
COMPLEX_BATCH = 50
ORDER_KEYS = {"leads": ("created_at", "updated_at", "id")}
PEOPLE_ORDER_KEYS = ("updated_at", "id")
MAKERS = {"leads": filters.LEADS, "customers": filters.CUSTOMERS}


def list_cards(call: Call, entity: str) -> Json | None:
    """`GET /{entity}`. Cards of unaccepted incoming leads are invisible among contacts and companies."""
    need_customers(call, entity)
    gone = "only_deleted" in call.with_()
    rows: Iterable[Card] = (
        card for card in filters.named(call.store.table(entity), call.filters()) if card.is_deleted == gone
    )
    if entity != "leads":
        rows = (card for card in rows if not card.is_unsorted)
    if not call.user.is_admin:
        rows = (card for card in rows if call.rights.sees(card))
    query = str(call.params.get("query") or "")
    if query:
        rows = search(rows, query, call.switches.search_delay)
    closest = filters.spaced_by(lambda card: call.store.closest_task_at(entity, card.id))
    makers = {**MAKERS.get(entity, filters.CARDS), "closest_task_at": closest}
    found = filters.apply(rows, call.filters(), makers)
    filters.order(found, call.params, ORDER_KEYS.get(entity, PEOPLE_ORDER_KEYS))
    return call.listing(entity, found, CardView(call).show)


def search(rows: Iterable[AnyCard], query: str, delay: float) -> list[AnyCard]:
    """`query=`: a substring of the name or of any field value; a phone also by its bare digits."""
    needle, bare = query.strip().lower(), identity.bare_digits(query)
    newest = time.monotonic() - delay
    return [card for card in rows if identity.matches(card, needle, bare) and (not delay or card.born <= newest)]


def get_card(call: Call, entity: str, card_id: int) -> Json | None:
    """`GET /{entity}/{id}`; 204 for an id that does not exist."""
    need_customers(call, entity)
    card = call.store.table(entity).get(card_id)
    if card is None or (card.is_unsorted and entity != "leads"):
        return None
    if card.is_deleted and "only_deleted" not in call.with_():
        return None
    call.rights.need("view", card)
    return CardView(call).show(card)


def create_cards(call: Call, entity: str) -> Json:
    """`POST /{entity}`: an array; one bad item rejects all."""
    need_customers(call, entity)
    call.rights.need_add(entity)
    reader = call.reader()
    drafts = []
    for request_id, item in call.items():
        reader.checks.item(request_id)
        drafts.append(reader.create(entity, item, request_id))
    reader.checks.finish()
    if reader.business:
        raise business(reader.business)
    writer = call.writer()
    rows = []
    for draft in drafts:
        card = writer.create(draft)
        rows.append({"id": card.id, "request_id": draft.request_id, "_links": call.links(f"{entity}/{card.id}")})
    return call.created(entity, rows)


def patch_cards(call: Call, entity: str) -> Json:
    """`PATCH /{entity}`: an array with `id` inside each item."""
    rows = _patch(call, entity, call.items())
    return call.created(entity, rows)


def patch_card(call: Call, entity: str, card_id: int) -> Json:
    """`PATCH /{entity}/{id}`: one object."""
    if card_id not in call.store.table(entity) or call.store.table(entity)[card_id].is_deleted:
        raise missing("Not found")
    return _patch(call, entity, [("0", {**call.item(), "id": card_id})])[0]


def _patch(call: Call, entity: str, items: list[tuple[str, Json]]) -> list[Json]:
    need_customers(call, entity)
    table, reader = call.store.table(entity), call.reader()
    drafts = []
    for request_id, item in items:
        reader.checks.item(request_id)
        card_id = item.get("id")
        if not isinstance(card_id, int):
            reader.checks.fail("id", "FieldMissing")
        elif card_id not in table or table[card_id].is_deleted:
            reader.business[str(card_id)] = "Element not found"
        else:
            drafts.append((table[card_id], reader.patch(entity, card_id, item, request_id)))
    reader.checks.finish()
    if reader.business:
        raise business(reader.business)
    for card, _ in drafts:
        call.rights.need("edit", card)
    writer = call.writer()
    for card, draft in drafts:
        writer.patch(card, draft)
    return [_patched(call, entity, card) for card, _ in drafts]


def _patched(call: Call, entity: str, card: Card) -> Json:
    name = {"name": card.name} if isinstance(card, Contact) else {}
    return {"id": card.id, **name, "updated_at": card.updated_at, "_links": call.links(f"{entity}/{card.id}")}


def create_complex(call: Call) -> list[Json]:
    """`POST /leads/complex`: up to 50 leads, each with at most one contact and one company; a bare array answers."""
    call.rights.need_add("leads")
    reader = call.reader()
    drafts = []
    for request_id, item in call.items(COMPLEX_BATCH):
        reader.checks.item(request_id)
        draft = reader.complex(item, request_id)
        for one in (draft, draft.new_contact, draft.new_company):
            if one is not None and len(one.fields) > COMPLEX_FIELDS:
                reader.checks.fail("custom_fields_values", "TooMany")
        drafts.append(draft)
    reader.checks.finish()
    if reader.business:
        raise business(reader.business)
    # The call searches what existed before it and does not compare its own items with each other.
    merged = [matching_lead(call.store, draft) if call.switches.duplicate_control else None for draft in drafts]
    writer = call.writer()
    answers: list[Json] = []
    for draft, known in zip(drafts, merged, strict=True):
        if known is not None:
            answers.append(merge(writer, known, draft))
            continue
        lead, contact_id, company_id = writer.complex(draft)
        if draft.metadata is not None:
            keep_incoming(call, lead, draft.metadata)
        answers.append(_complex_answer(draft, lead.id, contact_id, company_id))
    return answers


def _complex_answer(draft: Draft, lead_id: int, contact_id: int | None, company_id: int | None) -> Json:
    return {
        "id": lead_id,
        "contact_id": contact_id,
        "company_id": company_id,
        "request_id": [draft.request_id],
        "merged": False,
    }
