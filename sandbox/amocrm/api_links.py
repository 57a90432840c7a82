"""`/api/v4/{entity}/link`, `/unlink` and `/links`, to cards and to list elements with their quantity."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.amocrm.brackets import values
from sandbox.amocrm.call import Call
from sandbox.amocrm.changes import Before
from sandbox.amocrm.links import ALLOWED, AnyCard
from sandbox.amocrm.model import Card, Company, Contact, Customer, Element, Json, Lead
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.store import ENTITIES, Store, kind_of

ELEMENTS = "catalog_elements"
FILTERS = ("to_entity_type", "to_entity_id", "to_catalog_id")


@dataclass(frozen=True, slots=True)
class _Wish:
    card: AnyCard
    other: AnyCard | Element
    metadata: Json

    @property
    def is_main(self) -> bool:
        return bool(self.metadata.get("is_main") or self.metadata.get("main_contact"))


def list_links(call: Call, entity: str, card_id: int) -> Json:
    """`GET /{entity}/{id}/links`, filtered by `to_entity_id`, `to_entity_type` and `to_catalog_id`."""
    rows = _filtered(call, linked(call.store, _card(call, entity, card_id)))
    return _answer(call, f"{entity}/{card_id}/links", rows)


def mass_links(call: Call, entity: str) -> Json:
    """`GET /{entity}/links?filter[entity_id][]=…`."""
    wanted = call.params.get("filter")
    ids = values(wanted.get("entity_id")) if isinstance(wanted, dict) else []
    cards = [call.store.table(entity).get(int(one)) for one in ids if one.isdigit()]
    seen = [card for card in cards if card is not None and call.rights.sees(card)]
    rows = [_named(card, row) for card in seen for row in _filtered(call, linked(call.store, card))]
    return _answer(call, f"{entity}/links", rows)


def link(call: Call, entity: str, card_id: int | None = None) -> Json:
    """`POST /{entity}/{id}/link`, or without an id and with `entity_id` in the items."""
    rows = []
    for wish in _wishes(call, entity, card_id, needs_quantity=True):
        if isinstance(wish.other, Element):
            link_element(call.store, wish.card, wish.other, wish.metadata)
        else:
            call.writer().links.link(wish.card, wish.other, main=wish.is_main)
        _announce(call, wish, "linked")
        target = (_word(wish.other), wish.other.id)
        shown = (row for row in linked(call.store, wish.card) if (row["to_entity_type"], row["to_entity_id"]) == target)
        rows.append(_named(wish.card, next(shown)))
    return _answer(call, f"{entity}/links" if card_id is None else f"{entity}/{card_id}/links", rows)


def unlink(call: Call, entity: str, card_id: int | None = None) -> None:
    """`POST /{entity}/{id}/unlink`, or without an id; answered 204."""
    for wish in _wishes(call, entity, card_id, needs_quantity=False):
        if isinstance(wish.other, Element):
            was = wish.card.elements.pop(wish.other.id, None) is not None
        else:
            was = call.writer().links.unlink(wish.card, wish.other)
        if was:
            _announce(call, wish, "unlinked")


def link_element(store: Store, card: Card, element: Element, metadata: Json) -> None:
    """Hang a list element on a card."""
    quantity, price_id = metadata.get("quantity", 1), metadata.get("price_id")
    card.elements[element.id] = {"quantity": quantity, "catalog_id": element.catalog_id, "price_id": price_id}
    store.save(card)


def linked(store: Store, card: Card) -> list[Json]:
    """Every link of a card as answers show it."""
    match card:
        case Lead() | Customer():
            rows = [_row("contacts", one, {"main_contact": main}) for one, main in card.contacts.items()]
        case Contact():
            rows = [_row("leads", one, {"main_contact": store.leads[one].contacts[card.id]}) for one in card.leads]
            mains = {one: store.customers[one].contacts[card.id] for one in card.customers}
            rows += [_row("customers", one, {"main_contact": main}) for one, main in mains.items()]
        case Company():
            kinds = ("leads", "contacts", "customers")
            rows = [_row(kind, one, None) for kind in kinds for one in getattr(card, kind)]
        case _:
            rows = []
    company_id = getattr(card, "company_id", None)
    rows += [] if company_id is None else [_row("companies", company_id, None)]
    return rows + [_row(ELEMENTS, one, metadata) for one, metadata in card.elements.items()]


def _wishes(call: Call, entity: str, card_id: int | None, *, needs_quantity: bool) -> list[_Wish]:
    checks, wishes = Checks(), []
    known = None if card_id is None else _card(call, entity, card_id)
    for request_id, item in call.items():
        checks.item(request_id)
        card = known or _found(call, entity, item.get("entity_id"))
        metadata = item.get("metadata") if isinstance(item.get("metadata"), dict) else {}
        if card is None:
            checks.fail("entity_id", "NotSupportedChoice")
        other = _other(call, entity, item, checks)
        if isinstance(other, Element):
            _check_element(call.store, card, other, metadata or {}, checks, needs_quantity=needs_quantity)
        if not _is_author(call.store, (metadata or {}).get("updated_by", 0)):
            checks.fail("metadata.updated_by", "NotSupportedChoice")
        if card is not None and other is not None:
            wishes.append(_Wish(card, other, metadata or {}))
    checks.finish()
    for wish in wishes:
        call.rights.need("edit", wish.card)
        call.rights.need("view", wish.other)
    return wishes


def _other(call: Call, entity: str, item: Json, checks: Checks) -> AnyCard | Element | None:
    to_type, to_id = item.get("to_entity_type"), item.get("to_entity_id")
    if not isinstance(to_type, str) or to_type not in ALLOWED[entity]:
        checks.fail("to_entity_type", "NotSupportedChoice")
        return None
    if to_type == ELEMENTS:
        other: AnyCard | Element | None = call.store.elements.get(to_id) if isinstance(to_id, int) else None
    else:
        other = _found(call, to_type, to_id)
    if other is None:
        checks.fail("to_entity_id", "NotSupportedChoice")
    return other


def _check_element(
    store: Store, card: AnyCard | None, element: Element, metadata: Json, checks: Checks, *, needs_quantity: bool
) -> None:
    if metadata.get("catalog_id") != element.catalog_id:
        checks.fail("metadata.catalog_id", "NotSupportedChoice" if "catalog_id" in metadata else "FieldMissing")
    if not needs_quantity:
        return
    quantity = metadata.get("quantity")
    if not isinstance(quantity, int | float) or isinstance(quantity, bool):
        checks.fail("metadata.quantity", "FieldMissing" if quantity is None else "InvalidType")
    is_shared = store.catalogs[element.catalog_id].values["can_link_multiple"]
    holders = [lead for lead in store.leads.values() if element.id in lead.elements and lead is not card]
    if isinstance(card, Lead) and holders and not is_shared:
        checks.fail("to_entity_id", "NotSupportedChoice")


def _found(call: Call, entity: object, card_id: object) -> AnyCard | None:
    if not isinstance(entity, str) or entity not in ENTITIES or not isinstance(card_id, int):
        return None
    card: AnyCard | None = call.store.table(entity).get(card_id)
    return card


def _is_author(store: Store, user_id: object) -> bool:
    user = store.users.get(user_id) if isinstance(user_id, int) else None
    return user_id == 0 or bool(user and user.is_active)


def _announce(call: Call, wish: _Wish, what: str) -> None:
    call.changes.links_changed(wish.card, _word(wish.other), wish.other.id, call.user_id, what)
    for card in (wish.card, wish.other):
        if isinstance(card, Element):
            continue
        card.updated_at, card.updated_by = call.now, call.user_id
        call.store.save(card)
        call.changes.card_updated(card, Before.of(card))


def _card(call: Call, entity: str, card_id: int) -> AnyCard:
    card: AnyCard | None = call.store.table(entity).get(card_id)
    if card is None or card.is_deleted:
        raise missing("Element not found")
    call.rights.need("view", card)
    return card


def _filtered(call: Call, rows: list[Json]) -> list[Json]:
    wanted = call.params.get("filter")
    for key, raw in wanted.items() if isinstance(wanted, dict) else ():
        if key in FILTERS:
            allowed = values(raw)
            rows = [row for row in rows if str(_member(row, key)) in allowed]
    return rows


def _member(row: Json, key: str) -> object:
    return (row["metadata"] or {}).get("catalog_id") if key == "to_catalog_id" else row[key]


def _word(card: Card) -> str:
    return ELEMENTS if isinstance(card, Element) else kind_of(card)


def _row(entity: str, card_id: int, metadata: Json | None) -> Json:
    return {"to_entity_id": card_id, "to_entity_type": entity, "metadata": metadata}


def _named(card: Card, row: Json) -> Json:
    return {"entity_id": card.id, "entity_type": kind_of(card), **row}


def _answer(call: Call, path: str, rows: list[Json]) -> Json:
    return {"_total_items": len(rows), "_links": call.links(path), "_embedded": {"links": rows}}
