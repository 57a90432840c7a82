"""What the settings of every road to 1C have in common (`accounting: {type: …, …}`)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from connectors.printing.settings import Look
from provodka import taxpayer
from provodka.accounting import Vat, VatText
from provodka.settings import Finding, Mistakes, Strict, Timezone

Side = Literal["1c", "crm"]
Aspect = Literal["sum", "lines", "number", "paid", "shipped"]


def _inn(text: str) -> str:
    if found := taxpayer.inn(text):
        return found
    raise Mistakes(Finding((), f"«{text}» is no ИНН: {taxpayer.wrong_inn(text)}", "10 digits of a firm, 12 of an ИП"))


def _kpp(text: str) -> str:
    if not text or taxpayer.kpp(text):
        return taxpayer.kpp(text)
    raise Mistakes(Finding((), f"«{text}» is no КПП", "nine characters, as 770101001"))


Inn = Annotated[str, AfterValidator(_inn)]
Kpp = Annotated[str, AfterValidator(_kpp)]


class Account(Strict):
    """A settlement account of ours, as invoices show it."""

    number: str = Field(pattern=r"^[0-9]{20}$")
    bic: str = Field(pattern=r"^[0-9]{9}$")
    bank: str = Field(min_length=1)
    correspondent: str = Field(default="", pattern=r"^([0-9]{20})?$")


class Organization(Strict):
    """Our own firm in 1C: a base may keep several. Name, address and account are what our own printed form shows."""

    inn: Inn
    kpp: Kpp = ""
    name: str = ""
    address: str = ""
    phone: str = ""
    account: Account | None = None


class Products(Strict):
    """How a product of the CRM is recognised in 1C, in this order, and whether one that is not there is made."""

    match: tuple[Literal["sku", "code", "name"], ...] = Field(default=("sku", "code", "name"), min_length=1)
    create: bool = False


class Comparison(Strict):
    """The comparison by night: `at` which hour, over how many `days`; which side `wins` in what; and the fields of the
    lead in which rules of the client keep what 1C says (`number`, `paid`, `shipped`)."""

    at: str = Field(default="03:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    days: int = Field(default=60, ge=1, le=1000)
    wins: dict[Aspect, Side] = Field(default_factory=dict)
    fields: dict[Literal["number", "paid", "shipped"], str] = Field(default_factory=dict)


class BooksSettings(Strict):
    """`organization` sells. `vat` is the rate of lines that name none (`none`: «Без НДС»), `vat_included` whether
    prices have it within. `timezone` is that of the 1C server: 1C itself knows of none. `settle_seconds` is how long 1C
    may still be at work on a call that has broken off.

    `own_form`: an invoice that 1C does not print is drawn by us; then `organization` must say what stands on it.

    `poll_seconds` is how often changes are looked for, over documents of the last `window_days`; once an hour over
    `wide_days`, as statements are loaded late.
    """

    organization: Organization
    vat: VatText = Vat.R22
    vat_included: bool = True
    currency: str = Field(default="RUB", pattern=r"^[A-Z]{3}$")
    timezone: Timezone = "Europe/Moscow"
    products: Products = Products()
    comparison: Comparison = Comparison()
    own_form: Look | None = None
    poll_seconds: float = Field(default=60.0, ge=0.2)
    settle_seconds: float = Field(default=60.0, ge=0)
    window_days: int = Field(default=7, ge=1)
    wide_days: int = Field(default=60, ge=1)

    @model_validator(mode="after")
    def _printable(self) -> Self:
        if self.own_form is not None and not (self.organization.name and self.organization.account):
            raise ValueError("own_form needs organization.name and organization.account: they stand on the invoice")
        return self
