"""Whether the account works with customers, and how."""

from __future__ import annotations

from sandbox.amocrm.call import Call
from sandbox.amocrm.problems import Problem

MODES = frozenset({"segments", "periodicity", "dynamic"})
MODE = "customers_mode"
OFF = "Код ошибки 426. Функционал выключен"


def mode_of(call: Call) -> str:
    """`customers_mode` of the account: segments, periodicity, dynamic or disabled."""
    switch = call.store.setting(MODE) or {"mode": "segments", "is_enabled": True}
    return str(switch["mode"]) if switch["is_enabled"] else "disabled"


def need_customers(call: Call, entity: str = "customers") -> None:
    """Where customers are off every call of theirs is refused with the vendor's code; other cards are let through."""
    if entity == "customers" and mode_of(call) == "disabled":
        raise Problem(403, OFF)
