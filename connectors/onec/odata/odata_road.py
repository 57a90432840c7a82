"""`connectors.onec.road.Road` by the standard OData interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from connectors.onec.odata.base import Base
from connectors.onec.odata.changes import Changes
from connectors.onec.odata.counterparties import Counterparties
from connectors.onec.odata.drafting import Drafting
from connectors.onec.odata.furnishing import Furnishing
from connectors.onec.odata.papers import Papers
from connectors.onec.odata.printed import printed
from connectors.onec.odata.probe import remarks
from connectors.onec.odata.problems import OTHER_NAMES
from connectors.onec.odata.products import Products
from connectors.onec.odata.rates import Rates
from connectors.onec.odata.reading import Reading
from connectors.onec.odata.selling import Selling
from connectors.onec.road import Made, News, Versions
from provodka.accounting import Counterparty, Document, DocumentKind, InvoiceRequest, NewCounterparty, Sale
from provodka.errors import Rejected
from provodka.readiness import Remark

P = ParamSpec("P")
T = TypeVar("T")


def _watched(method: Callable[Concatenate[ODataRoad, P], T]) -> Callable[Concatenate[ODataRoad, P], T]:
    """Where 1C does not know a name any more, its metadata are to be read again."""

    @wraps(method)
    def call(self: ODataRoad, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except Rejected as error:
            if error.code in OTHER_NAMES:
                self.base.doubt()
            raise

    return call


class ODataRoad:
    """One base."""

    def __init__(self, base: Base) -> None:
        self.base = base
        rates = Rates(base)
        products = Products(base, rates)
        self._counterparties = Counterparties(base)
        self._furnishing = Furnishing(base)
        self._reading = Reading(base, products, rates)
        papers = Papers(base, Drafting(base, products, rates))
        self._selling = Selling(base, self._counterparties, self._furnishing, papers, self._reading)
        self._changes = Changes(base, self._reading)

    @_watched
    def find_counterparties(self, who: NewCounterparty) -> Sequence[Counterparty]:
        return self._counterparties.find(who)

    @_watched
    def create_counterparty(self, who: NewCounterparty, ref: str) -> str:
        made = self._counterparties.create(who, ref)
        self._furnishing.contract(made, self.base.settings.currency)
        if who.account:
            self._furnishing.account(made, who.account)
        return made

    @_watched
    def create_invoice(self, asked: InvoiceRequest, ref: str) -> Made:
        return self._selling.invoice(asked, ref)

    @_watched
    def find_invoice(self, asked: InvoiceRequest, ref: str) -> Made | None:
        return self._selling.find_invoice(asked, ref)

    @_watched
    def create_order(self, sale: Sale, mark: str, ref: str) -> Made:
        return self._selling.order(sale, mark, ref)

    @_watched
    def find_order(self, sale: Sale, mark: str, ref: str) -> Made | None:
        return self._selling.find_order(sale, mark, ref)

    @_watched
    def cancel(self, sale: Sale, known: Versions) -> None:
        self._selling.cancel(sale, known)

    @_watched
    def read(self, kind: DocumentKind, refs: Sequence[str]) -> Mapping[str, Document]:
        return self._reading.by_refs(kind, refs)

    @_watched
    def changed(self, cursors: Mapping[str, str], known: Versions, now: datetime, *, full: bool) -> News:
        return self._changes.since(cursors, known, now, full=full)

    def received(self, name: str, body: bytes) -> Sequence[Document]:
        """1C brings no files by this road."""
        del name, body
        return ()

    @_watched
    def printed(self, kind: DocumentKind, ref: str) -> bytes | None:
        return printed(self.base, kind, ref)

    def check(self) -> Sequence[Remark]:
        return remarks(self.base)

    def close(self) -> None:
        self.base.client.close()
