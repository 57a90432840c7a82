"""The files of goods that 1C sends to a site before its orders: the catalogue, and the offers with what is in stock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sandbox.onec.cml_write import Node, Shape, file_of

CATALOG = "0a1b2cb0-1111-11ef-9a01-00155d0a0b01"
"""The id of the catalogue and of its classifier, the same in every file."""


@dataclass(frozen=True, slots=True)
class Product:
    ref: str
    article: str
    name: str
    okei: str
    unit: str


def goods_files(products: Iterable[Product], how: Shape, now: datetime) -> dict[str, bytes]:
    """The two files by name, in the order in which they are to be imported."""
    known, how = list(products), replace(how, container=False)
    named: list[Node] = [("Ид", CATALOG), ("Наименование", "Основной каталог товаров")]
    goods: Node = ("Товары", [("Товар", _product(one)) for one in known])
    catalog: Node = ("Каталог", [("Ид", CATALOG), ("ИдКлассификатора", CATALOG), named[1], goods])
    offers: Node = ("Предложения", [("Предложение", _offer(one)) for one in known])
    package: Node = ("ПакетПредложений", [*named, ("ИдКаталога", CATALOG), ("ИдКлассификатора", CATALOG), offers])
    return {
        "import0_1.xml": file_of([("Классификатор", named), catalog], how, now),
        "offers0_1.xml": file_of([package], how, now),
    }


def _product(one: Product) -> list[Node]:
    unit: Node = ("БазоваяЕдиница", [("", one.unit), ("Код", one.okei)])
    rate: Node = ("СтавкаНалога", [("Наименование", "НДС"), ("Ставка", "22")])
    article: list[Node] = [("Артикул", one.article)] if one.article else []
    return [("Ид", one.ref), *article, ("Наименование", one.name), unit, ("СтавкиНалогов", [rate])]


def _offer(one: Product) -> list[Node]:
    return [("Ид", one.ref), ("Наименование", one.name), ("Количество", "0")]
