"""The exchange's own API, today's and the older one: to make a call, and to read the list of calls."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from connectors.answers import Reply
from connectors.http import Http, Limit, Timeouts
from connectors.megafon.notice import Fields
from connectors.megafon.settings import Api, MegafonSettings
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected, Retryable
from provodka.stores import Pace

PER_SECOND: Final = 2.0  # the vendor tells no limit
BURST: Final = 5
WRONG_KEY: Final = (
    "АТС не приняла ключ: возьмите его в кабинете («Настройки» → «Интеграция с CRM», ключ для авторизации в АТС) "
    "и впишите в api_key"
)
NOT_CALLED: Final = (
    "АТС отказалась звонить: проверьте номер и что сотрудник с таким логином есть на АТС и может звонить наружу"
)
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_COLUMNS: Final = ("uid", "type", "client", "user", "diversion", "start", "wait", "duration", "record")
_CALL: Final = re.compile(r"[\w.:@-]{1,128}")


class MegafonApi:
    """One exchange. Threads may share it. Its errors are children of ConnectorError."""

    def __init__(self, settings: MegafonSettings, pace: Pace) -> None:
        self._settings = settings
        self._is_old = settings.api is Api.FORM
        limit = Limit(f"megafon:{settings.base_url}", PER_SECOND, BURST)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._http = Http(settings.base_url, limit, pace, auth=self._auth, timeouts=timeouts, classify=_classify)

    def make_call(self, user: str, phone: str) -> str:
        """Ring the employee, then the phone (E.164); the id of the call, empty where it is not told."""
        try:
            asked = {"user": user, "phone": phone.removeprefix("+")}
            reply = self._asked("makeCall", asked) if self._is_old else self._http.call("POST", "/makecall", json=asked)
        except Rejected as error:
            raise Rejected(error.reason, hint=error.hint or NOT_CALLED, status=error.status) from error
        return _call_id(reply)

    def history(self, start: datetime, end: datetime) -> list[Fields]:
        """All calls that began between these moments."""
        asked = {"start": _compact(start), "end": _compact(end), "type": "all"}
        if self._is_old:
            return _from_csv(self._asked("history", asked, write=False))
        reply = self._http.call("GET", "/history/json", params=asked)
        return [Fields(one) for one in _rows(reply.data)]

    def check(self) -> list[str]:
        """Ask for the staff, which is harmless; what is wrong in one sentence."""
        try:
            if self._is_old:
                self._asked("accounts", {}, write=False)
            else:
                self._http.call("GET", "/users")
        except ConnectorError as error:
            return [error.sentence("АТС МегаФон")]
        return []

    def close(self) -> None:
        self._http.close()

    def _auth(self) -> dict[str, str]:
        return {} if self._is_old else {"X-API-KEY": self._key}

    @property
    def _key(self) -> str:
        return self._settings.api_key.get_secret_value() if self._settings.api_key is not None else ""

    def _asked(self, command: str, more: dict[str, str], *, write: bool = True) -> Reply:
        """A command of the older API: a form to the one address, with the key as a field."""
        form = urlencode({"cmd": command, **more, "token": self._key}).encode()
        return self._http.call("POST", "", content=form, headers=_FORM, write=write, plain=True)


def _call_id(reply: Reply) -> str:
    """`{"callid": …}`; the older API answers with the bare id, or with `CallID` in JSON."""
    told = reply.data if reply.data is not None else reply.body.decode("utf-8", "replace").strip()
    if isinstance(told, dict):
        told = next((told[name] for name in ("callid", "callId", "CallID") if told.get(name)), "")
    text = str(told) if isinstance(told, str | int) else ""
    if text and not _CALL.fullmatch(text):
        raise Ambiguous("the answer is no id of a call", status=reply.status)
    return text


def _rows(data: object) -> list[dict[str, Any]]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise Retryable("the history is no list")
    return [one for one in data if isinstance(one, dict)]


def _from_csv(reply: Reply) -> list[Fields]:
    lines: Sequence[list[str]] = list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig", "replace"))))
    return [Fields(dict(zip(_COLUMNS, line, strict=False))) for line in lines if len(line) >= len(_COLUMNS) - 1]


def _compact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _classify(reply: Reply) -> ConnectorError | None:
    if reply.status in (401, 403):
        return AuthFailed(reply.words, hint=WRONG_KEY, status=reply.status)
    return None
