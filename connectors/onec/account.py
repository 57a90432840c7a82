"""A base of 1C as rules and the house see it: sales, whatever road leads there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID, uuid5

from connectors.onec.book import Book, gone
from connectors.onec.road import Made, Road
from connectors.onec.settings import BooksSettings
from provodka.accounting import (
    Cancellation,
    Comparing,
    Document,
    DocumentKind,
    InvoiceRequest,
    NewCounterparty,
    OrderRequest,
    Printed,
    Sale,
    Terms,
)
from provodka.errors import ConnectorError, Rejected
from provodka.event import Event
from provodka.invoices import InvoiceRef
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import AccountingHint
from provodka.readiness import Remark
from provodka.stores import ByKind, ConnectorStore

NAME: Final = "1c"
_NAMESPACE: Final = UUID("6f1d2a54-5b1b-5a0e-9c53-2d2f6a0c7e11")  # fixed: a repeat must come to the same keys
_OWN: Final = (DocumentKind.INVOICE, DocumentKind.ORDER)

P = TypeVar("P")


def key_of(mark: str) -> str:
    """The key that stands for a mark for ever: repeats of an intent collide in 1C, even when our journal is lost."""
    return str(uuid5(_NAMESPACE, mark))


class OneC:
    """`provodka.accounting.AccountingAccount` over a road."""

    name = NAME

    def __init__(
        self,
        settings: BooksSettings,
        store: ConnectorStore,
        road: Road,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._book = Book(NAME, store, now, settings.settle_seconds)
        self._road = road
        self.poll_seconds = settings.poll_seconds

    @property
    def terms(self) -> Terms:
        settings = self._settings
        by_name = settings.products.create or "name" in settings.products.match
        return Terms(settings.vat, settings.vat_included, settings.currency, by_name)

    @property
    def comparing(self) -> Comparing:
        chosen = self._settings.comparison
        wins = {str(aspect): str(side) for aspect, side in chosen.wins.items()}
        return Comparing(chosen.at, chosen.days, wins, {str(aspect): name for aspect, name in chosen.fields.items()})

    # writes

    @operation(repeat=Repeat.STAMP)
    def create_counterparties(self, requests: Sequence[Request[NewCounterparty]]) -> list[Outcome]:
        """Found by ИНН and КПП, or made under a key of ours."""
        return [_one(request, self._counterparty) for request in requests]

    @create_counterparties.find
    def _find_counterparties(self, requests: Sequence[Request[NewCounterparty]]) -> list[Done | None]:
        return self._book.settled(requests, [self._known(request.params) for request in requests])

    @operation(repeat=Repeat.STAMP)
    def create_invoices(self, requests: Sequence[Request[InvoiceRequest]]) -> list[Outcome]:
        """The sale is written down first, so that whatever comes of it is known to be ours."""
        return [_one(request, self._invoice) for request in requests]

    @create_invoices.find
    def _find_invoices(self, requests: Sequence[Request[InvoiceRequest]]) -> list[Done | None]:
        return self._book.settled(requests, [self._found_invoice(request.params) for request in requests])

    @operation(repeat=Repeat.STAMP)
    def create_orders(self, requests: Sequence[Request[OrderRequest]]) -> list[Outcome]:
        """One order for a sale."""
        return [_one(request, self._order) for request in requests]

    @create_orders.find
    def _find_orders(self, requests: Sequence[Request[OrderRequest]]) -> list[Done | None]:
        return self._book.settled(requests, [self._found_order(request.params) for request in requests])

    @operation(repeat=Repeat.SAFE)
    def cancel_invoices(self, requests: Sequence[Request[Cancellation]]) -> list[Outcome]:
        """Cancelled twice is cancelled once."""
        return [_one(request, self._cancelled) for request in requests]

    # reads

    def sales(self, lead_ids: Sequence[str]) -> Mapping[str, Sequence[InvoiceRef]]:
        asked = self.asked(lead_ids)
        told = self._book.told([sale.id for some in asked.values() for sale in some])
        return {
            lead: [told[one.id][0] if one.id in told else InvoiceRef(one.id, lead) for one in some]
            for lead, some in asked.items()
        }

    def asked(self, lead_ids: Sequence[str]) -> Mapping[str, Sequence[Sale]]:
        by_lead: dict[str, list[Sale]] = {}
        for sale in self._book.sales_of([f"lead:{one}" for one in lead_ids]):
            by_lead.setdefault(sale.lead_id, []).append(sale)
        return by_lead

    def all_sales(self) -> Sequence[Sale]:
        return self._book.all_sales()

    def printed(self, sale: str, kind: DocumentKind) -> Printed | None:
        (told, _) = self._book.told([sale]).get(sale, (InvoiceRef(), ""))
        papers = {
            DocumentKind.INVOICE: told.paper,
            DocumentKind.ORDER: told.order,
            DocumentKind.SHIPMENT: told.shipments[-1] if told.shipments else None,
        }
        paper = papers.get(kind)
        if paper is None or not paper.ref:
            return None
        name = f"{_TITLES[kind]} {paper.short}.pdf"
        if body := self._road.printed(kind, paper.ref):
            return Printed(name, body)
        return self._drawn(sale, kind, paper.ref, name)

    # changes

    def derive(self, hint: AccountingHint, event: Event) -> tuple[list[Event], ByKind]:
        """Sales are hinted at by our own writing; documents by 1C, or by the file that it has brought."""
        sales = list(self._book.sales(hint.ids("sale")).values())
        wanted = {kind: hint.ids(kind.value) for kind in DocumentKind}
        wanted[DocumentKind.INVOICE] += [sale.invoice for sale in sales if sale.invoice]
        wanted[DocumentKind.ORDER] += [sale.order for sale in sales if sale.order]
        fresh = self._read(wanted)
        for name in hint.ids("file"):
            fresh |= {one.ref: one for one in self._road.received(name, event.raw)}
        return self._compared(fresh, event.received_at, sales)

    def reconcile(self, received_at: datetime, *, full: bool = False) -> tuple[list[Event], ByKind, dict[str, str]]:
        """One call per kind of document where nothing has changed.

        `full` believes no version: a base that was restored from a copy counts them anew.
        """
        cursors = {name: self._book.cursor(name) for name in _CURSORS}
        known = _nothing if full else self._book.versions
        news = self._road.changed(cursors, known, received_at, full=full)
        fresh = {one.ref: one for one in news.documents}
        for kind, refs in news.gone.items():
            fresh |= {ref: gone(one) for ref, one in self._book.documents(kind, refs).items() if not one.deleted}
        if news.since is not None:
            fresh |= self._read({kind: self._book.unseen(kind, refs, news.since) for kind, refs in news.seen.items()})
        events, snapshots = self._compared(fresh, received_at, [])
        return events, snapshots, self._book.named(dict(news.cursors))

    def check(self) -> list[Remark]:
        return list(self._road.check())

    def close(self) -> None:
        self._road.close()

    # how each is done

    def _counterparty(self, who: NewCounterparty) -> Done:
        known = self._known(who)
        return known or Done(self._road.create_counterparty(who, key_of(who.mark)))

    def _known(self, who: NewCounterparty) -> Done | None:
        found = self._road.find_counterparties(who)
        if len(found) > 1:
            names = ", ".join(f"«{one.name}» (КПП {one.kpp or 'нет'})" for one in found)
            hint = f"В 1С несколько контрагентов с ИНН {who.inn or who.name}: {names}. Объедините их или укажите КПП."
            raise Rejected(f"{len(found)} counterparties fit {who.mark}", hint=hint)
        return Done(found[0].ref, {"name": found[0].name}, found=True) if found else None

    def _invoice(self, asked: InvoiceRequest) -> Done:
        sale = self._book.sales([asked.sale]).get(asked.sale) or _sale_of(asked)
        self._book.keep(sale)
        return self._issued(sale, self._road.create_invoice(asked, key_of(asked.mark)))

    def _found_invoice(self, asked: InvoiceRequest) -> Done | None:
        """What an earlier attempt made is brought to its end: it may not have come to the posting."""
        if self._road.find_invoice(asked, key_of(asked.mark)) is None:
            return None
        return replace(self._invoice(asked), found=True)

    def _issued(self, sale: Sale, made: Made) -> Done:
        self._book.keep(replace(sale, invoice=made.ref, order=made.order or sale.order))
        values = {"sale": sale.id, "lead_id": sale.lead_id, "number": made.number, "order": made.order}
        return Done(made.ref, {name: value for name, value in values.items() if value})

    def _order(self, asked: OrderRequest) -> Done:
        sale = self._sale(asked.sale)
        return self._ordered(sale, self._road.create_order(sale, asked.mark, key_of(asked.mark)))

    def _found_order(self, asked: OrderRequest) -> Done | None:
        sale = self._sale(asked.sale)
        made = self._road.find_order(sale, asked.mark, key_of(asked.mark))
        return replace(self._order(asked), found=True) if made else None

    def _ordered(self, sale: Sale, made: Made) -> Done:
        self._book.keep(replace(sale, order=made.ref))
        return Done(made.ref, {"sale": sale.id, "lead_id": sale.lead_id, "number": made.number})

    def _cancelled(self, asked: Cancellation) -> Done:
        sale = self._sale(asked.sale)
        told, _ = self._book.told([sale.id]).get(sale.id, (InvoiceRef(), ""))
        if sale.refs:  # 1C may have refused to make any
            self._road.cancel(replace(sale, order="") if told.shipped else sale, self._book.versions)
        self._book.keep(replace(sale, cancelled=True))
        return Done(sale.invoice, {"sale": sale.id, "lead_id": sale.lead_id})

    def _sale(self, id_: str) -> Sale:
        sale = self._book.sales([id_]).get(id_)
        if sale is None:
            raise Rejected(f"there is no sale {id_}", hint="У сделки нет счёта: поставьте перед этим issue_invoice")
        return sale

    def _read(self, wanted: Mapping[DocumentKind, Sequence[str]]) -> dict[str, Document]:
        """Those that are gone are told so, where the mirror knows them."""
        fresh: dict[str, Document] = {}
        for kind, refs in wanted.items():
            ids = list(dict.fromkeys(refs))
            found = self._road.read(kind, ids) if ids else {}
            lost = [ref for ref in ids if ref not in found]
            fresh |= {ref: gone(one) for ref, one in self._book.documents(kind, lost).items()}
            fresh |= {ref: one for ref, one in found.items() if one is not None}
        return fresh

    def _drawn(self, sale: str, kind: DocumentKind, ref: str, name: str) -> Printed | None:
        """Our own form of an invoice, where the settings ask for one."""
        document = self._book.documents(kind, [ref]).get(ref)
        if self._settings.own_form is None or kind is not DocumentKind.INVOICE or document is None:
            return None
        from connectors.onec.own_form import draw  # it loads a PDF library

        return Printed(name, draw(self._sale(sale), document, self._settings), own=True)

    def _compared(
        self, fresh: Mapping[str, Document], received_at: datetime, sales: Sequence[Sale]
    ) -> tuple[list[Event], ByKind]:
        touched = {sale.id: sale for sale in (*sales, *self._book.touched(list(fresh.values())))}
        return self._book.compare(list(touched.values()), fresh, received_at)


_CURSORS: Final = ("changes", "wide")
_TITLES: Final = {
    DocumentKind.INVOICE: "Счёт",
    DocumentKind.ORDER: "Заказ",
    DocumentKind.SHIPMENT: "Накладная",
    DocumentKind.PAYMENT: "Оплата",
}


def _sale_of(asked: InvoiceRequest) -> Sale:
    return Sale(
        asked.sale,
        asked.lead_id,
        asked.mark,
        counterparty=asked.counterparty,
        buyer=asked.buyer.full_name or asked.buyer.name,
        inn=asked.buyer.inn,
        kpp=asked.buyer.kpp,
        address=asked.buyer.address,
        vat_included=asked.vat_included,
        asked=asked.lines,
        amount=asked.amount,
    )


def _nothing(kind: DocumentKind, refs: Sequence[str]) -> Mapping[str, str]:
    del kind, refs
    return {}


def _one(request: Request[P], work: Callable[[P], Done]) -> Outcome:
    """Each is answered for itself: 1C takes one at a time."""
    try:
        return work(request.params)
    except ConnectorError as error:
        return error
