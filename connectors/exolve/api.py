"""The API of MTS Exolve, with each refusal named."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, Final

from connectors.exolve.settings import ExolveSettings
from connectors.http import Http, Limit, Reply, Timeouts
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected, Retryable
from provodka.stores import Pace

PER_SECOND: Final = 5.0  # Exolve publishes no limit: a pace that nobody would call too fast
_DIGITS: Final = re.compile(r"\D")
_NO_KEY: Final = "МТС Exolve не приняла ключ: возьмите API-ключ приложения в кабинете разработчика (key в настройках)"
_REFUSED: Final = "Проверьте номер клиента и number: с номеров 8-800 и городских Exolve не отправляет; проверьте баланс"


class Exolve:
    """One application. Raises only children of `ConnectorError`."""

    def __init__(self, settings: ExolveSettings, pace: Pace) -> None:
        key = settings.key.get_secret_value()
        limit = Limit(f"exolve:{sha256(key.encode()).hexdigest()[:12]}", PER_SECOND, 5)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._http = Http(
            settings.api_url,
            limit,
            pace,
            auth=lambda: {"Authorization": f"Bearer {key}"},
            timeouts=timeouts,
            classify=_refusal,
        )

    def __repr__(self) -> str:
        return f"Exolve({self._http.base_url})"

    def ask(self, path: str, body: object, *, write: bool) -> dict[str, Any]:
        """The answer's object. All methods are POST; `write` says which of them do something."""
        reply = self._http.call("POST", path, json=body, write=write)
        if isinstance(reply.data, dict):
            return reply.data
        words = "the answer of Exolve is no object"
        raise Ambiguous(words) if write else Retryable(words)

    def made(self, path: str, body: object, name: str) -> str:
        """Do something; the id of what was made. Without one nobody knows whether it was."""
        answer = self.ask(path, body, write=True)
        if not (found := answer.get(name)):
            raise Ambiguous(f"Exolve answered without {name}")
        return str(found)

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._http.close()


def digits(phone: str) -> str:
    """A number as Exolve writes it, or the name of a sender as it is."""
    return _DIGITS.sub("", phone) if phone.lstrip("+").isdigit() else phone


def _refusal(reply: Reply) -> ConnectorError | None:
    if reply.status in (401, 403):
        return AuthFailed(reply.words, hint=_NO_KEY, status=reply.status)
    if reply.status in (400, 402, 404, 409, 422):
        return Rejected(_words(reply), hint=_REFUSED, status=reply.status)
    return None


def _words(reply: Reply) -> str:
    """Its own words, which stand in an object of the answer or in the answer itself."""
    data = reply.data if isinstance(reply.data, dict) else {}
    error = data.get("error")
    inner = error if isinstance(error, dict) else data
    said = inner.get("message") or inner.get("details") or inner.get("description")
    return f"HTTP {reply.status}: {said}"[:300] if said else reply.words
