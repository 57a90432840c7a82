"""`/api/v4/account` and `/currencies`."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.amocrm.call import Call
from sandbox.amocrm.customers_mode import mode_of
from sandbox.amocrm.model import Json
from sandbox.amocrm.seed_lists import INVOICES

ACCOUNT_BORN = 1758225600
ENTITY_NAMES: Json = {
    "leads": {"ru": {"gender": "f", "plural_form": {"nominative": "сделки", "dative": "сделкам"}}},
    "contacts": {"ru": {"gender": "m", "plural_form": {"nominative": "контакты", "dative": "контактам"}}},
    "companies": {"ru": {"gender": "f", "plural_form": {"nominative": "компании", "dative": "компаниям"}}},
    "customers": {"ru": {"gender": "m", "plural_form": {"nominative": "покупатели", "dative": "покупателям"}}},
}
CURRENCIES = (("RUB", "₽", "Российский рубль"), ("USD", "$", "Доллар США"), ("EUR", "€", "Евро"), ("KZT", "₸", "Тенге"))


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
        "customers_mode": mode_of(call),
        "is_unsorted_on": True,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": 1,
    }
    extra: Json = {
        "amojo_id": seed.amojo_id,
        "uuid": "a1b2c3d4-0000-4000-8000-000000000002",
        "version": 13,
        "is_api_filter_enabled": call.switches.api_filter,
        "drive_url": call.base,
        "invoices_settings": {"lang": "ru", "invoices_catalog_id": INVOICES},
        "entity_names": ENTITY_NAMES,
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
        "users_groups": [
            {"id": group_id, "name": name, "uuid": None} for group_id, name in call.store.seed.groups.items()
        ],
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


def list_currencies(call: Call) -> Json | None:
    """`GET /currencies`."""
    rows = [{"code": code, "symbol": symbol, "name": name} for code, symbol, name in CURRENCIES]
    return call.listing("currencies", rows, lambda row: row, total=True)
