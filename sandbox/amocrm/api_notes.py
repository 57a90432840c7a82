"""`/api/v4/{entity}/notes`."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.amocrm import filters
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json, Note
from sandbox.amocrm.problems import Checks, missing

REQUIRED_PARAMS: dict[str, tuple[str, ...]] = {
    "common": ("text",),
    "service_message": ("service", "text"),
    "extended_service_message": ("service", "text"),
    "call_in": ("uniq", "duration", "source", "phone"),
    "call_out": ("uniq", "duration", "source", "phone"),
    "sms_in": ("text", "phone"),
    "sms_out": ("text", "phone"),
    "attachment": ("file_uuid", "file_name"),
    "geolocation": ("text", "address", "longitude", "latitude"),
    "message_cashier": ("status", "text"),
    "invoice_paid": ("service", "text", "icon_url"),
    "bill_paid": ("service", "text", "icon_url"),
}
ORDER_KEYS = ("updated_at", "id")


def list_notes(call: Call, entity: str, card_id: int | None = None) -> Json | None:
    """`GET /{entity}/notes`, `GET /{entity}/{id}/notes`."""
    store = call.store
    rows: Iterable[Note]
    if card_id is not None and card_id in store.table(entity):
        call.rights.need("view", store.table(entity)[card_id])
    if card_id is None:
        rows = (note for note in store.notes.values() if note.entity_type == entity)
    else:
        rows = (store.notes[one] for one in store.notes_of.get((entity, card_id), ()))
    if not call.user.is_admin:
        rows = (note for note in rows if call.rights.sees(store.table(entity)[note.entity_id]))
    found = filters.apply(rows, call.filters(), filters.NOTES)
    filters.order(found, call.params, ORDER_KEYS)
    return call.listing("notes", found, lambda note: show_note(call, note))


def get_note(call: Call, entity: str, note_id: int, card_id: int | None = None) -> Json | None:
    """`GET /{entity}/notes/{id}`; 204 for an id that does not exist."""
    note = call.store.notes.get(note_id)
    if note is None or note.entity_type != entity or card_id not in (None, note.entity_id):
        return None
    call.rights.need("view", call.store.table(entity)[note.entity_id])
    return show_note(call, note)


def create_notes(call: Call, entity: str, card_id: int | None = None) -> Json:
    """`POST /{entity}/notes` with `entity_id` in the items, or `POST /{entity}/{id}/notes`."""
    if card_id is not None and card_id not in call.store.table(entity):
        raise missing("Element not found")
    checks, wishes = Checks(), []
    for request_id, item in call.items():
        checks.item(request_id)
        owner = card_id if card_id is not None else item.get("entity_id")
        if not isinstance(owner, int) or owner not in call.store.table(entity):
            checks.fail("entity_id", "FieldMissing" if owner is None else "NotSupportedChoice")
            continue
        _check_params(item, checks)
        _check_users(call, item, checks)
        wishes.append((request_id, owner, item))
    checks.finish()
    for _, owner, _ in wishes:
        call.rights.need("view", call.store.table(entity)[owner])
    rows = []
    for request_id, owner, item in wishes:
        note = add_note(call, (entity, owner), item["note_type"], item["params"], item)
        links = call.links(_path(note, by_card=card_id is not None))
        rows.append({"id": note.id, "entity_id": owner, "request_id": request_id, "_links": links})
    return call.created("notes", rows)


def patch_notes(call: Call, entity: str, card_id: int | None = None) -> Json:
    """`PATCH /{entity}/notes` and `/{entity}/{id}/notes`: an array with `id` inside each item."""
    wishes = [(_known(call, entity, item.get("id"), card_id), item) for _, item in call.items()]
    return call.created("notes", _patch(call, wishes))


def patch_note(call: Call, entity: str, note_id: int, card_id: int | None = None) -> Json:
    """`PATCH /{entity}/notes/{id}`; needs note_type and params."""
    return _patch(call, [(_known(call, entity, note_id, card_id), call.item())])[0]


def pin_note(call: Call, entity: str, note_id: int, *, pinned: bool) -> None:
    """`POST /{entity}/notes/{id}/pin|unpin`."""
    note = _known(call, entity, note_id, None)
    note.is_pinned = pinned
    call.store.touch("notes", note.id)


def _known(call: Call, entity: str, note_id: object, card_id: int | None) -> Note:
    note = call.store.notes.get(note_id) if isinstance(note_id, int) else None
    if note is None or note.entity_type != entity or card_id not in (None, note.entity_id):
        raise missing("Note not found")
    call.rights.need("edit", call.store.table(entity)[note.entity_id])
    return note


def _patch(call: Call, wishes: list[tuple[Note, Json]]) -> list[Json]:
    checks = Checks()
    for note, item in wishes:
        checks.item(str(item.get("request_id", note.id)))
        _check_params(item, checks)
        if item.get("note_type") not in (None, note.note_type):
            checks.fail("note_type", "NotSupportedChoice")
    checks.finish()
    rows = []
    for note, item in wishes:
        note.params = {**note.params, **item["params"]}
        note.updated_at, note.updated_by = call.now, call.user_id
        call.store.touch("notes", note.id)
        links = call.links(_path(note, by_card=False))
        rows.append({"id": note.id, "entity_id": note.entity_id, "updated_at": note.updated_at, "_links": links})
    return rows


def add_note(call: Call, owner: tuple[str, int], note_type: str, params: Json, item: Json) -> Note:
    """Store a note on a card and announce it; `item` may name its author, responsible and time."""
    card = call.store.table(owner[0])[owner[1]]
    author = item.get("created_by")
    created_by = call.user_id if author is None else author
    note = Note(
        id=call.store.new_id("notes"),
        entity_type=owner[0],
        entity_id=owner[1],
        note_type=note_type,
        params=params,
        responsible_user_id=item.get("responsible_user_id") or card.responsible_user_id,
        created_by=created_by,
        updated_by=created_by,
        created_at=item.get("created_at") or call.now,
        updated_at=item.get("created_at") or call.now,
    )
    call.store.add("notes", note)
    call.changes.note_added(note, triggers=item.get("is_need_to_trigger_digital_pipeline") is not False)
    return note


def _check_params(item: Json, checks: Checks) -> None:
    required = REQUIRED_PARAMS.get(str(item.get("note_type")))
    if required is None:
        checks.fail("note_type", "NotSupportedChoice" if item.get("note_type") else "FieldMissing")
        return
    params = item.get("params")
    if not isinstance(params, dict):
        checks.fail("params", "FieldMissing")
        return
    for key in required:
        if params.get(key) is None:
            checks.fail(f"params.{key}", "FieldMissing")


def _check_users(call: Call, item: Json, checks: Checks) -> None:
    reader = call.reader()
    for key in ("created_by", "responsible_user_id"):
        user_id = item.get(key)
        is_author = key == "created_by"
        if user_id is not None and not (isinstance(user_id, int) and reader.is_user(user_id, robot=is_author)):
            checks.fail(key, "NotSupportedChoice")
    if item.get("created_at") is not None and not isinstance(item["created_at"], int):
        checks.wrong_type("created_at", "int")


def _path(note: Note, *, by_card: bool) -> str:
    middle = f"{note.entity_id}/notes" if by_card else "notes"
    return f"{note.entity_type}/{middle}/{note.id}"


def _shown_params(note: Note) -> Json:
    if note.note_type != "attachment":
        return note.params
    return {**note.params, "original_name": note.params.get("file_name"), "is_drive_attachment": True}


def show_note(call: Call, note: Note) -> Json:
    """The HAL body of a note."""
    return {
        "id": note.id,
        "entity_id": note.entity_id,
        "created_by": note.created_by,
        "updated_by": note.updated_by,
        "created_at": note.created_at,
        "updated_at": note.updated_at,
        "responsible_user_id": note.responsible_user_id,
        "group_id": 0,
        "note_type": note.note_type,
        "params": _shown_params(note),
        "is_pinned": note.is_pinned,
        "account_id": call.store.seed.account_id,
        "_links": call.links(_path(note, by_card=True)),
    }
