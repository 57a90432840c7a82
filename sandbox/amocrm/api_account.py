"""`/api/v4/account` and `/users`."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json, User
from sandbox.amocrm.problems import missing

ACCOUNT_BORN = 1758225600
ALL_RIGHTS = {"view": "A", "edit": "A", "add": "A", "delete": "A", "export": "A"}


def get_account(call: Call) -> Json:
    """`GET /account`: flat members, and what `with` asks for."""
    seed, wanted = call.store.seed, call.with_()
    account: Json = {
        "id": seed.account_id,
        "name": seed.name,
        "subdomain": seed.subdomain,
        "created_at": ACCOUNT_BORN,
        "created_by": 0,
        "updated_at": ACCOUNT_BORN,
        "updated_by": 0,
        "current_user_id": call.user_id,
        "country": "RU",
        "currency": "RUB",
        "currency_symbol": "₽",
        "customers_mode": "unavailable",
        "is_unsorted_on": True,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": 1,
    }
    extra: Json = {
        "amojo_id": "a1b2c3d4-0000-4000-8000-000000000001",
        "uuid": "a1b2c3d4-0000-4000-8000-000000000002",
        "version": 13,
        "is_api_filter_enabled": call.switches.api_filter,
        "drive_url": f"{call.base}/drive",
        "invoices_settings": None,
        "entity_names": {"leads": {"ru": {"gender": "f", "plural_form": {"dative": "сделкам"}}}},
    }
    account.update({key: value for key, value in extra.items() if key in wanted})
    account["_links"] = call.links("account")
    account["_embedded"] = {key: value for key, value in _embedded(call).items() if key in wanted}
    return account


def _embedded(call: Call) -> Json:
    zone = ZoneInfo(call.store.seed.timezone)
    offset = datetime.fromtimestamp(call.now, UTC).astimezone(zone).isoformat()[-6:]
    types = call.store.task_types.values()
    return {
        "amojo_rights": {"can_direct": True, "can_create_groups": True},
        "users_groups": [{"id": 0, "name": "Отдел продаж", "uuid": None}],
        "task_types": [
            {"id": one.id, "name": one.name, "color": one.color, "icon_id": one.icon_id, "code": one.code}
            for one in types
        ],
        "datetime_settings": {
            "date_pattern": "d.m.Y H:i",
            "short_date_pattern": "d.m.Y",
            "short_time_pattern": "H:i",
            "date_format": "d.m.Y",
            "time_format": "H:i:s",
            "timezone": call.store.seed.timezone,
            "timezone_offset": offset,
        },
    }


def list_users(call: Call) -> Json | None:
    """`GET /users`; the deactivated are listed too, with `rights.is_active` false."""
    return call.listing("users", call.store.users.values(), lambda user: _user(call, user), total=True)


def get_user(call: Call, user_id: int) -> Json:
    user = call.store.users.get(user_id)
    if user is None:
        raise missing("User not found")
    return _user(call, user)


def _user(call: Call, user: User) -> Json:
    wanted = call.with_()
    extra: Json = {"uuid": f"a1b2c3d4-0000-4000-8000-{user.id:012d}"} if "uuid" in wanted else {}
    if "amojo_id" in wanted:
        extra["amojo_id"] = f"a1b2c3d4-0000-4000-9000-{user.id:012d}"
    if "user_rank" in wanted:
        extra["user_rank"] = None
    if "phone_number" in wanted:
        extra["phone_number"] = user.phone
    embedded: Json = {"roles": []} if "role" in wanted else {}
    if "group" in wanted:
        embedded["groups"] = [{"id": 0, "name": "Отдел продаж"}]
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "lang": "ru",
        **extra,
        "rights": _rights(user),
        "_links": call.links(f"users/{user.id}"),
        "_embedded": embedded,
    }


def _rights(user: User) -> Json:
    return {
        "leads": ALL_RIGHTS,
        "contacts": ALL_RIGHTS,
        "companies": ALL_RIGHTS,
        "tasks": {"edit": "A", "delete": "A"},
        "mail_access": True,
        "catalog_access": True,
        "files_access": True,
        "status_rights": [],
        "catalog_rights": None,
        "custom_fields_rights": None,
        "oper_day_reports_view_access": False,
        "oper_day_user_tracking": False,
        "is_admin": user.is_admin,
        "is_free": False,
        "is_active": user.is_active,
        "group_id": 0,
        "role_id": None,
    }
