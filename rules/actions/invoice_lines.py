"""The lines of an invoice of accounting: what cannot be sold, whether the sum is the lead's, whether it was asked for
before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from provodka.accounting import InvoiceRequest, Line, Sale, Terms, kopecks
from provodka.crm import ProductLine
from provodka.errors import Rejected
from provodka.invoices import InvoiceLine, InvoiceRef
from rules.filters import money
from rules.text import fold

NO_LINES: Final = "Нет ни одной строки для счёта: добавьте товары в сделку или перечислите их в lines"
_CURRENCIES: Final = {"руб": "RUB", "руб.": "RUB", "рубль": "RUB", "₽": "RUB", "rur": "RUB", "$": "USD", "€": "EUR"}


def sellable(lines: Sequence[ProductLine], terms: Terms) -> tuple[ProductLine, ...]:
    """The lines, each of which can be written into an invoice; raises Rejected that names those which cannot."""
    if not lines:
        raise Rejected("there are no lines for an invoice", hint=NO_LINES)
    nameless = [str(n) for n, one in enumerate(lines, 1) if not one.name.strip() and not one.sku.strip()]
    if nameless:
        hint = f"Нет ни названия, ни артикула у строки {', '.join(nameless)}: укажите товар"
        raise Rejected(f"lines without a product: {', '.join(nameless)}", hint=hint)
    _refuse([one for one in lines if one.quantity <= 0], "of no quantity", "Количество должно быть больше нуля")
    _refuse([one for one in lines if one.price < 0], "of a negative price", "Цена не может быть отрицательной")
    if not terms.names_will_do:
        without = [one for one in lines if not one.sku.strip()]
        _refuse(without, "without an article", "Нет артикула, а по названию товары в 1С не ищутся: заполните артикул")
    if not any(kopecks(one.price * one.quantity) for one in lines):
        raise Rejected("the sum of the invoice is 0", hint="Сумма счёта 0 ₽: укажите цены товаров")
    return tuple(lines)


def _refuse(lines: Sequence[ProductLine], what: str, cure: str) -> None:
    if lines:
        names = ", ".join(f"«{one.name or one.sku}»" for one in lines)
        raise Rejected(f"products {what}: {names}", hint=f"{cure}: {names}")


def in_currency(written: str, terms: Terms) -> None:
    """Raises Rejected where what is sold has another currency than the invoices of accounting."""
    currency = _CURRENCIES.get(written.strip().casefold(), written.strip().upper())
    if currency and currency != terms.currency:
        hint = f"Сделка в валюте {currency}, а счета в 1С выставляются в {terms.currency}: пересчитайте её"
        raise Rejected(f"the currency is {currency}, invoices are in {terms.currency}", hint=hint)


def check_sum(request: InvoiceRequest, price: Decimal, *, whole: bool) -> None:
    """Raises Rejected where the lead has a price, and it is neither what the buyer pays nor the sum of the lines.

    `whole`: the CRM keeps no kopecks in it.
    """
    net = sum((one.amount for one in request.lines), Decimal(0))
    sums = {request.amount, net}
    if whole:
        sums |= {one.quantize(Decimal(1), ROUND_HALF_UP) for one in sums}
    if not price or price in sums:
        return
    difference = money(abs(request.amount - price), kopecks=True)
    shown = money(request.amount, kopecks=True), money(price, kopecks=True)
    hint = f"Сумма счёта {shown[0]}, бюджет сделки {shown[1]}: разница {difference}. Приведите товары и бюджет к одному"
    raise Rejected(f"the lines come to {request.amount}, the price of the lead is {price}", hint=hint)


def same_sale(request: InvoiceRequest, asked: Mapping[str, Sale], living: Sequence[InvoiceRef]) -> InvoiceRef | None:
    """The newest living invoice for the same buyer and the same lines: as they were asked for, or as they are now."""
    wanted = Counter(_mark(one) for one in request.lines)
    for invoice in reversed(living):
        sale = asked.get(invoice.id)
        if sale is None or not _same_buyer(request, sale):
            continue
        if wanted in (Counter(map(_mark, sale.asked)), Counter(map(_mark, _without_sku(invoice.lines, request.lines)))):
            return invoice
    return None


def other_lines(request: InvoiceRequest, sales: Mapping[str, Sale]) -> bool:
    """Whether this very sale has been asked for with other lines meanwhile."""
    known = sales.get(request.sale)
    return known is not None and Counter(map(_mark, known.asked)) != Counter(map(_mark, request.lines))


def _same_buyer(request: InvoiceRequest, sale: Sale) -> bool:
    if request.buyer.inn or sale.inn:
        return request.buyer.inn == sale.inn
    return fold(request.buyer.full_name or request.buyer.name) == fold(sale.buyer)


def _without_sku(lines: Sequence[InvoiceLine], wanted: Sequence[Line]) -> Sequence[InvoiceLine]:
    """Accounting knows articles that the CRM has no place for: then the names are compared."""
    return lines if any(one.sku for one in wanted) else [replace(one, sku="") for one in lines]


def _mark(line: Line | InvoiceLine) -> tuple[str, Decimal, Decimal, Decimal, str]:
    """What makes two lines the same: the product by its article, else its name, and the figures."""
    return (fold(line.sku or line.name), line.quantity, line.price, line.amount, str(line.vat))
