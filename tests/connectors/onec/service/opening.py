"""Accounts over both services of one emulated base, and what is sold in these tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.onec.account import OneC as Account
from connectors.onec.service.room import open_account as open_http
from connectors.onec.service.settings import ServiceSettings
from connectors.onec.soap.room import open_account as open_soap
from connectors.onec.soap.settings import SoapSettings
from provodka.accounting import InvoiceRequest, NewCounterparty, OrderRequest, PartyKind, Vat, priced
from provodka.crm import ProductLine
from provodka.operation import Done, Request
from sandbox.onec.app import OneC
from tests.connectors.memory_store import MemoryStore

HS, WS = "/base/hs/crm/v1", "/base/ws/CRMExchange.1cws"
COMMON = {"user": "sandbox", "password": "sandbox", "organization": {"inn": "7801999002"}, "settle_seconds": 0}
BUYER = NewCounterparty(
    "amocrm:company:4",
    PartyKind.LEGAL,
    "Ромашка",
    full_name="ООО «Ромашка»",
    inn="7701999111",
    kpp="770101001",
    phones=("+74950001122",),
    emails=("buh@romashka.example",),
)
GOODS = (
    ProductLine("Кабель ВВГнг(А)-LS 3х2,5", Decimal(100), Decimal("85.40"), "KAB-3x2.5", "м"),
    ProductLine("Розетка двойная с заземлением", Decimal(12), Decimal(249), "ROZ-2Z", "шт"),
    ProductLine("Доставка по городу", Decimal(1), Decimal(1500), "DELIVERY"),
)


def invoice(counterparty: str, sale: str = "17:1", buyer: NewCounterparty = BUYER, **changed: Any) -> InvoiceRequest:
    lead, _, number = sale.partition(":")
    given: dict[str, Any] = {"lines": priced(GOODS, Vat.R22, included=True), **changed}
    return InvoiceRequest(f"amocrm:lead:{lead}:invoice:{number}", sale, lead, buyer, counterparty, **given)


def http_settings(host: str, **changed: Any) -> ServiceSettings:
    return ServiceSettings.model_validate({"type": "http", "url": host + HS, **COMMON, **changed})


def soap_settings(host: str, **changed: Any) -> SoapSettings:
    return SoapSettings.model_validate({"type": "soap", "wsdl": f"{host}{WS}?wsdl", **COMMON, **changed})


@dataclass
class Books:
    """An account by one road over an emulated base: what it is asked, and what rules hear of it."""

    kind: str
    onec: OneC
    changed: dict[str, Any] = field(default_factory=dict)
    store: MemoryStore = field(default_factory=MemoryStore)
    late: float = 0.0

    def __post_init__(self) -> None:
        self.account: Account = (
            open_http(http_settings(self.onec.url, **self.changed), self.store, self.now)
            if self.kind == "http"
            else open_soap(soap_settings(self.onec.url, **self.changed), self.store, self.now)
        )
        self.road = self.account._road

    @property
    def desk(self):
        """The accountant of the base."""
        return self.onec.base.accountant

    def now(self) -> datetime:
        """Each look at the clock is a second later than it is: a repeat never has the date of its first."""
        self.late += 1.0
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.late, UTC)

    def buyer(self, who: NewCounterparty = BUYER) -> str:
        (done,) = self.account.create_counterparties([Request("c", who)])
        assert isinstance(done, Done), done
        return done.remote_id

    def issue(self, sale: str = "17:1", **changed: Any):
        """The outcome of an invoice for the buyer; the buyer must be there."""
        buyer = changed.get("buyer", BUYER)
        return self.ask(invoice(self.buyer(buyer), sale, **changed))

    def ask(self, asked: InvoiceRequest, *, unsure: bool = False):
        since = datetime.now(UTC) if unsure else None
        return self.account.create_invoices([Request("i", asked, since)])[0]

    def order(self, sale: str = "17:1", *, unsure: bool = False):
        since = datetime.now(UTC) if unsure else None
        lead, _, number = sale.partition(":")
        return self.account.create_orders(
            [Request("o", OrderRequest(f"amocrm:lead:{lead}:order:{number}", sale), since)]
        )[0]

    def hear(self, *, full: bool = False) -> list[str]:
        """A poll: the events, and all that is kept of it is kept."""
        events, snapshots, cursors = self.account.reconcile(self.now(), full=full)
        for kind, rows in snapshots.items():
            self.store.put_snapshots("1c", kind, rows)
        self.store.cursors.update(cursors)
        return [event.type.value for event in events]

    def sale(self, lead: str = "17"):
        return self.account.sales([lead])[lead][0]

    def count(self, kind: str) -> int:
        return self.onec.objects().get(kind, 0)

    def calls(self) -> int:
        return sum(self.onec.counts.calls.values())
