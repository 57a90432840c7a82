"""A road to 1C: what OData, SOAP, HTTP services and CommerceML each do in their own way, behind one `OneC` account.

A road knows nothing of sales and events. It raises children of `ConnectorError` only:

* `Rejected`: 1C refused for good (a posting error, a closed period): its own words without module paths, our hint;
* `Retryable`: surely not carried out (a lock, a document held by a user; `wait` in seconds where it is known);
* `RateLimited`: 1C is closed for a while (maintenance, no free session or licence): uses up no attempt;
* `AuthFailed`: login, or a right that only the administrator can give;
* `Ambiguous`: sent, and no readable answer (a broken connection, HTML with 200).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from provodka.accounting import (
    Counterparty,
    Document,
    DocumentKind,
    InvoiceRequest,
    NewCounterparty,
    Sale,
)
from provodka.readiness import Remark

Versions = Callable[[DocumentKind, Sequence[str]], Mapping[str, str]]
"""The versions that the mirror holds of these documents, by ref; unknown ones are absent."""


@dataclass(frozen=True, slots=True)
class Made:
    """A document that is there: its ref and number; `order`: of the order that had to come first (УТ)."""

    ref: str
    number: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What a poll has brought: documents that are new or were written since, the refs of those that are gone by kind,
    and where to go on.

    With `since` everything dated from then on was looked at, and `seen` are the refs that are there by kind: what the
    mirror has besides, dated since then, has been deleted or moved, or the base was restored from an older copy.
    """

    documents: Sequence[Document] = ()
    gone: Mapping[DocumentKind, Sequence[str]] = field(default_factory=dict)
    cursors: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    seen: Mapping[DocumentKind, Collection[str]] = field(default_factory=dict)


class Road(Protocol):
    """One base of 1C. Reads are fresh. `ref` is the id that we propose (a UUID made out of the mark, the same for
    ever): roads that let the client choose create under it; others remember it as the external id."""

    def find_counterparties(self, who: NewCounterparty) -> Sequence[Counterparty]:
        """Those with this ИНН and КПП (an ИП: ИНН alone), else with this mark, else with the whole name of a person."""

    def create_counterparty(self, who: NewCounterparty, ref: str) -> str:
        """Its ref, as 1C has it. With contact data, bank account and contract, as far as the base has them."""

    def create_invoice(self, asked: InvoiceRequest, ref: str) -> Made:
        """Issue it, posted where the settings say so. Harmless where it is there already under this ref or mark: then
        what is missing (the posting) is done."""

    def find_invoice(self, asked: InvoiceRequest, ref: str) -> Made | None:
        """What an earlier attempt has made, whether it is posted or not; None where there is surely nothing."""

    def create_order(self, sale: Sale, mark: str, ref: str) -> Made:
        """An order out of the invoice of the sale, or (УТ) its order put into work."""

    def find_order(self, sale: Sale, mark: str, ref: str) -> Made | None: ...

    def cancel(self, sale: Sale, known: Versions) -> None:
        """The invoice, and its order where there is one: unposted and marked for deletion, as 1C's people do it.

        Rejected where 1C has another version than `known`: a person has changed it meanwhile."""

    def read(self, kind: DocumentKind, refs: Sequence[str]) -> Mapping[str, Document | None]:
        """These documents with lines and bases; those that are not there are absent, those marked for deletion are
        `deleted`. None: nothing is known but what the mirror has (a road that cannot ask)."""

    def changed(self, cursors: Mapping[str, str], known: Versions, now: datetime, *, full: bool) -> News:
        """What changed since the cursors: one call per kind where nothing did. `full` reads the wide window anew.

        `cursors` are this road's own, by name; empty at the beginning."""

    def received(self, name: str, body: bytes) -> Sequence[Document]:
        """The documents of a file that 1C has brought; roads that fetch by themselves give none."""

    def printed(self, kind: DocumentKind, ref: str) -> bytes | None:
        """The printed form as PDF out of 1C; None where there is none (yet)."""

    def check(self) -> Sequence[Remark]: ...

    def close(self) -> None: ...
