"""Calls and SMS that Zadarma makes for us, calls that it never told of, recordings, and how the account is set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from pydantic import ValidationError

from connectors.zadarma.channel import receiver
from connectors.zadarma.dialler import dialler
from connectors.zadarma.net import recordings, subscriber, watcher
from connectors.zadarma.settings import ZadarmaSettings
from connectors.zadarma.sms import messenger
from provodka.calls import CallOrder
from provodka.channel import Delivery
from provodka.errors import RateLimited, Rejected, Retryable
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Call, CallOutcome, Direction
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from sandbox.senders.zadarma import COVERED, INCOMING, Zadarma, ZadarmaSender, zadarma_sign
from sandbox.senders.zadarma_api import ZadarmaApi
from tests.connectors.calls.world import World
from tests.contract.case import MOSCOW

CLIENT = "79160001122"
START = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    with Station(Zadarma()) as running:
        yield running


@pytest.fixture
def account(station: Station) -> ZadarmaApi:
    station.reset()
    station.faults.clear()
    service = station.services[0]
    assert isinstance(service, Zadarma)
    return service.api


class House(World):
    """Everything of one channel, by its own clock."""

    def __init__(self, station: Station, **more: object) -> None:
        given = {"secret": "sandbox", "key": "sandbox", "base_url": f"{station.url}/zadarma", **more}
        super().__init__(ZadarmaSettings.model_validate(given), START)
        self.channel = receiver("phone", self.settings, self.around)
        self.net = watcher("phone", self.settings, self.around)

    def dial(self, extension: str = "101", phone: str = f"+{CLIENT}", **more: object) -> Outcome:
        made = dialler("phone", self.settings, self.around)
        assert made is not None
        return made.dial([Request("order-1", CallOrder(phone, extension, **more))])[0]  # type: ignore[arg-type]

    def send(self, to: str = f"+{CLIENT}", text: str = "Ждём вас в субботу") -> Outcome:
        made = messenger("phone", self.settings, self.around)
        assert made is not None
        return made.write([Request("sms-1", ClientMessage(to, text))])[0]

    def hear(self, sender: ZadarmaSender, event: str, **fields: str) -> None:
        """What the sender posts."""
        text = "".join(fields.get(name, "") for name in COVERED.get(event, INCOMING))
        headers = {"signature": zadarma_sign(text, sender.secret)}
        body = urlencode({"event": event, **fields}).encode()
        self.take(self.channel, Delivery("POST", "", headers, {}, body, self.now))

    def calls_out(self, call: str, extension: str = "101") -> Call:
        start = self.now.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S")
        told = {"internal": extension, "destination": CLIENT, "call_start": start, "pbx_call_id": call}
        sender = ZadarmaSender("", "sandbox")
        self.hear(sender, "NOTIFY_OUT_START", **told)
        self.hear(sender, "NOTIFY_OUT_END", **told, duration="30", disposition="answered")
        return self.intake.calls()[f"call:{call}"]

    def look(self, after: timedelta = timedelta(0)) -> dict[str, Call]:
        self.round(self.net, seconds=after.total_seconds())
        return self.intake.calls()


def test_an_ordered_call_is_known_by_employee_number_and_time(station: Station, account: ZadarmaApi) -> None:
    house = House(station)
    assert house.dial("ivanov", others=("101",)) == Done()
    assert account.stats()["callbacks"] == [{"from": "101", "to": CLIENT}]
    house.now += timedelta(seconds=20)
    assert house.calls_out("out_2", "102").order == ""
    assert house.calls_out("out_1").order == "order-1"
    house.now += timedelta(minutes=5)
    assert house.calls_out("out_3").order == ""


@pytest.mark.parametrize("order", [{"text": "Здравствуйте"}, {"line": "+74950003344"}, {"extension": ""}])
def test_what_the_exchange_cannot_do_is_refused_with_the_cure(
    station: Station, account: ZadarmaApi, order: dict[str, str]
) -> None:
    outcome = House(station).dial(**order)
    assert isinstance(outcome, Rejected)
    assert outcome.hint
    assert account.stats()["callbacks"] == []


def test_an_account_without_money_says_so(station: Station, account: ZadarmaApi) -> None:
    account.money = False
    house = House(station)
    for outcome in (house.dial(), house.send()):
        assert isinstance(outcome, Rejected)
        assert "пополните" in outcome.hint
    assert house.calls_out("out_1").order == ""


def test_an_sms_goes_out_as_the_sender_that_was_agreed_on(station: Station, account: ZadarmaApi) -> None:
    house = House(station, sms_from="Krovlya")
    assert house.send() == Done()
    assert account.stats()["messages"] == [{"number": CLIENT, "message": "Ждём вас в субботу", "from": "Krovlya"}]


def test_a_number_that_the_service_denies_is_refused_though_the_answer_is_a_success(
    station: Station, account: ZadarmaApi
) -> None:
    outcome = House(station).send("+79160000000")
    assert isinstance(outcome, Rejected)
    assert "9160000000" not in outcome.reason
    assert account.stats()["messages"] == []


def test_a_call_that_no_notice_told_of_is_found_in_the_statistics(station: Station, account: ZadarmaApi) -> None:
    house = House(station)
    account.ended("in_old", CLIENT, "101", START - timedelta(minutes=10), "answered", 60)
    assert house.look() == {}
    began = START + timedelta(minutes=1)
    account.ended("in_lost", CLIENT, "", began, "cancel", 0)
    account.ended("in_talk", CLIENT, "102", began, "no answer", 0)
    account.ended("in_talk", CLIENT, "101", began + timedelta(seconds=20), "answered", 60)
    account.ended("out_talk", CLIENT, "101", began, "busy", 0)
    assert house.look(timedelta(minutes=10)) == {}, "the first connections are listed while a call goes on"
    calls = house.look(timedelta(minutes=10))
    assert house.intake.types() == {
        "call:in_lost": "call.missed",
        "call:in_talk": "call.finished",
        "call:out_talk": "call.finished",
        f"rec:{int(began.timestamp()) + 20}.talk": "call.recorded",
    }
    talk, out = calls["call:in_talk"], calls["call:out_talk"]
    assert (talk.extension, talk.talk_seconds, talk.started_at, talk.line) == ("101", 60, began, "+74950003344")
    assert (out.direction, out.outcome, out.extension) == (Direction.OUT, CallOutcome.NOT_REACHED, "101")
    assert house.look(timedelta(minutes=5)) == calls


def test_statistics_are_asked_no_oftener_than_they_may(station: Station, account: ZadarmaApi) -> None:
    house = House(station)
    before = station.counts.refused["429"]
    for _ in range(3):
        house.look(timedelta(seconds=1))
    assert house.net.round(house.intake, house.status) > 10, "the fourth of a minute waits"
    assert station.counts.refused["429"] == before


def test_a_limit_that_others_have_used_up_holds_the_account(station: Station, account: ZadarmaApi) -> None:
    house, now = House(station), datetime.now(UTC)
    account._calls = [(False, now)] * 100
    outcome = house.send()
    assert isinstance(outcome, RateLimited)
    assert outcome.wait is not None
    assert 50 < outcome.wait <= 61
    assert house.store.holds


def test_a_recording_is_fetched_by_a_link_of_its_own_when_it_is_there(station: Station, account: ZadarmaApi) -> None:
    house = House(station)
    began = datetime.now(UTC) - timedelta(seconds=70)
    account.ended("in_1", CLIENT, "101", began, "answered", 60)
    house.now = datetime.now(UTC)
    call = Call("in_1", Direction.IN, f"+{CLIENT}", started_at=began, ended_at=house.now)
    shelf = recordings("phone", house.settings, house.around)
    assert shelf is not None
    account.ready_after = 40
    with pytest.raises(Retryable, match="not ready"):
        shelf.fetch_recording(call)
    account.ready_after = 0
    file = shelf.fetch_recording(call)
    assert file.content_type == "audio/wav"
    assert house.store.blobs[file.sha256].startswith(b"RIFF")
    house.now += timedelta(hours=2)
    account.clear()
    with pytest.raises(Rejected) as gone:
        shelf.fetch_recording(call)
    assert gone.value.hint


def test_the_account_is_told_where_to_send_once(station: Station, account: ZadarmaApi) -> None:
    made = subscriber("phone", House(station).settings, House(station).around)
    assert made is not None
    assert "server.public_url" in made.check()[0]
    nobody = "http://127.0.0.1:9/hooks/phone"
    with pytest.raises(Rejected) as refused:
        made.subscribe(nobody)
    assert nobody in refused.value.hint
    account.tries_addresses = False
    assert made.subscribe("https://hooks.example.ru/hooks/phone")
    assert account.stats()["url"] == "https://hooks.example.ru/hooks/phone"
    assert made.check() == []
    assert not made.subscribe("https://hooks.example.ru/hooks/phone")
    account._notifications["notify_out_end"] = "false"
    assert "NOTIFY_OUT_END" in made.check()[0]
    assert made.subscribe("https://hooks.example.ru/hooks/phone")


def test_a_cabinet_with_another_clock_is_noticed(station: Station, account: ZadarmaApi) -> None:
    assert House(station).net.check() == []
    [sentence] = House(station, timezone="Asia/Vladivostok").net.check()
    assert "timezone" in sentence


def test_without_a_key_there_is_only_the_receiver(station: Station) -> None:
    house = House(station)
    alone = ZadarmaSettings.model_validate({"secret": "sandbox"})
    for part in (dialler, messenger, recordings, subscriber):
        assert part("phone", alone, house.around) is None
    assert watcher("phone", alone, house.around).check() == []


def test_every_button_of_the_sandbox_is_taken_by_the_channel(station: Station, account: ZadarmaApi) -> None:
    house = House(station)
    service = Zadarma(lambda: house.now)
    probed: list[str] = []

    def keep(self: ZadarmaSender, event: str, **fields: str) -> object:
        return house.hear(self, event, **fields)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ZadarmaSender, "notice", keep)
        patch.setattr(ZadarmaSender, "probe", lambda self, mark: probed.append(mark))
        for button in service.buttons:
            house.now += timedelta(minutes=5)
            service.press(button, Client(), service.defaults)
    assert len(probed) == 1
    kinds = list(house.intake.types().values())
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "call.started": 3,
        "call.finished": 3,
        "call.missed": 1,
        "call.recorded": 2,
    }


@pytest.mark.parametrize(
    "given", [{"return_timeout": 2}, {"timezone": "Moscow"}, {"base_url": "http://api.zadarma.com"}, {"poll": "5s"}]
)
def test_settings_that_could_not_work_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ZadarmaSettings.model_validate({"secret": "s", **given})
