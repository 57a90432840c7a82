"""Calls that rules have made: Originate, on a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

from connectors.asterisk.calls import OURS
from connectors.asterisk.settings import AsteriskSettings, OriginateSettings
from connectors.asterisk.wire import Ami, refused
from connectors.base import CallTrace, collecting, mask, report
from connectors.calls.callback import NO_TEXT
from provodka.calls import CallOrder
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Repeat, Request, operation

_LONGEST_ID: Final = 149
_NO_EXTENSION: Final = "Впишите сотруднику extension: его внутренний номер на АТС"


class AsteriskDialler:
    """The employee's telephone rings first, then the client is dialled as if they had done it themselves.

    The channel is named after the action (`ChannelId`), so that the call's events carry its key. Whether a call was
    made whose answer was lost nobody can tell afterwards, so that a person decides.
    """

    reads_texts = False

    def __init__(self, name: str, settings: AsteriskSettings, originate: OriginateSettings) -> None:
        self.name = name
        self._settings = settings
        self._originate = originate
        self._one_at_a_time = threading.Lock()

    @operation(repeat=Repeat.PERSON)
    def dial(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]:
        """One Originate each."""
        return [self._dial(request) for request in requests]

    def check(self) -> list[str]:
        """The watcher of the channel tries the login; whether calls may be made shows by the first of them."""
        return []

    def close(self) -> None:
        """Nothing stays open."""

    def _dial(self, request: Request[CallOrder]) -> Outcome:
        order, how = request.params, self._originate
        if order.text:
            return Rejected("the exchange reads no texts", hint=NO_TEXT)
        if not order.extension:
            return Rejected("there is no extension to ring", hint=_NO_EXTENSION)
        number = f"{how.digits}{order.phone.removeprefix('+7')}" if order.phone.startswith("+7") else order.phone
        names = {"extension": order.extension, "phone": number}
        id_ = f"{OURS}{order.phone}-{request.key}"[:_LONGEST_ID]
        fields = [
            ("Channel", how.channel.format(**names)),
            ("Context", how.context.format(**names)),
            ("Exten", how.prefix + number),
            ("Priority", "1"),
            ("CallerID", how.caller.format(**names)),
            ("Timeout", str(int(how.timeout.total_seconds() * 1000))),
            ("ChannelId", id_),
            ("Async", "true"),
        ]
        if order.line:
            fields.append(("Variable", f"PROVODKA_LINE={order.line}"))
        return self._sent(fields, id_)

    def _sent(self, fields: Sequence[tuple[str, str]], id_: str) -> Outcome:
        error: ConnectorError | None = None
        started = time.perf_counter()
        try:
            with self._one_at_a_time, Ami(self._settings, events="off") as ami:
                error = refused(ami.ask("Originate", fields, id_))
        except ConnectorError as fault:
            error = fault
        if collecting():
            told = mask(", ".join(f"{name}: {value}" for name, value in fields))
            status, kind = (200, "") if error is None else (error.status, error.kind)
            took = round((time.perf_counter() - started) * 1000, 1)
            report(CallTrace("AMI", "Originate", status, took, told, "", kind, "asterisk"))
        return error or Done(id_)
