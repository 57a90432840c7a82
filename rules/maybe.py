"""What an event may lack, so that a text which reads it would fail: conditions must ask for it first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provodka.payloads import PAYLOADS, CompanyEvent, ContactEvent, EventType, InvoiceEvent, LeadEvent

MAYBE: Final = {
    "lead": ("lead",),
    "order": ("order",),
    "contact": ("contact",),
    "company": ("company",),
    "responsible": ("responsible", "lead"),
    "person.contact": ("person.contact", "person.known"),
    "person.last_lead": ("person.last_lead",),
    "invoice": ("invoice",),
    "invoice.order": ("invoice.order",),
    "document": ("document",),
    "pages": ("pages", "lead"),
    "partner": ("partner",),
}
"""What there may not be, each with the names whose conditions ask for it."""

_SURE: Final[Mapping[type[Any], tuple[str, ...]]] = {
    LeadEvent: ("lead", "responsible", "pages"),
    ContactEvent: ("contact",),
    CompanyEvent: ("company",),
    InvoiceEvent: ("invoice", "document"),
}
"""What events of these payloads never lack."""

_OF_NO_DOCUMENT: Final = frozenset(
    {EventType.INVOICE_REQUESTED, EventType.COUNTERPARTY_READY, EventType.INVOICE_CANCELLED, EventType.INVOICE_DIFFERS}
)
"""Those of accounting that may be about no document."""


def never_lacks(kind: EventType) -> set[str]:
    """What is always there, of what others may lack."""
    sure = {part for payload, some in _SURE.items() if issubclass(PAYLOADS[kind], payload) for part in some}
    if kind in _OF_NO_DOCUMENT:
        sure.discard("document")
    return sure | ({"invoice.order"} if kind is EventType.ORDER_CREATED else set())
