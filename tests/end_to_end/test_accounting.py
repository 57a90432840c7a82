"""The cycle of a sale through 1C by each road, in each CRM: asked for, issued, printed, paid, ordered, shipped, won."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from cli.show import View
from cli.sides import compare_sides
from provodka.crm import CardKind, CardRef, InvoiceState, LeadState
from provodka.invoices import SaleState
from sandbox.server import Sandbox
from tests.end_to_end.books import LEDGERS, CommerceML, Http, Ledger, OData, ODataTrade
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import Amocrm, Bitrix, BitrixDeals, Json

RULES = """
  - name: Фирма и товары из заявки
    on: form.submitted
    when: {form.comment: {contains: ИНН}}
    do:
      - company: {inn: "7701999111", kpp: "770101001", name: "ООО Ромашка-Трейд"}
      - products:
          lines:
            - {name: "Кабель ВВГнг(А)-LS 3х2,5", sku: KAB-3x2.5, quantity: 100, price: 85.40}
            - {name: Розетка двойная с заземлением, sku: ROZ-2Z, quantity: 12, price: 249}
            - {name: Доставка по городу, sku: DELIVERY, quantity: 1, price: 1500}

  - name: Счёт по этапу
    on: lead.stage_changed
    when: {lead.stage: Переговоры}
    do:
      - issue_invoice: {}

  - name: Счёт выставлен
    on: invoice.issued
    do:
      - print: {document: invoice}
      - note: {text: "Выставлен счёт {{ invoice.short }} на {{ invoice.amount }}"}

  - name: Оплачено частично
    on: invoice.partly_paid
    do:
      - note: {text: "Оплачено {{ invoice.paid }}, осталось {{ invoice.left }}"}

  - name: Оплачено
    on: invoice.paid
    do:
      - note: {text: "Счёт {{ invoice.short }} оплачен: {{ invoice.paid }}"}
      - place_order

  - name: Заказ
    on: order.created
    do:
      - note: {text: "Заказ {{ document.number }}"}

  - name: Отгружено
    on: order.shipped
    do:
      - note: {text: "Отгрузка {{ document.number }}"}
      - close: {won: true}
"""


PAIRS = [
    *((ledger, Amocrm) for ledger in LEDGERS.values()),
    *((ledger, Bitrix) for ledger in (OData, CommerceML)),
    *((ledger, BitrixDeals) for ledger in (ODataTrade, Http)),
]
"""Each road with each kind of call from the CRM's side at least once: roads and CRMs know nothing of one another."""


@pytest.fixture(params=LEDGERS.values(), ids=LEDGERS)
def ledger(request: pytest.FixtureRequest, sandbox: Sandbox) -> Ledger:
    found: Ledger = request.param(sandbox)
    return found


@pytest.fixture
def selling(closed: Company, ledger: Ledger) -> Company:
    """A company that sells through 1C."""
    closed.ledger = ledger
    closed.extra_rules = RULES
    closed.office.with_firms()
    closed.open()
    return closed


def asked(company: Company, phone: str = "+79160001122") -> Json:
    """A lead with a firm and products, for which the seller wants an invoice."""
    company.form(phone, comments="Счёт на ИНН 7701999111")
    company.rest("form.submitted")
    lead = company.lead()
    company.move(lead, "Переговоры")
    return lead


def told(company: Company, kind: str) -> Any:
    """Wait for an event while 1C does its part, then for rest."""
    ledger = company.ledger
    assert ledger is not None

    def here() -> bool:
        ledger.tick(company.url)
        return bool(company.events(kind))

    until(here, kind)
    return company.rest(kind)[-1].event.payload


def notes(company: Company) -> str:
    return "\n".join(note.get("text") or "" for note in company.lead()["notes"])


@pytest.mark.parametrize(("ledger", "office"), PAIRS, indirect=["ledger"], ids=lambda kind: kind.name)
def test_a_sale_from_the_stage_to_the_shipment(selling: Company, ledger: Ledger) -> None:
    lead = asked(selling)
    invoice = told(selling, "invoice.issued").invoice
    assert (invoice.amount, invoice.vat_amount) == (Decimal("13028.00"), Decimal("2349.31"))
    assert f"Выставлен счёт {invoice.short} на 13028.00" in notes(selling)
    crm = selling.house.crm
    assert crm is not None
    assert [file.name for file in crm.files(CardRef(CardKind.LEAD, str(lead["id"])))] == [f"Счёт {invoice.short}.pdf"]
    assert len(ledger.documents("invoice")) == 1
    [buyer] = [one for one in ledger.counterparties() if one["inn"] == "7701999111"]
    assert buyer["kpp"] == "770101001"

    if not ledger.calls_us:  # CommerceML carries no sums of payments
        ledger.act("pay", document=ledger.invoice(), amount="5000.00")
        assert told(selling, "invoice.partly_paid").invoice.paid == 5000
        assert "Оплачено 5000.00, осталось 8028.00" in notes(selling)
    ledger.act("pay", document=ledger.invoice())
    assert told(selling, "invoice.paid").invoice.left == 0
    told(selling, "order.created")
    assert len(ledger.documents("order")) == 1

    ledger.act("ship", document=ledger.invoice())
    shipped = told(selling, "order.shipped")
    assert shipped.invoice.state is SaleState.SHIPPED
    selling.rest("order.shipped")
    assert crm.leads([str(lead["id"])])[str(lead["id"])].state == LeadState.WON
    assert not any(ledger.doubles().values())
    assert len(selling.leads()) == 1


@pytest.mark.parametrize("office", [Amocrm], ids=["amocrm"])
def test_what_1c_takes_back_is_taken_back(selling: Company, ledger: Ledger) -> None:
    asked(selling)
    told(selling, "invoice.issued")
    paid = ledger.act("pay", document=ledger.invoice())
    told(selling, "invoice.paid")
    ledger.act("delete", document=paid["ref"])
    assert told(selling, "invoice.unpaid").invoice.paid == 0


IN_THE_CRM = """
  - name: Счёт и товары в CRM
    on: invoice.issued
    do:
      - products: {from: invoice}
      - invoice: {title: "Счёт {{ invoice.short }}", from: invoice}

  - name: Оплата в CRM
    on: invoice.paid
    do:
      - pay_invoice: {title: "Счёт {{ invoice.short }}"}
"""


@pytest.mark.parametrize("ledger", [Http], ids=["http"], indirect=True)
@pytest.mark.parametrize("office", [Amocrm, BitrixDeals], ids=["amocrm", "bitrix24-deals"])
def test_the_invoice_of_1c_is_the_crms_own_invoice_too(selling: Company, ledger: Ledger) -> None:
    selling.close()
    selling.extra_rules = RULES + IN_THE_CRM
    selling.open()
    lead = str(asked(selling)["id"])
    invoice = told(selling, "invoice.issued").invoice
    crm = selling.house.crm
    assert crm is not None
    [own] = crm.invoices([lead])[lead]
    assert (own.title, own.amount, own.state) == (f"Счёт {invoice.short}", invoice.amount, InvoiceState.ISSUED)
    ledger.act("pay", document=ledger.invoice())
    told(selling, "invoice.paid")
    [own] = crm.invoices([lead])[lead]
    assert own.state is InvoiceState.PAID
    assert sum(line.price * line.quantity for line in crm.lead_lines([lead])[lead]) == invoice.amount
    assert crm.leads([lead])[lead].price == invoice.amount


BY_NIGHT = """
  - name: Расхождение с 1С
    on: invoice.differs
    do:
      - note: {text: "Сверка: {{ difference }}"}
"""


@pytest.mark.parametrize("ledger", [OData], ids=["odata"], indirect=True)
@pytest.mark.parametrize("office", [Amocrm], ids=["amocrm"])
def test_what_both_sides_tell_otherwise_is_named_and_told_once(selling: Company, ledger: Ledger) -> None:
    selling.close()
    selling.extra_rules = RULES + BY_NIGHT
    selling.open()
    asked(selling)
    told(selling, "invoice.issued")
    assert compared(selling) == (0, [])
    ledger.act("edit_lines", document=ledger.invoice(), lines={1: {"quantity": "99"}})
    code, found = compared(selling)
    assert code == 1
    assert {("lines", "99", "100"), ("sum", "12942.60", "13028.00")} <= {
        (one["aspect"], one["books"], one["crm"]) for one in found
    }
    assert {one["winner"] for one in found} == {"1c"}
    selling.rest("invoice.differs")
    assert "Сверка: Счёт" in notes(selling)
    assert "верно в 1С" in notes(selling)
    again = notes(selling)
    assert compared(selling) == (code, found)
    selling.rest("invoice.differs")
    assert notes(selling) == again, "a difference that lasts is told once"
    assert len(selling.events("invoice.differs")) == 1


def compared(company: Company) -> tuple[int, list[dict[str, Any]]]:
    """What `provodka onec compare --json` says, and its exit code."""
    out = io.StringIO()
    view = View(Console(file=out, width=400), Console(file=out, width=400), as_json=True)
    code = compare_sides(company.config(), view, dry_run=False)
    return code, json.loads(out.getvalue())["differences"]
