"""Sales through 1C at random: forms come doubled, the accountant works in any order, 1C fails, the product is killed.

At rest there is one counterparty for each firm and one invoice for each request, each sum of both sides agrees to the
kopeck, and the comparison by night lists what was planted and nothing else. `PROVODKA_SALES` is the number of requests
(4 documents come of each, more or less), `PROVODKA_SEED` their dice.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import requests

from cli.house import House
from provodka.invoices import InvoiceRef
from provodka.journal import queries
from sandbox.senders import tilda_lead
from sandbox.server import Sandbox
from tests.end_to_end.books import Ledger, OData
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import SECRET
from tests.end_to_end.product import Product

SALES = int(os.environ.get("PROVODKA_SALES", "6"))
SEED = int(os.environ.get("PROVODKA_SEED", "1"))
IS_SHORT = SALES <= 20
LIFE = 4.0 if IS_SHORT else 15.0  # seconds between two kills
PATIENCE = 90.0 + 2.0 * SALES

WAYS = {
    "whole": 3,
    "parts": 4,
    "early": 3,
    "over": 2,
    "refund": 2,
    "returned": 2,
    "deleted": 1,
    "edited": 1,
    "none": 1,
}
"""What the accountant does with an invoice, by how often."""

RULES = """
  - name: Просят счёт
    on: form.submitted
    when: {form.comment: Счёт}
    do:
      - company: {inn: "{{ form.fields.inn }}", kpp: "770101001", name: "ООО {{ form.fields.inn }}"}
      - products:
          lines:
            - name: "Товар {{ form.fields.a }}"
              sku: "A-{{ form.fields.a }}"
              quantity: "{{ form.fields.qa }}"
              price: "{{ form.fields.pa }}"
            - name: "Деталь {{ form.fields.b }}"
              sku: "B-{{ form.fields.b }}"
              quantity: "{{ form.fields.qb }}"
              price: "{{ form.fields.pb }}"
      - issue_invoice: {check_sum: false}

  - name: Оплачено
    on: invoice.paid
    do:
      - place_order
"""


@dataclass(frozen=True)
class Wish:
    """Who asks for what; `fields` are the form's."""

    phone: str
    inn: str
    fields: dict[str, str]

    @property
    def amount(self) -> Decimal:
        """Each line is rounded by itself."""
        lines = ((self.fields["qa"], self.fields["pa"]), (self.fields["qb"], self.fields["pb"]))
        return sum((_kopecks(Decimal(q) * Decimal(p)) for q, p in lines), Decimal(0))


def _kopecks(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _inn(number: int) -> str:
    digits = [int(one) for one in f"77{number:07}"]
    check = sum(w * d for w, d in zip((2, 4, 10, 3, 5, 9, 4, 6, 8), digits, strict=True)) % 11 % 10
    return "".join(map(str, digits)) + str(check)


def wishes(dice: random.Random) -> Iterator[Wish]:
    """Every third firm asks again, by another of its people. A product has one price: amoCRM keeps none for a line."""
    prices = [f"{dice.randrange(1, 900000) / 100:.2f}" for _ in range(60)]
    for n in range(SALES):
        firm = dice.randrange(max(1, n)) if n % 3 == 2 else n
        a, b = dice.randrange(30), dice.randrange(30)
        fields = {
            "inn": _inn(1000 + firm),
            "a": str(a),
            "b": str(b),
            "qa": str(dice.randrange(1, 200)),
            "qb": f"{dice.randrange(1, 9000) / 1000:.3f}",
            "pa": prices[a],
            "pb": prices[30 + b],
        }
        yield Wish(f"+7916{n:07}", fields["inn"], fields)


@dataclass
class Clerk:
    """The accountant, who takes one invoice after the other and does what the dice say; `planted` are the refs of the
    invoices that were changed by hand."""

    ledger: Ledger
    dice: random.Random
    planted: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    did: Counter[str] = field(default_factory=Counter)

    def look(self) -> None:
        """Take up what is new."""
        for one in self.ledger.documents("invoice"):
            if one["posted"] and one["ref"] not in self.seen:
                self.seen.add(one["ref"])
                self._deal_with(one)

    def _deal_with(self, invoice: dict[str, Any]) -> None:
        ref, left = invoice["ref"], Decimal(invoice["sum"])
        (way,) = self.dice.choices(list(WAYS), WAYS.values())
        self.did[way] += 1
        if way == "edited":
            self.planted.add(ref)
            self.ledger.act("edit_lines", document=ref, lines={1: {"quantity": "201"}})
        elif way == "whole":
            self.ledger.act("pay", document=ref, cash=self.dice.random() < 0.3)
            self.ledger.act("ship", document=ref)
        elif way == "parts":
            first = _kopecks(left / 3)
            for amount in (first, left - first):
                self.ledger.act("pay", document=ref, amount=str(amount))
            self.ledger.act("ship", document=ref, lines={1: "1"})
            self.ledger.act("ship", document=ref)
        elif way == "over":
            self.ledger.act("pay", document=ref, amount=str(left + 100))
        elif way == "refund":
            self.ledger.act("pay", document=ref)
            self.ledger.act("refund", document=ref, amount=str(_kopecks(left / 2)))
        elif way == "deleted":
            paid = self.ledger.act("pay", document=ref)
            time.sleep(self.dice.random())
            self.ledger.act("delete", document=paid["ref"])
        elif way == "early":
            self.ledger.act("ship", document=ref)
            self.ledger.act("pay", document=ref)
        elif way == "returned":
            shipped = self.ledger.act("ship", document=ref)
            self.ledger.act("unpost", document=shipped["ref"])


class Large(OData):
    """A base with many documents is not polled all the time."""

    @property
    def config(self) -> str:
        return super().config if IS_SHORT else super().config.replace("poll_seconds: 0.3", "poll_seconds: 10")


@pytest.fixture
def ledger(sandbox: Sandbox) -> Ledger:
    return Large(sandbox)


@pytest.mark.crash
@pytest.mark.timeout(600 + 5 * SALES)
@pytest.mark.shows("S3-32", "S3-33", "S3-34")
def test_sales_at_random_end_with_one_invoice_each_and_every_kopeck_on_both_sides(
    closed: Company, ledger: Ledger
) -> None:
    dice = random.Random(SEED)
    closed.ledger, closed.extra_rules = ledger, RULES
    closed.rewritten = lambda text: f"brake: off\n{text}"  # thousands of cards in ten minutes are what is wanted here
    closed.office.with_firms()
    house = Product(closed.write_config(), closed.environ, closed.folder / "product.log", ())
    asked = list(wishes(dice))
    clerk = Clerk(ledger, dice)
    began = time.monotonic()
    ask(house, asked, clerk, dice)
    try:
        until(lambda: clerk.look() or len(clerk.seen) == SALES, f"{SALES} invoices", PATIENCE)
        price_changed = _changed_price(closed) if SALES > 1 else ""
        with_house = House(closed.config())
        try:
            settled(with_house, ledger)
        finally:
            with_house.close()
    finally:
        code = house.stop()
    assert code == 0
    told = f"{SALES} sales, {len(ledger.documents())} documents in {time.monotonic() - began:.0f} s: {dict(clerk.did)}"
    print(told)
    check(closed, ledger, asked, clerk, price_changed)


def ask(house: Product, asked: list[Wish], clerk: Clerk, dice: random.Random) -> None:
    """Everybody sends their form twice, while 1C fails in many ways and the product is killed now and then."""
    house.start()
    house.ready()
    killed = time.monotonic()
    mishaps = [
        {"lock_conflicts": 2},
        {"no_session": 2},
        {"html_after": 1},
        {"html": 1},
        {"crash": 1},
        {"internal": 1},
        {"maintenance": True},
    ]
    with ThreadPoolExecutor(4) as threads:
        for n, wish in enumerate(asked):
            list(threads.map(lambda _, wish=wish, n=n: _form(house, wish, n), range(2)))  # type: ignore[misc]
            if IS_SHORT or n % 10 == 0:
                clerk.ledger.control("switches", {"maintenance": False, **dice.choice(mishaps)})
            if dice.random() < 0.2:
                clerk.ledger.control("faults", {"kind": dice.choice(["cut_after", "cut_before"]), "method": "POST"})
            if time.monotonic() - killed > LIFE:
                house.kill()
                house.start()
                house.ready()
                killed = time.monotonic()
            clerk.look()
    time.sleep(1.0 if IS_SHORT else 20.0)  # an outage that lasts
    clerk.ledger.control(
        "switches", {"maintenance": False, "lock_conflicts": 0, "html": 0, "html_after": 0, "crash": 0}
    )
    clerk.ledger.control("faults", method="DELETE")
    house.kill()
    house.start()
    house.ready()


def _form(house: Product, wish: Wish, n: int) -> None:
    for _ in range(200):
        try:
            url = f"{house.url}/hooks/site/{SECRET}"
            form = tilda_lead(
                url, name=f"Гость {n}", phone=wish.phone, email="", comments="Счёт", tranid=f"1:{n}", extra=wish.fields
            )
            form.raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.1)  # it was killed just now
    raise AssertionError("the product does not serve")


def _changed_price(company: Company) -> str:
    """A person writes another price into a lead."""
    crm = House(company.config())
    try:
        assert crm.accounting is not None
        sale = next(one for one in crm.accounting.all_sales())
    finally:
        crm.close()
    url = f"{company.office.emulator.url}/api/v4/leads/{sale.lead_id}"
    headers = {"Authorization": f"Bearer {SECRET}"}
    requests.patch(url, json={"price": 7}, headers=headers, timeout=30).raise_for_status()
    return sale.id


def truth(ledger: Ledger) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """By invoice, what 1C itself says: the sum, what is paid and what is shipped."""
    papers = ledger.documents()
    orders = {b["ref"]: one["ref"] for one in papers if one["kind"] == "order" for b in one["bases"]}

    def part(kind: tuple[str, ...], refs: set[str]) -> Decimal:
        return sum(
            (
                Decimal(basis["sum"]) * (-1 if one["kind"] == "refund" else 1)
                for one in papers
                if one["kind"] in kind and one["posted"]
                for basis in one["bases"]
                if basis["ref"] in refs
            ),
            Decimal(0),
        )

    found = {}
    for one in papers:
        if one["kind"] == "invoice":
            refs = {one["ref"], orders.get(one["ref"], one["ref"])}
            found[one["ref"]] = (Decimal(one["sum"]), part(("payment", "refund"), refs), part(("shipment",), refs))
    return found


def sales_of(house: House) -> dict[str, InvoiceRef]:
    """What rules were told last, by the ref of the invoice."""
    assert house.accounting is not None
    leads = [sale.lead_id for sale in house.accounting.all_sales()]
    return {one.ref: one for some in house.accounting.sales(leads).values() for one in some}


def settled(house: House, ledger: Ledger) -> None:
    """Wait until nothing is left to do, and both sides say the same of every sum."""

    def same() -> bool:
        told = sales_of(house)
        return {ref: (one.amount, one.paid, one.shipped) for ref, one in told.items()} == truth(ledger)

    until(lambda: not house.journal.read(queries.unfinished), "rest", PATIENCE)
    until(same, "both sides agree", PATIENCE)


def check(company: Company, ledger: Ledger, asked: list[Wish], clerk: Clerk, price_changed: str) -> None:
    doubles = ledger.doubles()
    assert not any(doubles.values()), doubles
    invoices = ledger.documents("invoice")
    assert len(invoices) == len(asked)
    untouched = sorted(Decimal(one["sum"]) for one in invoices if one["ref"] not in clerk.planted)
    wanted = Counter(wish.amount for wish in asked)
    wanted.subtract(untouched)
    assert sum(wanted.values()) == len(clerk.planted), "every sum to the kopeck"
    strange = {amount: count for amount, count in wanted.items() if count < 0}
    assert not strange, f"nobody asked for {strange}, but for {+wanted}"
    firms = Counter(one["inn"] for one in ledger.counterparties() if not one["deleted"])
    assert {wish.inn for wish in asked} <= firms.keys()
    assert all(firms[wish.inn] == 1 for wish in asked)
    house = House(company.config())
    try:
        assert house.nightly is not None
        found = house.nightly.run()
        assert len(found) == len(asked)
        refs = {one.invoice.ref for one in found if any("заказанн" in str(d) for d in one.differences)}
        assert refs == clerk.planted
        priced = {one.sale.id for one in found if any("сумма счетов" in str(d) for d in one.differences)}
        edited = {one.sale.id for one in found if one.invoice.ref in clerk.planted}
        assert priced - edited == ({price_changed} - edited if price_changed else set())
        assert {one.sale.id for one in found if one.differences} == priced | edited
    finally:
        house.close()
