"""The contract of a service as data: what is sent (strict), what is read (with patience). SOAP says the same in XDTO.

Source: the contract that our guide suggests to 1C programmers. Money and quantities are strings, dates have no zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.onec.rates import rate
from connectors.onec.road import Made
from connectors.onec.service.values import exact, flag, local, moment, text
from connectors.onec.settings import BooksSettings
from connectors.onec.units import unit_of
from provodka.accounting import (
    Basis,
    Counterparty,
    Document,
    DocumentKind,
    InvoiceRequest,
    Line,
    NewCounterparty,
    PartyKind,
)
from provodka.errors import Ambiguous, Rejected
from provodka.readiness import Remark, Weight

Json = Mapping[str, Any]

REFUND: Final = "refund"
KINDS: Final = {**{kind.value: kind for kind in DocumentKind}, REFUND: DocumentKind.PAYMENT}
_PARTIES: Final = {PartyKind.LEGAL: "legal", PartyKind.SOLE: "entrepreneur", PartyKind.PERSON: "person"}
SHAPE: Final = "Сервис 1С ответил не по договору обмена. Администратору 1С: сверьте его с описанием в руководстве."


# what is sent


def counterparty_body(who: NewCounterparty, ref: str = "") -> dict[str, Any]:
    """Who buys; `ref` where 1C has told it already. Fields that are empty are left out."""
    body: dict[str, Any] = {
        "external_id": who.mark,
        "ref": ref,
        "inn": who.inn,
        "kpp": who.kpp if who.kind is PartyKind.LEGAL else "",
        "name": who.name,
        "full_name": who.full_name,
        "kind": _PARTIES[who.kind],
        "ogrn": who.ogrn,
        "address": who.address,
        "email": who.emails[0] if who.emails else "",
        "phone": who.phones[0] if who.phones else "",
    }
    if (account := who.account) is not None:
        told = {"number": account.number, "bic": account.bic, "bank": account.bank}
        body["bank_account"] = filled({**told, "correspondent": account.correspondent})
    return filled(body)


def invoice_body(asked: InvoiceRequest, ref: str, settings: BooksSettings, now: datetime) -> dict[str, Any]:
    """The whole invoice. `ref` is our key of it (`idempotency_key`)."""
    ours = settings.organization
    return {
        "external_id": asked.mark,
        "idempotency_key": ref,
        "organization": filled({"inn": ours.inn, "kpp": ours.kpp}),
        "counterparty": counterparty_body(asked.buyer, asked.counterparty),
        "date": local(now, ZoneInfo(settings.timezone)).isoformat(),
        "currency": asked.currency,
        "price_includes_vat": asked.vat_included,
        "lines": [_line_body(line, number) for number, line in enumerate(asked.lines, 1)],
        "total": f"{asked.amount:.2f}",
        "comment": asked.comment,
        "create_products": settings.products.create,
    }


def _line_body(line: Line, number: int) -> dict[str, Any]:
    return filled(
        {
            "external_id": f"row-{number}",
            "nomenclature_ref": line.product,
            "sku": line.sku,
            "name": line.name,
            "unit": line.unit,
            "okei": unit_of(line.unit).code if line.unit else "",
            "quantity": f"{line.quantity.normalize():f}",
            "price": f"{line.price:.2f}" if line.price == round(line.price, 2) else f"{line.price.normalize():f}",
            "vat_rate": line.vat.value,
            "vat_sum": f"{line.vat_amount:.2f}",
            "sum": f"{line.amount:.2f}",
        }
    )


def filled(body: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty: a service need not know what we have not got."""
    return {name: value for name, value in body.items() if value not in ("", None)}


# what is read


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the feed: its documents, where the next begins, and whether there is more."""

    items: tuple[Json, ...]
    cursor: str
    has_more: bool


def made(answer: Json) -> Made:
    """What a create has answered. Ambiguous without a ref: it may have happened."""
    ref = text(answer.get("ref"))
    if not ref:
        raise Ambiguous("the answer holds no ref", hint=SHAPE)
    return Made(ref, text(answer.get("number")), text(answer.get("order_ref")))


def page(answer: Json) -> Page:
    """A page of the feed; Rejected where it is none."""
    items = answer.get("items")
    if "cursor" not in answer or not isinstance(items, list | None):
        raise Rejected("the answer is no page of changes", hint=SHAPE)
    return Page(tuple(items or ()), text(answer["cursor"]), flag(answer.get("has_more")))


def counterparties(items: Iterable[Json]) -> Iterator[Counterparty]:
    """Those that count: no folders, nothing marked for deletion."""
    for one in items:
        if not flag(one.get("deleted")) and not flag(one.get("is_folder")):
            names = ("ref", "name", "full_name", "inn", "kpp")
            yield Counterparty(*(text(one.get(name)) for name in names))


def about(ping: Json) -> list[Remark]:
    """Who answers: worth knowing before the start."""
    words = " ".join(filter(None, (text(ping.get(name)) for name in ("configuration", "version"))))
    return [Remark((), f"the service answers: {words}", weight=Weight.NOTE)] if words else []


def document(item: Json, zone: ZoneInfo) -> Document | None:
    """A document of the feed or by its ref; None for kinds that are nothing to us. Of a refund sums are negative."""
    kind = KINDS.get(text(item.get("type")).lower())
    if kind is None:
        return None
    back = text(item.get("type")).lower() == REFUND
    lines = tuple(_line(line) for line in item.get("lines") or ())
    given = item.get("vat", item.get("vat_sum"))
    vat = exact(given) if given is not None else sum((line.vat_amount for line in lines), Decimal(0))
    return Document(
        kind=kind,
        ref=text(item.get("ref")),
        number=text(item.get("number")),
        date=moment(item.get("date"), zone),
        amount=_signed(item.get("sum", item.get("total")), back=back),
        vat_amount=vat,
        currency=text(item.get("currency")) or "RUB",
        valid=flag(item.get("posted"), default=True),
        deleted=is_deleted(item),
        counterparty=text(item.get("counterparty_ref")),
        bases=tuple(_bases(item, back=back)),
        lines=lines,
        mark=text(item.get("external_id")),
        comment=text(item.get("comment")),
        version=text(item.get("version")),
    )


def is_deleted(item: Json) -> bool:
    """Whether it is marked for deletion."""
    return flag(item.get("deleted", item.get("deletion_mark")))


def whole(item: Json) -> bool:
    """Whether an item of the feed tells all of a document: a payment its parts, the others their lines with names."""
    if is_deleted(item) or text(item.get("type")).lower() not in KINDS:
        return True
    if KINDS[text(item.get("type")).lower()] is DocumentKind.PAYMENT:
        return "allocations" in item
    lines = item.get("lines")
    return bool(lines) and all(text(line.get("name")) for line in lines or ())


def _signed(value: object, *, back: bool) -> Decimal:
    """A sum of a refund is told as a positive one, or is negative already."""
    return -abs(exact(value)) if back else exact(value)


def _bases(item: Json, *, back: bool) -> Iterator[Basis]:
    """The parts of a payment; what another document rests on, whole."""
    for part in item.get("allocations") or ():
        ref = text(part.get("invoice_ref")) or text(part.get("order_ref"))
        if ref:
            yield Basis(ref, _signed(part["sum"], back=back) if part.get("sum") is not None else None)
    if not item.get("allocations"):
        for name in ("invoice_ref", "order_ref", "base_ref"):
            if ref := text(item.get(name)):
                yield Basis(ref)


def _line(line: Json) -> Line:
    return Line(
        name=text(line.get("name")),
        quantity=exact(line.get("quantity")),
        price=exact(line.get("price")),
        amount=exact(line.get("sum")),
        vat=rate(text(line.get("vat_rate"))),
        vat_amount=exact(line.get("vat_sum")),
        discount=exact(line.get("discount")),
        sku=text(line.get("sku", line.get("article"))),
        code=text(line.get("code")),
        unit=text(line.get("unit")),
        product=text(line.get("nomenclature_ref")),
    )
