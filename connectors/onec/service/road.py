"""The road through a service of 1C, whether it speaks JSON or SOAP: idempotent by our mark, changes by a cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from connectors.onec.cures import CLASH, NOT_FOUND
from connectors.onec.published import Published
from connectors.onec.refusals import UNOFFERED
from connectors.onec.road import Made, News, Versions
from connectors.onec.service.feed import CURSOR, Feed
from connectors.onec.service.shapes import Json, Page, counterparties, document, is_deleted, made
from connectors.onec.service.values import exact, text
from provodka.accounting import (
    Counterparty,
    Document,
    DocumentKind,
    InvoiceRequest,
    NewCounterparty,
    PartyKind,
    Sale,
)
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.readiness import Look, Remark, looked

_CHANGED: Final = "Документ в 1С изменили после выставления, поэтому он не отменён: отмените его в 1С."
_NO_PDF: Final = "Вместо печатной формы 1С прислала другое. Администратору 1С: ответ должен быть PDF."


class Service(Protocol):
    """What a service of 1C can be asked for; answers by the names of the contract (`shapes`).

    Raises with a code of UNOFFERED for what this service has not got, with NOT_FOUND for what 1C has not.
    """

    def firms(self, inn: str, kpp: str) -> Sequence[Json]: ...

    def persons(self, who: NewCounterparty) -> Sequence[Json]:
        """Those without ИНН that have this mark, else this name."""

    def put_counterparty(self, who: NewCounterparty) -> Json: ...

    def put_invoice(self, asked: InvoiceRequest, ref: str, now: datetime) -> Json: ...

    def put_order(self, invoice: str, mark: str, ref: str, now: datetime) -> Json: ...

    def by_mark(self, kind: DocumentKind, mark: str) -> Json: ...

    def by_ref(self, ref: str) -> Json: ...

    def cancel(self, ref: str) -> None: ...

    def page(self, cursor: str) -> Page: ...

    def pdf(self, ref: str) -> bytes: ...

    def looks(self) -> Sequence[Look]: ...

    def close(self) -> None: ...


class ServiceRoad:
    """`connectors.onec.road.Road` over a service."""

    def __init__(self, settings: Published, service: Service, now: Callable[[], datetime]) -> None:
        self._service = service
        self._now = now
        self._zone = ZoneInfo(settings.timezone)
        days = max(settings.wide_days, settings.comparison.days)
        self._feed = Feed(service.page, self._whole, self._zone, days)

    def find_counterparties(self, who: NewCounterparty) -> Sequence[Counterparty]:
        """Who cannot be looked for by this service is recognised when it is asked to create one."""
        kpp = who.kpp if who.kind is PartyKind.LEGAL else ""
        try:
            told = self._service.firms(who.inn, kpp) if who.inn else self._service.persons(who)
        except ConnectorError as error:
            if error.code not in UNOFFERED:
                raise
            return ()
        return [one for one in counterparties(told) if one.inn == who.inn and (not kpp or one.kpp == kpp)]

    def create_counterparty(self, who: NewCounterparty, ref: str) -> str:
        del ref  # 1C gives its own; the mark is what it is recognised by
        return made(self._service.put_counterparty(who)).ref

    def create_invoice(self, asked: InvoiceRequest, ref: str) -> Made:
        try:
            return made(self._service.put_invoice(asked, ref, self._now()))
        except Rejected as error:
            there = self._other(error, DocumentKind.INVOICE, asked.mark)
            if there is None or exact(there.get("sum")) != asked.amount:
                raise
            return made(there)

    def find_invoice(self, asked: InvoiceRequest, ref: str) -> Made | None:
        return self._find(DocumentKind.INVOICE, asked.mark, lambda: self.create_invoice(asked, ref))

    def create_order(self, sale: Sale, mark: str, ref: str) -> Made:
        try:
            return made(self._service.put_order(sale.invoice, mark, ref, self._now()))
        except Rejected as error:
            if (there := self._other(error, DocumentKind.ORDER, mark)) is None:
                raise
            return made(there)

    def find_order(self, sale: Sale, mark: str, ref: str) -> Made | None:
        return self._find(DocumentKind.ORDER, mark, lambda: self.create_order(sale, mark, ref))

    def cancel(self, sale: Sale, known: Versions) -> None:
        for kind, ref in ((DocumentKind.ORDER, sale.order), (DocumentKind.INVOICE, sale.invoice)):
            if not ref or (told := self._whole(ref)) is None or is_deleted(told):
                continue
            ours, theirs = known(kind, [ref]).get(ref, ""), text(told.get("version"))
            if ours and theirs and ours != theirs:
                raise Rejected(f"{text(told.get('number'))} was changed in 1C meanwhile", hint=_CHANGED)
            self._service.cancel(ref)

    def read(self, kind: DocumentKind, refs: Sequence[str]) -> Mapping[str, Document]:
        """One call for each."""
        found = {ref: document(told, self._zone) for ref in refs if (told := self._whole(ref)) is not None}
        return {ref: one for ref, one in found.items() if one is not None and one.kind is kind}

    def changed(self, cursors: Mapping[str, str], known: Versions, now: datetime, *, full: bool) -> News:
        """One call where nothing has changed, whatever the kinds."""
        return self._feed.changed(cursors.get(CURSOR, ""), known, now, full=full)

    def received(self, name: str, body: bytes) -> Sequence[Document]:
        del name, body
        return ()

    def printed(self, kind: DocumentKind, ref: str) -> bytes | None:
        del kind
        try:
            body = self._service.pdf(ref)
        except ConnectorError as error:
            if error.code in (NOT_FOUND, *UNOFFERED):
                return None
            raise
        if not body.startswith(b"%PDF"):
            raise Retryable("the printed form is no PDF", hint=_NO_PDF)
        return body

    def check(self) -> Sequence[Remark]:
        return looked(self._service.looks())

    def close(self) -> None:
        self._service.close()

    def _whole(self, ref: str) -> Json | None:
        return _or_none(lambda: self._service.by_ref(ref))

    def _find(self, kind: DocumentKind, mark: str, again: Callable[[], Made]) -> Made | None:
        """A service that cannot look by our mark is asked to create again: by the contract that makes no second one."""
        try:
            told = _or_none(lambda: self._service.by_mark(kind, mark))
        except ConnectorError as error:
            if error.code in UNOFFERED:
                return again()
            raise
        return made(told) if told is not None else None

    def _other(self, error: Rejected, kind: DocumentKind, mark: str) -> Json | None:
        """What 1C has under our mark when it takes our repeat for something else: it may count the date of the call."""
        if error.code != CLASH:
            return None
        try:
            return _or_none(lambda: self._service.by_mark(kind, mark))
        except ConnectorError:  # then the clash itself is told
            return None


def _or_none(ask: Callable[[], Json]) -> Json | None:
    """None where 1C itself says that there is no such thing."""
    try:
        return ask()
    except Rejected as error:
        if error.code == NOT_FOUND:
            return None
        raise
