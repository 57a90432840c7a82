"""What a printed invoice says: as it stands in accounting. Only the totals of the lines are added up here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from connectors.printing.words import is_money
from provodka.accounting import BankAccount, Line, Vat
from provodka.errors import Rejected
from provodka.invoices import short_number
from provodka.russian import NBSP, day_and_month


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys; an ИП has no КПП. The seller needs a `bank`, of a buyer it is not shown."""

    name: str
    inn: str = ""
    kpp: str = ""
    address: str = ""
    phone: str = ""
    bank: BankAccount | None = None

    @property
    def is_sole(self) -> bool:
        """Whether it is an ИП: their ИНН has 12 digits."""
        return len(self.inn) == 12

    @property
    def described(self) -> str:
        """In one line, as invoices name a firm."""
        parts = (
            self.name,
            self.inn and f"ИНН{NBSP}{self.inn}",
            self.kpp and f"КПП{NBSP}{self.kpp}",
            self.address,
            self.phone and f"тел.:{NBSP}{self.phone.replace(' ', NBSP)}",
        )
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Tax:
    """The lines of one rate together: `base` is the sum of their amounts, `vat` of their VAT."""

    rate: Vat
    base: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class InvoiceForm:
    """An invoice in roubles. `number` is the document's own («00БП-000217»); on paper it is short («217»).

    `total` is the sum of the document by accounting: an invoice whose lines come to another one is refused.
    `vat_included`: the amounts of the lines have their VAT within; else it comes on top. `made_at` is the moment that
    stands in the file: the same form with the same look is the same file, byte by byte.
    """

    number: str
    date: dt.date
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    total: Decimal
    made_at: dt.datetime
    contract: str = ""
    pay_by: dt.date | None = None
    vat_included: bool = True

    @property
    def short(self) -> str:
        return short_number(self.number)

    @property
    def heading(self) -> str:
        """«Счёт на оплату № 217 от 15 июля 2026 г.»."""
        return f"Счёт на оплату № {self.short} от {in_words(self.date)}"

    @property
    def account(self) -> BankAccount:
        """Where the money goes; ValueError where the seller has none, which `check` tells first."""
        if self.seller.bank is None:
            raise ValueError("the seller has no bank account")
        return self.seller.bank

    @property
    def subtotal(self) -> Decimal:
        """What the lines come to; VAT on top is not within."""
        return _sum(line.amount for line in self.lines)

    @property
    def discount(self) -> Decimal:
        return _sum(line.discount for line in self.lines)

    @property
    def taxes(self) -> tuple[Tax, ...]:
        """By rate, the highest first and «Без НДС» last; VAT is the sum of the lines' VAT, never that of the total."""
        rates = {line.vat for line in self.lines}
        return tuple(self._tax(rate) for rate in sorted(rates, key=lambda rate: (rate is Vat.NONE, -rate.percent)))

    @property
    def payable(self) -> Decimal:
        """What is to be paid, by the lines."""
        return self.subtotal if self.vat_included else self.subtotal + _sum(line.vat_amount for line in self.lines)

    def check(self) -> None:
        """Raises Rejected, with everything that is wrong, where this is no invoice that could be printed honestly."""
        if found := list(self._wrong()):
            reason = f"invoice {self.number} cannot be printed: {'; '.join(found)}"
            raise Rejected(reason, hint="исправьте документ в 1С или попросите счёт у бухгалтера")

    def _tax(self, rate: Vat) -> Tax:
        lines = [line for line in self.lines if line.vat is rate]
        return Tax(rate, _sum(line.amount for line in lines), _sum(line.vat_amount for line in lines))

    def _wrong(self) -> Iterator[str]:
        if not self.lines:
            yield "it has no lines"
        if self.seller.bank is None:
            yield f"the seller {self.seller.name} has no bank account"
        elif not (self.account.number and self.account.bic and self.account.bank):
            yield f"the bank account of {self.seller.name} lacks its number, its БИК or the bank's name"
        if self.made_at.tzinfo is None:
            yield "made_at has no time zone"
        for place, line in enumerate(self.lines, start=1):
            if line.vat_amount and not line.vat.percent:
                yield f"line {place}: {line.vat_amount} of VAT without a rate"
            for amount in (line.amount, line.vat_amount, line.discount):
                if not is_money(amount):
                    yield f"line {place}: {amount} is no sum in whole kopecks"
        if not is_money(self.total) or self.total < 0:
            yield f"its sum is {self.total}"
        elif self.payable != self.total:
            yield f"its lines come to {self.payable}, but its sum is {self.total}"


def vat_name(rate: Vat) -> str:
    """«НДС 22 %», «Без НДС»."""
    return "Без НДС" if rate is Vat.NONE else f"НДС{NBSP}{rate}{NBSP}%"


def in_words(day: dt.date) -> str:
    """«15 июля 2026 г.»."""
    return f"{day_and_month(day)} {day.year} г."


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
