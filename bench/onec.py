"""Documents a minute in 1C, a poll, and the comparison of both sides."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import requests

from bench import parts
from connectors.registry import ACCOUNTINGS, CRMS
from provodka.accounting import AccountingAccount, InvoiceRequest, NewCounterparty, PartyKind, Vat, priced
from provodka.crm import CrmAccount, LeadLines, NewLead, ProductLine
from provodka.event import Event, new_event_id, utc_now
from provodka.journal import Journal
from provodka.operation import Done, Outcome, Request
from provodka.payloads import AccountingHint, EventType, Person
from worker.nightly import Nightly

Row = tuple[str, str, str]
_LATENCY: Final = 0.15
_DOCUMENTS: Final = 120
_SALES: Final = 1_250  # an invoice, an order, a payment and a shipment each
_LINES: Final = (
    ProductLine("Кабель ВВГнг(А)-LS 3х2,5", Decimal(100), Decimal("85.40"), "KAB-3x2.5"),
    ProductLine("Розетка двойная с заземлением", Decimal(12), Decimal(249), "ROZ-2Z"),
)
_BUYER: Final = NewCounterparty("bench:company:1", PartyKind.LEGAL, "Ромашка", inn="7701999111", kpp="770101001")
_LOGIN: Final = {"user": "sandbox", "password": "sandbox", "organization": {"inn": "7801999002"}, "per_second": 1000}
_ROADS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "OData, one request at a time": ("odata", {"url": "{}/base", "profile": "unf"}),
    "OData, three at a time": ("odata", {"url": "{}/base", "profile": "unf", "parallel": 3}),
    "HTTP service": ("http", {"url": "{}/base/hs/crm/v1"}),
    "SOAP": ("soap", {"wsdl": "{}/base/ws/CRMExchange.1cws?wsdl"}),
}


def onec(folder: Path) -> Iterator[Row]:
    """All of it, by each road."""
    with _base() as url:
        yield "bare calls a minute on one connection, 1C answers in 150 ms (floor)", "", f"{_floor(url):.0f}"
    for n, road in enumerate(_ROADS):
        with _base() as url, _account(folder / f"{n}.sqlite", road, url) as (account, _):
            made, calls = _issued(account, url)
            told = f"{made:.0f} ({calls:.1f} calls a document)"
            yield f"invoices a minute, 1C answers in 150 ms, {road}", "≥ 200", told
    with _base() as url, parts.crm() as crm, _account(folder / "both.sqlite", "OData, three at a time", url) as both:
        yield from _compared(*both, url, crm)


@contextmanager
def _base() -> Iterator[str]:
    port = parts.free_port()
    url = f"http://127.0.0.1:{port}"
    with parts.process(["-m", "bench.base", str(port), "unf"], f"{url}/_sandbox/stats"):
        yield url


@contextmanager
def _account(file: Path, road: str, url: str) -> Iterator[tuple[AccountingAccount, Journal]]:
    kind, own = _ROADS[road]
    filled = {name: value.format(url) if isinstance(value, str) else value for name, value in own.items()}
    settings = ACCOUNTINGS[kind].model().model_validate({"type": kind, **_LOGIN, **filled})
    journal = Journal(f"sqlite:///{file}")
    account = ACCOUNTINGS[kind].open(settings, journal.store)
    try:
        yield account, journal
    finally:
        account.close()
        journal.close()


def _floor(url: str) -> float:
    _slow(url, _LATENCY)
    session = requests.Session()
    session.auth = ("sandbox", "sandbox")
    began = time.monotonic()
    for _ in range(40):
        session.get(f"{url}/base/odata/standard.odata/Catalog_Валюты?$format=json", timeout=10).raise_for_status()
    return 40 / (time.monotonic() - began) * 60


def _slow(url: str, seconds: float) -> None:
    requests.post(f"{url}/_sandbox/latency", json={"seconds": seconds}, timeout=10).raise_for_status()


def _calls(url: str) -> int:
    found: dict[str, int] = requests.get(f"{url}/_sandbox/stats", timeout=10).json()["calls"]
    return sum(found.values())


def _issued(account: AccountingAccount, url: str) -> tuple[float, float]:
    """Invoices of one buyer by four threads, as the worker has them; the first ones warm up what is kept."""
    buyer = _done(account.create_counterparties([Request("buyer", _BUYER)])[0]).remote_id
    for n in range(2):
        _done(account.create_invoices([_asked(n, buyer)])[0])
    _slow(url, _LATENCY)
    before, began = _calls(url), time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        for outcome in threads.map(
            lambda n: account.create_invoices([_asked(n, buyer)])[0], range(10, 10 + _DOCUMENTS)
        ):
            _done(outcome)
    took = time.monotonic() - began
    return _DOCUMENTS / took * 60, (_calls(url) - before) / _DOCUMENTS


def _asked(lead: int, buyer: str) -> Request[InvoiceRequest]:
    mark = f"bench:lead:{lead}:invoice:1"
    lines = priced(_LINES, Vat.R22, included=True)
    return Request(mark, InvoiceRequest(mark, f"{lead}:1", str(lead), _BUYER, buyer, lines))


def _done(outcome: Outcome) -> Done:
    if not isinstance(outcome, Done):
        raise TypeError(f"not done: {outcome!r}")
    return outcome


def _compared(account: AccountingAccount, journal: Journal, url: str, address: str) -> Iterator[Row]:
    settings = (
        CRMS["amocrm"]
        .model()
        .model_validate({"type": "amocrm", "url": address, "token": "sandbox", "per_second": 1000, "burst": 1000})
    )
    crm = CRMS["amocrm"].open(settings, journal.store)
    try:
        _sell(account, crm, url)
        night = Nightly(account, crm, journal, ZoneInfo("Europe/Moscow"))
        night.run()
        _slow(url, _LATENCY)
        before, began = _calls(url), time.monotonic()
        events, _, _ = account.reconcile(utc_now())
        polled = f"{_calls(url) - before} calls, {time.monotonic() - began:.1f} s, {len(events)} events"
        yield f"a poll of a base with {4 * _SALES} documents where nothing has changed", "a call per kind", polled
        planted = _SALES // 100
        _plant(url, planted)
        began = time.monotonic()
        found = night.run()
        differing = sum(bool(one.differences) for one in found)
        told = f"{time.monotonic() - began:.0f} ({len(found)} sales, {differing} of {planted} planted differences)"
        yield f"{4 * _SALES} documents compared with amoCRM, 1C answers in 150 ms, s", "< 60", told
    finally:
        crm.close()


def _sell(account: AccountingAccount, crm: CrmAccount, url: str) -> None:
    """Leads with their products, an invoice each; all are paid, ordered and shipped."""
    buyer = _done(account.create_counterparties([Request("buyer", _BUYER)])[0]).remote_id
    crm.check([], create=True)
    news = [Request(f"lead{n}", NewLead(f"Сделка {n}", "Кровля", "Новый лид")) for n in range(_SALES)]
    made = [outcome for start in range(0, _SALES, 50) for outcome in crm.create_leads(news[start : start + 50])]
    ids = [_done(outcome).remote_id for outcome in made]
    for one in ids:
        _done(crm.set_lead_lines([Request(f"lines{one}", LeadLines(one, _LINES))])[0])
    invoices = [_done(account.create_invoices([_asked(int(one), buyer)])[0]).remote_id for one in ids]
    for one in invoices:
        for act in ("pay", "order", "ship"):
            requests.post(f"{url}/_sandbox/acts", json={"act": act, "document": one}, timeout=10).raise_for_status()
    for start in range(0, _SALES, 50):
        hint = AccountingHint(tuple(f"sale:{one}:1" for one in ids[start : start + 50]))
        now = datetime.now(UTC)
        account.derive(hint, Event(new_event_id(now), EventType.ACCOUNTING_HINT, "1c", "x", now, now, Person(), hint))


def _plant(url: str, count: int) -> None:
    """Lines of some invoices are changed by hand in 1C."""
    papers = requests.get(f"{url}/_sandbox/documents", params={"kind": "invoice"}, timeout=60).json()
    for one in papers[:count]:
        body = {"act": "edit_lines", "document": one["ref"], "lines": {"1": {"quantity": "101"}}}
        requests.post(f"{url}/_sandbox/acts", json=body, timeout=10).raise_for_status()
