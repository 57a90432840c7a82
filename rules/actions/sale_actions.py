"""`place_order` and `cancel_invoice`: what becomes of the invoice that a sale has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from provodka.accounting import Accounting, Cancellation, OrderRequest
from provodka.crm import Write
from provodka.errors import ConnectorError, Rejected
from provodka.invoices import SaleState
from provodka.operation import Done, Outcome
from provodka.payloads import EventType
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place
from rules.actions.books import CANCELLED, NOT_MADE, Sold, find_sales, hint, no_accounting, of_accounting
from rules.actions.desk import Desk, pack, submit, told
from rules.beside import Beside

R = TypeVar("R")


class NoParams(Strict):
    """Nothing: the sale is that of the event, else the newest of the lead that is not cancelled."""


class _SaleAction(Action[NoParams], Generic[R]):
    """One request of accounting about one sale."""

    params = NoParams
    lead = LeadUse.NEEDS
    request: type[R]

    @abstractmethod
    def build(self, sold: Sold, crm: str) -> R | Done:
        """The request, or that there is nothing to do; raises Rejected where it must not be done."""

    @abstractmethod
    def write(self, accounting: Accounting) -> Write[R]: ...

    def doubles(self, earlier: NoParams, later: NoParams) -> bool:  # noqa: ARG002 -- they have none
        return True

    def beside(self, params: NoParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:  # noqa: ARG002 -- as above
        yield from no_accounting(beside)

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        found = find_sales(items, desk)
        return [self._decision(found[item.key], desk) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        accounting = Desk(outside).accounting
        outcomes = submit(self.write(accounting), self.request, "request", ready)
        hint(ready, outcomes, outside)
        return [of_accounting(told(outcomes[d.item.key], d.frozen["told"]), accounting.name) for d in ready]

    def _decision(self, sold: Sold | ConnectorError, desk: Desk) -> Decision:
        if isinstance(sold, ConnectorError):
            return sold
        try:
            request = self.build(sold, desk.crm.name)
        except ConnectorError as error:
            return error
        if isinstance(request, Done):
            return Done(request.remote_id, {**sold.told, **request.values}, found=True)
        frozen: dict[str, Any] = {"request": pack(request), "told": sold.told}
        return frozen


class PlaceOrder(_SaleAction[OrderRequest]):
    """An order out of the invoice; the one that is there stays the only one. Values of the result: sale, number."""

    name = "place_order"
    brings = frozenset({EventType.ORDER_CREATED})
    request = OrderRequest

    def build(self, sold: Sold, crm: str) -> OrderRequest | Done:
        invoice = sold.invoice
        if invoice.order is not None:
            values = {"number": invoice.order.number, "reason": "the order is there already"}
            return Done(invoice.order.ref, values)
        if invoice.state is SaleState.CANCELLED:
            raise Rejected(f"invoice {invoice.number or invoice.id} has been cancelled", hint=CANCELLED)
        if not sold.made:
            raise Rejected(f"accounting has not made the invoice of sale {invoice.id}", hint=NOT_MADE)
        number = invoice.id.rpartition(":")[2]
        return OrderRequest(f"{crm}:lead:{sold.lead_id}:order:{number}", invoice.id)

    def write(self, accounting: Accounting) -> Write[OrderRequest]:
        return accounting.create_orders


class CancelInvoice(_SaleAction[Cancellation]):
    """Not where something has been paid or shipped: only an accountant can take that back."""

    name = "cancel_invoice"
    brings = frozenset({EventType.INVOICE_CANCELLED})
    request = Cancellation

    def build(self, sold: Sold, crm: str) -> Cancellation | Done:  # noqa: ARG002 -- an order is marked by it
        invoice = sold.invoice
        if invoice.state is SaleState.CANCELLED:
            return Done(invoice.ref, {"reason": "it has been cancelled already"})
        if invoice.paid or invoice.shipped:
            text = f"Счёт {invoice.short} оплачен или отгружен: отменить его может только бухгалтер в 1С"
            raise Rejected(f"invoice {invoice.number} has payments or shipments: it cannot be cancelled", hint=text)
        return Cancellation(invoice.id)

    def write(self, accounting: Accounting) -> Write[Cancellation]:
        return accounting.cancel_invoices
