"""`/api/v4/users` and `/roles`: for administrators only."""

from __future__ import annotations

from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json, User
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.records import Record
from sandbox.amocrm.rights import rights_of
from sandbox.amocrm.shelf import Member, Shelf

MOST_SWITCHED = 10


def _users_of_role(call: Call, row: Record) -> Json:
    if "users" not in call.with_():
        return {}
    users = [{"id": one.id} for one in call.store.users.values() if one.role_id == row.id]
    return {"_embedded": {"users": users}}


ROLES = Shelf(
    "roles",
    "roles",
    "/roles",
    {"name": Member(str, required=True), "rights": Member(dict, required=True)},
    "Role not found",
    further=_users_of_role,
)


def list_users(call: Call) -> Json | None:
    """`GET /users`; the deactivated are listed too, with `rights.is_active` false."""
    call.rights.need_admin()
    return call.listing("users", call.store.users.values(), lambda user: _user(call, user), total=True)


def get_user(call: Call, user_id: int) -> Json:
    """`GET /users/{id}`; everybody may look at himself."""
    if user_id != call.user_id:
        call.rights.need_admin()
    user = call.store.users.get(user_id)
    if user is None:
        raise missing("User not found")
    return _user(call, user)


def create_users(call: Call) -> Json:
    """`POST /users`: name and e-mail are required, the e-mail must be free."""
    call.rights.need_admin()
    checks, items = Checks(), call.items()
    for request_id, item in items:
        checks.item(request_id)
        _check(call, item, checks)
    checks.finish()
    rows = []
    for request_id, item in items:
        user = _new(call, item)
        rows.append({**_user(call, user), "request_id": request_id})
    return {"_total_items": len(rows), "_embedded": {"users": rows}}


def switch_users(call: Call, *, active: bool) -> None:
    """`POST /users/activate|deactivate`: at most 10 ids, and none of an administrator."""
    call.rights.need_admin()
    checks, found = Checks(), []
    for request_id, item in call.items(MOST_SWITCHED):
        checks.item(request_id)
        user = call.store.users.get(item["id"]) if isinstance(item.get("id"), int) else None
        if user is None or user.is_admin:
            checks.fail("id", "NotSupportedChoice")
        else:
            found.append(user)
    checks.finish()
    for user in found:
        user.is_active = active
        call.store.touch("users", user.id)


def _check(call: Call, item: Json, checks: Checks) -> None:
    checks.name(item)
    email = item.get("email")
    if not isinstance(email, str) or "@" not in email:
        checks.fail("email", "FieldMissing" if email is None else "InvalidType")
    elif any(user.email == email for user in call.store.users.values()):
        checks.fail("email", "NotUnique")
    rights = item.get("rights")
    if rights is not None and not isinstance(rights, dict):
        checks.wrong_type("rights", "object")
    elif rights:
        checks.choice(rights, "role_id", call.store.table("roles"))
        checks.choice(rights, "group_id", call.store.seed.groups)


def _new(call: Call, item: Json) -> User:
    rights = dict(item.get("rights") or {})
    known = {key: rights.pop(key, None) for key in ("is_admin", "is_active", "group_id", "role_id", "is_free")}
    user = User(
        id=call.store.new_id("users"),
        name=item["name"],
        email=item["email"],
        is_admin=bool(known["is_admin"]),
        rights=rights or None,
        group_id=known["group_id"] or 0,
        role_id=known["role_id"],
    )
    call.store.add("users", user)
    return user


def _user(call: Call, user: User) -> Json:
    wanted, store = call.with_(), call.store
    extra: Json = {"uuid": f"a1b2c3d4-0000-4000-8000-{user.id:012d}"} if "uuid" in wanted else {}
    if "amojo_id" in wanted:
        extra["amojo_id"] = amojo_id(user)
    if "user_rank" in wanted:
        extra["user_rank"] = None
    if "phone_number" in wanted:
        extra["phone_number"] = user.phone
    embedded: Json = {}
    if "role" in wanted:
        role = store.table("roles").get(user.role_id)
        embedded["roles"] = [{"id": role.id, "name": role.values["name"]}] if role else []
    if "group" in wanted:
        embedded["groups"] = [{"id": user.group_id, "name": store.seed.groups.get(user.group_id, "")}]
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "lang": "ru",
        **extra,
        "rights": _rights(call, user),
        "_links": call.links(f"users/{user.id}"),
        "_embedded": embedded,
    }


def amojo_id(user: User) -> str:
    """The user's id in the chat service."""
    return f"a1b2c3d4-0000-4000-9000-{user.id:012d}"


def _rights(call: Call, user: User) -> Json:
    return {
        **rights_of(call.store, user),
        "catalog_rights": None,
        "custom_fields_rights": None,
        "oper_day_reports_view_access": False,
        "oper_day_user_tracking": False,
        "is_admin": user.is_admin,
        "is_free": False,
        "is_active": user.is_active,
        "group_id": user.group_id,
        "role_id": user.role_id,
    }
