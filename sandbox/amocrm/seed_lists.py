"""The lists a fresh account has: products, invoices, suppliers, and one of its own; with their fields."""

from __future__ import annotations

from sandbox.amocrm.model import Field, Json
from sandbox.amocrm.records import Record

BORN = 1767225600
PRODUCTS, INVOICES, SUPPLIERS, PRICE_LIST = 4001, 4003, 4005, 4010
BILL_STATUSES = {
    "created": "Создан",
    "paid": "Оплачен",
    "partially_paid": "Частично оплачен",
    "paid_in_advance": "Предоплачен",
}
VAT_TYPES = {"vat_exempt": "НДС не облагается", "vat_included": "НДС включён", "vat_not_included": "НДС не включён"}


def catalogs() -> list[Record]:
    """The products of a company, its invoices, suppliers, and an own list."""
    rows = (
        (PRODUCTS, "Товары", "products", True),
        (INVOICES, "Счета/покупки", "invoices", False),
        (SUPPLIERS, "Поставщики", "suppliers", False),
        (PRICE_LIST, "Прайс 1С", "regular", True),
    )
    return [Record(list_id, _values(name, kind, shared=shared), 0, BORN, BORN) for list_id, name, kind, shared in rows]


def catalog_fields() -> list[Field]:
    """The predefined fields of these lists; the codes of product fields are assumed."""
    goods = (
        ("Артикул", "text", "SKU"),
        ("Описание", "textarea", "DESCRIPTION"),
        ("Цена", "price", "PRICE"),
        ("Единица измерения", "text", "UNIT"),
        ("Группа", "category", "GROUP"),
        ("Внешний код", "text", "EXTERNAL_ID"),
    )
    bills = (
        ("Статус", "select", "BILL_STATUS"),
        ("Плательщик", "payer", "PAYER"),
        ("Юридическое лицо", "legal_entity", "LEGAL_ENTITY"),
        ("Поставщик", "supplier", "SUPPLIER"),
        ("Товары", "items", "ITEMS"),
        ("Комментарий", "textarea", "BILL_COMMENT"),
        ("Сумма", "numeric", "BILL_PRICE"),
        ("Дата оплаты", "date_time", "BILL_PAYMENT_DATE"),
        ("Тип НДС", "select", "BILL_VAT_TYPE"),
        ("Причина освобождения от НДС", "text", "BILL_REASON_FOR_NO_VAT"),
    )
    rows = [_field(420001 + index, PRODUCTS, one) for index, one in enumerate(goods)]
    rows += [_field(430001 + index, INVOICES, one) for index, one in enumerate(bills)]
    rows += [_field(440001 + index, PRICE_LIST, one) for index, one in enumerate(goods)]
    return rows


def _field(field_id: int, catalog_id: int, spec: tuple[str, str, str]) -> Field:
    name, kind, code = spec
    options = {"BILL_STATUS": (431001, BILL_STATUSES), "BILL_VAT_TYPE": (431101, VAT_TYPES)}.get(code)
    enums = _enums(*options) if options else []
    return Field(field_id, f"catalogs/{catalog_id}", name, kind, code, is_predefined=True, enums=enums)


def _enums(first_id: int, words: dict[str, str]) -> list[Json]:
    return [
        {"id": first_id + index, "value": text, "sort": 10 * (index + 1), "code": code}
        for index, (code, text) in enumerate(words.items())
    ]


def _values(name: str, kind: str, *, shared: bool) -> Json:
    return {
        "name": name,
        "sort": 10,
        "type": kind,
        "can_add_elements": True,
        "can_show_in_cards": True,
        "can_link_multiple": shared,
        "can_be_deleted": kind == "regular",
        "sdk_widget_code": None,
    }
