"""The JSON-RPC of UIS. Every answer has status 200: whether it is an error, and which, its mnemonic tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from pydantic import SecretStr

from connectors.base import mask
from connectors.http import Http, Limit, Reply, Timeouts
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.stores import Pace

LATER: Final = 60.0  # seconds, where a refusal for too many calls does not say when its points come back

_NO_KEY: Final = "UIS не принял ключ API: он просрочен, заблокирован или удалён. Выпустите новый и впишите его в token."
_DOORS: Final = {
    "access_token_invalid": _NO_KEY,
    "access_token_expired": _NO_KEY,
    "access_token_blocked": _NO_KEY,
    "auth_error": _NO_KEY,
    "ip_not_whitelisted": "Адрес этого сервера не в белом списке UIS: добавьте его в правилах безопасности API.",
    "account_inactive": "Аккаунт UIS заблокирован: проверьте баланс или напишите в поддержку UIS.",
    "component_disabled": "В тарифе UIS не включён этот API: подключите его в «Тарифах и опциях».",
    "forbidden": "У пользователя API в UIS нет права на это: отметьте доступ к Data API и Call API.",
}
_CURES: Final = {
    "virtual_phone_number_not_found": "Номера, с которого звонить, нет в аккаунте UIS: проверьте from_number.",
    "contact_in_blacklist": "Этот номер в чёрном списке UIS.",
    "own_virtual_phone_number_not_allowed": "Это свой же номер: на него UIS не звонит.",
    "tts_text_exceeded": "Текст длиннее, чем позволяет тариф UIS: сократите его.",
    "employee_not_found": "Такого сотрудника в UIS нет: проверьте extension в staff.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The `result` of a call: its data, and how many items there are beyond this page."""

    data: Any
    total: int


class Rpc:
    """One API of an account; a key goes along with every call. Raises only children of `ConnectorError`."""

    def __init__(self, url: str, token: SecretStr, account: str, pace: Pace, timeouts: Timeouts) -> None:
        self._token = token
        self._account = account
        self._pace = pace
        self._ids = count(1)
        self._http = Http(url, Limit(account, per_second=1.0, burst=20), pace, timeouts=timeouts, classify=refusal)

    def ask(self, method: str, params: Mapping[str, Any], *, write: bool = False) -> Answer:
        """Call a method; a `write` that was cut off may have happened."""
        given = {"access_token": self._token.get_secret_value(), **params}
        body = {"jsonrpc": "2.0", "id": f"p-{next(self._ids)}", "method": method, "params": given}
        reply = self._http.call("POST", "", json=body, write=write)
        result = _at(reply.data, "result")
        self._spare(_limits(result))
        if not isinstance(result, dict) or "data" not in result:
            unclear = Ambiguous if write else Retryable
            raise unclear("the answer holds neither a result nor an error", status=reply.status)
        total = _at(result, "metadata", "total_items")
        return Answer(result["data"], total if isinstance(total, int) else 0)

    def close(self) -> None:
        self._http.close()

    def _spare(self, limits: Mapping[str, Any]) -> None:
        """When the points of this minute are used up, wait for the next one instead of being refused."""
        if (seconds := _until_points(limits)) is not None:
            self._pace.hold(self._account, seconds, "the points of UIS are used up")


def refusal(reply: Reply) -> ConnectorError | None:
    """What the mnemonic of an error means; None where there is no error of UIS in the answer."""
    error = _at(reply.data, "error")
    if not isinstance(error, dict):
        return None
    mnemonic = str(_at(error, "data", "mnemonic") or error.get("code", ""))
    words = mask(f"{mnemonic}: {error.get('message', '')}")[:300]
    if mnemonic in _DOORS:
        return AuthFailed(words, hint=_DOORS[mnemonic], status=reply.status, code=mnemonic)
    if "limit" in mnemonic:
        wait = _until_points(_limits(_at(error, "data"))) or LATER
        return RateLimited(words, wait=wait, status=reply.status, code=mnemonic)
    if mnemonic == "internal_error":
        return (Ambiguous if reply.write else Retryable)(words, status=reply.status, code=mnemonic)
    return Rejected(words, hint=_CURES.get(mnemonic, ""), status=reply.status, code=mnemonic)


def _limits(node: object) -> Mapping[str, Any]:
    found = _at(node, "metadata", "limits")
    return found if isinstance(found, dict) else {}


def _until_points(limits: Mapping[str, Any]) -> float | None:
    """The seconds after which there are points again; None while there are some, or nothing is said of them."""
    for span in ("day", "minute"):
        left, reset = limits.get(f"{span}_remaining"), limits.get(f"{span}_reset")
        if isinstance(left, int) and left <= 0 and isinstance(reset, int | float) and reset > 0:
            return float(reset)
    return None


def _at(node: object, *path: str) -> Any:  # noqa: ANN401 -- any JSON
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node
