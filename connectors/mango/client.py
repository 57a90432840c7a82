"""MANGO's VPBX API as the rest of the room calls it: signed, paced, with each refusal named."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from connectors.http import Http, Limit, Reply, Timeouts
from connectors.mango.reasons import is_success, reason
from connectors.mango.settings import MangoSettings
from connectors.mango.signature import sign
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.stores import Pace

PENALTY: Final = 125.0
"""Seconds: after one error 3xxx another one within two minutes closes the API till they are over."""

USERS: Final = "/config/users/request"

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_REFUSED: Final = 420
_TOO_FAST: Final = 429
_PAUSE: Final = 2.0

WRONG_KEYS: Final = (
    "MANGO OFFICE не приняла ключ или подпись: возьмите уникальный код АТС (api_key) и ключ для создания подписи "
    "(salt) в кабинете: Интеграции → API коннектор."
)
PUNISHED: Final = "После ошибки в запросе MANGO OFFICE две минуты отклоняет все запросы: повторите через две минуты."
_CURES: Final = (
    ("2", "MANGO OFFICE не выполнила это из-за тарифа или баланса: проверьте оплату и лимиты в кабинете."),
    ("31", "MANGO OFFICE не приняла параметры: проверьте номер клиента, line и внутренний номер сотрудника."),
    ("33", "MANGO OFFICE не нашла того, о чём спросили: проверьте внутренний номер сотрудника и номер линии."),
    ("43", "MANGO OFFICE не отправила SMS: проверьте, что услуга подключена, и имя отправителя sms_sender."),
    ("4", "АТС не смогла выполнить действие: проверьте, что телефон сотрудника зарегистрирован и свободен."),
)
_KEYS: Final = ("3102", "3105")


@dataclass(frozen=True, slots=True)
class Share:
    """A share of what a product may ask: ten requests a second in all, of commands four, of reports one in two seconds.
    The shares together stay below the whole."""

    name: str
    per_second: float
    burst: int = 1


COMMANDS: Final = Share("commands", 4.0, 4)
MESSAGES: Final = Share("messages", 2.0, 2)
FILES: Final = Share("files", 3.0, 3)
REPORTS: Final = Share("reports", 0.5)


class Vpbx:
    """One share of an account. Raises only children of `ConnectorError`."""

    def __init__(
        self, settings: MangoSettings, pace: Pace, share: Share, *, sleep: Callable[[float], None] | None = None
    ) -> None:
        self._settings = settings
        account = sha256(settings.api_key.get_secret_value().encode()).hexdigest()[:12]
        limit = Limit(f"mango:{account}:{share.name}", share.per_second, share.burst)
        paced: dict[str, Any] = {} if sleep is None else {"sleep": sleep}
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._http = Http(settings.api_url, limit, pace, timeouts=timeouts, classify=refusal, **paced)

    def ask(self, path: str, body: object, *, write: bool = False, accept: Collection[int] = ()) -> Reply:
        """The judged answer to a signed request. The text that is signed is the very text that is sent."""
        key, salt = self._settings.api_key.get_secret_value(), self._settings.salt.get_secret_value()
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        form = urlencode({"vpbx_api_key": key, "sign": sign(key, text.encode(), salt), "json": text}).encode()
        return self._http.call(
            "POST", path, content=form, headers=_FORM, write=write, accept=accept, plain=bool(accept)
        )

    def check(self) -> list[str]:
        """Ask for the employees: what is wrong in one sentence, nothing when all is well."""
        try:
            self.ask(USERS, {})
        except ConnectorError as error:
            return [error.sentence("MANGO OFFICE")]
        return []

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._http.close()


def refusal(reply: Reply) -> ConnectorError | None:
    """By MANGO's own code, wherever the answer has it; None leaves it to the status."""
    data = reply.data if isinstance(reply.data, dict) else {}
    if _TOO_FAST in (reply.status, data.get("status")):
        return RateLimited(reply.words, status=_TOO_FAST, wait=_PAUSE)
    if reply.status == 401:
        return RateLimited(reply.words, hint=PUNISHED, status=401, wait=PENALTY)
    code = str(data.get("code") or data.get("result") or "")
    if not code.isdigit() or (is_success(code) and reply.status < 300):
        return Rejected(reply.words, status=_REFUSED) if reply.status == _REFUSED else None
    words = f"MANGO {reason(code)}"
    if code in _KEYS:
        # not before the two minutes are over: a second error within them closes the API to everything
        return AuthFailed(words, hint=WRONG_KEYS, status=reply.status, code=code, wait=PENALTY)
    if code.startswith("5"):
        return (Ambiguous if reply.write else Retryable)(words, status=reply.status, code=code)
    hint = next((cure for start, cure in _CURES if code.startswith(start)), _CURES[-1][1])
    return Rejected(words, hint=hint, status=reply.status, code=code)
