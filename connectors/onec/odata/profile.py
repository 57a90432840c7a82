"""A profile: what a configuration of 1C calls things, and in which order its documents come.

See `naming` for how attributes are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from connectors.onec.odata.naming import (
    AccountNames,
    Attribute,
    Constant,
    ContractNames,
    CounterpartyNames,
    OrganizationNames,
    ProductNames,
    SetName,
    UnitNames,
    VatNames,
)
from provodka.accounting import DocumentKind
from provodka.settings import Finding, Mistakes, Strict


class Pick(Strict):
    """A reference that 1C's forms fill in by themselves. `name` says which one; empty: the only one that there is."""

    set: SetName
    name: str = ""


class LineNames(Strict):
    """Rows of goods. `number` attributes count from 1 within the document, `packs` repeats the quantity,
    `total` has VAT.

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


class Stages(Strict):
    """Этапы графика оплаты of an invoice: one, of the whole sum."""

    rows: str = "ЭтапыГрафикаОплаты"
    date: Attribute = "ДатаПлатежа"
    percent: Attribute = "ПроцентПлатежа"
    amount: Attribute = "СуммаПлатежа"


class PaperNames(Strict):
    """A document. `refund`: its sums count as negative. `only` are values of an attribute without which a document of
    this set is no such one. `fixed` and `picks` are what is sent besides; `files` is the set of attached files.

    `rests_on` is the attribute by which one that we make names what it was made from. `vat_modes` are the values of
    `vat_mode` for lines with VAT and without. `optional`: a base may do without this set.
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
    stages: Stages | None = None
    bases: tuple[BasisNames, ...] = ()
    rests_on: Attribute | None = None
    valid: ValidNames = ValidNames()
    work: Work | None = None
    vat_mode: Attribute | None = None
    vat_modes: tuple[str, str] = ("", "")
    fixed: dict[Attribute, Constant] = Field(default_factory=dict)
    picks: dict[Attribute, Pick] = Field(default_factory=dict)
    files: SetName | None = None
    optional: bool = False


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

    def sets(self) -> set[str]:
        """Every set that the profile speaks of."""
        found = {self.counterparty.set, self.organization.set, self.currencies, self.product.set}
        if self.counterparty.contacts:
            found.add(self.counterparty.contacts.kinds)
        if self.counterparty.partner:
            found.add(self.counterparty.partner.set)
        if self.accounts:
            found |= {self.accounts.set, self.accounts.banks, self.accounts.own or self.accounts.set}
        found |= {one.set for one in (self.contract, self.units) if one is not None}
        if self.vat.set:
            found.add(self.vat.set)
        for paper in self.documents.values():
            found |= {paper.set, *(pick.set for pick in paper.picks.values()), *filter(None, [paper.files])}
            found |= {one.set for basis in paper.bases for one in basis.attributes if isinstance(one, Through)}
        return found

    def enums(self) -> set[str]:
        """Every enumeration whose values the profile names."""
        partner = self.counterparty.partner
        kinds = (self.counterparty.kind, partner.kind if partner else None)
        return {self.vat.enum, *(one.enum for one in kinds if one is not None)} - {""}
