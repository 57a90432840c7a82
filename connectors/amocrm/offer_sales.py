"""What an account of amoCRM offers about sales: products, invoices, customers, incoming requests, bots."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.amocrm.bots import Bots
from connectors.amocrm.catalogs import Catalogs
from connectors.amocrm.client import Client
from connectors.amocrm.customers import Customers
from connectors.amocrm.incoming import Incoming
from connectors.amocrm.invoices import Invoices
from connectors.amocrm.lead_changes import LeadChanges
from connectors.amocrm.lead_lines import Lines
from connectors.amocrm.leads import Leads
from connectors.amocrm.offer_cards import BATCH
from connectors.amocrm.room import Room
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
)
from provodka.operation import Done, Outcome, Repeat, Request, operation


class OfferSales:
    """`provodka.crm.Sales`, `Incoming` and `Automation`."""

    _room: Room
    _gone: Gone

    def _furnish_sales(self, leads: Leads, lead_changes: LeadChanges, version_2: Client) -> None:
        catalogs = Catalogs(self._room)
        self._lines, self._invoices = Lines(self._room, catalogs, lead_changes), Invoices(self._room, catalogs)
        self._customers, self._incoming = Customers(self._room), Incoming(self._room, leads)
        self._bots = Bots(self._room, version_2)

    def whole_prices(self) -> bool:
        """amoCRM keeps prices in whole units."""
        return True

    def lead_lines(self, lead_ids: Sequence[str]) -> dict[str, list[ProductLine]]:
        """Two calls for all. Prices are those of the products."""
        return self._lines.read(lead_ids)

    @operation(repeat=Repeat.SAFE)
    def set_lead_lines(self, requests: Sequence[Request[LeadLines]]) -> list[Outcome]:
        """Products are looked for by article or name before they are made, and links are set, not added."""
        return self._gone.sparing(requests, self._lines.write)

    def invoices(self, lead_ids: Sequence[str]) -> dict[str, list[Invoice]]:
        """Two calls for all."""
        return self._invoices.read(lead_ids)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_invoices(self, requests: Sequence[Request[NewInvoice]]) -> list[Outcome]:
        """Recognised by title among the invoices made since."""
        return self._gone.sparing(requests, self._invoices.create)

    @create_invoices.find
    def _find_invoices(self, requests: Sequence[Request[NewInvoice]]) -> list[Done | None]:
        return self._invoices.find(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def pay_invoices(self, requests: Sequence[Request[InvoicePayment]]) -> list[Outcome]:
        """State and date of payment are set."""
        return self._invoices.pay(requests)

    def customers(self, contact_ids: Sequence[str]) -> dict[str, list[Customer]]:
        """Two calls for all."""
        return self._customers.read(contact_ids)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_customers(self, requests: Sequence[Request[NewCustomer]]) -> list[Outcome]:
        """Recognised by name among the contact's customers made since."""
        return self._gone.sparing(requests, self._customers.create)

    @create_customers.find
    def _find_customers(self, requests: Sequence[Request[NewCustomer]]) -> list[Done | None]:
        return self._customers.find(requests)

    def incoming_requests(self, pipeline: str = "") -> list[IncomingRequest]:
        """Freshly read."""
        return self._incoming.read(pipeline)

    @operation(repeat=Repeat.SAFE)
    def accept_requests(self, requests: Sequence[Request[RequestAcceptance]]) -> list[Outcome]:
        """One that was accepted before is known by its lead's stage."""
        return self._incoming.accept(requests)

    @operation(repeat=Repeat.SAFE)
    def decline_requests(self, requests: Sequence[Request[RequestDecline]]) -> list[Outcome]:
        """One that was declined before is known by its lead, which is lost or gone."""
        return self._incoming.decline(requests)

    def bots(self) -> Sequence[str]:
        """At most ten minutes old; none where the account does not list them."""
        return self._room.directory.bots()

    @operation(repeat=Repeat.PERSON)
    def start_bots(self, requests: Sequence[Request[BotStart]]) -> list[Outcome]:
        """A bot writes to the client, and nothing tells afterwards whether it was started."""
        return self._gone.sparing(requests, self._bots.start)
