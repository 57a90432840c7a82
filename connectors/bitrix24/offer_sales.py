"""What a portal of Bitrix24 offers about sales: product rows, invoices, incoming requests, automation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.bitrix24.bots import Bots
from connectors.bitrix24.cards import Leads
from connectors.bitrix24.incoming import Incoming
from connectors.bitrix24.invoices import Invoices
from connectors.bitrix24.lead_changes import LeadChanges
from connectors.bitrix24.lead_lines import Lines
from connectors.bitrix24.offer_cards import BATCH
from connectors.bitrix24.room import Room
from connectors.crm.gone import Gone
from provodka.crm import (
    BotStart,
    Customer,
    IncomingRequest,
    Invoice,
    InvoicePayment,
    LeadLines,
    NewCustomer,
    NewInvoice,
    ProductLine,
    RequestAcceptance,
    RequestDecline,
    not_offered,
)
from provodka.operation import Done, Outcome, Repeat, Request, operation

CUSTOMERS: Final = "раздела «Покупатели» (отметьте постоянных клиентов тегом или типом контакта)"


class OfferSales:
    """`provodka.crm.Sales`, `Incoming` and `Automation`."""

    _room: Room
    _gone: Gone

    def _furnish_sales(self, leads: Leads, lead_changes: LeadChanges) -> None:
        self._lines, self._invoices = Lines(self._room, leads), Invoices(self._room)
        self._incoming, self._bots = Incoming(self._room, leads, lead_changes), Bots(self._room)

    def whole_prices(self) -> bool:
        """A portal keeps kopecks."""
        return False

    def lead_lines(self, lead_ids: Sequence[str]) -> dict[str, list[ProductLine]]:
        """Two requests for up to fifty leads."""
        return self._lines.read(lead_ids)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def set_lead_lines(self, requests: Sequence[Request[LeadLines]]) -> list[Outcome]:
        """All rows are replaced. They are free lines, not products of the catalogue: each keeps its own price."""
        return self._gone.sparing(requests, self._lines.write)

    def invoices(self, lead_ids: Sequence[str]) -> dict[str, list[Invoice]]:
        """Of deals only. The moment of payment is that of the move to the paid stage."""
        return self._invoices.read(lead_ids)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_invoices(self, requests: Sequence[Request[NewInvoice]]) -> list[Outcome]:
        """Smart invoices with their rows; recognised by our key in their outer code."""
        return self._gone.sparing(requests, self._invoices.create)

    @create_invoices.find
    def _find_invoices(self, requests: Sequence[Request[NewInvoice]]) -> list[Done | None]:
        return self._invoices.find(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def pay_invoices(self, requests: Sequence[Request[InvoicePayment]]) -> list[Outcome]:
        """Moved to the paid stage of their funnel; those that stand there stay."""
        return self._invoices.pay(requests)

    def customers(self, contact_ids: Sequence[str]) -> dict[str, list[Customer]]:
        """Not offered: the portal keeps no regular customers beside its contacts."""
        del contact_ids
        raise not_offered("Битрикс24", CUSTOMERS)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def create_customers(self, requests: Sequence[Request[NewCustomer]]) -> list[Outcome]:
        """Not offered."""
        return [not_offered("Битрикс24", CUSTOMERS) for _ in requests]

    def incoming_requests(self, pipeline: str = "") -> list[IncomingRequest]:
        """Freshly read: the portal's leads on their first stage. Not offered where deals are the leads."""
        return self._incoming.read(pipeline)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def accept_requests(self, requests: Sequence[Request[RequestAcceptance]]) -> list[Outcome]:
        """One that was accepted before is known by its stage."""
        return self._incoming.accept(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def decline_requests(self, requests: Sequence[Request[RequestDecline]]) -> list[Outcome]:
        """One that was declined before is known by its lead, which is lost or gone."""
        return self._incoming.decline(requests)

    def bots(self) -> Sequence[str]:
        """At most ten minutes old: workflows (an administrator is told of them) and an application's triggers."""
        return self._room.directory.bots()

    @operation(repeat=Repeat.PERSON, batch=BATCH)
    def start_bots(self, requests: Sequence[Request[BotStart]]) -> list[Outcome]:
        """A workflow may write to the client, and nothing tells afterwards whether it was started."""
        return self._gone.sparing(requests, self._bots.start)
