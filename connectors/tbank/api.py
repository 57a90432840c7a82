"""The API of T-Bank's acquiring, with each refusal named. It answers 200 whatever is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.base import mask
from connectors.http import Http, Limit, Reply, Timeouts
from connectors.tbank.settings import TBankSettings
from connectors.tbank.token import token_of
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.stores import Pace

WRONG_KEY: Final = (
    "Т-Банк не принял терминал или пароль: возьмите оба в кабинете, «Магазины» → «Терминалы», и проверьте, что "
    "терминал активен."
)
NOT_TAKEN: Final = "Т-Банк не принял запрос: проверьте сумму и чек. Его слова — в причине."
_DOOR: Final = frozenset({"201", "202", "204", "205", "501"})
_LATER: Final = frozenset({"9999", "402"})
_TOO_FAST: Final = frozenset({"429", "119"})
_OK: Final = "0"


class TBank:
    """One terminal. Raises only children of `ConnectorError`."""

    def __init__(self, settings: TBankSettings, pace: Pace) -> None:
        self._settings = settings
        limit = Limit.of_second(f"tbank:{settings.terminal}", settings.per_second)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._http = Http(settings.api_url, limit, pace, timeouts=timeouts, classify=_classify)

    def __repr__(self) -> str:
        return f"TBank({self._http.base_url})"

    def ask(self, method: str, fields: Mapping[str, Any], *, write: bool) -> Mapping[str, Any]:
        """The signed call of a method; the object that it answers with."""
        body = {"TerminalKey": self._settings.terminal, **fields}
        signed = {**body, "Token": token_of(body, self._settings.password.get_secret_value())}
        reply = self._http.call("POST", f"/{method}", json=signed, write=write)
        if not isinstance(reply.data, dict):
            words = "the answer of T-Bank is no object"
            raise Ambiguous(words) if write else Retryable(words)
        return reply.data

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._http.close()


def _classify(reply: Reply) -> ConnectorError | None:
    data = reply.data if isinstance(reply.data, dict) else {}
    code = str(data.get("ErrorCode") or _OK)
    words = mask(". ".join(str(data[name]) for name in ("Message", "Details") if data.get(name)) or f"code {code}")
    if reply.status >= 500 or code == _OK:
        return None
    if code in _DOOR:
        return AuthFailed(words, hint=WRONG_KEY, status=reply.status, code=code)
    if code in _TOO_FAST:
        return RateLimited(words, status=reply.status, wait=10.0, code=code)
    if code in _LATER:
        return Retryable(words, status=reply.status, code=code)
    return Rejected(words[:300], hint=NOT_TAKEN, status=reply.status, code=code)
