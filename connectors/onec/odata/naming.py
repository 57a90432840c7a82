"""The smaller parts of a profile: what catalogs, attributes and values are called.

An attribute is written as 1C's people know it (`Контрагент`), without OData's `_Key` or `_Type`: whether it is a plain
reference or one of several types is told by the metadata of the base. With a question mark (`Содержание?`) it is used
where a base has it, and not missed where it has none.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from provodka.accounting import PartyKind, Vat
from provodka.settings import Finding, Mistakes, Strict


def _attribute(name: str) -> str:
    bare = name.removesuffix("?")
    if not bare.isidentifier():
        raise Mistakes(Finding((), f"«{name}» is no name of an attribute", "as in 1C: Контрагент, СуммаДокумента"))
    return name


def _set(name: str) -> str:
    prefix, _, rest = name.partition("_")
    if prefix not in {"Catalog", "Document", "ChartOfCharacteristicTypes", "InformationRegister"} or not rest:
        raise Mistakes(Finding((), f"«{name}» is no set of OData", "as Catalog_Контрагенты, Document_СчетНаОплату"))
    return name


Attribute = Annotated[str, AfterValidator(_attribute), WithJsonSchema({"type": "string"})]
SetName = Annotated[str, AfterValidator(_set), WithJsonSchema({"type": "string"})]
Constant = str | int | bool


class Choice(Strict):
    """An attribute that takes one of the values of an enumeration; `enum` is its name in the metadata."""

    attribute: Attribute
    values: dict[PartyKind, str] = Field(min_length=1)
    enum: str = ""


class ContactKind(Strict):
    """A row of contact data: `type` its Тип; `names` the kinds of the catalog that it may be, the best first."""

    type: str
    names: tuple[str, ...] = Field(min_length=1)


class Contacts(Strict):
    """Contact data of a counterparty, a tabular section."""

    rows: str
    kinds: SetName
    phone: ContactKind
    email: ContactKind
    address: ContactKind


class Partner(Strict):
    """Партнёр (УТ, ERP), whom the counterparty belongs to."""

    set: SetName
    attribute: Attribute
    kind: Choice | None = None
    comment: Attribute = "Комментарий?"
    fixed: dict[Attribute, Constant] = Field(default_factory=dict)


class CounterpartyNames(Strict):
    """Контрагенты."""

    set: SetName
    full_name: Attribute = "НаименованиеПолное"
    inn: Attribute = "ИНН"
    kpp: Attribute = "КПП"
    ogrn: Attribute = "РегистрационныйНомер?"
    comment: Attribute = "Комментарий?"
    kind: Choice
    main_account: Attribute = "ОсновнойБанковскийСчет?"
    contacts: Contacts | None = None
    partner: Partner | None = None
    fixed: dict[Attribute, Constant] = Field(default_factory=dict)


class OrganizationNames(Strict):
    """Организации: our own firm."""

    set: SetName = "Catalog_Организации"
    inn: Attribute = "ИНН"
    kpp: Attribute = "КПП"
    main_account: Attribute = "ОсновнойБанковскийСчет?"


class ContractNames(Strict):
    """Договоры. `name` is what one that we make is called."""

    set: SetName = "Catalog_ДоговорыКонтрагентов"
    owner: Attribute = "Owner"
    organization: Attribute = "Организация"
    currency: Attribute = "ВалютаВзаиморасчетов?"
    kind: Attribute = "ВидДоговора?"
    kind_value: str = "СПокупателем"
    name: str = "Основной договор"
    fixed: dict[Attribute, Constant] = Field(default_factory=dict)


class AccountNames(Strict):
    """Банковские счета of counterparties, and of ourselves where those are kept apart (`own`)."""

    set: SetName
    own: SetName | None = None
    owner: Attribute = "Owner"
    number: Attribute = "НомерСчета"
    bank: Attribute = "Банк"
    currency: Attribute = "ВалютаДенежныхСредств?"
    banks: SetName
    correspondent: Attribute = "КоррСчет?"


class ProductNames(Strict):
    """Номенклатура. The code and the name are the catalog's own."""

    set: SetName = "Catalog_Номенклатура"
    sku: Attribute = "Артикул"
    full_name: Attribute = "НаименованиеПолное?"
    unit: Attribute = "ЕдиницаИзмерения?"
    vat: Attribute | None = None
    fixed: dict[Attribute, Constant] = Field(default_factory=dict)


class UnitNames(Strict):
    """Единицы измерения; `usual` is the ОКЕИ code of a product that names none."""

    set: SetName
    usual: str = "796"


class VatNames(Strict):
    """НДС: values of an enumeration, or with `set` a catalog whose elements are known by their rate, else their name.

    `also` are values that are only read: calculated rates, and what the base calls otherwise.
    """

    set: SetName | None = None
    rate: Attribute = "Ставка?"
    without: Attribute = "БезНДС?"
    values: dict[Vat, str] = Field(min_length=1)
    also: dict[str, Vat] = Field(default_factory=dict)
    enum: str = ""
