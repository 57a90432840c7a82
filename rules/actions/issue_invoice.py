"""`issue_invoice`: an invoice in accounting for what the lead is about, its counterparty first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from provodka.accounting import Accounting, Cancellation, InvoiceRequest, Sale, Vat, VatText, priced
from provodka.crm import Need
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.invoices import InvoiceRef
from provodka.operation import Done, Outcome, Request
from provodka.payloads import EventType
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place, Planning
from rules.actions.books import hint, living, no_accounting, of_accounting
from rules.actions.buyer import Buyer, Cards, ensure, place_of_inn
from rules.actions.desk import Desk, pack, submit_all, told, unpack
from rules.actions.invoice_lines import check_sum, in_currency, other_lines, same_sale, sellable
from rules.actions.lead import NO_LEAD
from rules.actions.lines import Line, planned_lines
from rules.actions.sources import no_order, source_lines
from rules.actions.targets import Target, find_targets, with_leads
from rules.beside import Beside
from rules.filters import money

_CANCEL: Final = "cancel"


class IssueInvoiceParams(Strict):
    """Without `lines` it is for the products of the lead (`from: lead`), or for the form's order (`from: order`).

    `buyer` is as in `counterparty`. `vat` is the rate of all lines; without it that of the accounting's settings. With
    `check_sum` the sum must be the lead's price, where it has one; a `currency` must be that of accounting.
    `if_changed` says what becomes of it where a living invoice of the lead is for something else; one for the same is
    found and not made anew, but `again`.
    """

    buyer: Buyer = Buyer()
    lines: tuple[Line, ...] = ()
    source: Literal["lead", "order"] | None = Field(default=None, alias="from")
    vat: VatText | None = None
    currency: str = ""
    comment: str = ""
    check_sum: bool = True
    if_changed: Literal["new", "refuse", "replace"] = "new"
    again: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.lines and self.source:
            raise ValueError("write either lines: [...] or from:")
        return self


@dataclass(frozen=True, slots=True)
class _Known:
    """What a batch has read: cards, and the sales of each lead, as asked for and as they are now."""

    desk: Desk
    cards: Cards
    asked: Mapping[str, Sequence[Sale]]
    sales: Mapping[str, Sequence[InvoiceRef]]


class IssueInvoice(Action[IssueInvoiceParams]):
    """Values of the result: sale, counterparty, number, amount. That it is there is told by an event."""

    name = "issue_invoice"
    params = IssueInvoiceParams
    templates = frozenset({"buyer", "lines", "currency", "comment"})
    lead = LeadUse.NEEDS
    brings = frozenset({EventType.INVOICE_REQUESTED, EventType.COUNTERPARTY_READY, EventType.INVOICE_ISSUED})

    def plan(self, planning: Planning[IssueInvoiceParams]) -> dict[str, Any]:
        given = planning.rendered
        lines = planned_lines(given["lines"], self.name)
        return {**given, "lines": lines, "from": given["from"] or ("" if planning.params.lines else "lead")}

    def reading(self, params: IssueInvoiceParams) -> frozenset[str]:
        return frozenset({"order"}) if params.source == "order" else frozenset()

    def doubles(self, earlier: IssueInvoiceParams, later: IssueInvoiceParams) -> bool:
        return earlier == later

    def beside(self, params: IssueInvoiceParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:  # noqa: ARG002
        yield from no_accounting(beside)

    def needs(self, params: IssueInvoiceParams) -> Iterator[tuple[Place, Need]]:
        yield from ((("buyer",), need) for need in place_of_inn(params.buyer))

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        idle = {item.key: done for item in items if (done := no_order(item)) is not None}
        rest = [item for item in items if item.key not in idle]
        targets = with_leads(find_targets(rest, desk), desk) if rest else {}
        known = _read([one for one in targets.values() if isinstance(one, Target)], desk)
        twice = _twice(rest, targets)
        return [idle.get(item.key) or twice.get(item.key) or _tried(item, targets[item.key], known) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        """The counterparty, what is replaced, the invoice: what is not done of it is the outcome of the whole."""
        accounting = Desk(outside).accounting
        requests = {d.item.key: unpack(InvoiceRequest, d.frozen["request"]) for d in ready}
        outcomes = ensure([(d, requests[d.item.key].buyer) for d in ready], outside)
        refs = {key: one.remote_id for key, one in outcomes.items() if isinstance(one, Done)}
        outcomes |= _replaced([d for d in ready if d.item.key in refs], outside)
        left = [d for d in ready if isinstance(outcomes[d.item.key], Done)]
        requests = {d.item.key: replace(requests[d.item.key], counterparty=refs[d.item.key]) for d in left}
        outcomes |= _issued(left, requests, accounting)
        hint(ready, outcomes, outside)
        return [_told(outcomes[d.item.key], d, refs, accounting.name) for d in ready]


def _read(targets: Sequence[Target], desk: Desk) -> _Known:
    leads = sorted({target.lead_id for target in targets if target.lead_id})
    return _Known(
        desk,
        Cards(targets, desk),
        desk.accounting.asked(leads) if leads else {},
        desk.accounting.sales(leads) if leads else {},
    )


def _twice(items: Sequence[Delivery], targets: Mapping[str, Target | ConnectorError]) -> dict[str, Retryable]:
    """The second of two of a batch for one lead: it has to see the number that the first one takes."""
    taken: set[str] = set()
    found: dict[str, Retryable] = {}
    for item in items:
        target = targets[item.key]
        lead = target.lead_id if isinstance(target, Target) else ""
        if lead in taken:
            found[item.key] = Retryable("another invoice of this lead is being issued just now", wait=1)
        taken |= {lead} - {""}
    return found


def _tried(item: Delivery, target: Target | ConnectorError, known: _Known) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    try:
        return _decision(item, target, known)
    except ConnectorError as error:
        return error


def _decision(item: Delivery, target: Target, known: _Known) -> Decision:
    params, lead = item.params, target.lead_id
    if not lead:
        raise Rejected(f"contact {target.contact_id} has no open lead", hint=NO_LEAD)
    accounting, crm = known.desk.accounting, known.desk.crm
    terms = accounting.terms
    in_currency(params["currency"], terms)
    party = known.cards.party(params["buyer"], target)
    lines = sellable(source_lines(item, target, known.desk) or (), terms)
    vat = Vat(params["vat"]) if params["vat"] is not None else terms.vat
    number = 1 + max((_number(sale.id) for sale in known.asked.get(lead, ())), default=0)
    request = InvoiceRequest(
        mark=f"{crm.name}:lead:{lead}:invoice:{number}",
        sale=f"{lead}:{number}",
        lead_id=lead,
        buyer=party.who,
        counterparty="",
        lines=priced(lines, vat, included=terms.vat_included),
        vat_included=terms.vat_included,
        currency=terms.currency,
        comment=params["comment"],
    )
    if params["check_sum"] and target.lead is not None:
        check_sum(request, target.lead.price, whole=crm.whole_prices())
    some = living(known.sales.get(lead, ()))
    values = {"lead_id": lead, "contact_id": target.contact_id}
    made = {sale.id: sale for sale in known.asked.get(lead, ())}
    same = None if params["again"] else same_sale(request, made, some)
    if same is not None and made[same.id].invoice:
        there = {"sale": same.id, "number": same.number, "reason": "there is one for the same already"}
        return Done(same.ref, {**values, **there}, found=True)
    if same is not None:  # asked for before, and refused: 1C may have a draft of it
        request = replace(request, sale=same.id, mark=made[same.id].mark)
    issued = [one for one in some if made[one.id].invoice]
    cancelled = [] if params["again"] else _in_the_way(params["if_changed"], issued)
    reason = "; ".join(part for part in (party.warning, *(f"replaces {one.short}" for one in cancelled)) if part)
    return {
        "request": pack(request),
        _CANCEL: [pack(Cancellation(one.id)) for one in cancelled],
        "told": {**values, "sale": request.sale, "amount": str(request.amount), "reason": reason},
    }


def _in_the_way(if_changed: str, some: Sequence[InvoiceRef]) -> list[InvoiceRef]:
    """The invoice that is to be cancelled first; raises Rejected where it forbids a new one."""
    newest = next(reversed(some), None)
    if newest is None or if_changed == "new":
        return []
    title = f"счёт {newest.short} на {money(newest.amount, kopecks=True)}" if newest.short else "счёт в работе"
    if if_changed == "refuse":
        text = f"У сделки есть {title} на другое: отмените его (cancel_invoice) или укажите if_changed: replace"
        raise Rejected(f"lead {newest.lead} has invoice {newest.number or newest.id} for something else", hint=text)
    if newest.paid or newest.shipped:
        text = f"Нельзя заменить {title}: по нему уже есть оплата или отгрузка"
        raise Rejected(f"invoice {newest.number} has payments or shipments: it cannot be replaced", hint=text)
    return [newest]


def _number(sale: str) -> int:
    return int(sale.rpartition(":")[2])


def _replaced(ready: Sequence[Decided], outside: Outside) -> dict[str, Outcome]:
    """Those whose old invoice could not be cancelled."""
    accounting = Desk(outside).accounting
    found = submit_all(accounting.cancel_invoices, Cancellation, _CANCEL, ready)
    gone = [one["sale"] for d in ready for one in d.frozen[_CANCEL]]
    if gone:
        outside.hint({f"cancelled:{sale}": f"sale:{sale}" for sale in gone})
    return {
        key: of_accounting(bad, accounting.name)
        for key, some in found.items()
        for bad in some
        if not isinstance(bad, Done)
    }


def _issued(
    ready: Sequence[Decided], requests: Mapping[str, InvoiceRequest], accounting: Accounting
) -> dict[str, Outcome]:
    """A number that another lane has taken meanwhile would lead to its invoice: that is refused."""
    asked = accounting.asked(sorted({one.lead_id for one in requests.values()})) if requests else {}
    sales = {sale.id: sale for some in asked.values() for sale in some}
    outcomes: dict[str, Outcome] = {}
    for key, one in requests.items():
        if other_lines(one, sales):
            text = "Пока счёт выставлялся, сделке выставили другой: сверьте его и выставьте ещё раз"
            outcomes[key] = Rejected(f"sale {one.sale} was asked for with other lines meanwhile", hint=text)
    sent = [Request(d.item.key, requests[d.item.key], d.unsure_since) for d in ready if d.item.key not in outcomes]
    return outcomes | dict(zip((r.key for r in sent), accounting.create_invoices(sent) if sent else [], strict=True))


def _told(outcome: Outcome, decided: Decided, refs: Mapping[str, str], name: str) -> Outcome:
    counterparty = {"counterparty": refs.get(decided.item.key, "")}
    return of_accounting(told(outcome, {**decided.frozen["told"], **counterparty}), name)
