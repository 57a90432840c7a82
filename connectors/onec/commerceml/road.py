"""The road on which 1C comes to us: what is asked lies ready for it, what it said last is in the mirror.

One document of 1C, its «Заказ клиента», is both the invoice and the order of a sale. The invoice is there as soon as
1C tells its number. The order is there once 1C has taken our word that it is to be worked on (`create_order`), and
counts as long as that document does. A payment and a shipment are each one fact without a sum: they are told as
documents of the whole sum, `<Ид>:payment` and `<Ид>:shipment`, and are gone when 1C tells of them no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from connectors.onec.book import Book
from connectors.onec.commerceml.outgoing import Outgoing, Shelf
from connectors.onec.commerceml.reader import read
from connectors.onec.commerceml.settings import CommerceMLSettings
from connectors.onec.commerceml.told import documents_of, invoice_of, order_of, ref_of
from connectors.onec.commerceml.tree import ID
from connectors.onec.road import Made, News, Versions
from provodka.accounting import Counterparty, Document, DocumentKind, InvoiceRequest, NewCounterparty, Sale
from provodka.errors import Rejected
from provodka.readiness import Remark, Weight
from provodka.stores import ConnectorStore

_PATIENCE: Final = timedelta(days=1)
_PAGE: Final = 500
_NO_ORDER: Final = "Счёт выставлен не через этот обмен: отмените его в 1С или выставьте новый."


class CommerceMLRoad:
    """`connectors.onec.road.Road`; nothing here waits for 1C."""

    def __init__(
        self,
        settings: CommerceMLSettings,
        store: ConnectorStore,
        book: Book,
        key_of: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        """`book` is the account's, `key_of` its way from a text to a UUID."""
        self._settings = settings
        self._store = store
        self._shelf = Shelf(book.name, store, now)
        self._book = book
        self._key_of = key_of
        self._now = now

    # what is laid out

    def find_counterparties(self, who: NewCounterparty) -> Sequence[Counterparty]:
        """1C looks for itself, when it takes the order: by ИНН and КПП."""
        del who
        return ()

    def create_counterparty(self, who: NewCounterparty, ref: str) -> str:
        """It goes with the order."""
        del who
        return ref

    def create_invoice(self, asked: InvoiceRequest, ref: str) -> Made:
        """Its number comes when 1C has taken it and told of it."""
        return self._made(self._shelf.lay(ref, asked), DocumentKind.INVOICE)

    def find_invoice(self, asked: InvoiceRequest, ref: str) -> Made | None:
        del asked
        found = self._shelf.some([ref]).get(ref)
        return self._made(found, DocumentKind.INVOICE) if found else None

    def create_order(self, sale: Sale, mark: str, ref: str) -> Made:
        """1C is told to work on it (status «Оплачен», «Заказ оплачен»)."""
        del mark, ref
        return self._made(_known(self._shelf.order(sale.invoice), sale), DocumentKind.ORDER)

    def find_order(self, sale: Sale, mark: str, ref: str) -> Made | None:
        del mark, ref
        found = self._shelf.some([sale.invoice]).get(sale.invoice)
        return self._made(found, DocumentKind.ORDER) if found and found.ordered else None

    def cancel(self, sale: Sale, known: Versions) -> None:
        """1C is told that it is off («Отменен»); what a person has changed there is theirs to say."""
        del known
        _known(self._shelf.cancel(sale.invoice), sale)

    # what 1C said

    def read(self, kind: DocumentKind, refs: Sequence[str]) -> Mapping[str, Document | None]:
        """All is as 1C told it last; but an order begins when 1C has taken our word for it, without telling of it."""
        if kind is not DocumentKind.ORDER:
            return dict.fromkeys(refs)
        there = self._book.documents(kind, refs)
        new = [invoice_of(kind, ref) for ref in refs if ref not in there]
        taken = [one.id for one in self._shelf.some(new).values() if one.in_work]
        told = self._book.documents(DocumentKind.INVOICE, taken)
        return {**dict.fromkeys(refs), **{ref_of(kind, one): order_of(invoice) for one, invoice in told.items()}}

    def changed(self, cursors: Mapping[str, str], known: Versions, now: datetime, *, full: bool) -> News:
        """Nothing can be asked: 1C says itself what has changed. `full` finds the orders of which nobody heard that 1C
        has taken them, as we were killed at that moment."""
        del cursors, known, now
        taken = self._shelf.in_work() if full else []
        begun = self.read(DocumentKind.ORDER, [ref_of(DocumentKind.ORDER, one.id) for one in taken])
        return News([order for order in begun.values() if order is not None])

    def received(self, name: str, body: bytes) -> Sequence[Document]:
        """What a file tells of our orders, and of others where the settings say so.

        An order of a file that was formed before the last one that told of it is passed over: files may be worked on
        in another order than they came. A file that is older by more than a day is believed: 1C's clock was set.
        """
        del name
        file = read(body, ZoneInfo(self._settings.timezone))  # it was read before 1C was told success
        ours = self._shelf.some(one.id for one in file.orders)
        by_number = self._shelf.numbered(one.site_number for one in file.orders if one.id not in ours)
        found: dict[str, Document] = {}
        for told in file.orders:
            one = ours.get(told.id) or by_number.get(told.site_number)
            if one is not None or self._settings.take_foreign:
                ref = one.id if one else self._foreign(told.id)
                found |= {document.ref: document for document in documents_of(told, ref, one, file.formed)}
        return self._newest(found, file.formed)

    def printed(self, kind: DocumentKind, ref: str) -> bytes | None:
        """Printed forms do not travel by this road."""
        del kind, ref
        return None

    def check(self) -> Sequence[Remark]:
        waiting = [one for one in self._shelf.pending() if self._now() - one.changed_at > _PATIENCE]
        if not waiting:
            return ()
        text = f"orders that 1C has not taken for more than a day: {len(waiting)}, the oldest is {waiting[0].number}"
        cure = "Проверьте в 1С расписание обмена с сайтом, адрес, логин и пароль, и журнал последнего обмена."
        return (Remark((), text, cure, Weight.WARNING),)

    def close(self) -> None:
        """There is no connection."""

    # details

    def _made(self, one: Outgoing, kind: DocumentKind) -> Made:
        told = self._book.documents(DocumentKind.INVOICE, [one.id]).get(one.id)
        return Made(ref_of(kind, one.id), told.number if told else "")

    def _foreign(self, id_: str) -> str:
        """The ref of a document made in 1C: its «Ид», where that is no longer than a schema allows."""
        return id_ if len(id_) <= ID else self._key_of(id_)

    def _newest(self, found: Mapping[str, Document], formed: str) -> list[Document]:
        invoices = [one.ref for one in found.values() if one.kind is DocumentKind.INVOICE]
        known = self._book.documents(DocumentKind.INVOICE, invoices)
        late = {ref for ref, one in known.items() if _late(formed, one.version.partition(" ")[0])}
        return [one for one in found.values() if invoice_of(one.kind, one.ref) not in late]


def _known(found: Outgoing | None, sale: Sale) -> Outgoing:
    if found is None:
        raise Rejected(f"the invoice of sale {sale.id} was not made by this exchange", hint=_NO_ORDER)
    return found


def _late(formed: str, before: str) -> bool:
    try:
        behind = datetime.fromisoformat(before) - datetime.fromisoformat(formed)
    except (ValueError, TypeError):
        return False
    return timedelta(0) < behind < _PATIENCE
