"""Users, departments, and who is at work."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24 import filters, moments
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, plain
from sandbox.bitrix24.filters import Column, Comparer
from sandbox.bitrix24.lists import classic_tests, simple_columns
from sandbox.bitrix24.params import rows, text, whole, yes
from sandbox.bitrix24.registry import Methods

methods = Methods("user")
COLUMNS: dict[str, Column] = {
    "ID": Column("integer", lambda row: row["id"]),
    "ACTIVE": Column("string", lambda row: "1" if row["active"] else ""),
    "NAME": Column("string", lambda row: row["name"]),
    "LAST_NAME": Column("string", lambda row: row["last_name"]),
    "EMAIL": Column("string", lambda row: row["email"]),
    "PERSONAL_MOBILE": Column("string", lambda row: row["mobile"]),
    "UF_PHONE_INNER": Column("string", lambda row: row["inner"]),
    "WORK_POSITION": Column("string", lambda row: row["position"]),
    "UF_DEPARTMENT": Column("integer", lambda row: department_of(row)),
    "USER_TYPE": Column("string", lambda _: "employee"),
    "IS_ONLINE": Column("string", lambda row: "Y" if row["active"] else "N"),
    "NAME_SEARCH": Column("string", lambda row: full_name(row)),
}


REACH = ("EMAIL", "PERSONAL_MOBILE", "WORK_PHONE", "UF_PHONE_INNER")


def full_name(row: Json) -> str:
    return f"{row['name']} {row['last_name']}".strip()


def department_of(row: Json) -> list[int]:
    return [1 if row["admin"] else 3]


def user_card(call: Call, row: Json) -> Json:
    """A user as `user.get` shows one; date objects leak as `{}`. The scope `user_brief` shows no way to reach him."""
    shown: Json = {
        "ID": str(row["id"]),
        "ACTIVE": row["active"],
        "NAME": row["name"],
        "LAST_NAME": row["last_name"],
        "SECOND_NAME": "",
        "EMAIL": row["email"],
        "LAST_LOGIN": moments.shown_utc(call.now),
        "DATE_REGISTER": "2024-07-15T00:00:00+00:00",
        "TIME_ZONE": call.events.seed.timezone,
        "IS_ONLINE": "Y" if row["active"] else "N",
        "TIMESTAMP_X": {},
        "LAST_ACTIVITY_DATE": {},
        "PERSONAL_GENDER": "",
        "PERSONAL_MOBILE": row["mobile"],
        "WORK_PHONE": "",
        "UF_PHONE_INNER": row["inner"],
        "WORK_POSITION": row["position"],
        "UF_DEPARTMENT": department_of(row),
        "USER_TYPE": "employee",
    }
    if {"user", "user_basic"} & call.auth.scopes:
        return shown
    return {key: value for key, value in shown.items() if key not in REACH}


@methods("user.get")
def user_get(call: Call) -> Page:
    """Users; the filter's keys are taken at the top level too."""
    wanted = {key.upper(): value for key, value in call.params.items() if key.upper() in COLUMNS}
    wanted |= {key.upper(): value for key, value in call.map("filter").items()}
    for key, value in wanted.items():
        if key.endswith("ACTIVE"):
            wanted[key] = "1" if yes(value) else ""
    if "NAME_SEARCH" in wanted:
        wanted["%NAME_SEARCH"] = wanted.pop("NAME_SEARCH")
    comparer = Comparer(call.zone)
    tests = classic_tests(wanted, COLUMNS, comparer)
    found = [row for row in call.store.table("users").values() if all(test(row) for test in tests)]
    return _sorted_page(call, found, COLUMNS, lambda row: user_card(call, row))


@methods("user.search")
def user_search(call: Call) -> Page:
    """By parts of names; `FIND` looks in all of them."""
    wanted = call.map("filter") or call.params
    find = text(wanted.get("FIND")).casefold()
    found = []
    for row in call.store.table("users").values():
        if find:
            hit = all(part in f"{full_name(row)} {row['position']}".casefold() for part in find.split())
        else:
            keys = (("NAME", "name"), ("LAST_NAME", "last_name"), ("WORK_POSITION", "position"))
            hit = all(text(wanted.get(key)).casefold() in row[mine].casefold() for key, mine in keys)
        if hit and row["active"]:
            found.append(row)
    return _sorted_page(call, found, COLUMNS, lambda row: user_card(call, row))


@methods("user.current")
def user_current(call: Call) -> Json:
    shown = user_card(call, call.auth.user)
    return {**shown, "LAST_ACTIVITY_DATE": (call.shown(call.now) or "")[:19].replace("T", " ")}


@methods("user.fields")
def user_fields(call: Call) -> Json:
    return {key: key for key in user_card(call, call.auth.user)}


@methods("department.get", scope="department")
def department_get(call: Call) -> Page:
    types = {"ID": "integer", "NAME": "string", "SORT": "integer", "PARENT": "integer", "UF_HEAD": "integer"}
    columns = simple_columns(types)
    wanted = {key.upper(): value for key, value in call.params.items() if key.upper() in columns and key != "sort"}
    tests = classic_tests(wanted, columns, Comparer(call.zone))
    found = [row for row in call.store.table("departments").values() if all(test(row) for test in tests)]
    return _sorted_page(call, found, columns, _department)


def _department(row: Json) -> Json:
    return {key: value if key in ("NAME", "SORT") else str(value) for key, value in row.items()}


def _sorted_page(call: Call, found: list[Json], columns: dict[str, Column], show: Any) -> Page:  # noqa: ANN401
    column = columns.get(call.text("sort").upper(), columns["ID"])
    down = call.text("order").upper() == "DESC"
    page = call.paged(filters.sort(found, [(column, down)], Comparer(call.zone)), by_page=True)
    return Page([show(row) for row in page.result], page.total, page.next)


def known_user(call: Call, number: int) -> Json:
    row = call.store.get("users", number)
    if row is None:
        raise plain("User not found")
    return row


@methods("timeman.status", scope="timeman")
def timeman_status(call: Call) -> Json:
    """The working day; everybody active is at work from nine."""
    row = known_user(call, call.whole("user_id") or call.user_id)
    day = (call.shown(call.now) or "")[:10]
    opened = row["active"] and row.get("at_work", True)
    return {
        "STATUS": "OPENED" if opened else "CLOSED",
        "TIME_START": f"{day}T09:00:01{(call.shown(call.now) or '')[19:]}" if opened else None,
        "TIME_FINISH": None,
        "DURATION": "00:00:00",
        "TIME_LEAKS": "00:00:00",
        "ACTIVE": opened,
        "IP_OPEN": "",
        "IP_CLOSE": "",
        "LAT_OPEN": 0,
        "LON_OPEN": 0,
        "LAT_CLOSE": 0,
        "LON_CLOSE": 0,
        "TZ_OFFSET": moments.offset(call.now, call.zone),
    }


@methods("timeman.settings", scope="timeman")
def timeman_settings(call: Call) -> Json:
    known_user(call, call.whole("user_id") or call.user_id)
    return {"UF_TIMEMAN": True, "UF_TM_FREE": False, "UF_TM_ALLOWED_DELTA": "00:15:00", "ADMIN": call.is_admin}


@methods("calendar.accessibility.get", scope="calendar")
def accessibility(call: Call) -> Json | list[Any]:
    """Absences of each asked user, with times as the site shows them."""
    found = {}
    for one in rows(call.any("users")):
        row = call.store.get("users", whole(one)) or {}
        found[str(whole(one))] = [_absence(call, row)] if _is_absent(call, row) else []
    return found or []


def _absence(call: Call, row: Json) -> Json:
    until = row["absent_until"]
    return {
        "ID": f"12{row['id']}",
        "NAME": "Отпуск",
        "DATE_FROM": moments.site(call.now, call.zone),
        "DATE_TO": moments.site(until, call.zone),
        "DATE_FROM_TS_UTC": str(call.now),
        "DATE_TO_TS_UTC": str(until),
        "~USER_OFFSET_FROM": 0,
        "~USER_OFFSET_TO": 0,
        "DT_SKIP_TIME": "Y",
        "TZ_FROM": call.events.seed.timezone,
        "TZ_TO": call.events.seed.timezone,
        "ACCESSIBILITY": "absent",
        "IMPORTANCE": "normal",
    }


def _is_absent(call: Call, row: Json) -> bool:
    return bool(row.get("absent_until", 0) > call.now)


@methods("im.user.get", scope="im")
def im_user(call: Call) -> Json:
    row = known_user(call, call.whole("id") or call.user_id)
    return {
        "id": row["id"],
        "active": row["active"],
        "name": full_name(row),
        "first_name": row["name"],
        "last_name": row["last_name"],
        "work_position": row["position"],
        "extranet": False,
        "bot": False,
        "connector": False,
        "status": "online" if row["active"] else "offline",
        "idle": False,
        "last_activity_date": call.shown(call.now),
        "mobile_last_date": False,
        "desktop_last_date": False,
        "absent": call.shown(row["absent_until"]) if _is_absent(call, row) else False,
        "departments": department_of(row),
        "phones": {"personal_mobile": row["mobile"], "inner_phone": row["inner"]},
        "email": row["email"],
        "type": "user",
    }
