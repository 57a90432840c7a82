"""Calls that MANGO OFFICE makes for us: the employee is rung first, then the client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.calls.callback import NO_TEXT
from connectors.mango.client import COMMANDS, Vpbx
from connectors.mango.settings import MangoSettings
from provodka import identity
from provodka.calls import CallOrder
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Repeat, Request, operation

_LONGEST_EXTENSION: Final = 6
NO_EXTENSION: Final = "MANGO OFFICE звонит по внутренним номерам: добавьте номер сотрудника в staff.….extension"


class MangoDialler:
    """A call whose order went out and whose answer was lost is for a person to judge: the employee's telephone may have
    rung, and whether MANGO knows a repeated `command_id` again is not documented."""

    reads_texts = False

    def __init__(self, name: str, api: Vpbx) -> None:
        self.name = name
        self._api = api

    @operation(repeat=Repeat.PERSON)
    def dial(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]:
        """The action's key is the `command_id`, which all notices of the call carry. That MANGO has accepted the order
        does not mean yet that anybody was reached: the call's own events tell that."""
        return [self._dialled(request) for request in requests]

    def check(self) -> list[str]:
        """Try the keys; what is wrong in one sentence, nothing when all is well."""
        return self._api.check()

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._api.close()

    def _dialled(self, request: Request[CallOrder]) -> Outcome:
        order = request.params
        extension = next(filter(_is_extension, (order.extension, *order.others)), "")
        if order.text:
            return Rejected("MANGO reads no texts", hint=NO_TEXT)
        if not extension:
            return Rejected(f"MANGO knows no extension «{order.extension}»", hint=NO_EXTENSION)
        body = {"command_id": request.key, "from": {"extension": extension}, "to_number": _digits(order.phone)}
        if order.line:
            body["line_number"] = _digits(order.line)
        try:
            self._api.ask("/commands/callback", body, write=True)
        except ConnectorError as error:
            return error
        return Done()


def _is_extension(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_EXTENSION


def _digits(number: str) -> str:
    return (identity.phone(number) or number).lstrip("+")


def dialler(name: str, settings: MangoSettings, around: Around) -> MangoDialler:
    """The dialler of the channel `name`."""
    return MangoDialler(name, Vpbx(settings, around.store, COMMANDS))
