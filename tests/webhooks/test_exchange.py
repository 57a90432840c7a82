"""A whole exchange over HTTP: 1C of the sandbox as the client, our door, a real journal, and what rules hear of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.onec.commerceml.receiver import receiver
from connectors.onec.commerceml.room import open_account
from provodka.accounting import Cancellation, OrderRequest
from provodka.event import utc_now
from provodka.invoices import InvoiceRef, SaleState
from provodka.journal import Journal
from provodka.operation import Request
from provodka.payloads import AccountingHint, EventType, InvoiceEvent
from sandbox.onec import OneC
from sandbox.onec.exchange import Habits, Mishap, Report, SiteExchange
from tests.connectors.onec.commerceml.parts import PASSWORD, USER, invoice_request, settings
from webhooks.app import create_app
from webhooks.metrics import Metrics
from webhooks.receive import Door
from webhooks.server import WebServer

LIMIT = 16 * 1024


class Both:
    """Our side, served, and a base of 1C that exchanges with it."""

    def __init__(self, folder: Path, configuration: str = "ut", **chosen: Any) -> None:
        self.journal = Journal(f"sqlite:///{folder}/journal.sqlite")
        self.settings = settings(**{"file_limit": LIMIT, **chosen})
        self.account = open_account(self.settings, self.journal.store)
        caller = receiver("1c", self.settings, self.journal.store)
        door = Door({"1c": caller}, self.journal, utc_now, 2 * 1024 * 1024, Metrics())
        self.server = WebServer(create_app(door, self.journal), "127.0.0.1", 0, 4)
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}/exchange/1c"
        self.base = OneC(configuration)
        self.exchange = self.exchange_as()

    def exchange_as(self, version: str = "2.09", password: str = PASSWORD, **habits: Any) -> SiteExchange:
        return SiteExchange(self.base.services.desk, self.url, USER, password, version, Habits(**habits))

    def close(self) -> None:
        self.server.stop()
        self.journal.close()

    def run(self, *mishaps: Mishap) -> Report:
        return self.exchange.run(frozenset(mishaps))

    def ask(self, number: int = 1) -> None:
        asked = invoice_request(number)
        self.account.create_invoices([Request(asked.mark, asked, None)])
        self.hinted(f"sale:{asked.sale}")

    def hinted(self, entity: str) -> None:
        """What the worker does after our own writing."""
        from connectors.onec.commerceml.taking import event_of
        from provodka.channel import Delivery

        delivery = Delivery("GET", "", {}, {}, b"", utc_now())
        self.journal.accept([event_of("1c", delivery, AccountingHint((entity,)), f"ours:{utc_now().isoformat()}")])

    def work(self) -> list[str]:
        """Follow the hints as a worker does, all derived before any is stored; the arrows that come of them."""
        arrows: list[str] = []
        while taken := self.journal.claim_events(100):
            derived = []
            for event in (stored.event for stored in taken):
                if isinstance(event.payload, AccountingHint):
                    derived.append(self.account.derive(event.payload, event))
                elif isinstance(event.payload, InvoiceEvent):
                    arrows.append(event.type.value)
                else:
                    assert event.type is EventType.UNREADABLE
            for events, rows in derived:
                self.journal.accept_derived(events, {("1c", kind): some for kind, some in rows.items()}, {})
        return arrows

    @property
    def sale(self) -> InvoiceRef:
        return self.account.sales(["17"])["17"][0]

    def paper(self, kind: str) -> Any:
        (found,) = self.base.base.papers.all(kind)
        return found


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    made = Both(tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["ut", "unf", "erp", "bp"])
def any_1c(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    made = Both(tmp_path, request.param)
    yield made
    made.close()


def test_a_sale_goes_its_whole_way_in_any_configuration(any_1c: Both) -> None:
    any_1c.ask()
    assert any_1c.work() == ["invoice.requested", "counterparty.ready"]
    report = any_1c.run()
    assert report.ok, report.error
    assert any_1c.work() == ["invoice.issued"]
    sale = any_1c.sale
    assert (sale.amount, sale.vat_amount) == (Decimal("13028.00"), Decimal("2349.31"))
    assert [(one.sku, one.amount) for one in sale.lines] == [
        ("KAB-3x2.5", Decimal("8540.00")),
        ("ROZ-2Z", Decimal("2988.00")),
        ("", Decimal("1500.00")),
    ]

    accountant = any_1c.base.base.accountant
    invoice = any_1c.paper("invoice").ref
    accountant.pay(invoice)
    assert any_1c.run().ok
    assert any_1c.work() == ["invoice.paid"]

    any_1c.account.create_orders([Request("k", OrderRequest("amocrm:lead:17:order:1", "17:1"), None)])
    any_1c.hinted("sale:17:1")
    assert any_1c.work() == []
    assert any_1c.run().ok
    assert any_1c.work() == ["order.created"]
    assert any_1c.sale.state is SaleState.ORDERED

    accountant.ship(invoice)
    assert any_1c.run().ok
    assert any_1c.work() == ["order.shipped"]
    assert any_1c.sale.state is SaleState.SHIPPED
    assert any_1c.run().ok
    assert any_1c.work() == []


@pytest.mark.parametrize("version", ["2.05", "2.08", "2.09", "3.1"])
@pytest.mark.parametrize("habits", [{}, {"imported": False}, {"zipped": False}, {"encoding": "windows-1251"}])
def test_every_version_and_habit_of_1c_comes_to_the_same(both: Both, version: str, habits: dict[str, Any]) -> None:
    both.exchange = both.exchange_as(version, **habits)
    both.ask()
    assert both.run().ok
    both.base.base.accountant.pay(both.paper("invoice").ref)
    report = both.run()
    assert report.ok, report.error
    assert both.work() == ["invoice.requested", "counterparty.ready", "invoice.issued", "invoice.paid"]
    assert both.sale.paid == Decimal("13028.00")


def test_what_newer_modules_do_besides_is_answered(both: Both) -> None:
    both.exchange = both.exchange_as("2.09", kind="crm", goods=True, info=True, line_sums=False, namespace=False)
    both.ask()
    report = both.run()
    assert report.ok, report.error
    assert report.goods > 0
    assert report.statuses == {"N": "Принят", "P": "Оплачен", "F": "Выполнен"}
    assert both.work()[-1] == "invoice.issued"
    assert len(both.sale.lines) == 3  # the file gave them no sums: those that were asked for


def many(both: Both, count: int) -> None:
    for number in range(1, count + 1):
        both.ask(number)
    both.work()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_lost_piece_fails_and_the_next_exchange_ends_right(both: Both, zipped: bool) -> None:
    both.exchange = both.exchange_as(zipped=zipped, encoding="windows-1251")
    many(both, 40)
    report = both.run("chunk_lost")
    assert report.error is not None
    assert "Повторите обмен" in report.error or "Файл не найден" in report.error or "CommerceML" in report.error
    assert "invoice.issued" not in both.work()
    assert both.run("chunk_twice").ok
    assert both.work() == ["invoice.issued"] * 40


def test_the_same_file_twice_is_told_once(both: Both) -> None:
    both.ask()
    both.work()
    assert both.run("file_twice").ok
    assert both.work() == ["invoice.issued"]


def test_xml_that_breaks_off_is_told_to_the_user_of_1c_and_comes_whole_the_next_time(both: Both) -> None:
    both.ask()
    both.work()
    report = both.run("broken_xml")
    assert report.error is not None
    assert "Файл обрывается или повреждён" in report.error
    assert both.work() == []
    assert both.run().ok
    assert both.work() == ["invoice.issued"]


def test_a_wrong_password_is_told_in_words(both: Both) -> None:
    report = both.exchange_as(password="wrong").run()
    assert report.error is not None
    assert "Неверный логин или пароль" in report.error
    metrics = requests.get(both.url.replace("/exchange/1c", "/metrics"), timeout=30).text
    assert 'provodka_deliveries_total{channel="1c",outcome="refused"} 1.0' in metrics


def test_what_1c_takes_back_moves_the_sale_back(both: Both) -> None:
    both.ask()
    both.run()
    accountant = both.base.base.accountant
    payment = accountant.pay(both.paper("invoice").ref)
    both.run()
    both.work()
    assert both.sale.state is SaleState.PAID
    accountant.delete(payment.ref)
    assert both.run().ok
    assert both.work() == ["invoice.unpaid"]
    assert both.sale.state is SaleState.ISSUED


def test_two_exchanges_before_we_come_to_work_leave_what_the_last_has_told(both: Both) -> None:
    both.ask()
    both.run()
    both.work()
    payment = both.base.base.accountant.pay(both.paper("invoice").ref)
    both.run()
    both.base.base.accountant.delete(payment.ref)
    both.run()
    both.work()
    assert (both.sale.state, both.sale.paid) == (SaleState.ISSUED, Decimal(0))


def test_a_cancelled_invoice_is_cancelled_in_1c(both: Both) -> None:
    both.ask()
    both.run()
    both.account.cancel_invoices([Request("k", Cancellation("17:1"), None)])
    both.hinted("sale:17:1")
    report = both.run()
    assert [one.what for one in report.taken] == ["cancelled"]
    both.work()
    assert both.sale.state is SaleState.CANCELLED


def test_the_exchange_has_its_own_address_and_that_of_every_channel(both: Both) -> None:
    query = {"type": "sale", "mode": "checkauth"}
    login = (USER.encode(), PASSWORD.encode())
    hooks = both.url.replace("/exchange/", "/hooks/")
    for url in (both.url, f"{both.url}/1c_exchange.php", hooks):
        answer = requests.get(url, params=query, auth=login, timeout=30, allow_redirects=False)
        assert (answer.status_code, answer.text.splitlines()[0]) == (200, "success")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert requests.get(both.url.replace("/1c", "/site"), params=query, timeout=30).status_code == 404


def test_without_an_exchange_its_address_is_not_there(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    client = create_app(Door({}, journal, utc_now, 1000, Metrics()), journal).test_client()
    assert client.get("/exchange/1c?type=sale&mode=checkauth").status_code == 404
    journal.close()
