"""Calls by callback: the exchange rings the employee, and connects them with the client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from connectors.calls.orders import Orders
from provodka.calls import CallOrder
from provodka.errors import Rejected
from provodka.operation import Outcome, Repeat, Request, operation

NO_TEXT: Final = "Эта АТС не зачитывает тексты: уберите text или назовите в by другой канал."


@dataclass(frozen=True, slots=True)
class Callback:
    """What an exchange is told. `ring(employee, phone)`, the phone in E.164, gives its id of the order, empty where it
    tells none; `names_call`: its notices name the call by that id.

    `employee` finds the one of our names of an employee that the exchange knows, `seen_as` is what its notices call
    them; `nobody` is the cure where there is none, `no_line` where a rule chooses the number to call from.
    """

    ring: Callable[[str, str], str]
    employee: Callable[[Sequence[str]], str]
    nobody: str
    no_line: str
    names_call: bool = False
    seen_as: Callable[[str], str] = str


class CallbackDialler:
    """Such an exchange takes no key by which a repeat could be told from a new call: what may have been ordered is for
    a person to judge. `test` tries the settings."""

    reads_texts = False

    def __init__(
        self, name: str, callback: Callback, orders: Orders, test: Callable[[], list[str]], close: Callable[[], None]
    ) -> None:
        self.name = name
        self._callback = callback
        self._orders = orders
        self._test = test
        self._close = close

    @operation(repeat=Repeat.PERSON)
    def dial(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]:
        """The employee is rung first. The exchange itself chooses the number to call from."""
        return [self._dial(request.key, request.params) for request in requests]

    def check(self) -> list[str]:
        """Try the settings; what is wrong in one sentence, nothing when all is well."""
        return self._test()

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._close()

    def _dial(self, key: str, order: CallOrder) -> Outcome:
        way = self._callback
        if order.text or order.line:
            return Rejected("the exchange cannot make such a call", hint=NO_TEXT if order.text else way.no_line)
        employee = way.employee((order.extension, *order.others))
        if not employee:
            return Rejected(f"the exchange knows no employee {order.extension!r}", hint=way.nobody)
        known = replace(order, extension=way.seen_as(employee))
        return self._orders.carry_out(key, known, lambda: way.ring(employee, order.phone), names_call=way.names_call)
