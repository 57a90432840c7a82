"""The API of YooKassa, with each refusal named."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from connectors.answers import TOO_MANY_REQUESTS
from connectors.base import mask
from connectors.http import Http, Limit, Reply, Timeouts
from connectors.yookassa.settings import YooKassaSettings
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.stores import Pace

WRONG_KEY: Final = (
    "ЮKassa не приняла ключ: выпустите секретный ключ в кабинете («Интеграция» → «Ключи API») и проверьте shop_id."
)
NO_RIGHT: Final = "ЮKassa не разрешает это магазину: проверьте в кабинете, что магазин подключён и действует."
NOT_TAKEN: Final = "ЮKassa не приняла запрос: проверьте сумму и чек. Поле, которое не подошло: {parameter}."
PAGE: Final = "100"
_MOST_PAGES: Final = 200


class YooKassa:
    """One shop. Raises only children of `ConnectorError`."""

    def __init__(self, settings: YooKassaSettings, pace: Pace) -> None:
        key = b64encode(f"{settings.shop_id}:{settings.key.get_secret_value()}".encode()).decode()
        limit = Limit.of_second(f"yookassa:{settings.shop_id}", settings.per_second)
        self._auth = {"Authorization": f"Basic {key}"}
        self._http = Http(
            settings.api_url,
            limit,
            pace,
            auth=lambda: self._auth,
            timeouts=Timeouts(settings.connect_timeout, settings.read_timeout),
            classify=_classify,
        )
        del key

    def __repr__(self) -> str:
        return f"YooKassa({self._http.base_url})"

    def create(self, body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A payment; the same key gives the same one for a day."""
        reply = self._http.call("POST", "/v3/payments", json=body, headers={**self._auth, "Idempotence-Key": key})
        if not isinstance(reply.data, dict) or not reply.data.get("id"):
            raise Ambiguous("YooKassa answered without a payment")
        return reply.data

    def one(self, kind: str, id_: str) -> Mapping[str, Any] | None:
        """A payment or a refund (`kind`: `payments`, `refunds`); None where there is none of this shop, or the id is
        none of YooKassa's."""
        try:
            reply = self._http.call("GET", f"/v3/{kind}/{id_}", accept=(404,))
        except Rejected as error:
            if error.status == 400:
                return None
            raise
        return None if reply.status == 404 else _object(reply)

    def since(self, kind: str, moment: datetime) -> Iterator[Mapping[str, Any]]:
        """All payments or refunds that were made since, page by page."""
        params = {"created_at.gte": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"), "limit": PAGE}
        for _ in range(_MOST_PAGES):
            answer = _object(self._http.call("GET", f"/v3/{kind}", params=params))
            yield from (one for one in answer.get("items") or () if isinstance(one, dict))
            cursor = answer.get("next_cursor")
            if not cursor:
                return
            params = {**params, "cursor": str(cursor)}

    def me(self) -> Mapping[str, Any]:
        """The shop."""
        return _object(self._http.call("GET", "/v3/me"))

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._http.close()


def _object(reply: Reply) -> Mapping[str, Any]:
    if not isinstance(reply.data, dict):
        raise Retryable("the answer of YooKassa is no object", status=reply.status)
    return reply.data


def _classify(reply: Reply) -> ConnectorError | None:
    data = reply.data if isinstance(reply.data, dict) else {}
    code, parameter = str(data.get("code") or ""), str(data.get("parameter") or "неизвестно")
    words = mask(f"HTTP {reply.status}: {data.get('description') or code or 'no words'}")[:300]
    if reply.status == 401 or code == "invalid_credentials":
        return AuthFailed(words, hint=WRONG_KEY, status=reply.status, code=code)
    if reply.status == TOO_MANY_REQUESTS or code == "too_many_requests":
        return RateLimited(words, status=reply.status, wait=float(data.get("retry_after") or 1000) / 1000, code=code)
    if reply.status == 403:
        return Rejected(words, hint=NO_RIGHT, status=reply.status, code=code)
    if reply.status == 400:
        return Rejected(words, hint=NOT_TAKEN.format(parameter=parameter), status=reply.status, code=code)
    return None
