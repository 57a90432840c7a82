"""Calls that rules order: the employee's phone rings first, then the customer's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.calls.callback import Callback, CallbackDialler
from connectors.calls.orders import Orders
from connectors.zadarma.account import check
from connectors.zadarma.api import ZadarmaApi
from connectors.zadarma.notice import is_extension
from connectors.zadarma.settings import ZadarmaSettings
from provodka.channel import Around

NO_LINE: Final = "Номер, с которого звонит сотрудник, задаётся в кабинете АТС (CallerID добавочного): уберите line"
NOBODY: Final = "Не указано, кому из сотрудников звонить первым: впишите ему в staff extension — добавочный на АТС"
NOT_CALLED: Final = "АТС отказалась звонить: проверьте номер и добавочный сотрудника"


def _employee(names: Sequence[str]) -> str:
    """The extension."""
    return next(filter(is_extension, names), names[0])


def dialler(name: str, settings: ZadarmaSettings, around: Around) -> CallbackDialler | None:
    """The dialler of the channel `name`; none without the key of the API."""
    if settings.key is None:
        return None
    api = ZadarmaApi(settings, around.store)

    def ring(employee: str, phone: str) -> str:
        """The answer names no call: its notices are known by employee, number and time."""
        asked = {"from": employee, "to": phone.removeprefix("+")}
        api.ask("/v1/request/callback/", asked, hint=NOT_CALLED, write=True)
        return ""

    orders = Orders(name, around.store, around.now)
    return CallbackDialler(name, Callback(ring, _employee, NOBODY, NO_LINE), orders, lambda: check(api), api.close)
