"""The lines of an order of 1C, however its version writes prices, units and taxes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from connectors.onec.commerceml.node import Node, is_true
from connectors.onec.rates import rate
from provodka.accounting import Line, kopecks, vat_amount


def lines_of(order: Node) -> Iterator[Line]:
    """Its lines; none where the file leaves out what they cost."""
    included = order.text("Налоги", "Налог", "УчтеноВСумме").lower() != "false"
    goods = list(order.all("Товары", "Товар"))
    if any(_price(one) is not None or one.number("Сумма") is not None for one in goods):
        yield from (_line(one, included=included) for one in goods)


def _line(node: Node, *, included: bool) -> Line:
    quantity = node.number("Количество")
    quantity = Decimal(1) if quantity is None else quantity
    price, amount = _price(node), node.number("Сумма")
    discount, apart = _discounts(node)
    if amount is None:
        amount = kopecks((price or Decimal(0)) * quantity)
    amount -= apart
    if price is None:
        price = kopecks((amount + discount) / quantity) if quantity else Decimal(0)
    vat = rate(node.text("Налоги", "Налог", "Ставка") or node.text("СтавкиНалогов", "СтавкаНалога", "Ставка"))
    told = [tax for one in node.all("Налоги", "Налог") if (tax := one.number("Сумма")) is not None]
    return Line(
        name=node.text("Наименование"),
        quantity=quantity,
        price=price,
        amount=amount,
        vat=vat,
        vat_amount=sum(told, Decimal(0)) if told else vat_amount(amount, vat, included=included),
        discount=discount,
        sku=node.text("Артикул"),
        unit=_unit(node),
        product=node.text("Ид"),
    )


def _price(node: Node) -> Decimal | None:
    first = node.number("ЦенаЗаЕдиницу")
    return node.number("Цена") if first is None else first


def _discounts(node: Node) -> tuple[Decimal, Decimal]:
    """All discounts of a line, and those that its sum does not have within yet."""
    whole = apart = Decimal(0)
    for one in node.all("Скидки", "Скидка"):
        amount = one.number("Сумма") or Decimal(0)
        whole += amount
        within = one.text("УчтеноВСумме")
        apart += amount if within and not is_true(within) else Decimal(0)
    return whole, apart


def _unit(node: Node) -> str:
    """Its short name: of a nested «Единица», or the text of a «БазоваяЕдиница», which may have children beside it."""
    for name in ("Единица", "БазоваяЕдиница"):
        short = node.text(name, "НаименованиеКраткое") or node.text(name)
        if short and not short.isdecimal():
            return short
    return ""
