"""Calls that rules order: the employee's phone rings first, then the customer's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.calls.callback import Callback, CallbackDialler
from connectors.calls.orders import Orders
from connectors.megafon.api import MegafonApi
from connectors.megafon.notice import login_of
from connectors.megafon.settings import MegafonSettings
from provodka.channel import Around

NO_LINE: Final = "Эта АТС сама выбирает номер, с которого звонит: уберите line"
NOBODY: Final = "Не указано, кому из сотрудников звонить первым: впишите ему в staff extension — логин на АТС"


def _employee(names: Sequence[str]) -> str:
    """A login, where one is known: the exchange takes an internal number, too."""
    return login_of(names) or names[0]


def dialler(name: str, settings: MegafonSettings, around: Around) -> CallbackDialler | None:
    """The dialler of the channel `name`; none without the key of the API."""
    if settings.api_key is None:
        return None
    api = MegafonApi(settings, around.store)
    callback = Callback(api.make_call, _employee, NOBODY, NO_LINE, names_call=True)
    return CallbackDialler(name, callback, Orders(name, around.store, around.now), api.check, api.close)
