"""`/api/v4/{entity}/link`, `/unlink` and `/links`."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.amocrm.brackets import values
from sandbox.amocrm.call import Call
from sandbox.amocrm.changes import Before
from sandbox.amocrm.model import Company, Contact, Json, Lead
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.store import ENTITIES, Store, kind_of

AnyCard = Lead | Contact | Company


@dataclass(frozen=True, slots=True)
class _Wish:
    card: AnyCard
    other: AnyCard
    main: bool


def list_links(call: Call, entity: str, card_id: int) -> Json:
    """`GET /{entity}/{id}/links`, filtered by `to_entity_id` and `to_entity_type`."""
    rows = _linked(call.store, _card(call, entity, card_id))
    wanted = call.params.get("filter")
    for key in ("to_entity_type", "to_entity_id"):
        if isinstance(wanted, dict) and key in wanted:
            rows = [row for row in rows if str(row[key]) == wanted[key]]
    return _answer(call, f"{entity}/{card_id}/links", rows)


def mass_links(call: Call, entity: str) -> Json:
    """`GET /{entity}/links?filter[entity_id][]=…`."""
    wanted = call.params.get("filter")
    ids = values(wanted.get("entity_id")) if isinstance(wanted, dict) else []
    cards = [call.store.table(entity).get(int(one)) for one in ids if one.isdigit()]
    rows = [_named(card, row) for card in cards if card is not None for row in _linked(call.store, card)]
    return _answer(call, f"{entity}/links", rows)


def link(call: Call, entity: str, card_id: int | None = None) -> Json:
    """`POST /{entity}/{id}/link`, or without an id and with `entity_id` in the items."""
    links = call.writer().links
    rows = []
    for wish in _wishes(call, entity, card_id):
        links.link(wish.card, wish.other, main=wish.main)
        _announce(call, wish)
        target = (kind_of(wish.other), wish.other.id)
        shown = (
            row for row in _linked(call.store, wish.card) if (row["to_entity_type"], row["to_entity_id"]) == target
        )
        rows.append(_named(wish.card, next(shown)))
    return _answer(call, f"{entity}/links" if card_id is None else f"{entity}/{card_id}/links", rows)


def unlink(call: Call, entity: str, card_id: int | None = None) -> None:
    """`POST /{entity}/{id}/unlink`, or without an id; answered 204."""
    links = call.writer().links
    for wish in _wishes(call, entity, card_id):
        links.unlink(wish.card, wish.other)
        _announce(call, wish)


def _wishes(call: Call, entity: str, card_id: int | None) -> list[_Wish]:
    checks, wishes = Checks(), []
    known = None if card_id is None else _card(call, entity, card_id)
    for request_id, item in call.items():
        checks.item(request_id)
        card = known or _found(call.store, entity, item.get("entity_id"))
        to_type = item.get("to_entity_type")
        other = _found(call.store, to_type, item.get("to_entity_id"))
        metadata = item.get("metadata") if isinstance(item.get("metadata"), dict) else {}
        if card is None:
            checks.fail("entity_id", "NotSupportedChoice")
        if to_type not in ENTITIES or to_type == entity:
            checks.fail("to_entity_type", "NotSupportedChoice")
        elif other is None:
            checks.fail("to_entity_id", "NotSupportedChoice")
        if not _is_author(call.store, (metadata or {}).get("updated_by", 0)):
            checks.fail("metadata.updated_by", "NotSupportedChoice")
        if card is not None and other is not None:
            wishes.append(
                _Wish(card, other, bool(metadata and (metadata.get("is_main") or metadata.get("main_contact"))))
            )
    checks.finish()
    return wishes


def _found(store: Store, entity: object, card_id: object) -> AnyCard | None:
    if not isinstance(entity, str) or entity not in ENTITIES or not isinstance(card_id, int):
        return None
    card: AnyCard | None = store.table(entity).get(card_id)
    return card


def _is_author(store: Store, user_id: object) -> bool:
    user = store.users.get(user_id) if isinstance(user_id, int) else None
    return user_id == 0 or bool(user and user.is_active)


def _announce(call: Call, wish: _Wish) -> None:
    for card in (wish.card, wish.other):
        card.updated_at, card.updated_by = call.now, call.user_id
        call.store.save(card)
        call.changes.card_updated(card, Before.of(card))


def _card(call: Call, entity: str, card_id: int) -> AnyCard:
    card: AnyCard | None = call.store.table(entity).get(card_id)
    if card is None:
        raise missing("Element not found")
    return card


def _linked(store: Store, card: AnyCard) -> list[Json]:
    match card:
        case Lead():
            rows = [_row("contacts", one, {"main_contact": main}) for one, main in card.contacts.items()]
        case Contact():
            mains = ((one, store.leads[one].contacts.get(card.id, False)) for one in card.leads)
            rows = [_row("leads", one, {"main_contact": main}) for one, main in mains]
        case _:
            rows = [_row("leads", one, None) for one in card.leads]
            return rows + [_row("contacts", one, None) for one in card.contacts]
    return rows if card.company_id is None else [*rows, _row("companies", card.company_id, None)]


def _row(entity: str, card_id: int, metadata: Json | None) -> Json:
    return {"to_entity_id": card_id, "to_entity_type": entity, "metadata": metadata}


def _named(card: AnyCard, row: Json) -> Json:
    return {"entity_id": card.id, "entity_type": kind_of(card), **row}


def _answer(call: Call, path: str, rows: list[Json]) -> Json:
    return {"_total_items": len(rows), "_links": call.links(path), "_embedded": {"links": rows}}
