"""Calls that rules order: the employee's phone rings first, then the customer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from connectors.calls.orders import Orders
from connectors.megafon.api import MegafonApi
from connectors.megafon.notice import login_of
from connectors.megafon.settings import MegafonSettings
from provodka.calls import CallOrder
from provodka.channel import Around
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.operation import Done, Outcome, Repeat, Request, operation

NO_LINE: Final = "Эта АТС сама выбирает номер, с которого звонит: уберите line"
NO_TEXT: Final = "Эта АТС не читает тексты: звонит только сотрудник"
NOBODY: Final = "Не указано, кому из сотрудников звонить первым: впишите ему в staff extension — логин на АТС"


class MegafonDialler:
    """Nothing tells the exchange that an order is a repeated one, so one that may have been carried out is for a person
    to judge."""

    reads_texts = False

    def __init__(self, name: str, api: MegafonApi, orders: Orders) -> None:
        self.name = name
        self._api = api
        self._orders = orders

    @operation(repeat=Repeat.PERSON)
    def dial(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]:
        """The employee is named by a login, where one is known: the exchange takes an internal number, too."""
        return [self._dial(request.key, request.params) for request in requests]

    def check(self) -> list[str]:
        """Try the key; what is wrong in one sentence."""
        return self._api.check()

    def close(self) -> None:
        self._api.close()

    def _dial(self, key: str, order: CallOrder) -> Outcome:
        employee = login_of((order.extension, *order.others)) or order.extension
        if order.text or order.line or not employee:
            hint = NO_TEXT if order.text else NO_LINE if order.line else NOBODY
            return Rejected("the exchange cannot make such a call", hint=hint)
        self._orders.placed(key, replace(order, extension=employee))
        try:
            call = self._api.make_call(employee, order.phone)
        except Ambiguous as error:  # its notices may come all the same
            return error
        except ConnectorError as error:
            self._orders.refused(key)
            return error
        if call:
            self._orders.made(key, call)
        return Done(call)


def dialler(name: str, settings: MegafonSettings, around: Around) -> MegafonDialler | None:
    """The dialler of the channel `name`; none without the key of the API."""
    if settings.api_key is None:
        return None
    return MegafonDialler(name, MegafonApi(settings, around.store), Orders(name, around.store, around.now))
