"""Calls that rules order: the employee's phone rings first, then the customer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from connectors.calls.orders import Orders
from connectors.zadarma.account import check
from connectors.zadarma.api import ZadarmaApi
from connectors.zadarma.notice import is_extension
from connectors.zadarma.settings import ZadarmaSettings
from provodka.calls import CallOrder
from provodka.channel import Around
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.operation import Done, Outcome, Repeat, Request, operation

NO_LINE: Final = "Номер, с которого звонит сотрудник, задаётся в кабинете АТС (CallerID добавочного): уберите line"
NO_TEXT: Final = "Эта АТС не читает тексты: звонит только сотрудник"
NOBODY: Final = "Не указано, кому из сотрудников звонить первым: впишите ему в staff extension — добавочный на АТС"
NOT_CALLED: Final = "АТС отказалась звонить: проверьте номер и добавочный сотрудника"


class ZadarmaDialler:
    """The answer to an order names no call: its notices are known by employee, number and time. Nothing tells a
    repeated order from a new one, so one that may have been carried out is for a person to judge."""

    reads_texts = False

    def __init__(self, name: str, api: ZadarmaApi, orders: Orders) -> None:
        self.name = name
        self._api = api
        self._orders = orders

    @operation(repeat=Repeat.PERSON)
    def dial(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]:
        """The employee is named by the extension."""
        return [self._dial(request.key, request.params) for request in requests]

    def check(self) -> list[str]:
        """Try the key; what is wrong in one sentence."""
        return check(self._api)

    def close(self) -> None:
        self._api.close()

    def _dial(self, key: str, order: CallOrder) -> Outcome:
        employee = next(filter(is_extension, (order.extension, *order.others)), order.extension)
        if order.text or order.line or not employee:
            hint = NO_TEXT if order.text else NO_LINE if order.line else NOBODY
            return Rejected("the exchange cannot make such a call", hint=hint)
        self._orders.placed(key, replace(order, extension=employee))
        asked = {"from": employee, "to": order.phone.removeprefix("+")}
        try:
            self._api.ask("/v1/request/callback/", asked, hint=NOT_CALLED, write=True)
        except Ambiguous as error:  # its notices may come all the same
            return error
        except ConnectorError as error:
            self._orders.refused(key)
            return error
        return Done()


def dialler(name: str, settings: ZadarmaSettings, around: Around) -> ZadarmaDialler | None:
    """The dialler of the channel `name`; none without the key of the API."""
    if settings.key is None:
        return None
    return ZadarmaDialler(name, ZadarmaApi(settings, around.store), Orders(name, around.store, around.now))
