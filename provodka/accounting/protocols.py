"""What a connector to accounting (1C) offers: `Accounting` to rules, `AccountingAccount` to the house.

Reads raise `ConnectorError`. Writes take a batch and answer item by item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from provodka.accounting.documents import DocumentKind
from provodka.accounting.parties import NewCounterparty
from provodka.accounting.requests import Cancellation, InvoiceRequest, OrderRequest
from provodka.accounting.sale import Sale
from provodka.accounting.vat import Vat
from provodka.crm.protocols import Write
from provodka.event import Event
from provodka.invoices import InvoiceRef
from provodka.payloads import AccountingHint
from provodka.readiness import Remark
from provodka.stores import ByKind


@dataclass(frozen=True, slots=True)
class Terms:
    """How the client sells: the VAT of lines that name none, whether prices have it within, and whether a product will
    do that has no article: it is known by its name, or made."""

    vat: Vat
    vat_included: bool
    currency: str = "RUB"
    names_will_do: bool = True


@dataclass(frozen=True, slots=True)
class Comparing:
    """The comparison by night: at what hour (`03:00`) on the client's clocks, over how many days; which side (`1c` or
    `crm`) wins in what; in which fields of the lead the client keeps the `number`, what is `paid` and `shipped`."""

    at: str
    days: int
    wins: Mapping[str, str]
    fields: Mapping[str, str]

    def winner(self, aspect: str) -> str:
        """1C, unless the settings say otherwise."""
        return self.wins.get(aspect, "1c")


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed form: PDF. `own`: we drew it ourselves, as accounting gave none."""

    name: str
    body: bytes
    own: bool = False


class Accounting(Protocol):
    """What rules can ask of accounting."""

    name: str

    @property
    def terms(self) -> Terms: ...

    @property
    def create_counterparties(self) -> Write[NewCounterparty]:
        """Found by ИНН and КПП, or made. `Done.remote_id` is its ref, `Done.found` tells that it was there before.

        Rejected where there are several: only a person can choose.
        """

    @property
    def create_invoices(self) -> Write[InvoiceRequest]:
        """`Done.remote_id` is the ref of the invoice, empty where accounting will fetch the request later (CommerceML);
        `Done.values`: `number`, `order` (where one had to come first). That it is issued is told by an event."""

    @property
    def create_orders(self) -> Write[OrderRequest]:
        """`Done.remote_id` is the ref of the order."""

    @property
    def cancel_invoices(self) -> Write[Cancellation]: ...

    def sales(self, lead_ids: Sequence[str]) -> Mapping[str, Sequence[InvoiceRef]]:
        """The sales of each lead, the oldest first, out of the mirror, without a call; leads without any are absent."""

    def asked(self, lead_ids: Sequence[str]) -> Mapping[str, Sequence[Sale]]:
        """The same sales as they were asked for."""

    def printed(self, sale: str, kind: DocumentKind) -> Printed | None:
        """The printed form of the invoice, order or last shipment of a sale; None where there is none yet.

        What accounting cannot print is drawn by us where the settings say so.
        """


class AccountingAccount(Accounting, Protocol):
    """Accounting with what the house itself needs of it."""

    poll_seconds: float

    @property
    def comparing(self) -> Comparing: ...

    def derive(self, hint: AccountingHint, event: Event) -> tuple[list[Event], ByKind]:
        """What a hint comes to: events (without their leads) and snapshots by kind, to be stored together."""

    def reconcile(self, received_at: datetime, *, full: bool = False) -> tuple[list[Event], ByKind, dict[str, str]]:
        """What changed since the last time: events (without their leads), snapshots and cursors, stored together.

        `full` reads everything of the comparison's days anew: what was missed, or is gone, is found by that.
        """

    def all_sales(self) -> Sequence[Sale]:
        """Every sale of the mirror, the oldest first."""

    def check(self) -> list[Remark]:
        """Try the settings against accounting: what is wrong, with its cure."""

    def close(self) -> None:
        """Close the connections."""
