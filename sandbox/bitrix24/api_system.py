"""Methods about the portal itself: who am I, what may I, which methods are there."""

from __future__ import annotations

from sandbox.bitrix24 import moments, settings
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.params import text, yes
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import TYPES

methods = Methods("")
FEATURES = ("rest_offline_extended", "rest_auth_connector")


@methods("profile")
def profile(call: Call) -> Json:
    user = call.auth.user
    return {
        "ID": str(user["id"]),
        "ADMIN": user["admin"],
        "NAME": user["name"],
        "LAST_NAME": user["last_name"],
        "PERSONAL_GENDER": "",
        "TIME_ZONE": call.events.seed.timezone,
    }


@methods("scope")
def scope(call: Call) -> list[str]:
    """The caller's scopes; `full` asks for all there are."""
    return sorted(call.events.seed.app_scopes if yes(call.any("full")) else call.auth.scopes)


@methods("methods")
def method_names(call: Call) -> list[str]:
    """Method names of a scope, of the caller's scopes, or of all (`full`)."""
    wanted = call.text("scope")
    found = call.events.methods
    if wanted:
        return sorted(name for name, row in found.items() if row.scope == wanted)
    full = yes(call.any("full"))
    return sorted(name for name, row in found.items() if full or row.is_open_to(call.auth.scopes))


@methods("method.get")
def method_get(call: Call) -> Json:
    found = call.events.methods.get(call.text("name").lower())
    available = found is not None and found.is_open_to(call.auth.scopes)
    return {"isExisting": found is not None, "isAvailable": available}


@methods("feature.get")
def feature_get(call: Call) -> Json:
    return {"value": "Y" if call.text("code") in FEATURES else "N"}


@methods("server.time")
def server_time(call: Call) -> str:
    return moments.shown_utc(call.now)


@methods("app.info", app="context")
def app_info(call: Call) -> Json:
    return {
        "ID": 5,
        "CODE": call.events.seed.client_id,
        "VERSION": 1,
        "STATUS": "L",
        "INSTALLED": call.settings.app_installed,
        "PAYMENT_EXPIRED": "N",
        "DAYS": None,
        "LANGUAGE_ID": "ru",
        "LICENSE": "ru_pro100",
        "LICENSE_TYPE": "pro100",
        "LICENSE_FAMILY": "pro",
    }


@methods("app.option.get", app="context")
def option_get(call: Call) -> object:
    """One option of the application, or all."""
    held = (call.store.get("options", "app") or {"values": {}})["values"]
    name = call.text("option")
    return held.get(name) if name else held or []


@methods("app.option.set", app="context")
def option_set(call: Call) -> bool:
    wanted = call.any("options")
    if not isinstance(wanted, dict):
        raise RestError("ERROR_ARGUMENT", "Argument 'options' is null or empty")
    held = (call.store.get("options", "app") or {"values": {}})["values"]
    call.store.put("options", "app", {"values": held | {key: text(value) for key, value in wanted.items()}})
    return True


@methods("user.admin")
def user_admin(call: Call) -> bool:
    return call.is_admin


@methods("crm.settings.mode.get", scope="crm")
def crm_mode(call: Call) -> int:
    """1 classic, with leads; 2 simple, where every lead becomes a deal at once."""
    return settings.crm_mode(call.store, call.settings)


@methods("crm.enum.ownertype", scope="crm")
def owner_types(call: Call) -> list[Json]:
    del call
    return [
        {"ID": kind.id, "NAME": kind.title, "SYMBOL_CODE": kind.name, "SYMBOL_CODE_SHORT": kind.code}
        for kind in TYPES.values()
    ]


@methods("crm.type.list", scope="crm")
def types(call: Call) -> Page:
    """Smart processes of the portal, of which it has none."""
    return call.paged([], wrap="types")


@methods("crm.currency.list", scope="crm")
def currencies(call: Call) -> list[Json]:
    base = call.events.seed.currency
    return [{"CURRENCY": base, "AMOUNT_CNT": "1", "AMOUNT": "1.0000", "BASE": "Y", "SORT": "100", "LID": "ru"}]


@methods("crm.currency.base.get", scope="crm")
def base_currency(call: Call) -> str:
    return call.events.seed.currency
