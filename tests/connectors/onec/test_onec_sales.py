"""A sale: what rules hear while 1C's documents come, change and go."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pypdf import PdfReader

from connectors.onec.account import OneC, key_of
from connectors.onec.settings import BooksSettings
from provodka.accounting import (
    Cancellation,
    DocumentKind,
    InvoiceRequest,
    NewCounterparty,
    OrderRequest,
    PartyKind,
    Printed,
    Vat,
    priced,
    vat_amount,
)
from provodka.crm import ProductLine
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.event import Event, new_event_id
from provodka.invoices import SaleState
from provodka.journal import Journal
from provodka.operation import Done, Request
from provodka.payloads import AccountingHint, EventType, InvoiceEvent, Person
from provodka.stores import ConnectorStore
from tests.connectors.memory_store import MemoryStore
from tests.connectors.onec.base import MemoryRoad

BUYER = NewCounterparty("amocrm:company:4", PartyKind.LEGAL, "Ромашка", inn="7701999111", kpp="770101001")
LINES = priced(
    [
        ProductLine("Кабель", Decimal(100), Decimal("85.40"), "KAB"),
        ProductLine("Розетка", Decimal(12), Decimal(249), "ROZ"),
        ProductLine("Доставка", Decimal(1), Decimal(1500), "DEL"),
    ],
    Vat.R22,
    included=True,
)
SETTINGS = BooksSettings.model_validate({"organization": {"inn": "7801999002"}})


class Books:
    """An account over a base in memory, and what has been told of it."""

    def __init__(self, store: ConnectorStore, road: MemoryRoad | None = None) -> None:
        self.road = road or MemoryRoad()
        self.store = store
        self.clock = datetime(2026, 7, 15, 9, tzinfo=UTC)
        self.account = OneC(SETTINGS, store, self.road, lambda: self.clock)

    def issue(self, lead: str = "17", number: int = 1, unsure: datetime | None = None) -> Any:
        mark = f"amocrm:lead:{lead}:invoice:{number}"
        asked = InvoiceRequest(mark, f"{lead}:{number}", lead, BUYER, "party", LINES)
        return self.account.create_invoices([Request(mark, asked, unsure)])[0]

    def invoice(self, lead: str = "17", number: int = 1) -> str:
        return key_of(f"amocrm:lead:{lead}:invoice:{number}")

    def hinted(self, *entities: str) -> list[str]:
        event = _event(AccountingHint(entities), self.clock)
        return self._told(*self.account.derive(AccountingHint(entities), event))

    def polled(self, *, full: bool = False) -> list[str]:
        events, snapshots, _ = self.account.reconcile(self.clock, full=full)
        return self._told(events, snapshots)

    def state(self, lead: str = "17") -> SaleState:
        return self.account.sales([lead])[lead][-1].state

    def _told(self, events: Any, snapshots: Any) -> list[str]:
        for kind, rows in snapshots.items():
            self.store.put_snapshots(self.account.name, kind, rows)
        assert all(isinstance(event.payload, InvoiceEvent) for event in events)
        return [event.type.value for event in events]


def _event(hint: AccountingHint, at: datetime) -> Event:
    id_ = new_event_id(at)
    return Event(id_, EventType.ACCOUNTING_HINT, "1c", id_, at, at, Person(), hint)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    yield journal
    journal.close()


@pytest.fixture
def books(journal: Journal) -> Books:
    return Books(journal.store)


def test_the_vat_of_a_document_is_that_of_its_lines() -> None:
    assert [one.vat_amount for one in LINES] == [Decimal("1540.00"), Decimal("538.82"), Decimal("270.49")]
    assert vat_amount(Decimal(100), Vat.NONE, included=True) == 0
    assert vat_amount(Decimal(100), Vat.R22, included=False) == 22


def test_an_invoice_of_ours_is_told_with_every_arrow_that_led_to_it(books: Books) -> None:
    done = books.issue()
    assert isinstance(done, Done)
    assert done.remote_id == books.invoice()
    assert books.hinted("sale:17:1") == ["invoice.requested", "counterparty.ready", "invoice.issued"]
    assert books.hinted("sale:17:1") == books.polled() == [], "told once"
    (invoice,) = books.account.sales(["17"])["17"]
    assert (invoice.number, invoice.short, invoice.amount) == ("00БП-000001", "1", Decimal("13028.00"))


def test_the_whole_way_of_a_sale_and_back(books: Books) -> None:
    books.issue()
    books.hinted("sale:17:1")
    books.road.pay("p1", books.invoice(), "5000.00")
    assert books.polled() == ["invoice.partly_paid"]
    books.road.pay("p2", books.invoice(), "8028.00")
    assert books.polled() == ["invoice.paid"]
    [ordered] = books.account.create_orders([Request("o", OrderRequest("amocrm:lead:17:order:1", "17:1"))])
    assert isinstance(ordered, Done)
    assert books.hinted("sale:17:1") == ["order.created"]
    books.road.ship("s1", ordered.remote_id, "11528.00")
    assert books.polled() == ["order.partly_shipped"]
    books.road.ship("s2", books.invoice(), "1500.00")
    assert books.polled() == ["order.shipped"]
    assert books.state() is SaleState.SHIPPED

    books.road.change("s2", valid=False)
    assert books.polled() == ["order.unshipped"]
    assert books.state() is SaleState.PARTLY_SHIPPED
    books.road.change("s1", deleted=True)
    books.road.change("p2", deleted=True)
    assert books.polled() == ["invoice.unpaid", "order.unshipped"]
    assert books.state() is SaleState.ORDERED
    books.road.change(ordered.remote_id, deleted=True)
    assert books.polled() == ["order.cancelled"]
    assert books.state() is SaleState.PARTLY_PAID
    books.road.change(books.invoice(), valid=False)
    books.road.change("p1", deleted=True)
    assert books.polled() == ["invoice.withdrawn", "invoice.unpaid"]
    assert books.state() is SaleState.COUNTERPARTY_READY
    books.road.change(books.invoice(), deleted=True)
    assert books.polled() == ["invoice.cancelled"]


def test_too_much_is_paid_and_taken_back(books: Books) -> None:
    books.issue()
    books.hinted("sale:17:1")
    books.road.pay("p1", books.invoice(), "20000.00")
    assert books.polled() == ["invoice.paid"]
    assert books.account.sales(["17"])["17"][0].left == Decimal("-6972.00")
    books.road.pay("r1", books.invoice(), "-6972.00")
    assert books.polled() == ["invoice.unpaid"], "less is paid than was: a refund is told"
    assert books.state() is SaleState.PAID


def test_a_payment_that_is_linked_to_another_invoice_leaves_the_first(books: Books) -> None:
    for number in (1, 2):
        books.issue(number=number)
    assert len(books.hinted("sale:17:1", "sale:17:2")) == 6
    books.road.pay("p1", books.invoice(number=1), "13028.00")
    assert books.polled() == ["invoice.paid"]
    other = replace(books.road.papers["p1"].bases[0], ref=books.invoice(number=2))
    books.road.change("p1", bases=(other,))
    assert sorted(books.polled()) == ["invoice.paid", "invoice.unpaid"]


def test_one_payment_for_two_invoices(books: Books) -> None:
    for number in (1, 2):
        books.issue(number=number)
    books.hinted("sale:17:1", "sale:17:2")
    first, second = books.invoice(number=1), books.invoice(number=2)
    books.road.pay("p1", first, "14028.00")
    part = books.road.papers["p1"].bases[0]
    bases = (replace(part, amount=Decimal("13028.00")), replace(part, ref=second, amount=Decimal("1000.00")))
    books.road.change("p1", bases=bases)
    assert books.polled() == ["invoice.paid", "invoice.partly_paid"]


def test_a_line_that_was_changed_in_1c_is_told(books: Books) -> None:
    books.issue()
    books.hinted("sale:17:1")
    books.road.change(books.invoice(), amount=Decimal(13000))
    assert books.polled() == ["invoice.changed"]


def test_a_write_of_1c_that_changes_nothing_is_no_news(books: Books) -> None:
    books.issue()
    books.hinted("sale:17:1")
    books.road.change(books.invoice())
    assert books.polled() == []


def test_documents_of_others_are_no_news(books: Books) -> None:
    books.road.pay("p9", "somebody's invoice", "100.00")
    assert books.polled() == []


@pytest.mark.parametrize("late", [False, True])
def test_a_broken_connection_makes_no_second_invoice(books: Books, late: bool) -> None:
    books.road.breaks, books.road.late = [Ambiguous("cut")], late
    assert isinstance(books.issue(), Ambiguous)
    unsure = books.clock
    if not late:
        assert isinstance(books.issue(unsure=unsure), Retryable), "1C may still be at work on it"
        books.clock += timedelta(seconds=SETTINGS.settle_seconds + 1)
    done = books.issue(unsure=unsure)
    assert isinstance(done, Done)
    assert done.found is late
    assert len(books.road.papers) == 1
    assert books.hinted("sale:17:1")[-1] == "invoice.issued"


def test_two_counterparties_with_one_inn_are_for_a_person_to_choose(books: Books) -> None:
    books.road.parties = {"a": BUYER, "b": replace(BUYER, name="Ромашка (старая)")}
    [refused] = books.account.create_counterparties([Request("k", BUYER)])
    assert isinstance(refused, Rejected)
    assert "Ромашка (старая)" in refused.hint
    assert len(books.road.parties) == 2


def test_a_counterparty_is_found_or_made_once(books: Books) -> None:
    [made] = books.account.create_counterparties([Request("k", BUYER)])
    [found] = books.account.create_counterparties([Request("k2", BUYER)])
    assert isinstance(made, Done)
    assert isinstance(found, Done)
    assert (made.found, found.found, made.remote_id) == (False, True, found.remote_id)


def test_an_order_for_no_invoice_is_refused(books: Books) -> None:
    [refused] = books.account.create_orders([Request("o", OrderRequest("m", "99:1"))])
    assert isinstance(refused, Rejected)
    assert "issue_invoice" in refused.hint


def test_a_cancelled_invoice_stays_cancelled(books: Books) -> None:
    books.issue()
    books.hinted("sale:17:1")
    for _ in range(2):
        [done] = books.account.cancel_invoices([Request("c", Cancellation("17:1"))])
        assert isinstance(done, Done)
    assert books.hinted("sale:17:1") == ["invoice.cancelled"]
    assert books.polled() == []


def test_what_two_look_at_at_once_is_told_once(books: Books, journal: Journal) -> None:
    books.issue()
    hint = AccountingHint(("sale:17:1",))
    first = books.account.derive(hint, _event(hint, books.clock))
    second = books.account.derive(hint, _event(hint, books.clock))
    for events, snapshots in (first, second):
        journal.accept_derived(events, {("1c", kind): rows for kind, rows in snapshots.items()}, {})
    told = [stored.event.type.value for stored in journal.claim_events(100)]
    assert sorted(told) == ["accounting.hint", "counterparty.ready", "invoice.issued", "invoice.requested"]


ACTS = st.lists(
    st.tuples(st.sampled_from(["pay", "ship", "delete", "unpost", "post", "refund"]), st.integers(0, 5)), max_size=12
)


@settings(max_examples=60)
@given(acts=ACTS, looks=st.lists(st.booleans(), min_size=12, max_size=12))
def test_however_often_one_looks_the_end_is_the_same(acts: list[tuple[str, int]], looks: list[bool]) -> None:
    """Two books of the same base, one that looks now and then and one that looks once: they end alike, and whatever was
    told last of payment and shipment agrees with the sums."""
    often = Books(MemoryStore())
    once = Books(MemoryStore(), often.road)
    for book in (often, once):
        book.issue()
    often.hinted("sale:17:1")
    told: list[str] = []
    for (act, n), look in zip(acts, looks, strict=False):
        _act(often.road, often.invoice(), act, n)
        if look:
            told += often.polled()
    told += often.polled()
    once.hinted("sale:17:1")
    once.polled()
    (seen,) = often.account.sales(["17"])["17"]
    assert once.account.sales(["17"])["17"] == [seen]
    paying = [kind for kind in told if kind in ("invoice.paid", "invoice.partly_paid", "invoice.unpaid")]
    if seen.paid >= seen.amount:
        assert "invoice.paid" in paying
    elif paying:
        assert paying[-1] != "invoice.paid"
    assert often.polled() == []


def _act(road: MemoryRoad, invoice: str, act: str, n: int) -> None:
    ref = f"{act[0]}{n}"
    if act in ("pay", "refund"):
        road.pay(ref, invoice, "6514.00" if act == "pay" else "-1000.00", version=f"{road.writes}-{len(road.papers)}")
    elif act == "ship":
        road.ship(ref, invoice, "6514.00")
    else:
        others = [one for one in road.papers if one != invoice]
        if others:
            changes = {"delete": {"deleted": True}, "unpost": {"valid": False}, "post": {"valid": True}}[act]
            road.change(others[n % len(others)], **changes)


def test_an_unknown_outcome_is_never_left_to_chance() -> None:
    """Every write of accounting looks before it repeats, or is harmless when repeated: none asks a person."""
    for name in ("create_counterparties", "create_invoices", "create_orders", "cancel_invoices"):
        assert getattr(OneC, name).info.repeat.value in ("stamp", "safe"), name


def test_what_1c_does_not_print_is_drawn_by_us_where_the_settings_say_so(store: MemoryStore) -> None:
    books = Books(store)
    books.issue()
    books.hinted("sale:17:1")
    assert books.account.printed("17:1", DocumentKind.INVOICE) == Printed("Счёт 1.pdf", b"%PDF-")
    books.road.prints = False
    assert books.account.printed("17:1", DocumentKind.INVOICE) is None
    account = {"number": "40702810400000012345", "bic": "044599991", "bank": "АО Банк"}
    own = {"inn": "7801999002", "name": "ООО «Продавец»", "account": account}
    drawing = BooksSettings.model_validate({"organization": own, "own_form": {}})
    drawn = OneC(drawing, store, books.road, lambda: books.clock).printed("17:1", DocumentKind.INVOICE)
    assert drawn is not None
    assert drawn.own
    text = PdfReader(io.BytesIO(drawn.body)).pages[0].extract_text()
    assert "Счёт на оплату № 1 от 15 июля 2026 г." in text.replace("\xa0", " ")
    assert "Тринадцать тысяч двадцать восемь рублей 00 копеек" in text.replace("\n", " ").replace("\xa0", " ")


def test_an_own_form_without_an_account_is_a_mistake_of_the_config() -> None:
    with pytest.raises(ValidationError, match=r"organization\.account"):
        BooksSettings.model_validate({"organization": {"inn": "7801999002"}, "own_form": {}})
