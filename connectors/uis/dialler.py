"""Calls that UIS makes for us: an employee with a customer, or a text that is read to whoever answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.uis.reports import Reports
from connectors.uis.rpc import Rpc
from provodka.calls import CallOrder
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Repeat, Request, operation

STAFF_AGE: Final = timedelta(minutes=10)
_NOBODY: Final = "Впишите сотруднику в staff extension: имя, как в UIS, или его внутренний номер там."


class UisDialler:
    """The Call API. It takes no key by which a repeat could be told from a new call: what may have been ordered is for
    a person to judge. Our key travels as `external_id`, which the notifications of the call bring back."""

    reads_texts = True

    def __init__(self, name: str, calls: Rpc, reports: Reports, from_number: str, now: Callable[[], datetime]) -> None:
        self.name = name
        self._calls = calls
        self._reports = reports
        self._from = from_number
        self._now = now
        self._staff: Mapping[str, int] = {}
        self._staff_until: datetime | None = None

    @operation(repeat=Repeat.PERSON)
    def dial(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]:
        """`start.informer_call` where there is a text, else `start.employee_call`, which rings the employee first."""
        return [self._dial(one.key, one.params) for one in requests]

    def check(self) -> list[str]:
        """Whether the key opens the account; without a call the Call API itself cannot be tried."""
        try:
            self._known_staff()
        except ConnectorError as error:
            return [error.sentence("UIS")]
        return []

    def close(self) -> None:
        self._calls.close()
        self._reports.close()

    def _dial(self, key: str, order: CallOrder) -> Outcome:
        line = (order.line or self._from).removeprefix("+")
        common = {"virtual_phone_number": line, "external_id": key, "contact": order.phone.removeprefix("+")}
        try:
            if order.text:
                message = {"type": "tts", "value": order.text}
                return self._start("start.informer_call", {**common, "contact_message": message})
            who = {"id": self._employee((order.extension, *order.others))}
            rest = {"first_call": "employee", "show_virtual_phone_number": False, "direction": "out"}
            return self._start("start.employee_call", {**common, **rest, "employee": who})
        except ConnectorError as error:
            return error

    def _start(self, method: str, params: Mapping[str, Any]) -> Done:
        data = self._calls.ask(method, params, write=True).data
        return Done(str(data.get("call_session_id", "")) if isinstance(data, dict) else "")

    def _employee(self, names: Sequence[str]) -> int:
        staff = self._known_staff()
        found = next((staff[name] for one in names if (name := one.strip().casefold()) in staff), None)
        if found is None:
            raise Rejected(f"UIS knows no employee {names[0]!r}", hint=_NOBODY)
        return found

    def _known_staff(self) -> Mapping[str, int]:
        """Ids by full name, by internal number and by the id itself; internal numbers come before ids."""
        now = self._now()
        if self._staff_until is None or now >= self._staff_until:
            rows = [row for row in self._reports.employees() if isinstance(row.get("id"), int)]
            by_id = {str(row["id"]): row["id"] for row in rows}
            by_name = {str(row.get("full_name") or "").strip().casefold(): row["id"] for row in rows}
            by_number = {_internal_number(row): row["id"] for row in rows}
            self._staff = {name: id_ for name, id_ in (by_id | by_name | by_number).items() if name}
            self._staff_until = now + STAFF_AGE
        return self._staff


def _internal_number(row: Mapping[str, Any]) -> str:
    extension = row.get("extension")
    return str(extension.get("extension_phone_number") or "") if isinstance(extension, dict) else ""
