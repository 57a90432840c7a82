"""A document as people speak of it, whatever its configuration calls it: what a test or a board looks at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sandbox.onec.configuration import Kind
from sandbox.onec.schema import EMPTY_REF
from sandbox.onec.values import Record

NO_REF = ("", EMPTY_REF)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of goods. `vat_rate` is per cent as text, "" without VAT; `row` the record behind it."""

    number: int
    product: str
    article: str
    name: str
    quantity: Decimal
    price: Decimal
    sum: Decimal
    vat_rate: str
    vat: Decimal
    on_top: bool
    row: Record

    @property
    def total(self) -> Decimal:
        """What the buyer pays for it."""
        return self.sum + self.vat if self.on_top else self.sum


@dataclass(frozen=True, slots=True)
class Basis:
    """A document that this one was made from or pays for, and for how much."""

    ref: str
    sum: Decimal


@dataclass(frozen=True, slots=True)
class Party:
    """Who buys."""

    ref: str
    inn: str
    kpp: str
    name: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A document: invoice, order, payment, refund or shipment. `printed` is the number as people write it."""

    kind: Kind
    set: str
    ref: str
    number: str
    printed: str
    date: datetime
    sum: Decimal
    posted: bool
    deleted: bool
    cash: bool
    version: str
    comment: str
    counterparty: Party
    bases: tuple[Basis, ...]
    lines: tuple[Line, ...]
    record: Record

    @property
    def counts(self) -> bool:
        """Whether it takes part in sums: posted and not marked."""
        return self.posted and not self.deleted

    @property
    def vat(self) -> Decimal:
        """The sum of the rows' VAT."""
        return sum((line.vat for line in self.lines), Decimal(0))


def printed_number(number: str) -> str:
    """As on paper: without the prefix and the zeros."""
    return re.sub(r"^.*?-0*(?=\d)", "", number)
