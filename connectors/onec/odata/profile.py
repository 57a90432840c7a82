"""What a configuration of 1C calls things: sets, attributes, states, and in which order its documents come.

An attribute is written as 1C's people know it (`Контрагент`), without OData's `_Key` or `_Type`: whether it is a plain
reference or one of several types is told by the metadata of the base. With a question mark (`Содержание?`) it is used
where a base has it, and not missed where it has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from provodka.accounting import DocumentKind, PartyKind, Vat
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
    """An attribute that takes one of the values of an enumeration. `enum` is its name in the metadata, to be checked."""

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


class Pick(Strict):
    """A reference that 1C's forms fill in by themselves. `name` says which one; empty: the only one that there is."""

    set: SetName
    name: str = ""


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


class LineNames(Strict):
    """Rows of goods. `number` attributes count from 1 within the document, `packs` repeat the quantity, `total` has VAT.

    Of several `rows` new lines go to the first. `highest` is the header's attribute with the last of the numbers.
    """

    rows: tuple[str, ...] = Field(min_length=1)
    product: Attribute = "Номенклатура"
    text: Attribute = "Содержание?"
    unit: Attribute | None = None
    quantity: Attribute = "Количество"
    packs: Attribute | None = None
    price: Attribute = "Цена"
    amount: Attribute = "Сумма"
    vat: Attribute = "СтавкаНДС"
    vat_amount: Attribute = "СуммаНДС"
    total: Attribute | None = None
    discount: Attribute | None = None
    number: Attribute | None = None
    highest: Attribute | None = None
    cancelled: Attribute | None = None
    fixed: dict[Attribute, Constant] = Field(default_factory=dict)


class Through(Strict):
    """A basis that is reached by way of an object of another set (ERP's ОбъектыРасчетов)."""

    attribute: Attribute
    set: SetName
    object: Attribute


class BasisNames(Strict):
    """Where a document says what it rests on: the first of the attributes that is filled in. In `rows` each part has
    its `amount`; without rows they are the header's."""

    attributes: tuple[Attribute | Through, ...] = Field(min_length=1)
    rows: str = ""
    amount: Attribute | None = None

    @model_validator(mode="after")
    def _parts(self) -> BasisNames:
        if bool(self.rows) != bool(self.amount):
            raise Mistakes(Finding(("rows",), "rows and amount go together"))
        return self


class ValidNames(Strict):
    """When a document counts: posted, `all_true` set, none of `none_true`, and no state that is excluded."""

    posted: bool = True
    all_true: tuple[Attribute, ...] = ()
    none_true: tuple[Attribute, ...] = ()
    state: Attribute | None = None
    not_in: tuple[str, ...] = ()


class Work(Strict):
    """An order that is put into work: the value of which attribute does it."""

    attribute: Attribute
    value: str


class PaperNames(Strict):
    """A document. `refund`: its sums count as negative. `only` are values of an attribute without which a document of
    this set is no such one. `fixed` and `picks` are what is sent besides; `files` is the set of attached files.

    `rests_on` is the attribute by which one that we make names what it was made from.
    """

    kind: DocumentKind
    set: SetName
    amount: Attribute = "СуммаДокумента"
    vat_included: Attribute | None = None
    organization: Attribute = "Организация"
    counterparty: Attribute = "Контрагент"
    partner: Attribute | None = None
    contract: Attribute | None = None
    currency: Attribute = "ВалютаДокумента?"
    comment: Attribute = "Комментарий?"
    purpose: Attribute | None = None
    account: Attribute | None = None
    refund: bool = False
    only: dict[Attribute, tuple[str, ...]] = Field(default_factory=dict)
    lines: LineNames | None = None
    lines_of_order: bool = False
    bases: tuple[BasisNames, ...] = ()
    rests_on: Attribute | None = None
    valid: ValidNames = ValidNames()
    work: Work | None = None
    vat_mode: Attribute | None = None
    vat_modes: tuple[str, str] = ("", "")
    fixed: dict[Attribute, Constant] = Field(default_factory=dict)
    picks: dict[Attribute, Pick] = Field(default_factory=dict)
    files: SetName | None = None


class Profile(Strict):
    """One configuration. `order`: there are none; one comes `before` its invoice and has the lines; or `after` it."""

    title: str
    notes: tuple[str, ...] = ()
    order: Literal["none", "before", "after"]
    counterparty: CounterpartyNames
    organization: OrganizationNames = OrganizationNames()
    currencies: SetName = "Catalog_Валюты"
    contract: ContractNames | None = None
    accounts: AccountNames | None = None
    product: ProductNames = ProductNames()
    units: UnitNames | None = None
    vat: VatNames
    documents: dict[str, PaperNames]

    @model_validator(mode="after")
    def _whole(self) -> Profile:
        found = {one.kind for one in self.documents.values()}
        wanted = {DocumentKind.INVOICE, DocumentKind.PAYMENT}
        if self.order != "none":
            wanted.add(DocumentKind.ORDER)
        if lacking := sorted(kind.value for kind in wanted - found):
            raise Mistakes(Finding(("documents",), f"no document of kind {', '.join(lacking)}"))
        return self

    def papers(self, kind: DocumentKind) -> Iterator[PaperNames]:
        """The documents of a kind, the main one first."""
        return (one for one in self.documents.values() if one.kind is kind)

    def paper(self, kind: DocumentKind) -> PaperNames:
        """The main document of a kind; StopIteration where the configuration has none."""
        return next(self.papers(kind))
