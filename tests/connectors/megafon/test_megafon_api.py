"""Calls that MegaFon's exchange makes for us, calls that it never told of, and recordings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from connectors.megafon.channel import receiver
from connectors.megafon.dialler import dialler
from connectors.megafon.net import recordings, watcher
from connectors.megafon.settings import MegafonSettings
from provodka.calls import CallOrder
from provodka.channel import Delivery
from provodka.errors import Rejected, Retryable
from provodka.operation import Done, Request
from provodka.payloads import Call, CallOutcome, Direction
from sandbox.faults import Fault
from sandbox.senders.megafon import Megafon, MegafonSender
from sandbox.senders.megafon_api import MegafonApi
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from tests.connectors.calls.world import START, World

TOKEN, CLIENT = "crm-token-1", "79160001122"


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    with Station(Megafon()) as running:
        yield running


@pytest.fixture
def exchange(station: Station) -> MegafonApi:
    station.reset()
    station.faults.clear()
    service = station.services[0]
    assert isinstance(service, Megafon)
    return service.api


class House(World):
    """Everything of one channel, by its own clock."""

    def __init__(self, station: Station, path: str = "/crmapi/v1", **more: object) -> None:
        given = {"crm_token": TOKEN, "url": f"{station.url}/megafon{path}", "api_key": "sandbox", **more}
        super().__init__(MegafonSettings.model_validate(given))
        self.channel = receiver("phone", self.settings, self.around)
        self.net = watcher("phone", self.settings, self.around)

    def dial(
        self, extension: str = "ivanov", phone: str = f"+{CLIENT}", key: str = "order-1", **more: object
    ) -> object:
        made = dialler("phone", self.settings, self.around)
        assert made is not None
        [outcome] = made.dial([Request(key, CallOrder(phone, extension, **more))])  # type: ignore[arg-type]
        return outcome

    def tell(self, call: str, cmd: str = "event", **fields: str) -> None:
        sent = "&".join(f"{k}={v}" for k, v in {"cmd": cmd, "callid": call, "phone": CLIENT, **fields}.items())
        delivery = Delivery("POST", "", {}, {}, f"{sent}&crm_token={TOKEN}".encode(), self.now)
        self.take(self.channel, delivery)

    def rings(self, call: str, user: str = "ivanov") -> None:
        self.tell(call, type="OUTGOING", direction="out", user=user)

    def ends(self, call: str, user: str = "ivanov") -> Call:
        start = self.now.strftime("%Y%m%dT%H%M%SZ")
        self.tell(call, "history", type="out", status="Success", user=user, duration="30", start=start)
        return self.intake.calls()[f"call:{call}"]

    def look(self, after: timedelta = timedelta(0)) -> dict[str, Call]:
        self.round(self.net, seconds=after.total_seconds())
        return self.intake.calls()


@pytest.mark.parametrize(("path", "api"), [("/crmapi/v1", "rest"), ("/sys/crm_api.wcgp", "form")])
def test_the_events_of_an_ordered_call_carry_its_key(
    station: Station, exchange: MegafonApi, path: str, api: str
) -> None:
    house = House(station, path, api=api)
    outcome = house.dial()
    assert isinstance(outcome, Done)
    [order] = exchange.stats()["orders"]
    assert order == {"callid": outcome.remote_id, "user": "ivanov", "phone": CLIENT}
    house.rings(outcome.remote_id)
    assert house.ends(outcome.remote_id).order == "order-1"


def test_a_call_that_is_told_of_before_the_order_is_answered_carries_the_key_too(
    station: Station, exchange: MegafonApi
) -> None:
    house = House(station)
    told: list[Call] = []
    exchange.on_call = lambda call, *_: (house.rings(call), told.append(house.ends(call)))
    outcome = house.dial()
    assert isinstance(outcome, Done)
    assert [(one.id, one.order) for one in told] == [(outcome.remote_id, "order-1")]


def test_an_order_whose_answer_is_lost_is_known_by_its_call_all_the_same(
    station: Station, exchange: MegafonApi
) -> None:
    house = House(station)
    station.faults.arm(Fault(path="/megafon/crmapi/v1/makecall", kind="cut_after"))
    house.dial()
    [order] = exchange.stats()["orders"]
    assert house.ends(order["callid"]).order == "order-1"


def test_a_call_that_somebody_makes_by_hand_has_no_order(station: Station, exchange: MegafonApi) -> None:
    house = House(station)
    outcome = house.dial()
    assert isinstance(outcome, Done)
    assert house.ends("by-hand").order == ""  # to the same client at the same time
    assert house.ends("other", user="petrova").order == ""


def test_a_refused_order_makes_no_call_of_it(station: Station, exchange: MegafonApi) -> None:
    house = House(station)
    outcome = house.dial("sidorov")
    assert isinstance(outcome, Rejected)
    assert "sidorov" in outcome.reason
    assert "логин" in outcome.hint
    assert house.ends("later", user="sidorov").order == ""


def test_an_unanswered_order_is_not_found_in_a_call_of_later(station: Station, exchange: MegafonApi) -> None:
    house = House(station)
    station.faults.arm(Fault(path="/megafon/crmapi/v1/makecall", kind="cut_before"))
    house.dial()
    house.now += timedelta(minutes=4)
    assert house.ends("later").order == ""


@pytest.mark.parametrize("order", [{"text": "Здравствуйте"}, {"line": "+74950003344"}, {"extension": ""}])
def test_what_the_exchange_cannot_do_is_refused_with_the_cure(
    station: Station, exchange: MegafonApi, order: dict[str, str]
) -> None:
    outcome = House(station).dial(**order)  # type: ignore[arg-type]
    assert isinstance(outcome, Rejected)
    assert outcome.hint
    assert exchange.stats()["orders"] == []


def test_the_login_is_chosen_of_several_extensions(station: Station, exchange: MegafonApi) -> None:
    House(station).dial("510", others=("Иван Иванов", "ivanov"))
    assert exchange.stats()["orders"][0]["user"] == "ivanov"


@pytest.mark.parametrize(("path", "api"), [("/crmapi/v1", "rest"), ("/sys/crm_api.wcgp", "form")])
def test_a_call_that_no_notice_told_of_is_found_in_the_list(
    station: Station, exchange: MegafonApi, path: str, api: str
) -> None:
    house = House(station, path, api=api)
    exchange.ended("old", CLIENT, "ivanov", START - timedelta(minutes=10), 60)
    assert house.look() == {}
    exchange.ended("lost", CLIENT, "", START + timedelta(minutes=1), 0, status="missed", kind="missed")
    exchange.ended("talk", CLIENT, "ivanov", START + timedelta(minutes=2), 60, kind="out")
    assert house.look(timedelta(minutes=2)) == {}, "it may be told of still"
    calls = house.look(timedelta(minutes=5))
    assert set(calls) == {"call:lost", "call:talk"}, "what was before we came is not ours"
    assert house.intake.types()["call:lost"] == "call.missed"
    talk = calls["call:talk"]
    assert (talk.direction, talk.talk_seconds, talk.extension) == (Direction.OUT, 60, "ivanov")
    assert talk.answered_at == talk.started_at + timedelta(seconds=8)  # type: ignore[operator]
    assert house.look(timedelta(minutes=5)) == calls


def test_what_was_told_is_not_told_again_by_the_list(station: Station, exchange: MegafonApi) -> None:
    house = House(station)
    house.look()
    house.now += timedelta(minutes=1)
    exchange.ended("told", CLIENT, "ivanov", house.now, 30, kind="out")
    house.ends("told")
    house.look(timedelta(minutes=10))
    kinds = house.intake.types()
    assert kinds.pop("call:told") == "call.finished"
    assert list(kinds.values()) == ["call.recorded"], "the last word had no recording yet"


def test_the_list_of_a_call_that_goes_on_is_no_end(station: Station, exchange: MegafonApi) -> None:
    house = House(station)
    house.look()
    house.now += timedelta(minutes=1)
    house.tell("long", type="ACCEPTED", direction="in", user="ivanov")
    exchange.ended("long", CLIENT, "", house.now, 0, status="missed")
    assert house.look(timedelta(minutes=20)) == {}


def test_a_wrong_key_is_trouble_with_its_cure_and_lost_calls_end_all_the_same(
    station: Station, exchange: MegafonApi
) -> None:
    house = House(station, api_key="wrong")
    house.tell("lost", type="INCOMING", direction="in", user="ivanov")
    house.look(timedelta(hours=7))
    assert house.intake.types() == {"start:lost": "call.started", "call:lost": "call.missed"}
    [(_, cure)] = house.status.troubles.values()
    assert "api_key" in cure
    assert house.net.check()[0].startswith("АТС МегаФон")


def test_without_a_key_only_the_lost_are_ended(station: Station, exchange: MegafonApi) -> None:
    settings = MegafonSettings.model_validate({"crm_token": TOKEN})
    assert dialler("phone", settings, House(station).around) is None
    assert watcher("phone", settings, House(station).around).check() == []


def test_a_recording_is_fetched_when_it_is_there(station: Station, exchange: MegafonApi) -> None:
    house = House(station)
    entry = exchange.ended("1", CLIENT, "ivanov", datetime.now(UTC) - timedelta(seconds=40), 30)
    house.now = datetime.now(UTC)
    url = f"{station.url}/megafon/records/1.mp3"
    call = Call("1", Direction.IN, f"+{CLIENT}", started_at=START, ended_at=house.now, recording=url)
    exchange.ready_after = 600
    shelf = recordings("phone", house.settings, house.around)
    with pytest.raises(Retryable):
        shelf.fetch_recording(call)
    exchange.ready_after = 0
    file = shelf.fetch_recording(call)
    assert file.name == "Звонок 2026-03-02 12-00 +79160001122.wav"
    assert house.store.blobs[file.sha256].startswith(b"RIFF")
    assert entry["uid"] == "1"


def test_a_call_without_a_link_has_no_recording(station: Station) -> None:
    house = House(station)
    with pytest.raises(Rejected):
        recordings("phone", house.settings, house.around).fetch_recording(Call("1", Direction.IN))


def test_every_button_of_the_sandbox_is_taken_by_the_channel(station: Station, exchange: MegafonApi) -> None:
    house = House(station)
    service = Megafon(lambda: house.now)

    def keep(self: MegafonSender, cmd: str, **fields: str) -> object:
        return house.tell(fields.pop("callid"), cmd, **fields)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MegafonSender, "command", keep)
        for button in service.buttons:
            house.now += timedelta(minutes=5)
            service.press(button, Client(), service.defaults)
    ends = [kind for key, kind in house.intake.types().items() if key.startswith("call:")]
    assert sorted(ends) == ["call.finished"] * 4 + ["call.missed"]
    assert {one.outcome for key, one in house.intake.calls().items() if key.startswith("call:")} == {
        CallOutcome.TALKED,
        CallOutcome.MISSED,
        CallOutcome.NOT_REACHED,
    }


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ({"domain": "krovlya"}, "https://krovlya.megapbx.ru/crmapi/v1"),
        ({"domain": "krovlya.gravitel.ru"}, "https://krovlya.gravitel.ru/crmapi/v1"),
        ({"domain": "krovlya", "api": "form"}, "https://krovlya.megapbx.ru/sys/crm_api.wcgp"),
        ({"url": "https://pbx.example.ru"}, "https://pbx.example.ru/crmapi/v1"),
        ({"url": "https://pbx.example.ru/api/v2/"}, "https://pbx.example.ru/api/v2"),
    ],
)
def test_the_address_of_the_api_follows_from_the_settings(given: dict[str, str], base: str) -> None:
    assert MegafonSettings.model_validate({"crm_token": TOKEN, **given}).base_url == base


@pytest.mark.parametrize(
    "given",
    [
        {"api_key": "k"},
        {"domain": "a", "url": "https://b.ru"},
        {"url": "http://pbx.example.ru"},
        {"domain": "https://a.ru"},
        {"crm_token": "short"},
        {"poll": "1s"},
    ],
)
def test_settings_that_could_not_work_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MegafonSettings.model_validate({"crm_token": TOKEN, **given})
