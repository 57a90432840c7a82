"""What a site answers to `mode=query`: its orders, read as the exchange with a site in 1C reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

ORDER = "Заказ товара"
ACCOUNT = ("РасчетныеСчета", "РасчетныйСчет")


class CmlError(Exception):
    """The site's file cannot be taken; the text is Russian, as 1C shows it."""


@dataclass(frozen=True, slots=True)
class SiteBuyer:
    """`kind` is legal or person, decided by which elements the site chose."""

    id: str
    name: str
    full_name: str
    kind: str
    inn: str
    kpp: str
    address: str
    contacts: dict[str, str] = field(default_factory=dict)
    account: str = ""
    bic: str = ""
    bank: str = ""


@dataclass(frozen=True, slots=True)
class SiteLine:
    id: str
    article: str
    name: str
    unit: str
    okei: str
    quantity: Decimal
    price: Decimal
    sum: Decimal
    vat_rate: str
    vat_sum: Decimal
    discount: Decimal
    service: bool


@dataclass(frozen=True, slots=True)
class SiteOrder:
    """One «Заказ товара»; sums as the site gave them. `requisites` by name."""

    id: str
    number: str
    date: datetime
    currency: str
    total: Decimal
    vat_included: bool
    comment: str
    buyer: SiteBuyer
    lines: tuple[SiteLine, ...]
    requisites: dict[str, str]

    @property
    def cancelled(self) -> bool:
        return self._says("Отменен")

    @property
    def paid(self) -> bool:
        """The site's word that the order may be worked on."""
        return self._says("Заказ оплачен")

    def _says(self, name: str) -> bool:
        return self.requisites.get(name, "").lower() in {"true", "да"}


def read_orders(body: bytes) -> list[SiteOrder]:
    """The orders of the file; documents of another kind are passed over, as 1C does."""
    root = _root(body, "КоммерческаяИнформация")
    documents = root.xpath("//*[local-name()='Документ']")
    return [_order(one) for one in documents if _text(one, "ХозОперация") == ORDER]


def read_statuses(body: bytes) -> dict[str, str]:
    """Names of the site's statuses by id, out of its answer to `mode=info`; the list begins with a Latin C."""
    root = _root(body, "Справочник")
    return {_text(one, "Ид"): _text(one, "Название") for one in _all(root, "Cтатусы", "Элемент")}


def _root(body: bytes, name: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise CmlError(f"Ошибка чтения файла с сайта: {error}") from None
    if etree.QName(root).localname != name:
        raise CmlError(f"Вместо <{name}> сайт прислал <{etree.QName(root).localname}>")
    return root


def _order(element: etree._Element) -> SiteOrder:
    site_id = _text(element, "Ид")
    if not site_id:
        raise CmlError("В документе сайта не заполнен Ид")
    buyers = _all(element, "Контрагенты", "Контрагент")
    if not buyers:
        raise CmlError(f"В заказе {site_id} нет контрагента")
    moment = f"{_text(element, 'Дата')}T{_text(element, 'Время') or '00:00:00'}"
    try:
        date = datetime.fromisoformat(moment).replace(tzinfo=None)
    except ValueError:
        raise CmlError(f"В заказе {site_id} неверная дата: {moment}") from None
    return SiteOrder(
        id=site_id,
        number=_text(element, "Номер") or site_id,
        date=date,
        currency=_text(element, "Валюта") or "RUB",
        total=_decimal(element, "Сумма", site_id),
        vat_included=_text(element, "Налоги", "Налог", "УчтеноВСумме") != "false",
        comment=_text(element, "Комментарий"),
        buyer=_buyer(buyers[0]),
        lines=tuple(_line(one, site_id) for one in _all(element, "Товары", "Товар")),
        requisites=_requisites(element),
    )


def _buyer(element: etree._Element) -> SiteBuyer:
    official, full = _text(element, "ОфициальноеНаименование"), _text(element, "ПолноеНаименование")
    contacts = _all(element, "Контакты", "Контакт")
    return SiteBuyer(
        id=_text(element, "Ид"),
        name=_text(element, "Наименование") or official or full,
        full_name=official or full,
        kind="legal" if official else "person",
        inn=_text(element, "ИНН").replace(" ", ""),
        kpp=_text(element, "КПП"),
        address=_text(element, "ЮридическийАдрес", "Представление")
        or _text(element, "АдресРегистрации", "Представление"),
        contacts={_text(one, "Тип"): _text(one, "Значение") for one in contacts},
        account=_text(element, *ACCOUNT, "НомерСчета"),
        bic=_text(element, *ACCOUNT, "Банк", "БИК"),
        bank=_text(element, *ACCOUNT, "Банк", "Наименование"),
    )


def _line(element: etree._Element, order: str) -> SiteLine:
    units = _all(element, "БазоваяЕдиница")
    unit = units[0] if units else None
    discounts = [one for one in _all(element, "Скидки", "Скидка") if _text(one, "УчтеноВСумме") != "false"]
    return SiteLine(
        id=_text(element, "Ид"),
        article=_text(element, "Артикул"),
        name=_text(element, "Наименование"),
        unit=(unit.text or "").strip() if unit is not None else "шт",
        okei=str(unit.get("Код", "")) if unit is not None else "796",
        quantity=_decimal(element, "Количество", order),
        price=_decimal(element, "ЦенаЗаЕдиницу", order),
        sum=_decimal(element, "Сумма", order),
        vat_rate=_text(element, "СтавкиНалогов", "СтавкаНалога", "Ставка"),
        vat_sum=_decimal(element, "Налоги", order, "Налог", "Сумма"),
        discount=sum((_decimal(one, "Сумма", order) for one in discounts), Decimal(0)),
        service=_requisites(element).get("ТипНоменклатуры") == "Услуга",
    )


def _requisites(element: etree._Element) -> dict[str, str]:
    rows = _all(element, "ЗначенияРеквизитов", "ЗначениеРеквизита")
    return {_text(one, "Наименование"): _text(one, "Значение") for one in rows}


def _all(element: etree._Element, *path: str) -> list[etree._Element]:
    """Elements under the path by local names, whatever the namespace."""
    found = [element]
    for name in path:
        found = [child for one in found for child in one if etree.QName(child).localname == name]
    return found


def _text(element: etree._Element, *path: str) -> str:
    found = _all(element, *path)
    return (found[0].text or "").strip() if found else ""


def _decimal(element: etree._Element, first: str, order: str, *rest: str) -> Decimal:
    text = _text(element, first, *rest)
    try:
        return Decimal(text.replace("\xa0", "").replace(",", ".") or "0")
    except InvalidOperation:
        raise CmlError(f"В заказе {order} неверное число в {first}: {text}") from None
