"""What payment services have in common: bills, and the page on which somebody pays one, or has it given back."""

from __future__ import annotations

import html
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from threading import RLock
from typing import Any, ClassVar, Final

from flask import Flask, Response, redirect, request

from sandbox.pages import gettext
from sandbox.senders.http import Signing
from sandbox.senders.paper import page
from sandbox.senders.service import Answers, Client, Service, utc_now

DEEDS: Final = {
    "pay": "Оплатить",
    "hold": "Только удержать",
    "refuse": "Отказать",
    "refund_part": "Вернуть часть",
    "refund": "Вернуть всё",
}
STATES: Final = {
    "new": "ждёт оплаты",
    "held": "деньги удержаны",
    "paid": "оплачен",
    "refused": "отклонён",
    "refunded": "деньги возвращены",
}
_MOVES: Final[Mapping[str, tuple[str, ...]]] = {
    "pay": ("new", "held", "refused"),
    "hold": ("new",),
    "refuse": ("new", "held"),
    "refund_part": ("paid",),
    "refund": ("paid",),
}


@dataclass
class Bill:
    """A payment as its service knows it. `given_back` are its refunds, in their order."""

    id: str
    order: str
    amount: Decimal
    text: str = ""
    state: str = "new"
    email: str = ""
    given_back: list[Decimal] = field(default_factory=list)
    made_at: datetime = field(default_factory=utc_now)
    notify: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def refunded(self) -> Decimal:
        return sum(self.given_back, Decimal(0))


class Paying(Service):
    """A payment service. A subclass makes bills and says by `tell` what it sends when something was done with one.

    `answers` are what the receiver said to what was sent from the page; `silent` loses all notices.
    """

    group: ClassVar[str] = "Оплаты"
    buttons: ClassVar[Mapping[str, str]] = {
        **{deed: f"{label} (последний счёт)" for deed, label in DEEDS.items()},
        "strange": "Оплата не по нашей ссылке",
    }

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.lock = RLock()
        self.base = ""
        self.url = self.defaults.get("url", "")
        self.reset()

    def reset(self) -> None:
        self.signing = Signing.GOOD
        self.silent = False
        self.bills: dict[str, Bill] = {}
        self.answers: Answers = []

    def point(self, given: Mapping[str, str]) -> None:
        self.url = given.get("url", self.url)

    def stats(self) -> dict[str, Any]:
        return {"bills": len(self.bills), "paid": sum(bill.state == "paid" for bill in self.bills.values())}

    @property
    def own_page(self) -> str:
        return f"{self.prefix}/pay/"

    @abstractmethod
    def tell(self, bill: Bill, deed: str, given: Mapping[str, str]) -> Answers:
        """Send what the real service sends after such a deed."""

    def strange(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Somebody pays what no order of ours asked for."""
        bill = self.new_bill("site-55", Decimal("990.00"), "Заказ с сайта")
        bill.email = client.email
        return self.do(bill.id, "pay", given)

    def new_bill(self, order: str, amount: Decimal, text: str, **about: object) -> Bill:
        """Put a bill down."""
        with self.lock:
            bill = Bill(self.next_id(), order, amount, text, made_at=self.now(), about=about)
            self.bills[bill.id] = bill
            return bill

    def next_id(self) -> str:
        """The id of the next bill."""
        return str(4_100_010_470 + len(self.bills))

    def pay(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._last("pay", client, given)

    def hold(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._last("hold", client, given)

    def refuse(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._last("refuse", client, given)

    def refund_part(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._last("refund_part", client, given)

    def refund(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._last("refund", client, given)

    def do(self, id_: str, deed: str, given: Mapping[str, str] | None = None) -> Answers:
        """What somebody does with a bill; the receiver's answers. A deed that its state does not allow does nothing."""
        with self.lock:
            bill = self.bills[id_]
            if bill.state not in _MOVES[deed]:
                return []
            self._done(bill, deed)
        sent = [] if self.silent else self.tell(bill, deed, given or {"url": bill.notify or self.url})
        self.answers += sent
        return sent

    def mount(self, app: Flask) -> None:
        app.add_url_rule(self.own_page, f"{self.name}_bills", self._bills)
        app.add_url_rule(f"{self.prefix}/pay/<id_>", f"{self.name}_page", self._page)
        app.add_url_rule(f"{self.prefix}/pay/<id_>/<deed>", f"{self.name}_deed", self._pressed, methods=["POST"])
        app.before_request(self._note_base)

    def page_of(self, bill: Bill) -> str:
        """The address of the page of a bill."""
        return f"{self.base}{self.prefix}/pay/{bill.id}"

    def _last(self, deed: str, client: Client, given: Mapping[str, str]) -> Answers:
        fitting = [bill for bill in self.bills.values() if bill.state in _MOVES[deed]]
        if not fitting:
            return []
        fitting[-1].email = fitting[-1].email or client.email
        return self.do(fitting[-1].id, deed, given)

    def _done(self, bill: Bill, deed: str) -> None:
        left = bill.amount - bill.refunded
        match deed:
            case "pay":
                bill.state = "paid"
            case "hold":
                bill.state = "held"
            case "refuse":
                bill.state = "refused"
            case "refund_part":
                bill.given_back.append(min(left, (bill.amount / 4).quantize(Decimal("0.01"))))
            case "refund":
                bill.given_back.append(left)
        if bill.refunded >= bill.amount:
            bill.state = "refunded"

    def _note_base(self) -> None:
        self.base = request.host_url.rstrip("/")

    def _page(self, id_: str) -> Response:
        if id_ not in self.bills:
            return Response("нет такого счёта", status=404, mimetype="text/plain")
        return self._shown(self.bills[id_])

    def _bills(self) -> Response:
        """All bills, the newest first."""
        rows = "".join(
            f'<tr><td><a href="{html.escape(self.page_of(bill))}">{html.escape(bill.text or bill.id)}</a>'
            f'<td class="number">{_money(bill.amount)}<td>{gettext(STATES[bill.state])}'
            f"<td>{html.escape(bill.order or bill.id)}"
            for bill in reversed(self.bills.values())
        )
        kinds = (("За что", ""), ("Сумма", " class=number"), ("Состояние", ""), ("Заказ", ""))
        head = "".join(f"<th scope=col{kind}>{gettext(word)}" for word, kind in kinds)
        table = f'<div class="wide"><table><tr>{head}{rows}</table></div>' if rows else gettext("Счетов пока нет.")
        under = gettext("Счета в песочнице: деньги не настоящие, откройте счёт и оплатите его за клиента.")
        return page(gettext(self.title), table, under=under)

    def _pressed(self, id_: str, deed: str) -> Response:
        if id_ not in self.bills or deed not in DEEDS:
            return Response("нет такого счёта", status=404, mimetype="text/plain")
        self.do(id_, deed)
        return Response(status=303, headers={"Location": redirect(self.page_of(self.bills[id_])).location or ""})

    def _shown(self, bill: Bill) -> Response:
        deeds = [deed for deed in DEEDS if bill.state in _MOVES[deed]]
        base = f"{self.prefix}/pay/{html.escape(bill.id)}"
        buttons = "".join(
            f'<button formaction="{base}/{deed}" class="{"first" if deed == "pay" else "second"}">'
            f"{gettext(DEEDS[deed])}</button>"
            for deed in deeds
        )
        back = f"<p>{gettext('Возвращено: %s') % _money(bill.refunded)}</p>" if bill.refunded else ""
        order = gettext("Заказ %s") % html.escape(bill.order or bill.id)
        body = (
            f'<p>{html.escape(bill.text)}</p><p class="total">{_money(bill.amount)}</p>'
            f'<p class="quiet">{order}: {gettext(STATES[bill.state])}</p>{back}'
            f'<form class="row" method="post">{buttons}</form>'
            f'<p><a href="{self.own_page}">{gettext("Все счета")}</a></p>'
        )
        return page(gettext(self.title), body, under=gettext("Песочница: деньги не настоящие"), narrow=True)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f} ₽".replace(",", "\u00a0").replace(".", ",")
