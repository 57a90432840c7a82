"""`pay_invoice`: the CRM's own invoice has been paid."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import Field

from provodka.crm import Crm, InvoicePayment, InvoiceState, Write
from provodka.errors import Rejected
from provodka.operation import Done
from provodka.payloads import InvoiceEvent
from provodka.settings import Strict
from rules.actions.base import Delivery
from rules.actions.books import event_invoice
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.targets import Target
from rules.text import same

PAID: Final = InvoiceState.PAID


class PayInvoiceParams(Strict):
    """`title` is that by which the action `invoice` has made it."""

    title: str = Field(min_length=1)


class PayInvoice(LeadAction[PayInvoiceParams, InvoicePayment]):
    """Of an event of accounting the moment is that of its document, and what is not paid in full is not paid."""

    name = "pay_invoice"
    params = PayInvoiceParams
    templates = frozenset({"title"})
    request = InvoicePayment

    def doubles(self, earlier: PayInvoiceParams, later: PayInvoiceParams) -> bool:
        return earlier == later

    def build(self, item: Delivery, target: Target, desk: Desk) -> InvoicePayment | Done:
        told, title = event_invoice(item), item.params["title"]
        if told is not None and told.left > 0:
            return Done(values={"reason": f"invoice {told.short} is not paid in full: {told.paid} of {told.amount}"})
        invoices = desk.crm.invoices([target.lead_id]).get(target.lead_id, ())
        found = sorted((one for one in invoices if same(one.title, title)), key=lambda one: one.state is PAID)
        if not found:
            hint = f"В сделке нет счёта «{title}»: создайте его действием invoice на событие invoice.issued"
            raise Rejected(f"lead {target.lead_id} has no invoice «{title}»", hint=hint)
        if found[0].state is PAID:
            return Done(found[0].id, {"reason": "it is paid already"})
        return InvoicePayment(found[0].id, _paid_at(item) or desk.outside.now)

    def write(self, crm: Crm) -> Write[InvoicePayment]:
        return crm.pay_invoices


def _paid_at(item: Delivery) -> datetime | None:
    """When the document of the event is dated."""
    payload = item.event.payload
    return payload.document.date if isinstance(payload, InvoiceEvent) and payload.document is not None else None
