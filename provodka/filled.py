"""What people fill in: forms, orders, rows of tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from provodka.own_pages import Partner
from provodka.visits import Utm


@dataclass(frozen=True, slots=True)
class Form:
    """A filled-in form. `fields` holds what is not the person's name, phone or email, by the sender's own names."""

    name: str = ""
    id: str = ""
    page: str = ""
    comment: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order; sums in the form's currency."""

    name: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that came with a form."""

    id: str = ""
    amount: Decimal = Decimal(0)
    lines: tuple[OrderLine, ...] = ()
    promocode: str = ""
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class FormSubmitted:
    """`form.submitted`. `lead_id` is the lead that a questionnaire's own link names, `partner` who has sent it in."""

    form: Form = field(default_factory=Form)
    utm: Utm = field(default_factory=Utm)
    order: Order | None = None
    lead_id: str = ""
    partner: Partner | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table. `table` is the file or spreadsheet, `number` the row as people count it, from 1.

    `fields` holds what is not the person's name, phone or email, by the headings of the columns.
    """

    table: str = ""
    sheet: str = ""
    number: int = 0
    comment: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowAdded:
    """`table.row_added`. `imported`: it came by `provodka import`, and nobody waits for it."""

    row: TableRow = field(default_factory=TableRow)
    utm: Utm = field(default_factory=Utm)
    imported: bool = False
