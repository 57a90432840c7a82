"""`payment_link`: a link by which the client pays for the deal, or a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from provodka.accounting import VatText, kopecks
from provodka.cashier import RUB, PaymentRequest, ReceiptLine
from provodka.crm import ProductLine
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Outcome, Request
from provodka.payloads import EventType, InvoiceEvent
from provodka.settings import Strict
from provodka.wording import did_you_mean
from rules.actions.addresses import Addresses, addresses_of, known_to_crm
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place, Planning
from rules.actions.books import event_invoice
from rules.actions.desk import Desk, pack, told, unpack
from rules.actions.lead import NO_LEAD
from rules.actions.lines import KOPECK, Line, planned_lines
from rules.actions.sources import source_lines
from rules.actions.targets import Target, find_targets, with_leads
from rules.beside import Beside
from rules.durations import DurationText, parse_duration
from rules.faults import RuleError
from rules.text import number

NOTHING: Final = "Ссылка на ноль рублей: заполните сумму сделки или укажите amount в правиле."
NO_PRODUCTS: Final = "У сделки нет товаров для чека: заполните их или уберите receipt из правила."
NO_CASHIER: Final = "Верните канал оплаты в настройки."


class ReceiptParams(Strict):
    """The lines of the fiscal receipt: products of the lead (`from: lead`), of the form's order, of the invoice in 1C,
    or written here. `vat`, `method` and `subject` stand in for those of the channel."""

    lines: tuple[Line, ...] = ()
    source: Literal["lead", "order", "invoice"] | None = Field(default=None, alias="from")
    vat: VatText | None = None
    method: str = ""
    subject: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.lines) == bool(self.source):
            raise ValueError("write either lines: [...] or from:")
        return self


class PaymentLinkParams(Strict):
    """`by` is the channel of payments, needed where there are several. Without `amount` it is for the price of the lead
    (of an event of 1C: for what is left of the invoice). `total` is the sum of which it is a `part` («предоплата»).
    After `expires` nobody can pay by it. For the same sum, part and purpose of a deal there is one link, but `again`.
    `extra` are fields for the service as it calls them."""

    by: str = ""
    amount: str | int | float = ""
    total: str | int | float = ""
    part: str = ""
    purpose: str = Field(min_length=1)
    receipt: ReceiptParams | None = None
    expires: DurationText | None = None
    extra: dict[str, Any] = Field(default_factory=dict)
    again: bool = False


class PaymentLink(Action[PaymentLinkParams]):
    """Values of the result: by, order, payment, url, amount. That it is there is told by an event."""

    name = "payment_link"
    params = PaymentLinkParams
    templates = frozenset({"amount", "total", "part", "purpose", "receipt", "extra"})
    lead = LeadUse.NEEDS
    brings = frozenset({EventType.PAYMENT_REQUESTED})

    def plan(self, planning: Planning[PaymentLinkParams]) -> dict[str, Any]:
        given = planning.rendered
        receipt = given["receipt"]
        if receipt is not None:
            receipt = {**receipt, "lines": planned_lines(receipt["lines"], self.name)}
        amount, total = (_sum(given[name], name) for name in ("amount", "total"))
        return {**given, "amount": amount, "total": total, "receipt": receipt}

    def reading(self, params: PaymentLinkParams) -> frozenset[str]:
        from_order = params.receipt is not None and params.receipt.source == "order"
        return frozenset({"order"}) if from_order else frozenset()

    def beside(self, params: PaymentLinkParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:
        known = sorted(beside.cashiers)
        if not known:
            yield (), "no channel of the config takes payments", "add one: robokassa, yookassa or tbank"
        elif params.by and params.by not in beside.cashiers:
            yield ("by",), f"«{params.by}» is no channel that takes payments", did_you_mean(params.by, known)
        elif not params.by and len(known) > 1:
            yield (), "several channels take payments", f"say by which: by: {' or '.join(known)}"
        if params.receipt is not None and params.receipt.source == "invoice" and not beside.accounting:
            yield ("receipt", "from"), "the config has no accounting, whose invoice it could be", "write from: lead"

    def doubles(self, earlier: PaymentLinkParams, later: PaymentLinkParams) -> bool:
        return earlier == later and not later.again

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = with_leads(find_targets(items, desk), desk)
        lacking = [item for item in items if not _reached(addresses_of(item))]
        known = known_to_crm(lacking, desk) if lacking else {}
        return [_tried(item, targets[item.key], known.get(item.key), desk) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes: dict[str, Outcome] = {}
        for by in dict.fromkeys(d.frozen["told"]["by"] for d in ready):
            some = [d for d in ready if d.frozen["told"]["by"] == by]
            cashier = outside.cashiers.get(by)
            if cashier is None:
                outcomes |= {d.item.key: Rejected(f"there is no channel {by} any more", hint=NO_CASHIER) for d in some}
                continue
            requests = [Request(d.item.key, unpack(PaymentRequest, d.frozen["request"]), d.unsure_since) for d in some]
            outcomes |= dict(zip((r.key for r in requests), cashier.ask(requests), strict=True))
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _sum(value: object, name: str) -> str:
    if value in ("", None):
        return ""
    found = number(value)
    if found is None or found < 0:
        raise RuleError(f"payment_link: {name}: «{value}» is no sum")
    return str(found.quantize(KOPECK, ROUND_HALF_UP))


def _tried(
    item: Delivery, target: Target | ConnectorError, known: Addresses | ConnectorError | None, desk: Desk
) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    try:
        return _decision(item, target, known, desk)
    except ConnectorError as error:
        return error


def _decision(item: Delivery, target: Target, known: Addresses | ConnectorError | None, desk: Desk) -> Decision:
    params, lead, outside = item.params, target.lead_id, desk.outside
    if not lead:
        raise Rejected(f"contact {target.contact_id} has no open lead", hint=NO_LEAD)
    addresses = addresses_of(item)
    if isinstance(known, Addresses):
        addresses = addresses.and_those(known)
    invoice = event_invoice(item)
    amount = Decimal(params["amount"]) if params["amount"] else _price(item, target)
    if amount <= 0:
        raise Rejected(f"a link of {amount} for lead {lead}", hint=NOTHING)
    expires = outside.calendar.add(parse_duration(params["expires"]), outside.now) if params["expires"] else None
    request = PaymentRequest(
        lead_id=lead,
        amount=amount,
        purpose=" ".join(params["purpose"].split()),
        currency=RUB,
        total=Decimal(params["total"] or 0),
        part=params["part"],
        invoice_id=invoice.id if invoice is not None and invoice.lead == lead else "",
        phone=_first("phone:", addresses),
        email=_first("email:", addresses),
        lines=_receipt(item, target, desk),
        expires=expires,
        extra=dict(params["extra"]),
        again=params["again"],
    )
    by = params["by"] or next(iter(outside.cashiers), "")
    values = {"by": by, "lead_id": lead, "contact_id": target.contact_id, "amount": str(amount)}
    return {"request": pack(request), "told": {name: value for name, value in values.items() if value}}


def _price(item: Delivery, target: Target) -> Decimal:
    """Of the lead; of an invoice of accounting, what is left of it."""
    payload = item.event.payload
    if isinstance(payload, InvoiceEvent) and payload.invoice.lead == target.lead_id:
        return payload.invoice.left
    return target.lead.price if target.lead is not None else Decimal(0)


def _receipt(item: Delivery, target: Target, desk: Desk) -> tuple[ReceiptLine, ...]:
    given = item.params["receipt"]
    if given is None:
        return ()
    lines = source_lines(replace(item, params=given), target, desk)
    if not lines:
        raise Rejected(f"lead {target.lead_id} has nothing for the receipt", hint=NO_PRODUCTS)
    return tuple(_line(one, given) for one in lines)


def _line(line: ProductLine, given: Mapping[str, Any]) -> ReceiptLine:
    about = {name: given.get(name) or "" for name in ("vat", "method", "subject")}
    return ReceiptLine(line.name, line.quantity, line.price, kopecks(line.price * line.quantity), **about)


def _reached(addresses: Addresses) -> bool:
    return bool(_first("email:", addresses) or _first("phone:", addresses))


def _first(kind: str, addresses: Addresses) -> str:
    found = (one.removeprefix(kind) for one in addresses.identities if one.startswith(kind))
    return next(found, "")
