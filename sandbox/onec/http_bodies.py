"""Bodies of the HTTP services: read strictly from JSON into drafts, and written from what the base holds."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from sandbox.onec.cml_write import quantity
from sandbox.onec.drafts import (
    BankAccount,
    Counterparty,
    CounterpartyDraft,
    Gone,
    InvoiceDraft,
    LineDraft,
    OrderDraft,
    Refused,
    Share,
    Told,
)
from sandbox.onec.papers import Line

Json = dict[str, Any]
Body = TypeVar("Body", bound=BaseModel)
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


def _exact(value: object) -> Decimal:
    if not isinstance(value, str) or not _NUMBER.match(value):
        raise ValueError("ожидается число строкой с точкой")
    return Decimal(value)


def _local(value: object) -> datetime:
    """A moment of the base's own clock: no zone, whole seconds."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("ожидается дата вида 2026-07-15T12:00:00") from None
    if moment.tzinfo is not None:
        raise ValueError("дата передаётся без часового пояса")
    return moment.replace(microsecond=0)


Exact = Annotated[Decimal, BeforeValidator(_exact)]
Moment = Annotated[datetime, BeforeValidator(_local)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OrganizationBody(_Body):
    inn: str
    kpp: str = ""


class BankAccountBody(_Body):
    number: str
    bic: str
    bank: str = ""
    correspondent: str = ""


class CounterpartyBody(_Body):
    """With `ref` the counterparty is one that was found or made before."""

    external_id: str = ""
    ref: str = ""
    inn: str = ""
    kpp: str = ""
    name: str
    full_name: str = ""
    kind: Literal["legal", "entrepreneur", "person"] = "legal"
    ogrn: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    bank_account: BankAccountBody | None = None

    def draft(self, external_id: str = "") -> CounterpartyDraft:
        given = self.model_dump(exclude={"ref", "bank_account"})
        account = BankAccount(**self.bank_account.model_dump()) if self.bank_account else None
        return CounterpartyDraft(**{**given, "external_id": external_id or self.external_id}, account=account)


class LineBody(_Body):
    """`nomenclature_ref` names the product outright; without it `sku` and then `name` find it."""

    external_id: str = ""
    nomenclature_ref: str = ""
    sku: str = ""
    name: str
    unit: str = "шт"
    okei: str = "796"
    quantity: Exact
    price: Exact
    vat_rate: str
    vat_sum: Exact
    sum: Exact
    discount: Exact = Decimal(0)

    def draft(self) -> LineDraft:
        given = self.model_dump(exclude={"external_id", "nomenclature_ref"})
        return LineDraft(**given, ref=self.nomenclature_ref)


class InvoiceBody(_Body):
    """`create_products` overrides what the service does about products it does not know."""

    external_id: str
    idempotency_key: str = ""
    organization: OrganizationBody
    counterparty: CounterpartyBody
    date: Moment
    currency: str = "RUB"
    price_includes_vat: bool
    lines: tuple[LineBody, ...]
    total: Exact
    comment: str = ""
    post: bool = True
    create_products: bool | None = None

    def draft(self) -> InvoiceDraft:
        return InvoiceDraft(
            external_id=self.external_id,
            organization_inn=self.organization.inn,
            counterparty=self.counterparty.ref or self.counterparty.draft(),
            date=self.date,
            currency=self.currency,
            price_includes_vat=self.price_includes_vat,
            lines=tuple(line.draft() for line in self.lines),
            total=self.total,
            comment=self.comment,
            post=self.post,
            create_products=self.create_products,
        )


class OrderBody(_Body):
    external_id: str
    idempotency_key: str = ""
    invoice_ref: str
    date: Moment | None = None
    comment: str = ""
    post: bool = True

    def draft(self) -> OrderDraft:
        return OrderDraft(**self.model_dump(exclude={"idempotency_key"}))


def read(model: type[Body], raw: Json) -> Body:
    """The body as its model; Refused names the first wrong field."""
    try:
        return model.model_validate(_tuples(raw))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Refused("validation", f"Неверно заполнено поле {field}: {first['msg']}", field) from None


def change(one: Told | Gone) -> Json:
    """An item of the feed of changes."""
    if isinstance(one, Gone):
        empty = {"number": "", "date": "0001-01-01T00:00:00", "sum": "0.00"}
        return {"type": one.kind, "ref": one.ref, **empty, "deleted": True, "posted": False}
    paper = one.paper
    told: Json = {
        "type": paper.kind,
        "ref": paper.ref,
        "number": paper.number,
        "date": paper.date.isoformat(),
        "sum": money(paper.sum),
        "deleted": paper.deleted,
        "posted": one.stands,
    }
    if paper.kind in {"payment", "refund"}:
        told["allocations"] = [_share(share) for share in one.shares]
        return told
    if paper.kind in {"order", "shipment"}:
        told["invoice_ref"] = one.invoice_ref or None
    if paper.kind in {"order", "invoice"}:
        told["external_id"] = one.external_id or None
    told["lines"] = [_line(line) for line in one.lines]
    return told


def details(one: Told) -> Json:
    """The whole document: what the feed tells and the rest of the header and of the lines."""
    told = change(one)
    told |= {
        "print_number": one.paper.printed,
        "external_id": one.external_id or None,
        "counterparty_ref": one.paper.counterparty.ref or None,
        "order_ref": one.order_ref or None,
        "vat": money(one.vat),
        "currency": one.currency,
        "price_includes_vat": one.vat_included,
        "comment": one.paper.comment,
        "version": one.paper.version,
    }
    for line, discount, row in zip(one.lines, one.discounts, told.get("lines", ()), strict=True):
        row |= {"sku": line.article, "name": line.name, "vat_rate": line.vat_rate or "none", "vat_sum": money(line.vat)}
        row |= {"discount": money(discount)} if discount else {}
    return told


def whole(one: Told | Gone) -> Json:
    """An item of the feed for those who want no second call for each document."""
    return change(one) if isinstance(one, Gone) else details(one)


def counterparty(one: Counterparty) -> Json:
    told = {"ref": one.ref, "code": one.code, "name": one.name, "full_name": one.full_name, "inn": one.inn}
    return {**told, "kpp": one.kpp, "version": one.version}


def money(value: Decimal) -> str:
    return f"{value:.2f}"


def _share(share: Share) -> Json:
    told: Json = {"invoice_ref": share.invoice_ref or None, "sum": money(share.sum)}
    return {**told, "order_ref": share.order_ref} if share.order_ref else told


def _line(line: Line) -> Json:
    return {
        "nomenclature_ref": line.product,
        "quantity": quantity(line.quantity),
        "price": money(line.price),
        "sum": money(line.sum),
    }


def _tuples(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Lists as tuples, as strict frozen models want them."""
    if isinstance(value, list):
        return tuple(_tuples(one) for one in value)
    if isinstance(value, dict):
        return {key: _tuples(one) for key, one in value.items()}
    return value
