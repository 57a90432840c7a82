"""`/api/v4/{entity}/custom_fields` and `/api/v4/{entity}/tags`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.amocrm import filters
from sandbox.amocrm.brackets import values
from sandbox.amocrm.call import Call
from sandbox.amocrm.fields import LISTS, TYPES
from sandbox.amocrm.model import Field, Json, Tag
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.records import Record
from sandbox.amocrm.shelf import Member, Shelf

FIELDS_PAGE = 50
EXTRA = (
    "required_statuses",
    "hidden_statuses",
    "remind",
    "settings",
    "currency",
    "nested",
    "is_visible",
    "is_required",
    "search_in",
    "chained_lists",
    "tracking_callback",
)


def _take_fields(call: Call, row: Record) -> None:
    """The fields that a group names belong to it from now on."""
    group_id = f"{row.owner}_{row.id}"
    for field in call.store.fields.values():
        if field.entity == row.owner and field.id in (row.values["fields"] or ()):
            field.group_id = group_id
            call.store.touch("fields", f"{field.entity}:{field.id}")


GROUPS = Shelf(
    "field_groups",
    "custom_field_groups",
    "/<entity>/custom_fields/groups",
    {"name": Member(str, required=True), "sort": Member(int, 10), "fields": Member(list, ())},
    "Group not found",
    owned="entity",
    saved=_take_fields,
    further=lambda call, row: {
        "id": f"{row.owner}_{row.id}",
        "entity_type": row.owner,
        "account_id": call.store.seed.account_id,
        "is_predefined": False,
        "type": "custom_field_groups",
    },
)


def one_group(act: Callable[..., Any]) -> Callable[..., Any]:
    """A view of one group: its id is text such as `leads_5`."""

    def view(call: Call, entity: str, group: str) -> Any:  # noqa: ANN401  # whatever the view answers
        number = group.removeprefix(f"{entity}_")
        return act(call, int(number) if number.isdigit() else 0, entity=entity)

    return view


def list_fields(call: Call, entity: str) -> Json | None:
    """`GET /{entity}/custom_fields`: at most 50 a page."""
    rows = [row for row in call.store.fields.values() if row.entity == entity]
    if "type" in call.filters():
        rows = [row for row in rows if row.type in values(call.filters()["type"])]
    filters.order(rows, call.params, ("sort", "id"))
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


def patch_fields(call: Call, entity: str) -> Json:
    """`PATCH /{entity}/custom_fields`: an array with `id` inside each item."""
    rows = []
    for request_id, item in call.items():
        field_id = item.get("id")
        field = _known(call, entity, field_id if isinstance(field_id, int) else 0)
        rows.append({**_patch(call, field, item), "request_id": request_id})
    return {"_total_items": len(rows), "_embedded": {"custom_fields": rows}}


def patch_field(call: Call, entity: str, field_id: int) -> Json:
    """`PATCH /{entity}/custom_fields/{id}`: an option without `id` is new, one not named is gone."""
    return _patch(call, _known(call, entity, field_id), call.item())


def _patch(call: Call, field: Field, item: Json) -> Json:
    checks = Checks()
    checks.integers(item, "sort")
    options = _options(item, checks)
    checks.finish()
    field.name = str(item.get("name") or field.name)
    field.sort = item.get("sort") or field.sort
    field.is_api_only = bool(item.get("is_api_only", field.is_api_only))
    field.group_id = item.get("group_id", field.group_id)
    field.extra.update({key: item[key] for key in EXTRA if key in item})
    if "enums" in item:
        known = {one["id"]: one for one in field.enums}
        field.enums = [
            {**known.get(one.get("id"), {}), **new} for one, new in zip(options, _enums(call, options), strict=True)
        ]
    call.store.touch("fields", f"{field.entity}:{field.id}")
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
    if item.get("type") in list(LISTS) and not _options(item, checks):
        checks.fail("enums", "FieldMissing")


def _options(item: Json, checks: Checks) -> list[Json]:
    enums = item.get("enums") or []
    if isinstance(enums, list) and all(isinstance(option, dict) for option in enums):
        return enums
    checks.wrong_type("enums", "array")
    return []


def _new(call: Call, entity: str, item: Json) -> Field:
    extra = {key: item[key] for key in EXTRA if key in item}
    return Field(
        id=call.store.new_id("fields"),
        entity=entity,
        name=item["name"],
        type=item["type"],
        code=item.get("code"),
        sort=item.get("sort") or 500,
        is_api_only=bool(item.get("is_api_only")),
        enums=_enums(call, item.get("enums") or []),
        group_id=item.get("group_id"),
        extra=extra,
    )


def _enums(call: Call, options: list[Json]) -> list[Json]:
    return [
        {
            "id": option.get("id") if isinstance(option.get("id"), int) else call.store.new_id("enums"),
            "value": str(option.get("value")),
            "sort": option.get("sort", 10 * (index + 1)),
            "code": option.get("code"),
        }
        for index, option in enumerate(options)
    ]


def _known(call: Call, entity: str, field_id: int) -> Field:
    field = call.store.field(entity, field_id)
    if field is None:
        raise missing("Custom field not found")
    return field


def _field(call: Call, field: Field) -> Json:
    own: Json = {"is_computed": False} if field.entity == "leads" else {}
    if field.entity.startswith("catalogs/"):
        own = {"is_visible": True, "is_required": False, "search_in": None}
    return {
        "id": field.id,
        "name": field.name,
        "type": field.type,
        "account_id": call.store.seed.account_id,
        "code": field.code,
        "sort": field.sort,
        "is_api_only": field.is_api_only,
        "enums": field.enums or None,
        "group_id": field.group_id,
        "required_statuses": [],
        "hidden_statuses": [],
        "is_deletable": not field.is_predefined,
        "is_predefined": field.is_predefined,
        **own,
        "entity_type": field.entity.partition("/")[0] if field.entity.startswith("catalogs/") else field.entity,
        "remind": None,
        "settings": None,
        **field.extra,
        "_links": call.links(f"{field.entity}/custom_fields/{field.id}"),
    }


def _tag(tag: Tag) -> Json:
    return {"id": tag.id, "name": tag.name, "color": tag.color}
