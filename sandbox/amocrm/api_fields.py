"""`/api/v4/{entity}/custom_fields` and `/api/v4/{entity}/tags`."""

from __future__ import annotations

from sandbox.amocrm.brackets import values
from sandbox.amocrm.call import Call
from sandbox.amocrm.fields import LISTS, TYPES
from sandbox.amocrm.model import Field, Json, Tag
from sandbox.amocrm.problems import Checks, missing

FIELDS_PAGE = 50


def list_fields(call: Call, entity: str) -> Json | None:
    """`GET /{entity}/custom_fields`: at most 50 a page."""
    rows = (row for row in call.store.fields.values() if row.entity == entity)
    return call.listing("custom_fields", rows, lambda row: _field(call, row), most=FIELDS_PAGE, total=True)


def get_field(call: Call, entity: str, field_id: int) -> Json:
    """`GET /{entity}/custom_fields/{id}`."""
    return _field(call, _known(call, entity, field_id))


def create_fields(call: Call, entity: str) -> Json:
    """`POST /{entity}/custom_fields`: name and type are required, `code` must be free."""
    checks, items = Checks(), call.items()
    for request_id, item in items:
        checks.item(request_id)
        _check(call, entity, item, checks)
    checks.finish()
    rows = []
    for request_id, item in items:
        field = _new(call, entity, item)
        call.store.add_field(field)
        rows.append({**_field(call, field), "request_id": request_id})
    return {"_total_items": len(rows), "_embedded": {"custom_fields": rows}}


def patch_field(call: Call, entity: str, field_id: int) -> Json:
    """`PATCH /{entity}/custom_fields/{id}`: name, sort and is_api_only."""
    field, item, checks = _known(call, entity, field_id), call.item(), Checks()
    checks.integers(item, "sort")
    checks.finish()
    field.name = str(item.get("name") or field.name)
    field.sort = item.get("sort") or field.sort
    field.is_api_only = bool(item.get("is_api_only", field.is_api_only))
    call.store.touch("fields", f"{entity}:{field_id}")
    return _field(call, field)


def delete_field(call: Call, entity: str, field_id: int) -> None:
    """`DELETE /{entity}/custom_fields/{id}`; from then on the id in a body is refused."""
    call.store.remove_field(_known(call, entity, field_id))


def list_tags(call: Call, entity: str) -> Json | None:
    """`GET /{entity}/tags`, with `query` and `filter[id|name]`."""
    rows = [tag for tag in call.store.tags.values() if tag.entity == entity]
    query = str(call.params.get("query") or "").lower()
    wanted = call.filters()
    if query:
        rows = [tag for tag in rows if query in tag.name.lower()]
    if "name" in wanted:
        rows = [tag for tag in rows if tag.name in values(wanted["name"])]
    if "id" in wanted:
        rows = [tag for tag in rows if str(tag.id) in values(wanted["id"])]
    return call.listing("tags", rows, _tag)


def create_tags(call: Call, entity: str) -> Json:
    """`POST /{entity}/tags`; a tag of that name is given back as it is."""
    checks, items = Checks(), call.items()
    for request_id, item in items:
        checks.item(request_id)
        checks.name(item)
    checks.finish()
    rows = [
        {**_tag(call.store.tag(entity, item["name"], item.get("color"))), "request_id": request_id}
        for request_id, item in items
    ]
    return {"_total_items": len(rows), "_embedded": {"tags": rows}}


def _check(call: Call, entity: str, item: Json, checks: Checks) -> None:
    checks.name(item)
    checks.choice(item, "type", TYPES, required=True)
    checks.integers(item, "sort")
    code = item.get("code")
    if code is not None and not isinstance(code, str):
        checks.wrong_type("code", "string")
    if code is not None and call.store.field_by_code(entity, str(code)):
        checks.fail("code", "NotUnique")
    enums = item.get("enums") or []
    if not isinstance(enums, list) or not all(isinstance(option, dict) for option in enums):
        checks.wrong_type("enums", "array")
    elif item.get("type") in list(LISTS) and not enums:
        checks.fail("enums", "FieldMissing")


def _new(call: Call, entity: str, item: Json) -> Field:
    options = [
        {
            "id": call.store.new_id("enums"),
            "value": str(option.get("value")),
            "sort": option.get("sort", 10 * (index + 1)),
            "code": option.get("code"),
        }
        for index, option in enumerate(item.get("enums") or [])
    ]
    return Field(
        id=call.store.new_id("fields"),
        entity=entity,
        name=item["name"],
        type=item["type"],
        code=item.get("code"),
        sort=item.get("sort") or 500,
        is_api_only=bool(item.get("is_api_only")),
        enums=options,
    )


def _known(call: Call, entity: str, field_id: int) -> Field:
    field = call.store.field(entity, field_id)
    if field is None:
        raise missing("Custom field not found")
    return field


def _field(call: Call, field: Field) -> Json:
    own = {"is_computed": False} if field.entity == "leads" else {}
    return {
        "id": field.id,
        "name": field.name,
        "type": field.type,
        "account_id": call.store.seed.account_id,
        "code": field.code,
        "sort": field.sort,
        "is_api_only": field.is_api_only,
        "enums": field.enums or None,
        "group_id": None,
        "required_statuses": [],
        "is_deletable": not field.is_predefined,
        "is_predefined": field.is_predefined,
        **own,
        "entity_type": field.entity,
        "remind": None,
        "settings": None,
        "_links": call.links(f"{field.entity}/custom_fields/{field.id}"),
    }


def _tag(tag: Tag) -> Json:
    return {"id": tag.id, "name": tag.name, "color": tag.color}
