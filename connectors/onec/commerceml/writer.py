"""Writes what 1C takes of us: CommerceML 2.05 to 2.10, which are the same for orders, elements in the schema's order.

Lengths and digits are those of the schema of 2.10: what is longer is cut, so that 1C does not refuse the whole file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from lxml import etree

from connectors.onec.commerceml.outgoing import Outgoing
from connectors.onec.commerceml.parties import party_node
from connectors.onec.commerceml.settings import CommerceMLSettings
from connectors.onec.commerceml.tree import COMMENT, ID, NAME, VALUE, Tree, attach, cut, filled, tree
from connectors.onec.commerceml.words import (
    ACCEPTED,
    CANCELLED,
    DOCUMENT,
    IN_WORK,
    PAID,
    ROOT,
    STATUS,
    STATUS_ID,
    STATUSES,
)
from connectors.onec.units import unit_of
from provodka.accounting import InvoiceRequest, Line, Vat, kopecks

_PRODUCT_ID = 80
_NAMELESS = "Без названия"


def orders_file(orders: Iterable[Outgoing], settings: CommerceMLSettings, now: datetime) -> bytes:
    """The whole answer to `query`; without orders it is an empty root."""
    zone = ZoneInfo(settings.timezone)
    root = etree.Element(ROOT)
    root.set("ВерсияСхемы", settings.version)
    root.set("ДатаФормирования", _local(now, zone).isoformat(timespec="seconds"))
    for order in orders:
        attach(root, _document(order, settings, zone))
    return _bytes(root, settings.encoding)


def dictionary() -> bytes:
    """The answer to `info`. The list of statuses begins with a Latin C: so it was written first, so 1C looks for it."""
    root = etree.Element("Справочник")
    statuses = [tree("Элемент", tree("Ид", id_), tree("Название", name)) for id_, name in STATUSES]
    attach(root, tree("Cтатусы", *statuses))
    attach(root, tree("ПлатежныеСистемы", tree("Элемент", tree("Ид", "1"), tree("Название", "Безналичный расчет"))))
    return _bytes(root, "windows-1251")


def _bytes(root: etree._Element, encoding: str) -> bytes:
    """Letters that the encoding lacks become character references."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding=encoding, pretty_print=True))


def _document(order: Outgoing, settings: CommerceMLSettings, zone: ZoneInfo) -> Tree:
    asked, made = order.request, _local(order.made_at, zone)
    return tree(
        DOCUMENT,
        tree("Ид", cut(order.id, ID)),
        tree("Номер", cut(order.number, NAME)),
        tree("Дата", made.date().isoformat()),
        tree("ХозОперация", settings.operation),
        tree("Роль", "Продавец"),
        tree("Валюта", asked.currency),
        tree("Курс", "1"),
        tree("Сумма", _money(asked.amount)),
        tree("Контрагенты", party_node(asked.buyer)),
        tree("Время", made.time().isoformat(timespec="seconds")),
        *filled("Комментарий", asked.comment, COMMENT),
        *_taxes(asked),
        tree("Товары", *(_line(one, included=asked.vat_included) for one in asked.lines)),
        tree("ЗначенияРеквизитов", *(_requisite(*one) for one in _requisites(order, settings, zone))),
    )


def _taxes(asked: InvoiceRequest) -> Iterator[Tree]:
    """1C reads out of the document's tax, not of the lines', whether prices have it within."""
    if any(one.vat is not Vat.NONE for one in asked.lines):
        amount = sum((one.vat_amount for one in asked.lines), Decimal(0))
        yield tree("Налоги", tree("Налог", *_tax(amount, included=asked.vat_included)))


def _line(line: Line, *, included: bool) -> Tree:
    unit = unit_of(cut(line.unit, NAME))
    marks = {"Код": unit.code, "НаименованиеПолное": unit.full, "МеждународноеСокращение": unit.mark}
    kind = "Услуга" if unit.of_service else "Товар"
    taxed = line.vat is not Vat.NONE
    percent = line.vat.value if taxed else "Без НДС"
    rate = tree("Ставка", percent)
    return tree(
        "Товар",
        *filled("Ид", line.product or line.sku or line.code or line.name, _PRODUCT_ID),
        *filled("Артикул", line.sku, NAME),
        tree("Наименование", cut(line.name, NAME) or _NAMELESS),
        tree("БазоваяЕдиница", unit.short, **{name: value for name, value in marks.items() if value}),
        tree("СтавкиНалогов", tree("СтавкаНалога", tree("Наименование", "НДС"), rate)),
        tree("ЗначенияРеквизитов", *(_requisite(name, kind) for name in ("ВидНоменклатуры", "ТипНоменклатуры"))),
        tree("ЦенаЗаЕдиницу", _money(line.price)),
        tree("Количество", f"{line.quantity.normalize():f}"),
        tree("Сумма", _money(line.amount)),
        *([tree("Налоги", tree("Налог", *_tax(line.vat_amount, included=included), rate))] if taxed else []),
        *([tree("Скидки", _discount(line.discount))] if line.discount else []),
    )


def _tax(amount: Decimal, *, included: bool) -> list[Tree]:
    return [tree("Наименование", "НДС"), tree("УчтеноВСумме", _flag(included)), tree("Сумма", _money(amount))]


def _discount(amount: Decimal) -> Tree:
    parts = (tree("Наименование", "Скидка"), tree("Сумма", _money(amount)), tree("УчтеноВСумме", "true"))
    return tree("Скидка", *parts)


def _requisites(order: Outgoing, settings: CommerceMLSettings, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    id_, name = IN_WORK if order.ordered else ACCEPTED
    yield STATUS, f"[{id_}] {name}"
    yield STATUS_ID, id_
    yield "Дата изменения статуса", _local(order.changed_at, zone).isoformat(" ", timespec="seconds")
    yield PAID, _flag(bool(order.ordered))
    yield "Доставка разрешена", _flag(bool(order.ordered))
    yield CANCELLED, _flag(order.cancelled)
    yield "Финальный статус", "false"
    yield from settings.requisites.items()


def _requisite(name: str, value: str) -> Tree:
    return tree("ЗначениеРеквизита", tree("Наименование", cut(name, NAME)), tree("Значение", cut(value, VALUE)))


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """As 1C writes times: the server's, without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _money(amount: Decimal) -> str:
    return f"{kopecks(amount):f}"


def _flag(value: bool) -> str:
    return "true" if value else "false"
