"""An outside telephone exchange: lines, calls that are registered and finished, records, statistics."""

from __future__ import annotations

import secrets
from urllib.parse import quote

from sandbox.bitrix24 import activities, files, moments, project
from sandbox.bitrix24.activities import CALL, TELEPHONY
from sandbox.bitrix24.api_events import is_address
from sandbox.bitrix24.call import Call
from sandbox.bitrix24.cards import Cards, actor_of, can_see
from sandbox.bitrix24.errors import Json, RestError, plain
from sandbox.bitrix24.identity import normal_phone
from sandbox.bitrix24.params import rows, whole, yes
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import BY_WORD, COMPANY, CONTACT, LEAD, TYPES

methods = Methods("telephony")
OUT, IN, REDIRECTED, CALLBACK, INFO = 1, 2, 3, 4, 5
SAME_CALL = 30 * 60
SHORTEST = 5
ANSWERED, MISSED = "200", "304"


def person(call: Call) -> Json:
    """Whom a call names by number or by extension."""
    inner, number = call.text("USER_PHONE_INNER"), call.whole("USER_ID")
    if not inner and not number:
        raise RestError("ERROR_CORE", "USER_ID or USER_PHONE_INNER should be set")
    for row in call.store.table("users").values():
        if row["active"] and ((number and row["id"] == number) or (not number and row["inner"] == inner)):
            return row
    raise RestError("ERROR_CORE", "User is not found or is not active")


def holder(call: Call, phone: str) -> tuple[str, int] | None:
    """Whose number it is: contacts first, then companies and leads."""
    for kind in (CONTACT, COMPANY, LEAD):
        for row in call.store.of(TYPES[kind].table, ("PHONE", normal_phone(phone))):
            return TYPES[kind].name, row["ID"]
    return None


@methods("telephony.externalLine.add", app="type")
def line_add(call: Call) -> Json:
    number = call.text("NUMBER")
    if not number:
        raise RestError("ERROR_CORE", "NUMBER should not be empty")
    if any(row["NUMBER"] == number for row in call.store.table("lines").values()):
        raise RestError("ERROR_CORE", "Line already exists")
    line_id = call.store.new_id("lines")
    create = "Y" if call.any("CRM_AUTO_CREATE") is None or yes(call.any("CRM_AUTO_CREATE")) else "N"
    call.store.put("lines", line_id, {"NUMBER": number, "NAME": call.text("NAME"), "CRM_AUTO_CREATE": create})
    return {"ID": line_id}


@methods("telephony.externalLine.get", app="type")
def line_get(call: Call) -> list[Json]:
    return list(call.store.table("lines").values())


@methods("telephony.externalLine.delete", app="type")
def line_delete(call: Call) -> bool:
    for key, row in list(call.store.table("lines").items()):
        if row["NUMBER"] == call.text("NUMBER"):
            call.store.drop("lines", key)
            return True
    raise RestError("NOT_FOUND", "Line is not found")


@methods("telephony.externalCall.searchCrmEntities")
def search(call: Call) -> list[Json]:
    """Cards that hold the number, with who is responsible for them."""
    wanted = normal_phone(call.text("PHONE_NUMBER"))
    found = []
    for kind in (CONTACT, COMPANY, LEAD):
        for row in call.store.of(TYPES[kind].table, ("PHONE", wanted)):
            if can_see(call, row):
                found.append(_entity(call, TYPES[kind].name, row))
    return found


def _entity(call: Call, name: str, row: Json) -> Json:
    user = call.store.get("users", row["ASSIGNED_BY_ID"]) or {"inner": None, "mobile": None, "active": False}
    return {
        "CRM_ENTITY_TYPE": name,
        "CRM_ENTITY_ID": row["ID"],
        "ASSIGNED_BY_ID": row["ASSIGNED_BY_ID"],
        "NAME": project.person_name(row),
        "ASSIGNED_BY": {
            "ID": str(row["ASSIGNED_BY_ID"]),
            "TIMEMAN_STATUS": "OPENED" if user["active"] else "CLOSED",
            "USER_PHONE_INNER": user["inner"] or None,
            "WORK_PHONE": None,
            "PERSONAL_PHONE": None,
            "PERSONAL_MOBILE": user["mobile"] or None,
        },
    }


@methods("telephony.externalCall.register", app="type")
def register(call: Call) -> Json:
    """A call begins; one of the same phone, type, person, line and outside number within 30 minutes is the same."""
    user, phone = person(call), call.text("PHONE_NUMBER")
    if len(normal_phone(phone)) < SHORTEST:
        raise RestError("ERROR_CORE", "Unsupported phone number format")
    kind = call.whole("TYPE")
    if kind not in (OUT, IN, REDIRECTED, CALLBACK, INFO):
        raise RestError("ERROR_CORE", "Unknown TYPE")
    key = _key(user["id"], phone, kind, call.text("LINE_NUMBER"), call.text("EXTERNAL_CALL_ID"))
    for row in call.store.table("calls").values():
        if row["key"] == key and not row["finished"] and call.now - row["registered"] < SAME_CALL:
            return _registered(row)
    row = new_call(call, user, phone, kind, call.text("LINE_NUMBER"))
    data = {"CALL_ID": row["ID"], "CALL_TYPE": kind, "CALLER_ID": phone, "REST_APP_ID": 5}
    call.events.publish("ONVOXIMPLANTCALLINIT", data, actor_of(call), call.base)
    return _registered(row)


def _key(user_id: int, phone: str, kind: int, line: str, external_id: str) -> list[object]:
    """What makes two registrations one call."""
    return [normal_phone(phone), kind, user_id, line, external_id]


def new_call(call: Call, user: Json, phone: str, kind: int, line: str) -> Json:
    """Store a call that begins, with the card it belongs to."""
    external_id = call.text("EXTERNAL_CALL_ID")
    row: Json = {
        "ID": f"externalCall.{secrets.token_hex(16)}.{call.now}",
        "key": _key(user["id"], phone, kind, line, external_id),
        "registered": call.now,
        "finished": False,
        "phone": phone,
        "type": kind,
        "user_id": user["id"],
        "line": line,
        "external_id": external_id,
        "started": moments.read(call.any("CALL_START_DATE"), call.zone) or call.now,
        "entity": None,
        "created": [],
        "stat": None,
    }
    _attach_card(call, row)
    call.store.put("calls", row["ID"], row)
    return row


def _attach_card(call: Call, row: Json) -> None:
    """The card that was named, that holds the number, or a lead made for it."""
    named = call.text("CRM_ENTITY_TYPE").upper()
    kind = BY_WORD.get(named.lower())
    number = call.whole("CRM_ENTITY_ID")
    if kind and call.store.get(kind.table, number):
        row["entity"] = [named, number]
        return
    if found := holder(call, row["phone"]):
        row["entity"] = list(found)
        return
    if call.whole("CRM_CREATE") == 1:
        titles = {OUT: "Исходящий звонок", IN: "Входящий звонок"}
        fields = {
            "TITLE": f"{row['phone']} - {titles.get(row['type'], 'Входящий звонок')}",
            "SOURCE_ID": call.text("CRM_SOURCE") or "CALL",
            "ASSIGNED_BY_ID": row["user_id"],
            "PHONE": [{"VALUE": row["phone"], "VALUE_TYPE": "WORK"}],
        }
        lead = Cards(call, TYPES[LEAD]).create(fields)
        row["entity"] = ["LEAD", lead["ID"]]
        row["created"] = [{"ENTITY_TYPE": "LEAD", "ENTITY_ID": lead["ID"]}]


def _registered(row: Json) -> Json:
    entity = row["entity"] or [None, None]
    return {
        "CALL_ID": row["ID"],
        "CRM_CREATED_LEAD": row["created"][0]["ENTITY_ID"] if row["created"] else None,
        "CRM_CREATED_ENTITIES": row["created"],
        "CRM_ENTITY_TYPE": entity[0],
        "CRM_ENTITY_ID": entity[1],
    }


def known_call(call: Call) -> Json:
    row = call.store.get("calls", call.text("CALL_ID"))
    if row is None:
        raise plain("Call is not found (call should be registered prior to finishing")
    return row


@methods("telephony.externalCall.show", "telephony.externalCall.hide")
def show(call: Call) -> bool:
    """The card on a manager's screen; shown here by nothing but the answer."""
    row = known_call(call)
    wanted = call.any("USER_ID")
    people = [whole(one) for one in (rows(wanted) if isinstance(wanted, list | dict) else [wanted])]
    return not row["finished"] and all(call.store.get("users", one) is not None for one in people)


@methods("telephony.externalCall.finish", app="type")
def finish(call: Call) -> Json:
    """A call ends: the card gets its activity, handlers hear of it."""
    row = known_call(call)
    if row["finished"]:
        raise plain("Call is not found (call should be registered prior to finishing")
    user = person(call)
    duration = max(0, call.whole("DURATION"))
    code = call.text("STATUS_CODE") or (ANSWERED if duration else MISSED)
    number = call.store.new_id("stats")
    row |= {"finished": True, "user_id": user["id"]}
    stat = {
        "ID": number,
        "PORTAL_USER_ID": user["id"],
        "PORTAL_NUMBER": row["line"] or "REST_APP:5",
        "PHONE_NUMBER": normal_phone(row["phone"]),
        "CALL_ID": row["ID"],
        "EXTERNAL_CALL_ID": row["external_id"],
        "CALL_DURATION": duration,
        "CALL_START_DATE": row["started"],
        "CALL_VOTE": call.whole("VOTE"),
        "COST": call.whole("COST"),
        "COST_CURRENCY": call.text("COST_CURRENCY"),
        "CALL_FAILED_CODE": code,
        "CALL_FAILED_REASON": call.text("FAILED_REASON"),
        "CRM_ENTITY_TYPE": row["entity"][0] if row["entity"] else None,
        "CRM_ENTITY_ID": row["entity"][1] if row["entity"] else None,
        "CRM_ACTIVITY_ID": _activity(call, row, duration, code),
        "CALL_TYPE": row["type"],
        "RECORD_FILE_ID": None,
        "CALL_RECORD_URL": None,
        "TRANSCRIPT_ID": None,
    }
    call.store.put("stats", number, stat)
    row["stat"] = number
    call.store.put("calls", row["ID"], row)
    _tell(call, row, stat)
    keys = ("CALL_ID", "EXTERNAL_CALL_ID", "PORTAL_USER_ID", "PHONE_NUMBER", "PORTAL_NUMBER", "CALL_DURATION")
    more = ("COST", "COST_CURRENCY", "CALL_FAILED_CODE", "CALL_FAILED_REASON", "CRM_ACTIVITY_ID", "CRM_ENTITY_TYPE")
    return {
        **{key: stat[key] for key in (*keys, *more, "CRM_ENTITY_ID", "ID")},
        "INCOMING": str(row["type"]),
        "CALL_START_DATE": {},
        "CALL_STATUS": 1 if code == ANSWERED else 0,
        "CALL_VOTE": stat["CALL_VOTE"],
        "REST_APP_ID": "5",
        "REST_APP_NAME": "Middleware",
        "COMMENT": None,
    }


def _activity(call: Call, row: Json, duration: int, code: str) -> int | None:
    """The activity of the call; missed ones stay open."""
    if row["entity"] is None:
        return None
    name, number = row["entity"]
    kind = BY_WORD[name.lower()]
    card = call.store.get(kind.table, number)
    if card is None:
        return None
    incoming = row["type"] != OUT
    word = ("Входящий" if incoming else "Исходящий") + (" звонок" if code == ANSWERED else " пропущенный звонок")
    contact = {
        "ID": call.store.new_id("communications"),
        "TYPE": "PHONE",
        "VALUE": row["phone"],
        "ENTITY_ID": number,
        "ENTITY_TYPE_ID": kind.id,
    }
    found = activities.create(
        call,
        (kind.id, number),
        TYPE_ID=CALL,
        PROVIDER_ID=TELEPHONY,
        PROVIDER_TYPE_ID="CALL",
        SUBJECT=f"{word} {project.person_name(card)}".strip(),
        START_TIME=row["started"],
        END_TIME=row["started"] + duration,
        DEADLINE=row["started"],
        COMPLETED="Y" if code == ANSWERED or not incoming else "N",
        RESPONSIBLE_ID=row["user_id"],
        DIRECTION=1 if incoming else 2,
        COMMUNICATIONS=[contact],
        ORIGIN_ID=f"VI_{row['ID']}",
        PROVIDER_PARAMS={"DURATION": duration, "STATUS_CODE": code},
    )
    return int(found["ID"])


def _tell(call: Call, row: Json, stat: Json) -> None:
    keys = ("CALL_ID", "CALL_TYPE", "PORTAL_NUMBER", "PORTAL_USER_ID", "CALL_DURATION", "COST", "COST_CURRENCY")
    data = {key: stat[key] for key in (*keys, "CALL_FAILED_CODE", "CALL_FAILED_REASON", "CRM_ACTIVITY_ID")}
    data |= {"PHONE_NUMBER": row["phone"], "CALL_START_DATE": call.shown(stat["CALL_START_DATE"])}
    call.events.publish("ONVOXIMPLANTCALLEND", data, actor_of(call), call.base)


@methods("telephony.externalCall.attachRecord")
def attach_record(call: Call) -> Json:
    """A record by address or base64; with a file name only, the address to upload it to."""
    row = known_call(call)
    stat = call.store.get("stats", row["stat"] or 0)
    if stat is None:
        raise RestError("ERROR_CORE", "Call is not found (call should be finished prior to attaching record)")
    url, name, content = call.text("RECORD_URL"), call.text("FILENAME"), call.text("FILE_CONTENT")
    if not url and not name:
        raise RestError("ERROR_CORE", "FILENAME or RECORD_URL should be set")
    if name and not name.lower().endswith((".mp3", ".wav")):
        raise RestError("ERROR_CORE", "Only mp3 and wav files are allowed")
    if not url and not content:
        token = quote(f"telephony|{row['ID']}|{name}")
        return {"uploadUrl": f"{call.base}/rest/upload.json?token={token}", "fieldName": "file"}
    if url and not is_address(url):
        raise RestError("ERROR_CORE", "RECORD_URL is not valid")
    return attach(call, stat, files.store_file(call, name or "record.mp3", content, source=url), url)


def attach(call: Call, stat: Json, held: Json, url: str) -> Json:
    """Hang a stored record on a finished call; the latest one counts."""
    stat |= {"RECORD_FILE_ID": held["id"], "CALL_RECORD_URL": url or files.link(call, held["id"])}
    call.store.put("stats", stat["ID"], stat)
    activity = call.store.get("activities", stat["CRM_ACTIVITY_ID"] or 0)
    if activity is not None:
        activity["FILES"] = [{"id": held["id"], "url": stat["CALL_RECORD_URL"]}]
        activities.save(call, activity)
    return {"FILE_ID": held["id"]}
