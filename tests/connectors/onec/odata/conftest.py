"""A base of 1C in the emulator, and an account that speaks to it over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import requests

from connectors.onec.odata.room import open_account, open_base
from connectors.onec.odata.settings import ODataSettings
from provodka.accounting import InvoiceRequest, NewCounterparty, PartyKind, Vat, priced
from provodka.crm.sales import ProductLine
from provodka.operation import Request
from sandbox.onec import OneC
from tests.connectors.memory_store import MemoryStore

BUYER = NewCounterparty(
    mark="amocrm:company:47",
    kind=PartyKind.LEGAL,
    name="Ромашка-Трейд ООО",
    full_name='ООО "Ромашка-Трейд"',
    inn="7701999111",
    kpp="770101001",
)
LINES = (
    ProductLine("Кабель ВВГнг(А)-LS 3х2,5", Decimal(100), Decimal("85.40"), sku="KAB-3x2.5"),
    ProductLine("Розетка двойная с заземлением", Decimal(12), Decimal(249), sku="ROZ-2Z"),
    ProductLine("Доставка по городу", Decimal(1), Decimal(1500), sku="DELIVERY"),
)


class World:
    """One emulated base with an account over it; the clock moves by hand."""

    def __init__(self, onec: OneC) -> None:
        self.onec = onec
        self.store = MemoryStore()
        self.ahead = timedelta()
        self.accounts: list = []
        self.opened = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def settings(self, **more) -> ODataSettings:
        given = {
            "type": "odata",
            "url": f"{self.onec.url}/base",
            "user": "sandbox",
            "password": "sandbox",
            "profile": self.onec.base.configuration.name,
            "organization": {"inn": "7801999002"},
            "per_second": 10000,
            "settle_seconds": 0,
        }
        return ODataSettings.model_validate({**given, **more})

    def open(self, **more):
        account = open_account(self.settings(**more), self.store, now=self.now, sleep=lambda _: None)
        self.accounts.append(account)
        return account

    def base(self, **more):
        return open_base(self.settings(**more), self.store, now=self.now, sleep=lambda _: None)

    @property
    def account(self):
        if self.opened is None:
            self.opened = self.open()
        return self.opened

    @property
    def accountant(self):
        return self.onec.base.accountant

    def do(self, operation, params, since=None, account=None):
        """The outcome of one request."""
        return getattr(account or self.account, operation)([Request("key", params, since)])[0]

    def buyer(self, who=BUYER, **more):
        return self.do("create_counterparties", who, **more)

    def invoice(self, lead="17", number=1, lines=LINES, buyer=BUYER, vat=Vat.R22, vat_included=True, **more):
        """Ask for an invoice as the action does; the request and its outcome."""
        party = self.do("create_counterparties", buyer)
        asked = self.asked(lead, number, lines, buyer, party.remote_id, vat, vat_included=vat_included, **more)
        return asked, self.do("create_invoices", asked)

    def asked(
        self, lead="17", number=1, lines=LINES, buyer=BUYER, counterparty="", vat=Vat.R22, *, vat_included=True, **more
    ):
        return InvoiceRequest(
            mark=f"amocrm:lead:{lead}:invoice:{number}",
            sale=f"{lead}:{number}",
            lead_id=lead,
            buyer=buyer,
            counterparty=counterparty,
            lines=priced(lines, vat, included=vat_included),
            vat_included=vat_included,
            **more,
        )

    def poll(self, *, full=False):
        """Reconcile, keep what came of it as the worker does, and give the types of the events."""
        events, snapshots, cursors = self.account.reconcile(self.now(), full=full)
        for kind, rows in snapshots.items():
            self.store.put_snapshots("1c", kind, rows)
        self.store.cursors.update(cursors)
        return [event.type.value for event in events]

    def sale(self, lead="17"):
        return self.account.sales([lead])[lead][-1]

    def calls(self):
        return requests.get(f"{self.onec.url}/_sandbox/stats", timeout=30).json()


@pytest.fixture(scope="session")
def running_onec():
    with OneC() as onec:
        yield onec


@pytest.fixture(params=["bp"])
def world(request, running_onec):
    requests.post(f"{running_onec.url}/_sandbox/reset", timeout=30).raise_for_status()
    running_onec.use(request.param)
    world = World(running_onec)
    yield world
    for account in world.accounts:
        account.close()


every_configuration = pytest.mark.parametrize("world", ["bp", "ut", "unf", "erp"], indirect=True)
