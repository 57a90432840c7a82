"""Reads a file of 1C: bytes to what it tells of each order. Made for what 1C really sends, not for a schema.

Namespaces are ignored. A fact that is not there is an absent requisite, an empty one, or the lone T of a date whose
figures are gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final
from zoneinfo import ZoneInfo

from lxml import etree

from connectors.onec.commerceml.lines import lines_of
from connectors.onec.commerceml.node import BrokenOffError, Node, UnreadableFileError, is_true, local_name
from connectors.onec.commerceml.words import CANCELLED, CONTAINER, DOCUMENT, ORDERS, PAID, ROOT
from provodka.accounting import Line

_OLD: Final = ("Номер", "Дата", "ХозОперация")  # attributes of a document in CommerceML 1
_EMPTY: Final = ("T", "Т")  # Latin and Cyrillic


@dataclass(frozen=True, slots=True)
class Fact:
    """A payment or a shipment: number and date of its document in 1C, as far as they are told. No sum travels."""

    number: str = ""
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentOrder:
    """What a file tells of one order. `id` and `site_number` are those under which the site knows it, `number` and
    `date` those of 1C (empty: 1C does not say that it has one). `posted` None: nothing is said about it.

    `said_paid` is the requisite «Заказ оплачен» where nothing else is told of payments: it may be the echo of our own.
    """

    id: str
    site_number: str
    number: str
    date: datetime | None
    version: str
    deleted: bool
    posted: bool | None
    cancelled: bool
    currency: str
    amount: Decimal
    vat_amount: Decimal
    counterparty: str
    comment: str
    lines: tuple[Line, ...]
    payment: Fact | None
    shipment: Fact | None
    said_paid: bool


@dataclass(frozen=True, slots=True)
class SentFile:
    """`formed` is when 1C wrote the file, as it stands there."""

    formed: str
    version: str
    orders: tuple[SentOrder, ...]


def read(body: bytes, zone: ZoneInfo) -> SentFile:
    """All orders of the file, or UnreadableFileError: never a part of them. `zone` is that of the 1C server."""
    if not body.strip():
        raise BrokenOffError("Файл пуст.")
    found: list[SentOrder] = []
    root = None
    try:
        for event, element in _events(body):
            if root is None:
                root = _root(element)
            elif event == "end" and _is_document(element):
                found += _order(element, zone)
                _let_go(element)
    except etree.LxmlError as error:
        line, column = getattr(error, "position", (0, 0))
        raise BrokenOffError(
            f"Файл обрывается или повреждён: строка {line}, позиция {column}. Повторите обмен."
        ) from error
    if root is None:
        raise BrokenOffError("Файл пуст.")
    return SentFile(root.get("ДатаФормирования", ""), root.get("ВерсияСхемы", ""), tuple(found))


def _events(body: bytes) -> Iterator[tuple[str, Any]]:
    events: Iterator[tuple[str, Any]] = etree.iterparse(
        BytesIO(body),
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return events


def _root(element: Any) -> Any:  # noqa: ANN401 -- lxml has no types
    """The root, looked at before anything inside is: what is no CommerceML 2 is refused."""
    name = local_name(element)
    if name != ROOT and ROOT.startswith(name):  # what the parser makes of a name that breaks off
        raise BrokenOffError("Файл обрывается в самом начале. Повторите обмен.")
    if name != ROOT:
        raise UnreadableFileError(f"Это не файл CommerceML: он начинается с <{name[:60]}>, а не с <{ROOT}>.")
    if element.getroottree().docinfo.internalDTD is not None:
        raise UnreadableFileError("В файле есть DOCTYPE: 1С такого не пишет, файл не принят.")
    version = str(element.get("ВерсияСхемы", "")).strip()
    if version and not version.startswith(("2", "3")):
        raise UnreadableFileError(_too_old(f"версии {version[:10]}"))
    return element


def _is_document(element: Any) -> bool:  # noqa: ANN401 -- lxml has no types
    parent = element.getparent()
    return local_name(element) == DOCUMENT and parent is not None and local_name(parent) in (ROOT, CONTAINER)


def _let_go(element: Any) -> None:  # noqa: ANN401 -- lxml has no types
    """What has been read, so that a large file does not stay in memory as a tree."""
    element.clear()
    parent = element.getparent()
    while element.getprevious() is not None:
        del parent[0]


def _too_old(what: str) -> str:
    return f"Файл CommerceML {what} (1С 7.7) не читается: выберите в 1С обмен в формате CommerceML 2.05 или новее."


def _order(element: Any, zone: ZoneInfo) -> Iterator[SentOrder]:  # noqa: ANN401 -- lxml has no types
    """The order of a document; none where it is a document of another kind."""
    if any(element.get(name) for name in _OLD):
        raise UnreadableFileError(_too_old("1"))
    bare = Node(element)
    id_ = bare.text("Ид")
    node = Node(element, f"Заказ {bare.text('Номер') or id_ or 'без номера'}")
    if not id_:
        raise UnreadableFileError(f"{node.owner}: нет «Ид», без него заказ не узнать.")
    if (bare.text("ХозОперация") or ORDERS[0]) not in ORDERS:
        return
    told = _requisites(node)
    own, site = node.text("Дата1С") or told.get("Дата по 1С", ""), node.text("Дата")
    lines = tuple(lines_of(node))
    amount = node.number("Сумма")
    tax = [one.number("Сумма") or Decimal(0) for one in node.all("Налоги", "Налог")]
    payment, shipment = (_fact(node, told, what, zone) for what in (("оплаты", "Оплачен"), ("отгрузки", "Отгружен")))
    yield SentOrder(
        id=id_,
        site_number=node.text("Номер"),
        number=node.text("Номер1С") or told.get("Номер по 1С", ""),
        date=node.as_moment(own, "Дата1С", zone, node.text("Время") if own == site else ""),
        version=node.text("НомерВерсии"),
        deleted=node.flag("ПометкаУдаления") or is_true(told.get("ПометкаУдаления", "")),
        posted=is_true(told["Проведен"]) if told.get("Проведен") else None,
        cancelled=is_true(told.get(CANCELLED, "")),
        currency=_currency(node.text("Валюта")),
        amount=amount if amount is not None else sum((one.amount for one in lines), Decimal(0)),
        vat_amount=sum(tax, Decimal(0)) if tax else sum((one.vat_amount for one in lines), Decimal(0)),
        counterparty=node.text("Контрагенты", "Контрагент", "Ид"),
        comment=node.text("Комментарий"),
        lines=lines,
        payment=payment,
        shipment=shipment,
        said_paid=is_true(told.get(PAID, "")),
    )


def _requisites(node: Node) -> dict[str, str]:
    """Name to value; of several with one name, the first that says something. «Проведён» is «Проведен» too."""
    found: dict[str, str] = {}
    for one in node.all("ЗначенияРеквизитов", "ЗначениеРеквизита"):
        name = one.text("Наименование").replace("ё", "е")
        found[name] = found.get(name) or one.text("Значение")
    return found


def _fact(node: Node, told: Mapping[str, str], words: tuple[str, str], zone: ZoneInfo) -> Fact | None:
    what, flag = words
    number = told.get(f"Номер {what} по 1С", "")
    number = "" if number in _EMPTY else number
    date = node.as_moment(told.get(f"Дата {what} по 1С", ""), f"Дата {what} по 1С", zone)
    return Fact(number, date) if number or date or is_true(told.get(flag, "")) else None


def _currency(text: str) -> str:
    return "RUB" if text.lower().strip(".") in ("", "руб", "rur", "643") else text.upper()
