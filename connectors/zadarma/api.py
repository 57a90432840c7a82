"""The API of Zadarma: every call signed, success and failure told by `status` in the answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from connectors.answers import TOO_MANY_REQUESTS, UNAUTHORIZED, Reply
from connectors.base import mask
from connectors.http import Http, Limit, Timeouts
from connectors.zadarma.settings import ZadarmaSettings
from connectors.zadarma.signature import authorization, query
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.stores import Pace

A_MINUTE: Final = 100  # calls of any kind
STATISTICS_A_MINUTE: Final = 3
PAGE: Final = 1000
_MOST_PAGES: Final = 20
WRONG_KEY: Final = (
    "Zadarma не приняла ключ или подпись: возьмите ключ и секрет в кабинете («Интеграции и API» → «Ключи и API») "
    "и впишите в key и secret"
)
MONEY: Final = "На счёте телефонии не хватает денег: пополните его"
_NO_MONEY: Final = ("money", "fund", "balance", "средств")
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class ZadarmaApi:
    """One account. Threads may share it. Its errors are children of ConnectorError; those of refusals have `hint`."""

    def __init__(self, settings: ZadarmaSettings, pace: Pace) -> None:
        self._secret = settings.secret
        self._key = settings.key
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        account = f"zadarma:{settings.base_url}"

        def open_at(limit: Limit) -> Http:
            return Http(settings.base_url, limit, pace, timeouts=timeouts, classify=_classify)

        self._http = open_at(Limit(account, A_MINUTE / 60, 20))
        self._slow = open_at(Limit(f"{account}:statistics", STATISTICS_A_MINUTE / 60, STATISTICS_A_MINUTE))

    def ask(self, path: str, params: Mapping[str, str] | None = None, *, hint: str = "", write: bool = False) -> Any:  # noqa: ANN401
        """A GET of `/v1/…/`; with `write` it changes something all the same. `hint` is the cure of a refusal."""
        http = self._slow if path.startswith("/v1/statistics/") else self._http
        return self._judged(http, "GET", path, params or {}, hint, write)

    def post(self, path: str, params: Mapping[str, str], *, hint: str = "") -> Any:  # noqa: ANN401  # any JSON
        """A POST of a form."""
        return self._judged(self._http, "POST", path, params, hint, write=True)

    def statistics(self, since: datetime, until: datetime, zone: tzinfo) -> Iterator[dict[str, Any]]:
        """Every connection of every call of that time."""
        span = {"start": _local(since, zone), "end": _local(until, zone), "version": "2", "limit": str(PAGE)}
        for page in range(_MOST_PAGES):
            data = self.ask("/v1/statistics/pbx/", {**span, "skip": str(page * PAGE)})
            rows = data.get("stats") or []
            yield from (one for one in rows if isinstance(one, dict))
            if len(rows) < PAGE:
                return

    def close(self) -> None:
        self._http.close()
        self._slow.close()

    def _judged(self, http: Http, method: str, path: str, params: Mapping[str, str], hint: str, write: bool) -> Any:  # noqa: ANN401
        key = self._key.get_secret_value() if self._key is not None else ""
        headers = {"Authorization": authorization(path, params, key, self._secret.get_secret_value())}
        pairs = sorted(params.items())
        try:
            if method == "GET":
                reply = http.call("GET", path, params=pairs, headers=headers, write=write)
            else:
                reply = http.call("POST", path, content=query(params).encode(), headers={**headers, **_FORM})
        except Rejected as error:
            raise Rejected(error.reason, hint=error.hint or hint, status=error.status, code=error.code) from error
        if not isinstance(reply.data, dict) or reply.data.get("status") != "success":
            kind = Ambiguous if write else Retryable
            raise kind("the answer does not say whether it was done", status=reply.status)
        return reply.data


def _classify(reply: Reply) -> ConnectorError | None:
    """By what the answer says, whatever the HTTP status."""
    data = reply.data if isinstance(reply.data, dict) else {}
    words = mask(str(data.get("message") or reply.words))[:300]
    if reply.status == TOO_MANY_REQUESTS:
        return RateLimited(words, status=reply.status, wait=_until_reset(reply))
    if reply.status == UNAUTHORIZED or "not authorized" in words.lower():
        return AuthFailed(words, hint=WRONG_KEY, status=reply.status)
    if data.get("status") == "error" and reply.status < 500:
        lacks_money = any(one in words.lower() for one in _NO_MONEY)
        return Rejected(words, hint=MONEY if lacks_money else "", status=reply.status)
    return None


def _until_reset(reply: Reply) -> float:
    """Seconds till the limit begins anew: the header tells seconds, or the moment in unix seconds."""
    told = reply.headers.get("x-ratelimit-reset", "")
    seconds = float(told) if told.isdecimal() and len(told) <= 10 else 0.0
    if seconds > 3600:
        seconds -= time.time()
    return seconds if 0 < seconds <= 3600 else 10.0


def _local(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
