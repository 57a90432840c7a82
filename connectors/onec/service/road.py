"""The road through an HTTP service of 1C: idempotent by our external id, changes by a cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from connectors.onec.refusals import CLASH
from connectors.onec.road import Made, News, Versions
from connectors.onec.service.client import UNOFFERED, Client, segment
from connectors.onec.service.feed import CURSOR, Feed
from connectors.onec.service.settings import ServiceSettings
from connectors.onec.service.shapes import (
    Json,
    Page,
    counterparties,
    counterparty_body,
    document,
    filled,
    invoice_body,
    made,
    page,
)
from connectors.onec.service.values import exact, text
from provodka.accounting import (
    Counterparty,
    Document,
    DocumentKind,
    InvoiceRequest,
    NewCounterparty,
    PartyKind,
    Sale,
)
from provodka.errors import Rejected
from provodka.readiness import Remark, Weight, looked

_NOBODY: Final = "provodka:check"  # an external id that nothing has


class ServiceRoad:
    """`connectors.onec.road.Road` over the templates of the contract."""

    title = "HTTP-сервис 1С"

    def __init__(self, settings: ServiceSettings, client: Client, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._client = client
        self._now = now
        self._zone = ZoneInfo(settings.timezone)
        days = max(settings.wide_days, settings.comparison.days)
        self._feed = Feed(self._page, self._whole, self._zone, days)

    def find_counterparties(self, who: NewCounterparty) -> Sequence[Counterparty]:
        if not who.inn:
            return self._by_mark_or_name(who)
        asked = filled({"inn": who.inn, "kpp": who.kpp if who.kind is PartyKind.LEGAL else ""})
        found = counterparties(self._client.get("/counterparties", asked).get("items") or ())
        return [one for one in found if one.inn == who.inn and one.kpp == asked.get("kpp", one.kpp)]

    def create_counterparty(self, who: NewCounterparty, ref: str) -> str:
        del ref  # 1C gives its own; the mark is what it is found by
        return made(self._client.put(f"/counterparties/{segment(who.mark)}", counterparty_body(who))).ref

    def create_invoice(self, asked: InvoiceRequest, ref: str) -> Made:
        body = invoice_body(asked, ref, self._settings, self._now())
        return self._put("invoices", asked.mark, body, lambda told: exact(told.get("sum")) == asked.amount)

    def find_invoice(self, asked: InvoiceRequest, ref: str) -> Made | None:
        return self._find("invoices", asked.mark, lambda: self.create_invoice(asked, ref))

    def create_order(self, sale: Sale, mark: str, ref: str) -> Made:
        body = {"external_id": mark, "idempotency_key": ref, "invoice_ref": sale.invoice}
        return self._put("orders", mark, body, lambda _: True)

    def find_order(self, sale: Sale, mark: str, ref: str) -> Made | None:
        return self._find("orders", mark, lambda: self.create_order(sale, mark, ref))

    def cancel(self, sale: Sale) -> None:
        for ref in (sale.order, sale.invoice):
            if ref and self._whole(ref) is not None:
                self._client.act(f"/documents/{segment(ref)}/cancel")

    def read(self, kind: DocumentKind, refs: Sequence[str]) -> Mapping[str, Document]:
        found = {ref: document(told, self._zone) for ref in refs if (told := self._whole(ref)) is not None}
        return {ref: one for ref, one in found.items() if one is not None and one.kind is kind}

    def changed(self, cursors: Mapping[str, str], known: Versions, now: datetime, *, full: bool) -> News:
        return self._feed.changed(cursors.get(CURSOR, ""), known, now, full=full)

    def received(self, name: str, body: bytes) -> Sequence[Document]:
        del name, body
        return ()

    def printed(self, kind: DocumentKind, ref: str) -> bytes | None:
        del kind
        return self._client.file(f"/documents/{segment(ref)}/print/pdf")

    def window(self, since: datetime) -> Iterator[Document]:
        return self._feed.window(since)

    def check(self) -> Sequence[Remark]:
        return looked((self._answers, self._finds_firms, self._tells_changes, self._finds_invoices))

    def close(self) -> None:
        self._client.close()

    # how

    def _by_mark_or_name(self, who: NewCounterparty) -> list[Counterparty]:
        try:
            told = self._client.found(f"/counterparties/{segment(who.mark)}")
        except Rejected as error:
            if error.code not in UNOFFERED:
                raise
            told = None
        if told is not None:
            return list(counterparties([told]))
        found = counterparties(self._client.get("/counterparties", {"name": who.name}).get("items") or ())
        return [one for one in found if not one.inn and who.name in (one.name, one.full_name)]

    def _put(self, what: str, mark: str, body: dict[str, object], same: Callable[[Json], bool]) -> Made:
        """Of a clash it is seen whether what is there is ours: a service may count the date, which differs in a repeat."""
        path = f"/{what}/{segment(mark)}"
        try:
            return made(self._client.put(path, body))
        except Rejected as error:
            if error.code != CLASH:
                raise
            told = self._found(path)
            if told is None or not same(told):
                raise
            return made(told)

    def _find(self, what: str, mark: str, again: Callable[[], Made]) -> Made | None:
        """A service that cannot be asked by our id is asked to create again, which makes no second one by its contract."""
        path = f"/{what}/{segment(mark)}"
        try:
            told = self._client.found(path)
        except Rejected as error:
            if error.code in UNOFFERED:
                return again()
            raise
        return made(told) if told is not None else None

    def _found(self, path: str) -> Json | None:
        try:
            return self._client.found(path)
        except Rejected:
            return None

    def _whole(self, ref: str) -> Json | None:
        return self._client.found(f"/documents/{segment(ref)}")

    def _page(self, cursor: str, limit: int = 0) -> Page:
        asked = {"cursor": cursor, "limit": str(limit or self._settings.page), "details": "1"}
        return page(self._client.get("/changes", asked))

    # before the start

    def _answers(self) -> list[Remark]:
        told = self._client.get("/ping")
        about = " ".join(filled({name: text(told.get(name)) for name in ("configuration", "version")}).values())
        return [Remark((), f"the service answers: {about}", weight=Weight.NOTE)] if about else []

    def _finds_firms(self) -> list[Remark]:
        self._client.get("/counterparties", {"inn": self._settings.organization.inn})
        return []

    def _tells_changes(self) -> list[Remark]:
        self._page("", 1)
        return []

    def _finds_invoices(self) -> list[Remark]:
        try:
            self._client.found(f"/invoices/{segment(_NOBODY)}")
        except Rejected as error:
            if error.code not in UNOFFERED:
                raise
            cure = "Добавьте в сервис шаблон GET invoices/{внешний номер}: без него после обрыва связи запись повторяется."
            return [Remark((), "no invoice can be looked up by our number", cure, Weight.WARNING)]
        return []
