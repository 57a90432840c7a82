"""What people know by a number: invoices, orders, payments, shipments, requests. A number is kept with the lane of its
event, as a name is (`naming.py`), so that nothing moves when two lanes join."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from provodka.invoices import InvoiceRef, Paper
from provodka.journal.schema import events, numbered
from provodka.journal.sql import begins, insert_at_once
from provodka.payloads import EventType, FormSubmitted, InvoiceEvent, Payload, PaymentEvent, RowAdded

INVOICE: Final = "invoice"
ORDER: Final = "order"
PAYMENT: Final = "payment"
SHIPMENT: Final = "shipment"
REQUEST: Final = "request"

LONGEST: Final = 64  # signs of a number
_LONG: Final = 20  # what is longer is no number that somebody says by its end, but a machine's
_GROUP: Final = 3  # digits
_ALIKE: Final = str.maketrans("авекмнорстух", "abekmhopctyx")
_KEY: Final = ("tail", "whole", "kind", "lane")
_LOOKED_AT: Final = 1_000  # of those that end alike
_TYPED: Final = re.compile(r"([a-zа-я]*)[\W_]*(\d+)")
_NUMBER_OF_1C: Final = frozenset({INVOICE, ORDER, PAYMENT, SHIPMENT})  # kinds of `Paper`
_BY_NAME: Final = {
    **dict.fromkeys(("orderid", "ordernumber", "ordernum", "orderno", "номерзаказа", "заказа"), ORDER),
    **dict.fromkeys(("invoiceid", "invoicenumber", "invoiceno", "номерсчета", "счета"), INVOICE),
    **dict.fromkeys(("paymentid", "paymentnumber", "номерплатежа", "номероплаты"), PAYMENT),
    **dict.fromkeys(("requestnumber", "applicationid", "номерзаявки", "заявки"), REQUEST),
}
"""The names of fields of forms and tables that hold a number, by their letters alone («№ заказа» is `заказа`)."""
_SHOP: Final = "orderkey"  # beside it WooCommerce calls the order's number `number`
_RESULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "issue_invoice": {"number": INVOICE},
    "place_order": {"number": ORDER},
    "payment_link": {"order": ORDER, "payment": PAYMENT},
}
"""By kind of action, the values of its result that are numbers."""
CARRIERS: Final = tuple(
    kind
    for kind in EventType
    if kind.value.startswith(("invoice.", "order.", "payment."))
    or kind in (EventType.FORM_SUBMITTED, EventType.TABLE_ROW_ADDED)
)
"""The types of events that may carry a number."""
MAKERS: Final = tuple(_RESULTS)
"""The kinds of actions whose result may have one."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A number as it was written, what it is of (`invoice`, `order`, …), and the lane of whoever it belongs to."""

    kind: str
    number: str
    lane: int


def numbers_of(payload: Payload, external_id: str) -> list[tuple[str, str]]:
    """(kind, number) of all that an event tells of. The key of a partner's request is what the partner was answered."""
    match payload:
        case InvoiceEvent(invoice=invoice, document=document):
            found = _of_sale(invoice, document)
        case PaymentEvent(payment=payment):
            found = [(ORDER, payment.order), (PAYMENT, payment.id)]
        case FormSubmitted(form=form, order=order, partner=partner):
            found = [*_of_fields(form.fields), (ORDER, order.id if order else "")]
            if partner is not None:
                found += [(REQUEST, partner.request), (REQUEST, external_id)]
        case RowAdded(row=row):
            found = _of_fields(row.fields)
        case _:
            return []
    return list(dict.fromkeys(one for one in found if one[1]))


def numbers_of_result(kind: str, values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(kind, number) of what a done action of this kind has made."""
    named = _RESULTS.get(kind, {})
    return tuple((what, values[name]) for name, what in named.items() if values.get(name))


def put_numbers(connection: Connection, numbers: Iterable[tuple[int, str, str]]) -> None:
    """Keep (lane, kind, number); those that are kept already stay, and what is no number is left out."""
    rows = {}
    for lane, kind, number in numbers:
        shown = " ".join(number.split())
        if key := key_of(shown):
            rows[(*key, kind, lane)] = shown
    if rows:
        values = [(*key, shown) for key, shown in sorted(rows.items())]
        insert_at_once(connection, numbered, (*_KEY, "number"), _KEY, values)


def key_of(number: str) -> tuple[str, str] | None:
    """How a number is looked for: its last digits without the zeros before them, and all its letters and digits, those
    of one look as one. None where it has no digit, or is too long."""
    folded = _folded(number)
    whole = re.sub(r"[\W_]+", "", folded)
    digits = re.findall(r"\d+", folded)
    if not digits or len(number) > LONGEST:
        return None
    return (whole if len(whole) > _LONG else _tail(digits[-1])), whole


def _tail(digits: str) -> str:
    return digits.lstrip("0") or "0"


def lanes_numbered(connection: Connection, typed: str, most: int) -> list[Numbered]:
    """Whose number it is, the newest first, no more than `most`: the number as it stands, else, where no more than a
    few letters stand before its digits, those that begin with the letters and end with the digits; else the digits
    alone, grouped by thousands or not."""
    key = key_of(typed)
    if key is None:
        return []
    tail, whole = key
    short = _TYPED.fullmatch(_folded(typed))
    found = []
    if short is None or short[1]:
        found = _read(connection, tail, whole, most, alone=True)
    if short is not None and not found:
        found = _read(connection, tail, short[1], most, alone=False)
    if not found and whole.isdecimal():  # «12 345» on one of the two sides, 12345 on the other
        tails = {_tail(whole), _tail(whole[-_GROUP:])} - {tail}
        found = [one for other in tails for one in _read(connection, other, whole, most, alone=True)]
    return found


def _read(connection: Connection, tail: str, whole: str, most: int, *, alone: bool) -> list[Numbered]:
    mine = numbered.c.whole == whole if alone else begins(connection, numbered.c.whole, whole)
    some = select(numbered).where(numbered.c.tail == tail, mine).limit(_LOOKED_AT).subquery()
    query = select(some.c.kind, some.c.number, events.c.lane).join(events, events.c.seq == some.c.lane)
    rows = connection.execute(query.where(events.c.lane.is_not(None)).order_by(some.c.lane.desc())).all()
    return list(dict.fromkeys(Numbered(row.kind, row.number, row.lane) for row in rows))[:most]


def _folded(number: str) -> str:
    return number.strip().casefold().replace("ё", "е").translate(_ALIKE)


def _of_sale(invoice: InvoiceRef, document: Paper | None) -> list[tuple[str, str]]:
    papers = [one for one in (document, invoice.order) if one is not None]
    return [(INVOICE, invoice.number), *((one.kind, one.number) for one in papers if one.kind in _NUMBER_OF_1C)]


def _of_fields(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """Numbers of orders and the like among what somebody has filled in, by the names of the fields."""
    found, names = [], {}
    for name, value in fields.items():
        above, _, last = name.casefold().replace("ё", "е").rpartition(".")
        names[_letters(last)] = value
        kind = _BY_NAME.get(_letters(last)) or _BY_NAME.get(_letters(above.rpartition(".")[2] + last))
        if kind:
            found.append((kind, value))
    if _SHOP in names and "number" in names:
        found.append((ORDER, names["number"]))
    return found


def _letters(name: str) -> str:
    return re.sub(r"[\W_\d]+", "", name)
