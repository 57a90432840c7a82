"""Activities of CRM cards: reminders, calls, meetings and letters, as they are stored and shown."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24.call import Call
from sandbox.bitrix24.cards import actor_of, can_see
from sandbox.bitrix24.errors import Json, owner_not_found
from sandbox.bitrix24.project import person_name
from sandbox.bitrix24.schema import TYPES

MEETING, CALL, TASK, EMAIL, IMPORT, PROVIDER = 1, 2, 3, 4, 5, 6
TODO, TELEPHONY = "CRM_TODO", "VOXIMPLANT_CALL"
PROVIDERS = {MEETING: "CRM_MEETING", CALL: "CRM_CALL", EMAIL: "CRM_EMAIL", TASK: "CRM_TASKS_TASK"}
TIMES = ("CREATED", "LAST_UPDATED", "START_TIME", "END_TIME", "DEADLINE")
NUMBERS = (
    *("ID", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "RESPONSIBLE_ID", "PRIORITY", "STATUS", "NOTIFY_TYPE"),
    *("NOTIFY_VALUE", "DESCRIPTION_TYPE", "DIRECTION", "AUTHOR_ID", "EDITOR_ID", "ASSOCIATED_ENTITY_ID"),
    *("RESULT_MARK", "AUTOCOMPLETE_RULE"),
)
TEXTS = (
    *("PROVIDER_ID", "PROVIDER_TYPE_ID", "PROVIDER_GROUP_ID", "SUBJECT", "COMPLETED", "DESCRIPTION", "LOCATION"),
    *("ORIGINATOR_ID", "ORIGIN_ID", "ORIGIN_VERSION"),
)
TYPES_OF = {
    **dict.fromkeys(NUMBERS, "integer"),
    **dict.fromkeys(TEXTS, "string"),
    **dict.fromkeys(TIMES, "datetime"),
}
ORDER = (
    *("ID", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "PROVIDER_ID", "PROVIDER_TYPE_ID", "PROVIDER_GROUP_ID"),
    *("ASSOCIATED_ENTITY_ID", "SUBJECT", "CREATED", "LAST_UPDATED", "START_TIME", "END_TIME", "DEADLINE"),
    *("COMPLETED", "STATUS", "RESPONSIBLE_ID", "PRIORITY", "NOTIFY_TYPE", "NOTIFY_VALUE", "DESCRIPTION"),
    *("DESCRIPTION_TYPE", "DIRECTION", "LOCATION", "SETTINGS", "ORIGINATOR_ID", "ORIGIN_ID", "AUTHOR_ID"),
    *("EDITOR_ID", "PROVIDER_PARAMS", "PROVIDER_DATA", "RESULT_MARK", "AUTOCOMPLETE_RULE"),
)


def owner_card(call: Call, entity_type_id: int, number: int) -> Json:
    """The card an activity or comment hangs on; OWNER_NOT_FOUND where there is none or it may not be seen."""
    kind = TYPES.get(entity_type_id)
    row = call.store.get(kind.table, number) if kind else None
    if row is None or not can_see(call, row):
        raise owner_not_found()
    return row


def create(call: Call, owner: tuple[int, int], **values: Any) -> Json:  # noqa: ANN401  # the row's members
    """Store an activity of a card and tell the handlers; `values` are members of the row by their names."""
    number = call.store.new_id("activities")
    row: Json = {
        "ID": number,
        "OWNER_TYPE_ID": owner[0],
        "OWNER_ID": owner[1],
        "TYPE_ID": PROVIDER,
        "PROVIDER_ID": None,
        "PROVIDER_TYPE_ID": None,
        "PROVIDER_GROUP_ID": None,
        "ASSOCIATED_ENTITY_ID": 0,
        "SUBJECT": "",
        "CREATED": call.now,
        "LAST_UPDATED": call.now,
        "START_TIME": None,
        "END_TIME": None,
        "DEADLINE": None,
        "COMPLETED": "N",
        "RESPONSIBLE_ID": call.user_id,
        "PRIORITY": 2,
        "NOTIFY_TYPE": 0,
        "NOTIFY_VALUE": 0,
        "DESCRIPTION": "",
        "DESCRIPTION_TYPE": 1,
        "DIRECTION": 0,
        "LOCATION": "",
        "SETTINGS": [],
        "ORIGINATOR_ID": None,
        "ORIGIN_ID": None,
        "AUTHOR_ID": call.user_id,
        "EDITOR_ID": call.user_id,
        "PROVIDER_PARAMS": [],
        "PROVIDER_DATA": None,
        "RESULT_MARK": 0,
        "AUTOCOMPLETE_RULE": 0,
        "COMMUNICATIONS": [],
        "FILES": [],
        "BINDINGS": [],
        **values,
    }
    if not row["BINDINGS"]:
        row["BINDINGS"] = [{"OWNER_TYPE_ID": owner[0], "OWNER_ID": owner[1]}]
    save(call, row, "ADD")
    return row


def save(call: Call, row: Json, verb: str = "UPDATE") -> None:
    """Store a row, note the card's last activity, and tell the handlers."""
    row["STATUS"] = 2 if row["COMPLETED"] == "Y" else 1
    call.store.put("activities", row["ID"], row)
    kind = TYPES.get(row["OWNER_TYPE_ID"])
    card = call.store.get(kind.table, row["OWNER_ID"]) if kind else None
    if kind and card is not None:
        card["LAST_ACTIVITY_TIME"], card["LAST_ACTIVITY_BY"] = call.now, call.user_id
        call.store.put(kind.table, card["ID"], card)
    tell(call, row, verb)


def tell(call: Call, row: Json, verb: str) -> None:
    call.events.publish(f"ONCRMACTIVITY{verb}", {"FIELDS": {"ID": row["ID"]}}, actor_of(call), call.base)


def shown(call: Call, row: Json, select: set[str] | None = None) -> Json:
    """A row with strings for nearly everything; `COMMUNICATIONS` and `FILES` where they are named."""
    found: Json = {}
    for name in ORDER:
        value = row[name]
        if select is None or "*" in select or name in select or name == "ID":
            if name in TIMES:
                value = call.shown(value)
            elif name in NUMBERS:
                value = str(value)
            found[name] = value
    if select and "COMMUNICATIONS" in select:
        found["COMMUNICATIONS"] = [_communication(call, one) for one in row["COMMUNICATIONS"]]
    if select and "FILES" in select:
        found["FILES"] = [{"id": one["id"], "url": one["url"]} for one in row["FILES"]]
    if select and "BINDINGS" in select:
        found["BINDINGS"] = [{key: str(value) for key, value in one.items()} for one in row["BINDINGS"]]
    return found


def _communication(call: Call, one: Json) -> Json:
    kind = TYPES.get(one["ENTITY_TYPE_ID"])
    card = (call.store.get(kind.table, one["ENTITY_ID"]) if kind else None) or {}
    person = {key: card.get(key) for key in ("NAME", "LAST_NAME") if key in (kind.fields if kind else ())}
    company = {"COMPANY_ID": str(card["COMPANY_ID"])} if card.get("COMPANY_ID") else {}
    return {
        "ID": str(one["ID"]),
        "TYPE": one["TYPE"],
        "VALUE": one["VALUE"],
        "ENTITY_ID": str(one["ENTITY_ID"]),
        "ENTITY_TYPE_ID": str(one["ENTITY_TYPE_ID"]),
        "ENTITY_SETTINGS": {**person, **company} or {"TITLE": person_name(card)},
    }
