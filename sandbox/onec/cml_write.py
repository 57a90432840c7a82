"""The file that 1C sends to a site: orders with their numbers, payments and shipments, in the shape of each version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from lxml import etree

Node = tuple[str, "str | Sequence[Node]"]
"""An element as its name and its text or children."""

EMPTY_DATE = "T"
"""What is left of an empty date when the figures are cut off and the separator stays."""

_XS: dict[str | None, str] = {
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How one version writes. `absent` is the text of a date that is not there; None leaves the requisite out."""

    version: str
    namespace: str | None = "urn:1C.ru:commerceml_2"
    encoding: str = "UTF-8"
    container: bool = False
    price: str = "Цена"
    old_unit: bool = False
    old_requisites: bool = False
    absent: str | None = None
    line_sums: bool = True


SHAPES = {
    "2.05": Shape("2.05", None, "windows-1251", price="ЦенаЗаЕдиницу", old_unit=True, old_requisites=True, absent=""),
    "2.08": Shape("2.08", price="ЦенаЗаЕдиницу", old_requisites=True, absent=EMPTY_DATE),
    "2.09": Shape("2.09"),
    "2.10": Shape("2.10"),
    "3.1": Shape("3.1", "urn:1C.ru:commerceml_3", container=True),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """That an order was paid or shipped: the last document's number and date. No sum travels."""

    number: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Buyer:
    ref: str
    version: str
    name: str
    full_name: str
    inn: str
    kpp: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    ref: str
    name: str
    okei: str
    unit: str
    quantity: Decimal
    price: Decimal
    sum: Decimal
    vat_rate: str
    vat_sum: Decimal


@dataclass(frozen=True, slots=True)
class SentOrder:
    """An order as 1C tells of it; `site_id` and `site_number` are the site's, or the base's if it was made here."""

    site_id: str
    site_number: str
    number: str
    date: datetime
    version: str
    deleted: bool
    posted: bool
    buyer: Buyer
    warehouse: tuple[str, str]
    currency: str
    total: Decimal
    vat: Decimal
    vat_included: bool
    comment: str
    status: str
    status_id: str
    lines: tuple[Line, ...]
    payment: Fact | None = None
    shipment: Fact | None = None


def shape(version: str, *, encoding: str | None = None, namespace: bool = True, line_sums: bool = True) -> Shape:
    """The version's shape with what a particular 1C does in another way."""
    known = SHAPES[version]
    known = replace(known, encoding=encoding or known.encoding, line_sums=line_sums)
    return known if namespace else replace(known, namespace=None)


def orders_file(orders: Iterable[SentOrder], how: Shape, now: datetime) -> bytes:
    """The file of orders."""
    return file_of([("Документ", _order(order, how)) for order in orders], how, now)


def file_of(nodes: Iterable[Node], how: Shape, now: datetime) -> bytes:
    """A whole file in the shape's encoding; signs that windows-1251 lacks become character references."""
    names: dict[str | None, str] = dict(_XS)
    if how.namespace:
        names[None] = how.namespace
    root = etree.Element(_tag(how, "КоммерческаяИнформация"), nsmap=names)
    root.set("ВерсияСхемы", how.version)
    root.set("ДатаФормирования", _moment(now))
    if how.version != "2.05":
        root.set("Ид", "1")
    parent = etree.SubElement(root, _tag(how, "Контейнер")) if how.container else root
    for node in nodes:
        _append(parent, node, how)
    return bytes(etree.tostring(root, xml_declaration=True, encoding=how.encoding, pretty_print=True))


def _order(order: SentOrder, how: Shape) -> list[Node]:
    day = order.date.strftime("%Y-%m-%d")
    tax = _tax(order.vat_included, order.vat)
    return [
        ("Ид", order.site_id),
        ("НомерВерсии", order.version),
        ("ПометкаУдаления", _yes(order.deleted)),
        ("Номер", order.site_number),
        ("Номер1С", order.number),
        ("Дата", day),
        ("Дата1С", day),
        ("Время", order.date.strftime("%H:%M:%S")),
        ("ХозОперация", "Заказ товара"),
        ("Контрагенты", [("Контрагент", _buyer(order.buyer))]),
        ("Склады", [("Склад", [("Ид", order.warehouse[0]), ("Наименование", order.warehouse[1])])]),
        ("Валюта", order.currency),
        ("Курс", "1.0000"),
        ("Сумма", _money(order.total)),
        ("Роль", "Продавец"),
        ("Комментарий", order.comment),
        ("Налоги", [("Налог", tax)]),
        ("ЗначенияРеквизитов", [_requisite(*pair) for pair in _requisites(order, how)]),
        ("Товары", [("Товар", _line(line, order.vat_included, how)) for line in order.lines]),
    ]


def _buyer(buyer: Buyer) -> list[Node]:
    return [
        ("Ид", buyer.ref),
        ("НомерВерсии", buyer.version),
        ("ПометкаУдаления", _yes(buyer.deleted)),
        ("Наименование", buyer.name),
        ("ОфициальноеНаименование" if len(buyer.inn) != 12 else "ПолноеНаименование", buyer.full_name),
        ("Роль", "Покупатель"),
        ("ИНН", buyer.inn),
        *([("КПП", buyer.kpp)] if buyer.kpp else []),
    ]


def _requisites(order: SentOrder, how: Shape) -> list[tuple[str, str]]:
    found = []
    if how.old_requisites:
        found += [("Номер по 1С", order.number), ("Дата по 1С", order.date.strftime("%Y-%m-%d"))]
        found += [("ПометкаУдаления", _yes(order.deleted))]
    found.append(("Проведен", _yes(order.posted)))
    for what, fact in (("оплаты", order.payment), ("отгрузки", order.shipment)):
        if fact:
            found += [(f"Номер {what} по 1С", fact.number), (f"Дата {what} по 1С", _moment(fact.date))]
        elif how.absent is not None:
            found.append((f"Дата {what} по 1С", how.absent))
    status = ("Статус заказа", order.status) if how.old_requisites else ("Статуса заказа ИД", order.status_id)
    return [*found, status]


def _line(line: Line, vat_included: bool, how: Shape) -> list[Node]:
    rate: list[Node] = [("Ставка", line.vat_rate)]
    unit: Node = ("Единица", [("Ид", line.okei), ("НаименованиеКраткое", line.unit), ("Код", line.okei)])
    nodes: list[Node] = [
        ("Ид", line.ref),
        ("Наименование", line.name),
        ("СтавкиНалогов", [("СтавкаНалога", [("Наименование", "НДС"), *rate])]),
        ("БазоваяЕдиница", [("", line.unit), ("Код", line.okei)]) if how.old_unit else unit,
        ("Коэффициент", "1"),
        ("Количество", quantity(line.quantity)),
    ]
    if how.line_sums:
        nodes += [(how.price, _money(line.price)), ("Сумма", _money(line.sum))]
        nodes.append(("Налоги", [("Налог", [*_tax(vat_included, line.vat_sum), *rate])]))
    return nodes


def _tax(included: bool, tax: Decimal) -> list[Node]:
    return [("Наименование", "НДС"), ("УчтеноВСумме", _yes(included)), ("Сумма", _money(tax))]


def _requisite(name: str, value: str) -> Node:
    return ("ЗначениеРеквизита", [("Наименование", name), ("Значение", value)])


def _append(parent: etree._Element, node: Node, how: Shape) -> None:
    """Add the node; a child without a name is text that stands before its element siblings (mixed content)."""
    name, content = node
    if not name:
        parent.text = str(content)
        return
    element = etree.SubElement(parent, _tag(how, name))
    if isinstance(content, str):
        element.text = content
        return
    for child in content:
        _append(element, child, how)


def _tag(how: Shape, name: str) -> str:
    return f"{{{how.namespace}}}{name}" if how.namespace else name


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S")


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _money(value: Decimal) -> str:
    return f"{value:.2f}"


def quantity(value: Decimal) -> str:
    """Without trailing zeros: 100, 2.5."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
