"""What people fill in: forms, orders, rows of tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from provodka.own_pages import Partner
from provodka.visits import Utm

DOUBLE_WITHIN: Final = timedelta(minutes=5)
"""How long the same answers of the same person count once, where a channel does not say otherwise."""

_ASIDE: Final = ("meta.", "extra.", "cookies.", "request.", "server.")
_OF_ELEMENTOR: Final = frozenset({"дата", "время", "date", "time"})  # beside «Powered by»: nobody's answer
_OF_THE_MOMENT: Final = frozenset(
    {
        "created", "createdat", "createdon", "timestamp", "ts", "submittedat", "sentat", "requestid",
        "transactionid", "tranid", "useragent", "remoteip", "ip", "ipaddress", "referer", "referrer", "nonce",
        "token", "csrf", "csrftoken", "wpnonce", "captcha", "recaptcha", "grecaptcharesponse",
        "smartcaptcharesponse", "hcaptcharesponse", "отметкавремени",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A filled-in form. `fields` holds what is not the person's name, phone or email, by the sender's own names."""

    name: str = ""
    id: str = ""
    page: str = ""
    comment: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order; sums in the form's currency."""

    name: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that came with a form."""

    id: str = ""
    amount: Decimal = Decimal(0)
    lines: tuple[OrderLine, ...] = ()
    promocode: str = ""
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class FormSubmitted:
    """`form.submitted`. `lead_id` is the lead that a questionnaire's own link names, `partner` who has sent it in."""

    form: Form = field(default_factory=Form)
    utm: Utm = field(default_factory=Utm)
    order: Order | None = None
    lead_id: str = ""
    partner: Partner | None = None


@dataclass(frozen=True, slots=True)
class FormSpam:
    """`form.spam`: a form that a robot has filled in; `why` says by what it was known. No rule for people starts."""

    form: Form = field(default_factory=Form)
    utm: Utm = field(default_factory=Utm)
    why: str = ""


def same_answers(one: FormSubmitted, other: FormSubmitted) -> bool:
    """Whether two forms say the same, whatever page, marks, order number and moment they tell of."""
    return _said(one) == _said(other)


def _said(filled: FormSubmitted) -> tuple[Any, ...]:
    form, order = filled.form, filled.order
    lines = () if order is None else (order.lines, order.amount, order.promocode, order.delivery)
    return form.id, form.name, form.comment, _answers(form.fields), lines, filled.lead_id


def _answers(fields: Mapping[str, str]) -> dict[str, str]:
    """Without what is of the moment, the browser or the sender's own bookkeeping, and not the person's answer."""
    names = {name: _plain(name) for name in fields if not name.startswith(_ASIDE)}
    aside = _OF_THE_MOMENT | (_OF_ELEMENTOR if "poweredby" in names.values() else frozenset())
    return {name: fields[name] for name, plain in names.items() if plain not in aside}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.rpartition(".")[2].lower())


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table. `table` is the file or spreadsheet, `number` the row as people count it, from 1.

    `fields` holds what is not the person's name, phone or email, by the headings of the columns.
    """

    table: str = ""
    sheet: str = ""
    number: int = 0
    comment: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowAdded:
    """`table.row_added`. `imported`: it came by `provodka import`, and nobody waits for it."""

    row: TableRow = field(default_factory=TableRow)
    utm: Utm = field(default_factory=Utm)
    imported: bool = False
