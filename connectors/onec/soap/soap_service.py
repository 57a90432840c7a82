"""A SOAP service of 1C: the contract in operations and XDTO objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

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
from connectors.onec.service.values import exact, local, text
from connectors.onec.soap.client import Client
from connectors.onec.soap.settings import SoapSettings
from provodka.accounting import DocumentKind, InvoiceRequest, NewCounterparty, PartyKind
from provodka.errors import Retryable
from provodka.readiness import Look, Remark, Weight

TYPES: Final = "Invoice,Order,Payment,Refund,Shipment"
NEEDED: Final = ("CreateCounterparty", "CreateInvoice", "GetDocumentsSince", "GetDocument")
WANTED: Final = {
    "FindCounterparty": "контрагент не ищется по ИНН: о двойниках не узнать",
    "FindDocument": "после обрыва связи запись повторяется, а не проверяется",
    "CreateOrder": "заказ по счёту не создать",
    "CancelDocument": "счёт из CRM не отменить",
    "GetPrintForm": "печатные формы рисуем сами",
}
_ADD: Final = "Администратору 1С: добавьте операцию в веб-сервис и опубликуйте его заново."


class SoapService:
    """`connectors.onec.service.road.Service` by its operations."""

    def __init__(self, settings: SoapSettings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._zone = ZoneInfo(settings.timezone)

    def firms(self, inn: str, kpp: str) -> Sequence[Json]:
        answer = self._client.call("FindCounterparty", {"INN": inn, "KPP": kpp or None}, write=False)
        found: Sequence[Json] = answer.get("counterparties") or ()
        return found

    def persons(self, who: NewCounterparty) -> Sequence[Json]:
        """No operation looks for them: the service recognises one by mark or name when it is asked to create."""
        del who
        return ()

    def put_counterparty(self, who: NewCounterparty) -> Json:
        body = counterparty_body(who)
        told = {
            "ExternalId": body["external_id"],
            "INN": body.get("inn"),
            "KPP": body.get("kpp"),
            "Name": body["name"],
            "FullName": body.get("full_name"),
            "LegalEntity": who.kind is PartyKind.LEGAL,
            "OGRN": body.get("ogrn"),
            "Email": body.get("email"),
            "Phone": body.get("phone"),
        }
        return self._client.call("CreateCounterparty", {"Counterparty": told}, write=True)

    def put_invoice(self, asked: InvoiceRequest, ref: str, now: datetime) -> Json:
        lines = invoice_body(asked, ref, self._settings, now)["lines"]
        told = {
            "ExternalId": asked.mark,
            "OrganizationINN": self._settings.organization.inn,
            "CounterpartyRef": asked.counterparty,
            "Date": local(now, self._zone),
            "Currency": asked.currency,
            "PriceIncludesVAT": asked.vat_included,
            "Comment": asked.comment or None,
            "Lines": [_line(line, number) for number, line in enumerate(lines, 1)],
        }
        return self._client.call("CreateInvoice", {"Invoice": told, "Post": True}, write=True)

    def put_order(self, invoice: str, mark: str, ref: str, now: datetime) -> Json:
        del ref
        told = {"ExternalId": mark, "InvoiceRef": invoice, "Date": local(now, self._zone)}
        answer = self._client.call("CreateOrder", {"Order": told, "Post": True}, write=True)
        made: Json = answer.get("document") or answer
        return made

    def by_mark(self, kind: DocumentKind, mark: str) -> Json:
        del kind  # a mark is of one document
        return self._details("FindDocument", {"ExternalId": mark})

    def by_ref(self, ref: str) -> Json:
        return self._details("GetDocument", {"Ref": ref})

    def cancel(self, ref: str) -> None:
        self._client.call("CancelDocument", {"Ref": ref}, write=True)

    def page(self, cursor: str) -> Page:
        return self._page(cursor, self._settings.page)

    def pdf(self, ref: str) -> bytes:
        asked = {"Ref": ref, "Template": self._settings.print_form, "Format": "pdf"}
        body = self._client.call("GetPrintForm", asked, write=False).get("data")
        return body if isinstance(body, bytes) else b""

    def looks(self) -> Sequence[Look]:
        return (self._lacking, self._answers, self._finds_firms, self._tells_changes)

    def close(self) -> None:
        self._client.close()

    def _page(self, cursor: str, limit: int) -> Page:
        asked = {"Cursor": cursor, "MaxCount": limit, "Types": TYPES}
        told = page(self._client.call("GetDocumentsSince", asked, write=False))
        return Page(tuple(_whole_payments(told.items)), told.cursor, told.has_more)

    def _details(self, operation: str, asked: Mapping[str, str]) -> Json:
        """A document in one piece: what the service tells of it, and what beside it."""
        details = self._client.call(operation, asked, write=False).get("details")
        if not isinstance(details, dict) or not isinstance(details.get("document"), dict):
            raise Retryable(f"{operation} tells no document", hint=SHAPE)
        return {**details["document"], **filled({name: one for name, one in details.items() if name != "document"})}

    # before the start

    def _lacking(self) -> list[Remark]:
        there = self._client.renew()
        found = [Remark((), f"the service has no operation {one}", _ADD) for one in NEEDED if one not in there]
        return found + [
            Remark((), f"the service has no operation {one}", f"Без неё {why}. {_ADD}", Weight.WARNING)
            for one, why in WANTED.items()
            if one not in there
        ]

    def _answers(self) -> list[Remark]:
        return about(self._client.call("Ping", {}, write=False)) if self._client.offers("Ping") else []

    def _finds_firms(self) -> list[Remark]:
        if self._client.offers("FindCounterparty"):
            self.firms(self._settings.organization.inn, "")
        return []

    def _tells_changes(self) -> list[Remark]:
        if self._client.offers("GetDocumentsSince"):
            self._page("", 1)
        return []


def _line(line: Json, number: int) -> dict[str, Any]:
    return {
        "LineNumber": number,
        "NomenclatureRef": line.get("nomenclature_ref"),
        "Article": line.get("sku"),
        "Name": line["name"],
        "Quantity": Decimal(line["quantity"]),
        "Price": Decimal(line["price"]),
        "VATRate": line["vat_rate"],
        "VATSum": Decimal(line["vat_sum"]),
        "Sum": Decimal(line["sum"]),
    }


def _whole_payments(items: Sequence[Json]) -> Iterator[Json]:
    """A payment of several documents comes as several items, each with one of them and its part of the sum."""
    parts: dict[str, list[Json]] = {}
    for item in items:
        parts.setdefault(text(item.get("ref")), []).append(item)
    for same in parts.values():
        if text(same[0].get("type")).lower() not in ("payment", "refund"):
            yield same[-1]
            continue
        told = [{"invoice_ref": one.get("base_ref"), "sum": one.get("sum")} for one in same]
        yield {**same[0], "sum": sum((exact(one.get("sum")) for one in same), Decimal(0)), "allocations": told}
