"""The events of accounting with the leads that they are about, as the CRM has them at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provodka.crm import Cards
from provodka.event import Event
from provodka.payloads import InvoiceEvent, lead_of


def with_leads(events: Sequence[Event], crm: Cards | None) -> list[Event]:
    """One call for all. A lead that has been deleted stays None: the sale goes on without it."""
    wanted = list(dict.fromkeys(e.payload.invoice.lead for e in events if isinstance(e.payload, InvoiceEvent)))
    found = crm.look("lead", wanted) if crm is not None and wanted else {}
    full = []
    for event in events:
        payload = event.payload
        if isinstance(payload, InvoiceEvent) and payload.invoice.lead in found:
            person, card = found[payload.invoice.lead]
            event = replace(event, person=person, payload=replace(payload, lead=lead_of(card)))
        full.append(event)
    return full
