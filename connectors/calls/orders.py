"""Which of our orders made a call.

A service tells its id of the call only in its answer, and the first notices of the call may be faster; some tell none
at all. So an order is written down before the service is asked, and a call nobody knows yet is found by whom it rings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.calls.notice import CallNotice, with_order
from provodka import identity
from provodka.calls import CallOrder
from provodka.errors import Ambiguous, ConnectorError
from provodka.operation import Done, Outcome
from provodka.payloads import Direction
from provodka.stores import Mirror, Snapshot

ORDER: Final = "order"
BEGINS_WITHIN: Final = timedelta(minutes=3)
"""After the order: the exchange rings the employee first, and they may take their time."""

_KEPT: Final = timedelta(days=1)
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Orders:
    """The calls that the channel `name` was told to make, as the journal remembers them."""

    name: str
    store: Mirror
    now: Callable[[], datetime]

    @property
    def _system(self) -> str:
        return f"calls:{self.name}"

    def placed(self, key: str, order: CallOrder) -> None:
        """Before the service is asked; `key` is our action's."""
        self._forget_old()
        body = {"phone": order.phone, "employee": order.extension}
        self._put(key, body, (f"to:{identity.phone(order.phone)}",))

    def made(self, key: str, call: str) -> None:
        """The service has answered: this is its id of the call."""
        self._put(key, {"call": call}, (f"call:{call}",))

    def refused(self, key: str) -> None:
        """No call comes of it."""
        self.store.forget_snapshots(self._system, ORDER, [key])

    def carry_out(self, key: str, order: CallOrder, make: Callable[[], str], *, names_call: bool = False) -> Outcome:
        """`make` asks the service for the call and gives its id of the order. Where the notices do not name the call by
        that id (`names_call`), or there is none, it is found by whom it rings."""
        self.placed(key, order)
        try:
            told = make()
        except Ambiguous as error:  # the notices of the call may come all the same
            return error
        except ConnectorError as error:
            self.refused(key)
            return error
        if told and names_call:
            self.made(key, told)
        return Done(told)

    def marked(self, notices: Sequence[CallNotice]) -> list[CallNotice]:
        """The notices of calls that our orders made, with the key of the order; the others as they are."""
        return [with_order(one, key) if (key := self._order_of(one)) else one for one in notices]

    def _order_of(self, notice: CallNotice) -> str:
        if notice.direction is Direction.IN:
            return ""
        by_id, by_phone = f"call:{notice.call}", f"to:{identity.phone(notice.phone)}"
        found = self.store.find_snapshots(self._system, ORDER, [by_id, by_phone])
        if by_id in found:
            return found[by_id][0]
        rows = self.store.snapshots(self._system, ORDER, found.get(by_phone, ()))
        began = notice.started_at or notice.at or self.now()
        fitting = [one for one in rows.values() if _fits(one, notice, began)]
        return max(fitting, key=lambda one: one.updated_at).id if fitting else ""

    def _put(self, key: str, body: dict[str, Any], identities: tuple[str, ...]) -> None:
        text = json.dumps(body, ensure_ascii=False)
        self.store.put_snapshots(self._system, ORDER, [Snapshot(key, text, self.now(), identities)])

    def _forget_old(self) -> None:
        before = self.now() - _KEPT
        page = self.store.snapshot_page(self._system, ORDER, "", _PAGE)
        if old := [one.id for one in page if one.updated_at < before]:
            self.store.forget_snapshots(self._system, ORDER, old)


def _fits(order: Snapshot, notice: CallNotice, began: datetime) -> bool:
    """Whether the call began soon after the order (the clocks may differ a little), at the same employee's phone."""
    employee = str(json.loads(order.body).get("employee", ""))
    same = not (employee and notice.employee) or employee.casefold() == notice.employee.casefold()
    return same and -timedelta(minutes=1) <= began - order.updated_at <= BEGINS_WITHIN
