"""An HTTP service of 1C: the templates of the contract, JSON both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from connectors.http import Http
from connectors.onec.cures import NOT_FOUND
from connectors.onec.refusals import METHOD, UNOFFERED
from connectors.onec.service.settings import ServiceSettings
from connectors.onec.service.shapes import (
    SHAPE,
    Json,
    Page,
    about,
    counterparty_body,
    filled,
    invoice_body,
    page,
)
from provodka.accounting import DocumentKind, InvoiceRequest, NewCounterparty
from provodka.errors import Ambiguous, ConnectorError, Rejected, Retryable
from provodka.readiness import Look, Remark, Weight

_NOBODY: Final = "provodka:check"  # a mark that nothing has
_BLIND: Final = (
    "Добавьте в сервис шаблон GET invoices/{внешний номер}: без него после обрыва связи запись повторяется, а не "
    "проверяется."
)


class HttpService:
    """`connectors.onec.service.road.Service` by its templates."""

    def __init__(self, settings: ServiceSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._posting = False  # a proxy on the way has blocked PUT: ask for it by POST at once

    def firms(self, inn: str, kpp: str) -> Sequence[Json]:
        return self._items("/counterparties", filled({"inn": inn, "kpp": kpp}))

    def persons(self, who: NewCounterparty) -> Sequence[Json]:
        try:
            return [self._get(f"/counterparties/{_segment(who.mark)}")]
        except ConnectorError as error:
            if error.code not in (NOT_FOUND, *UNOFFERED):
                raise
        return [one for one in self._items("/counterparties", {"name": who.name}) if one.get("name") == who.name]

    def put_counterparty(self, who: NewCounterparty) -> Json:
        return self._put("counterparties", who.mark, counterparty_body(who))

    def put_invoice(self, asked: InvoiceRequest, ref: str, now: datetime) -> Json:
        return self._put("invoices", asked.mark, invoice_body(asked, ref, self._settings, now))

    def put_order(self, invoice: str, mark: str, ref: str, now: datetime) -> Json:
        del now  # the date is 1C's
        return self._put("orders", mark, {"external_id": mark, "idempotency_key": ref, "invoice_ref": invoice})

    def by_mark(self, kind: DocumentKind, mark: str) -> Json:
        return self._get(f"/{kind.value}s/{_segment(mark)}")

    def by_ref(self, ref: str) -> Json:
        return self._get(f"/documents/{_segment(ref)}")

    def cancel(self, ref: str) -> None:
        self._send("POST", f"/documents/{_segment(ref)}/cancel", {})

    def page(self, cursor: str) -> Page:
        return self._page(cursor, self._settings.page)

    def pdf(self, ref: str) -> bytes:
        return self._http.call("GET", f"/documents/{_segment(ref)}/print/pdf", plain=True).body

    def looks(self) -> Sequence[Look]:
        return (self._answers, self._finds_firms, self._tells_changes, self._finds_by_mark)

    def close(self) -> None:
        self._http.close()

    # calls

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        data = self._http.call("GET", path, params=params or {}).data
        if not isinstance(data, dict):
            raise Retryable("the answer is no object", hint=SHAPE)
        return data

    def _items(self, path: str, params: Mapping[str, str]) -> Sequence[Json]:
        return [one for one in self._get(path, params).get("items") or () if isinstance(one, dict)]

    def _put(self, what: str, mark: str, body: dict[str, Any]) -> Json:
        """Idempotent by the mark in the path. Where PUT does not come through, POST with the action in the path."""
        path = f"/{what}/{_segment(mark)}"
        if self._posting:
            return self._send("POST", f"{path}/put", body)
        try:
            return self._send("PUT", path, body)
        except Rejected as error:
            if error.code != METHOD:
                raise
            refusal = error
        try:
            answer = self._send("POST", f"{path}/put", body)
        except ConnectorError as error:
            raise refusal if error.code in UNOFFERED else error from error
        self._posting = True
        return answer

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Json:
        data = self._http.call(method, path, json=body).data
        if not isinstance(data, dict):
            raise Ambiguous("the answer is no object", hint=SHAPE)
        return data

    def _page(self, cursor: str, limit: int) -> Page:
        """`details` asks for whole documents; a service that does not know it tells short ones, each fetched then."""
        return page(self._get("/changes", {"cursor": cursor, "limit": str(limit), "details": "1"}))

    # before the start

    def _answers(self) -> list[Remark]:
        return about(self._get("/ping"))

    def _finds_firms(self) -> list[Remark]:
        self.firms(self._settings.organization.inn, "")
        return []

    def _tells_changes(self) -> list[Remark]:
        self._page("", 1)
        return []

    def _finds_by_mark(self) -> list[Remark]:
        try:
            self.by_mark(DocumentKind.INVOICE, _NOBODY)
        except ConnectorError as error:
            if error.code in UNOFFERED:
                return [Remark((), "no invoice can be looked up by our number", _BLIND, Weight.WARNING)]
            if error.code != NOT_FOUND:
                raise
        return []


def _segment(part: str) -> str:
    """An id as a part of a path: it may hold anything."""
    return quote(part, safe="")
