"""Each service against its emulator: a link is made, somebody pays on its page, and the event comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from connectors.looking import Looking
from connectors.payments.orders import Orders
from connectors.payments.watching import PaymentWatcher
from connectors.registry import CHANNELS
from provodka.cashier import ReceiptLine
from provodka.channel import Delivery, Received, RefusedError
from provodka.errors import Rejected
from provodka.operation import Done, Request
from provodka.payloads import PaymentEvent, PaymentWay
from sandbox.senders import robokassa, tbank, yookassa
from sandbox.senders.http import Signing
from sandbox.senders.paying import Paying
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from tests.connectors.calls.memory_intake import MemoryIntake, MemoryStatus
from tests.connectors.memory_store import MemoryStore
from tests.connectors.payments.bench import REQUEST
from tests.contract.case import NOW, around

SETTINGS: dict[str, Callable[[str], dict[str, Any]]] = {
    "robokassa": lambda url: {
        "login": "sandbox",
        "password1": "sandbox1",
        "password2": "sandbox2",
        "pay_url": f"{url}/robokassa/Merchant/Index.aspx",
        "api_url": f"{url}/robokassa/Merchant/WebService/Service.asmx",
    },
    "yookassa": lambda url: {"shop_id": "100500", "key": "sandbox", "api_url": f"{url}/yookassa", "test": True},
    "tbank": lambda url: {"terminal": "SANDBOX", "password": "sandbox", "api_url": f"{url}/tbank/v2"},
}
PLAYED: dict[str, Any] = {"robokassa": robokassa.Robokassa, "yookassa": yookassa.YooKassa, "tbank": tbank.TBank}
SENDING = {"robokassa": robokassa, "yookassa": yookassa, "tbank": tbank}


@dataclass
class Shop:
    """A channel beside its emulator; what the emulator sends comes straight to the receiver."""

    kind: str
    url: str
    service: Paying
    more: dict[str, Any] = field(default_factory=dict)
    intake: MemoryIntake = field(default_factory=lambda: MemoryIntake(NOW))
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = NOW
        self.around = replace(around(MemoryStore()), now=lambda: self.now)
        self.settings = (
            CHANNELS[self.kind]
            .model()
            .model_validate({**SETTINGS[self.kind](self.url), "per_second": 1000, **self.more})
        )
        self.receiver, self.cashier = self.part("receiver"), self.part("cashier")
        self.watcher: PaymentWatcher = self.part("watcher")

    def part(self, name: str) -> Any:
        return CHANNELS[self.kind].open(name, "pay", self.settings, self.around)

    def take(self, url: str, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Any:
        del url
        given = {"content-type": content_type, **{name.lower(): value for name, value in (headers or {}).items()}}
        delivery = Delivery("POST", "", given, {}, body, self.now)
        answer = requests.Response()
        try:
            received: Received = self.receiver.receive(delivery, lambda key: self.intake.parts("pay", key))
        except RefusedError as error:
            self.refused.append(str(error))
            answer.status_code = 403
            return answer
        self.intake.accept(received.events, channel="pay", parts=received.parts)
        answer.status_code, answer._content = received.reply.status, received.reply.body
        return answer

    def link(self, key: str = "key-1", **more: Any) -> str:
        [outcome] = self.cashier.ask([Request(key, replace(REQUEST, **more))])
        assert isinstance(outcome, Done), outcome
        return outcome.values["url"]

    def open(self, url: str) -> str:
        """As a browser does; the id of the bill."""
        answer = requests.get(url, timeout=30)
        assert answer.status_code == 200, answer.text
        assert "12\N{NO-BREAK SPACE}500,50 ₽" in answer.text
        return urlsplit(answer.url).path.rpartition("/")[2]

    def look(self, after: timedelta = timedelta(0)) -> None:
        self.now += after
        self.intake.now = self.now
        self.watcher.look(self.intake)

    def types(self) -> list[str]:
        return list(self.intake.types().values())

    def last(self) -> PaymentEvent:
        payload = list(self.intake.events.values())[-1].payload
        assert isinstance(payload, PaymentEvent)
        return payload


@pytest.fixture(scope="module")
def stations() -> Iterator[dict[str, tuple[Station, Paying]]]:
    made = {kind: played() for kind, played in PLAYED.items()}
    with Station(*made.values()) as station:
        yield {kind: (station, service) for kind, service in made.items()}


@pytest.fixture(params=list(SETTINGS))
def make(
    request: pytest.FixtureRequest, stations: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Shop]]:
    station, service = stations[request.param]
    service.reset()
    opened: list[Shop] = []

    def made(**more: Any) -> Shop:
        shop = Shop(request.param, station.url, service, more)
        monkeypatch.setattr(SENDING[request.param], "post", shop.take)
        opened.append(shop)
        return shop

    yield made
    for shop in opened:
        shop.watcher.close()


def test_a_link_is_told_to_rules_opened_paid_and_given_back(make: Callable[..., Shop]) -> None:
    shop = make()
    url = shop.link(part="предоплата", total=Decimal(40000))
    shop.look()
    assert shop.types() == ["payment.requested"]
    told = shop.last()
    assert (told.payment.url, told.lead_id, told.payment.part) == (url, "17", "предоплата")
    bill = shop.open(url)
    answers = shop.service.do(bill, "pay")
    assert all(answer.status_code == 200 for answer in answers)
    shop.look()
    assert [kind for kind in shop.types() if kind != "payment.authorized"] == ["payment.requested", "payment.succeeded"]
    paid = shop.last()
    assert (paid.payment.amount, paid.lead_id) == (Decimal("12500.50"), "17")
    if shop.kind != "tbank":  # which names no way but by the card's digits
        assert paid.payment.way is PaymentWay.CARD
    shop.service.do(bill, "refund")
    shop.look(timedelta(days=1))
    assert shop.types()[-1] == "payment.refunded"
    assert shop.last().payment.refunded == Decimal("12500.50")
    shop.look(timedelta(minutes=10))
    assert shop.types().count("payment.succeeded") == 1


def test_what_no_notice_told_is_found_by_asking(make: Callable[..., Shop]) -> None:
    shop = make()
    shop.service.silent = True
    bill = shop.open(shop.link())
    shop.look()
    shop.service.do(bill, "pay")
    shop.look(timedelta(minutes=20))
    assert shop.types() == ["payment.requested", "payment.succeeded"]
    shop.look(timedelta(minutes=20))
    assert len(shop.types()) == 2


def test_a_refusal_is_told_and_a_later_success_too(make: Callable[..., Shop]) -> None:
    shop = make()
    bill = shop.open(shop.link())
    shop.look()
    shop.service.do(bill, "refuse")
    shop.look(timedelta(minutes=20))
    assert shop.types() == ["payment.requested", "payment.failed"]
    assert shop.last().payment.reason
    shop.service.do(bill, "pay")
    shop.look(timedelta(hours=2))
    assert shop.types()[-1] == "payment.succeeded"


def test_a_payment_past_us_belongs_to_no_deal(make: Callable[..., Shop]) -> None:
    shop = make()
    shop.service.press("strange", Client(), shop.service.defaults)
    shop.look()
    assert [kind for kind in shop.types() if kind != "payment.authorized"] == ["payment.unmatched"]
    assert shop.last().lead_id == ""


@pytest.mark.parametrize("make", ["robokassa", "tbank"], indirect=True)  # YooKassa signs none: they are only hints
@pytest.mark.parametrize("signing", [Signing.WRONG, Signing.MISSING, Signing.TAMPERED])
def test_a_notice_that_is_not_signed_rightly_is_refused(make: Callable[..., Shop], signing: Signing) -> None:
    shop = make()
    bill = shop.open(shop.link())
    shop.service.signing = signing
    answers = shop.service.do(bill, "pay")
    assert all(answer.status_code == 403 for answer in answers)
    assert shop.types() == []
    assert shop.refused


def test_receipts_are_taken_and_those_that_do_not_add_up_are_refused_by_name(make: Callable[..., Shop]) -> None:
    shop = make(receipt={"taxation": "usn_income", "vat": "none"})
    lines = (
        ReceiptLine("Кровля " * 30, Decimal(3), Decimal("4166.83"), Decimal("12500.49"), vat="20"),
        ReceiptLine("Доставка", Decimal(1), Decimal("0.01"), Decimal("0.01")),
    )
    shop.open(shop.link(lines=lines))
    assert shop.service.bills
    [outcome] = shop.cashier.ask([Request("k2", replace(REQUEST, lines=lines[:1], again=True))])
    assert isinstance(outcome, Rejected)
    assert "12500.49" in outcome.hint
    [outcome] = shop.cashier.ask([Request("k3", replace(REQUEST, lines=lines * 60, again=True))])
    assert isinstance(outcome, Rejected)
    assert "100" in outcome.hint
    [outcome] = shop.cashier.ask([Request("k4", replace(REQUEST, phone="", email="", again=True))])
    assert isinstance(outcome, Rejected)
    assert "телефон или почта" in outcome.hint


def test_the_check_passes_and_names_wrong_keys(make: Callable[..., Shop]) -> None:
    shop = make()
    assert shop.watcher.check() == []
    wrong = {"robokassa": {"password2": "no"}, "yookassa": {"key": "no"}, "tbank": {"password": "no"}}[shop.kind]
    other = make(**wrong)
    assert other.watcher.check()


def test_a_service_that_is_down_holds_up_no_news_of_links(make: Callable[..., Shop]) -> None:
    shop = make()
    shop.link()
    dead = make(api_url="http://127.0.0.1:9")
    watcher: PaymentWatcher = CHANNELS[shop.kind].open("watcher", "pay", dead.settings, shop.around)
    status, stop = MemoryStatus(), Event()
    for _ in range(3):
        Looking("pay").round(partial(watcher.look, shop.intake), status, stop)
        shop.now += timedelta(hours=1)
    assert shop.types() == ["payment.requested"]
    watcher.close()


def test_yookassa_asks_about_a_hint_that_a_stranger_sent(stations: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    station, service = stations["yookassa"]
    service.reset()
    shop = Shop("yookassa", station.url, service)
    monkeypatch.setattr(yookassa, "post", shop.take)
    lie = {"id": "2f3a-none", "amount": {"value": "1000000.00", "currency": "RUB"}, "metadata": {"deal_id": "17"}}
    assert service.notify("payment.succeeded", lie, {"url": ""}).status_code == 200
    shop.look()
    assert shop.types() == []
    shop.look(timedelta(hours=2))
    assert shop.types() == ["unreadable"]
    shop.watcher.close()


def test_yookassa_is_asked_again_where_its_notice_was_quicker_than_its_answers(
    stations: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    station, service = stations["yookassa"]
    service.reset()
    shop = Shop("yookassa", station.url, service)
    monkeypatch.setattr(yookassa, "post", shop.take)
    shop.link()
    [bill] = service.bills.values()
    service.tell(bill, "pay", {"url": ""})
    shop.look()
    assert shop.types() == ["payment.requested"]
    service.silent = True
    service.do(bill.id, "pay")
    service.silent = False
    shop.look(timedelta(seconds=3))
    assert shop.types() == ["payment.requested", "payment.succeeded"]
    shop.watcher.close()


@pytest.mark.parametrize(("test", "found"), [(True, []), (False, ["ЮKassa: магазин тестовый"])])
def test_a_trial_shop_of_yookassa_is_told_before_its_payments_count_for_nothing(
    stations: Any, test: bool, found: list[str]
) -> None:
    station, service = stations["yookassa"]
    service.reset()
    settings = SETTINGS["yookassa"](station.url) | {"test": test}
    made = CHANNELS["yookassa"].model().model_validate(settings)
    watcher = CHANNELS["yookassa"].open("watcher", "pay", made, around())
    try:
        assert [sentence.partition(",")[0] for sentence in watcher.check()] == found
    finally:
        watcher.close()


def test_yookassa_lists_come_by_pages(stations: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    station, service = stations["yookassa"]
    service.reset()
    shop = Shop("yookassa", station.url, service)
    monkeypatch.setattr(yookassa, "post", shop.take)
    service.silent, service.page = True, 2
    shop.look()
    for n in range(5):
        bill = service.new_bill("", Decimal(100 + n), "Заказ с сайта")
        bill.made_at = NOW
        service.do(bill.id, "pay")
    shop.look(timedelta(minutes=10))
    assert shop.types() == ["payment.unmatched"] * 5
    shop.watcher.close()


def test_only_published_addresses_may_send_where_that_is_asked_for() -> None:
    settings = CHANNELS["yookassa"].model().model_validate({"shop_id": "1", "key": "k", "senders": "vendor"})
    receiver = CHANNELS["yookassa"].open("receiver", "pay", settings, around())
    notice = b'{"event": "payment.succeeded", "object": {"id": "2f3a-1"}}'
    for sender, right in (("185.71.76.5", True), ("2a02:5180:0:1509::7", True), ("10.0.0.1", False), ("", False)):
        delivery = Delivery("POST", "", {}, {}, notice, NOW, sender)
        if right:
            assert receiver.receive(delivery, lambda _: ()).parts
        else:
            with pytest.raises(RefusedError):
                receiver.receive(delivery, lambda _: ())


def test_an_order_that_the_service_will_not_tell_of_holds_up_no_other(make: Callable[..., Shop]) -> None:
    shop = make()
    shop.service.silent = True
    lost = shop.open(shop.link())
    bill = shop.open(shop.link("key-2", part="остаток"))
    del shop.service.bills[lost]
    shop.service.do(bill, "pay")
    shop.look()
    assert shop.types() == ["payment.requested", "payment.requested", "payment.succeeded"]


def test_a_watcher_that_is_killed_while_it_tells_of_a_link_tells_of_it_once(
    make: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make()
    shop.link()
    with monkeypatch.context() as killed:
        killed.setattr(Orders, "change", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.look()
    assert shop.types() == ["payment.requested"]
    shop.look()
    assert shop.types() == ["payment.requested"]


def test_whoever_is_killed_after_the_service_has_answered_pays_by_one_link(
    make: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make()
    right = Orders.change
    with monkeypatch.context() as killed:
        killed.setattr(Orders, "change", lambda self, order, **more: _until_linked(right, self, order, more))
        with pytest.raises(KeyboardInterrupt):
            shop.cashier.ask([Request("key-1", REQUEST)])
    [outcome] = shop.cashier.ask([Request("key-1", REQUEST, NOW)])
    assert isinstance(outcome, Done)
    shop.look()
    bill = shop.open(outcome.values["url"])
    shop.service.do(bill, "pay")
    shop.look()
    assert [kind for kind in shop.types() if kind != "payment.authorized"] == ["payment.requested", "payment.succeeded"]
    assert shop.last().payment.order == outcome.values["order"]


def _until_linked(right: Any, orders: Orders, order: Any, more: dict[str, Any]) -> Any:
    if "url" in more:
        raise KeyboardInterrupt
    return right(orders, order, **more)
