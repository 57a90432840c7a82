"""The REST of Sipuni: forms signed with a hash; commands answer in JSON, the statistics as a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import md5
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import SecretStr

from connectors.base import mask
from connectors.http import Http, Limit, Reply, Timeouts
from connectors.sipuni.settings import SipuniSettings
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected
from provodka.stores import Pace

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_EVERYTHING: Final = {
    "anonymous": "1",
    "firstTime": "0",
    "fromNumber": "",
    "state": "0",
    "toAnswer": "",
    "toNumber": "",
    "tree": "",
    "type": "0",
}
_NO_ENTRY: Final = (
    "Sipuni не принял подпись: проверьте user и key (Настройки → Интеграция). Если они верны, поставьте "
    "hash_case: lower."
)
_REFUSED: Final = "Sipuni отказал в этом: проверьте внутренний номер сотрудника, номер клиента и баланс."


class Sipuni:
    """An account. Raises only children of `ConnectorError`."""

    def __init__(self, name: str, settings: SipuniSettings, key: SecretStr, pace: Pace) -> None:
        self._settings = settings
        self._key = key
        limit = Limit(f"sipuni:{name}", per_second=1.0, burst=5)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._http = Http(settings.api_url, limit, pace, auth=lambda: FORM, timeouts=timeouts, classify=refusal)

    def order_call(self, employee: str, phone: str) -> str:
        """Ring the employee, then the phone (E.164); Sipuni's id of the order, where it tells one."""
        given = {"phone": phone.removeprefix("+"), "reverse": "0", "sipnumber": employee}
        if self._settings.tree:
            data = self._ask("callback/call_tree", {**given, "tree": self._settings.tree}, write=True).data
        else:
            data = self._ask("callback/call_number", {**given, "antiaon": "0"}, write=True).data
        if not isinstance(data, dict) or data.get("success") is not True:
            raise Ambiguous("Sipuni answered with neither success nor an error")
        return next((str(data[name]) for name in ("callbackId", "callId", "id") if data.get(name)), "")

    def table(self, first: date, last: date) -> str:
        """All calls of these days, as a table with a head."""
        days = {"from": f"{first:%d.%m.%Y}", "to": f"{last:%d.%m.%Y}"}
        return self._ask("statistic/export", {**_EVERYTHING, **days}).body.decode("utf-8-sig", "replace")

    def recording(self, call: str) -> tuple[str, bytes]:
        """The address at which the sound of a call is given out, and the form to be posted there."""
        return f"{self._settings.api_url}/statistic/record", self._signed({"id": call})

    def check(self) -> list[str]:
        """Ask for the list of the staff; what is wrong in one sentence."""
        try:
            self._ask("statistic/operators", {})
        except ConnectorError as error:
            return [error.sentence("Sipuni")]
        return []

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, params: Mapping[str, str], *, write: bool = False) -> Reply:
        return self._http.call("POST", f"/{method}", content=self._signed(params), write=write, plain=not write)

    def _signed(self, params: Mapping[str, str]) -> bytes:
        given = {**params, "user": self._settings.user}
        made = signed(given, self._key.get_secret_value(), self._settings.hash_case == "lower")
        return urlencode({**given, "hash": made}).encode()


def signed(params: Mapping[str, str], key: str, lower: bool = False) -> str:
    """The hash of a request: MD5 of the values in the order of their names, the key last, joined by `+`."""
    values = [params[name] for name in sorted(params)] + [key]
    text = "+".join(values)
    return md5((text.lower() if lower else text).encode(), usedforsecurity=False).hexdigest()


def refusal(reply: Reply) -> ConnectorError | None:
    """What `success: false` means (its words are unverified); None where Sipuni refuses nothing."""
    data: Any = reply.data
    if not isinstance(data, dict) or data.get("success") is not False:
        return None
    words = mask(str(data.get("message") or data.get("error") or "no reason is told"))[:300]
    said = words.casefold()
    if any(word in said for word in ("hash", "user", "auth", "хеш", "подпис", "ключ")):
        return AuthFailed(words, hint=_NO_ENTRY, status=reply.status)
    if any(word in said for word in ("too many", "limit", "часто")):
        return RateLimited(words, wait=60.0, status=reply.status)
    return Rejected(words, hint=_REFUSED, status=reply.status)
