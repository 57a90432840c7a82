"""Where an action takes its product lines from: the config, the lead, the form's order, an invoice of accounting."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from provodka.accounting import kopecks, newest
from provodka.crm import ProductLine
from provodka.invoices import InvoiceLine, InvoiceRef, SaleState
from provodka.operation import Done
from rules.actions.base import Delivery
from rules.actions.books import event_invoice
from rules.actions.desk import Desk
from rules.actions.lines import NO_ORDER, order_lines, order_of, read_lines
from rules.actions.targets import Target

NO_INVOICE: Final = "the lead has no invoice in accounting"


def no_order(item: Delivery) -> Done | None:
    """The outcome of an action whose form should have brought an order, and has not."""
    if item.params["from"] == "order" and order_of(item.event) is None:
        return Done(values={"reason": NO_ORDER}, found=True)
    return None


def source_lines(item: Delivery, target: Target, desk: Desk) -> tuple[ProductLine, ...] | None:
    """The lines by the parameters `from` and `lines`; None where there is no invoice of accounting."""
    match item.params["from"]:
        case "lead":
            return tuple(desk.crm.lead_lines([target.lead_id]).get(target.lead_id, ()))
        case "order":
            order = order_of(item.event)
            return order_lines(order) if order else ()
        case "invoice":
            invoice = _invoice(item, target, desk)
            return invoice_lines(invoice.lines) if invoice else None
        case _:
            return read_lines(item.params["lines"])


def invoice_lines(lines: Sequence[InvoiceLine]) -> tuple[ProductLine, ...]:
    """The lines of an invoice as a CRM takes them, each of the same sum to the kopeck."""
    return tuple(_line(one) for one in lines if one.quantity > 0)


def _line(line: InvoiceLine) -> ProductLine:
    """With a discount the price is what is left of it; where kopecks do not divide evenly, the line is one piece."""
    if kopecks(line.price * line.quantity) == line.amount:
        return ProductLine(line.name, line.quantity, line.price, line.sku, line.unit)
    price = kopecks(line.amount / line.quantity)
    if price * line.quantity == line.amount:
        return ProductLine(line.name, line.quantity, price, line.sku, line.unit)
    quantity = f"{line.quantity.normalize():f} {line.unit or 'шт'}"
    return ProductLine(f"{line.name}, {quantity}", Decimal(1), line.amount)


def _invoice(item: Delivery, target: Target, desk: Desk) -> InvoiceRef | None:
    """The event's own as it is now, else the newest of the lead that is not cancelled."""
    some = desk.accounting.sales([target.lead_id]).get(target.lead_id, ())
    own = event_invoice(item)
    if own is not None and own.lead == target.lead_id:
        return next((one for one in some if one.id == own.id), own)
    meant = newest(some, desk.accounting.asked([target.lead_id]).get(target.lead_id, ()))
    return meant if meant is not None and meant.state is not SaleState.CANCELLED else None
