"""The REST of Beeline's portal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from connectors.beeline.settings import BeelineSettings
from connectors.http import Http, Limit, Reply, Timeouts
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected
from provodka.stores import Pace

PAGE: Final = 100

_ID: Final = re.compile(r"[\w:.@-]{1,200}")
_MOST_PAGES: Final = 100
_NO_ENTRY: Final = (
    "Билайн не принял ключ: выпустите новый в кабинете облачной АТС («Настройки» → «API») и впишите в token."
)
_NOT_FOUND: Final = "Билайн не нашёл этого: проверьте extension сотрудника (номер из кабинета АТС) и pattern."
_REFUSED: Final = "Билайн отказал в этом: проверьте номер клиента, номер сотрудника и услугу в кабинете АТС."

Row = dict[str, Any]


class Portal:
    """An account. Raises only children of `ConnectorError`."""

    def __init__(self, name: str, settings: BeelineSettings, pace: Pace) -> None:
        self._token = settings.token
        limit = Limit(f"beeline:{name}", per_second=2.0, burst=10)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._http = Http(settings.api_url, limit, pace, auth=self._opening, timeouts=timeouts, classify=refusal)

    def subscribe(self, url: str, seconds: int, kind: str, pattern: str) -> Row:
        """A new subscription: `subscriptionId` and `expires` (seconds)."""
        wanted = {"expires": seconds, "subscriptionType": kind, "url": url}
        return _row(self._http.call("PUT", "/subscription", json=wanted | ({"pattern": pattern} if pattern else {})))

    def subscription(self, number: str) -> Row:
        """One that there is; Rejected (404) where there is none any more."""
        return _row(self._http.call("GET", "/subscription", params={"subscriptionId": number}))

    def unsubscribe(self, number: str) -> None:
        self._http.call("DELETE", "/subscription", params={"subscriptionId": number})

    def statistics(self, since: datetime, until: datetime) -> Iterator[Row]:
        """One row for each employee whose telephone a call came to, by the call's beginning."""
        for page in range(_MOST_PAGES):
            asked = {**_span(since, until), "page": str(page), "pageSize": str(PAGE)}
            rows = _rows(self._http.call("GET", "/v2/statistics", params=asked))
            yield from rows
            if len(rows) < PAGE:
                return

    def records(self, since: datetime, until: datetime) -> Iterator[Row]:
        """The recordings of a time; a page ends with the id from which the next one goes on."""
        last = ""
        for _ in range(_MOST_PAGES):
            asked = {**_span(since, until), **({"id": last} if last else {})}
            rows = _rows(self._http.call("GET", "/records", params=asked))
            yield from rows
            if len(rows) < PAGE or str(rows[-1].get("id", "")) in ("", last):
                return
            last = str(rows[-1]["id"])

    def sound(self, record: str) -> tuple[str, Mapping[str, str]]:
        """The address of a recording, and the headers that open it."""
        return f"{self._http.base_url}/v2/records/{quote(record, safe='')}/download", self._opening()

    def call(self, employee: str, phone: str) -> str:
        """Ring the employee, then the phone (E.164); Beeline's id of the call, where it tells one."""
        path = f"/abonents/{quote(employee, safe='')}/call"
        digits = phone.removeprefix("+7").removeprefix("+")
        reply = self._http.call("POST", path, params={"phoneNumber": digits}, plain=True)
        if isinstance(reply.data, dict):
            return next((str(reply.data[name]) for name in ("externalId", "callId", "id") if reply.data.get(name)), "")
        told = str(reply.data) if isinstance(reply.data, str | int) else reply.body.decode("utf-8", "replace").strip()
        if told and not _ID.fullmatch(told):
            raise Ambiguous("the answer is neither an id nor an error", status=reply.status)
        return told

    def check(self) -> list[str]:
        """Ask for the list of the staff; what is wrong in one sentence."""
        try:
            self._http.call("GET", "/abonents")
        except ConnectorError as error:
            return [error.sentence("Билайн")]
        return []

    def close(self) -> None:
        self._http.close()

    def _opening(self) -> Mapping[str, str]:
        return {"X-MPBX-API-AUTH-TOKEN": self._token.get_secret_value()}


def refusal(reply: Reply) -> ConnectorError | None:
    """The cures of what only the status tells."""
    if reply.status in (401, 403):
        return AuthFailed(reply.words, hint=_NO_ENTRY, status=reply.status)
    if reply.status == 404:
        return Rejected(reply.words, hint=_NOT_FOUND, status=reply.status)
    if reply.status in (400, 409, 422):
        return Rejected(reply.words, hint=_REFUSED, status=reply.status)
    return None


def _span(since: datetime, until: datetime) -> dict[str, str]:
    return {name: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for name, at in (("dateFrom", since), ("dateTo", until))}


def _rows(reply: Reply) -> Sequence[Row]:
    return [row for row in reply.data if isinstance(row, dict)] if isinstance(reply.data, list) else []


def _row(reply: Reply) -> Row:
    return reply.data if isinstance(reply.data, dict) else {}
