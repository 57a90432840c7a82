"""What the portal of Beeline is asked for: the subscription, what no event told, recordings, and calls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import responses

import connectors.beeline.api
from connectors.beeline.channel import receiver
from connectors.beeline.outside import dialler, recordings, subscriber, watcher
from connectors.beeline.settings import BeelineSettings
from connectors.calls.net import Net
from provodka.calls import CallOrder
from provodka.channel import Delivery
from provodka.errors import AuthFailed, Rejected, Retryable
from provodka.operation import Done, Request
from sandbox.faults import Fault
from sandbox.senders.beeline import LOCAL, Beeline, xsi_event
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from tests.connectors.calls.world import START, World
from tests.connectors.memory_store import MemoryStore
from tests.connectors.played import played

HOOKS = "https://crm.example.ru/hooks"
IVAN = "9230000510"
API = "https://cloudpbx.beeline.ru/apis/portal"


class Unpaced(MemoryStore):
    """Hours pass at once here, so that nothing has to wait for its place."""

    def reserve(self, account: str, per_second: float, burst: int) -> float:
        return 0.0


class Exchange(World):
    """An exchange of Beeline, our net below it and the moment of both."""

    def __init__(self, url: str, service: Beeline) -> None:
        given = {"secret": "top-secret", "token": "sandbox", "api_url": f"{url}/beeline"}
        super().__init__(BeelineSettings.model_validate(given), store=Unpaced(), hooks=HOOKS)
        self.service = service
        service.now = lambda: self.now

    def net(self) -> Net:
        return watcher("phone", self.settings, self.around)

    def hear(self, body: bytes) -> None:
        """An event comes in."""
        channel = receiver("phone", self.settings, self.around)
        self.take(channel, Delivery("POST", "top-secret", {}, {}, body, self.now))

    def rings(self, phone: str = "79160001122") -> None:
        at = str(int(self.now.timestamp() * 1000))
        self.hear(xsi_event("CallReceivedEvent", "half:0", "7:1", IVAN, phone, texts={"startTime": at}))


running, service = played(Beeline)


@pytest.fixture
def world(running: Station, service: Beeline) -> Exchange:
    return Exchange(running.url, service)


def test_the_subscription_is_made_at_the_start_and_renewed_before_it_ends(world: Exchange) -> None:
    net = world.net()
    world.round(net)
    [made] = world.service.subscriptions.values()
    assert (made["url"], made["expires"]) == (f"{HOOKS}/phone/top-secret", 86_400)
    assert (made["subscriptionType"], "pattern" in made) == ("BASIC_CALL", False)
    for _ in range(8):
        world.round(net, hours=2)
    assert world.service.subscribed == 1
    for _ in range(30):
        world.round(net, hours=2)
        assert world.service.stats()["subscriptions"] == 1  # never none, and never two that would tell twice
    assert world.service.subscribed == 4
    net.close()


def test_a_restart_makes_no_second_subscription(world: Exchange) -> None:
    for _ in range(3):
        net = world.net()
        world.round(net, minutes=1)
        net.close()
    assert world.service.subscribed == 1


def test_a_subscription_that_is_gone_is_made_anew(world: Exchange) -> None:
    net = world.net()
    world.round(net)
    world.service.subscriptions.clear()
    world.round(net, minutes=11)
    assert world.service.stats()["subscriptions"] == 1
    net.close()


def test_another_address_or_pattern_makes_another_subscription_and_ends_the_first(world: Exchange) -> None:
    world.round(world.net())
    world.settings = world.settings.model_copy(update={"pattern": IVAN})
    world.round(world.net())
    world.around = replace(world.around, hooks="https://other.example.ru/hooks")
    world.round(world.net())
    [last] = world.service.subscriptions.values()
    assert (last["url"], last["pattern"]) == ("https://other.example.ru/hooks/phone/top-secret", IVAN)
    assert world.service.subscribed == 3


def test_the_check_of_the_channel_subscribes_too(world: Exchange) -> None:
    made = subscriber("phone", world.settings, world.around)
    assert made.subscribe("https://crm.example.ru/hooks/phone") is True
    assert made.subscribe("https://crm.example.ru/hooks/phone") is False
    world.round(world.net())
    assert world.service.subscribed == 1
    made.close()


def test_two_that_subscribe_at_once_make_one_subscription(world: Exchange) -> None:
    both = [subscriber("phone", world.settings, world.around) for _ in range(4)]
    with ThreadPoolExecutor(len(both)) as threads:
        changed = list(threads.map(lambda one: one.subscribe(f"{HOOKS}/phone"), both))
    assert sorted(changed) == [False, False, False, True]
    assert world.service.subscribed == 1


def test_the_journal_holds_no_secret_of_the_address(world: Exchange) -> None:
    world.round(world.net())
    assert isinstance(world.around.store, MemoryStore)
    assert "top-secret" not in repr(world.around.store.snapshots("beeline:phone", "subscription", ["subscription"]))


def test_without_an_address_of_ours_it_is_said_what_to_do_and_calls_come_all_the_same(world: Exchange) -> None:
    world.around = replace(world.around, hooks="")
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    world.service.untold(Client(), {})
    world.round(net, minutes=5)
    assert "public_url" in world.status.troubles["phone"][1]
    assert set(world.intake.types().values()) == {"call.finished"}
    net.close()


def test_a_wrong_key_is_told_with_its_cure(world: Exchange) -> None:
    world.settings = BeelineSettings.model_validate({**world.settings.model_dump(), "token": "wrong-key"})
    net = world.net()
    world.round(net)
    assert "token" in world.status.troubles["phone"][1]
    [sentence] = net.check()
    assert "token" in sentence
    assert "wrong-key" not in sentence
    with pytest.raises(AuthFailed):
        subscriber("phone", world.settings, world.around).subscribe(f"{HOOKS}/phone")
    net.close()


def test_a_group_call_that_no_event_told_is_one_call_of_whoever_talked(world: Exchange) -> None:
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    world.service.untold(Client(), {})
    for _ in range(4):
        world.round(net, minutes=40)
    ((key, call),) = [one for one in world.intake.calls().items() if one[0].startswith("call:")]
    assert key == f"call:statistics:+79160001122:{int(START.timestamp()) + 60}"
    assert (call.extension, call.talk_seconds, call.rung) == (IVAN, 30, (IVAN, "9230000511"))
    net.close()


def test_a_call_whose_release_was_lost_ends_by_the_statistics_under_its_own_key(world: Exchange) -> None:
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    world.rings()
    world.service.untold(Client(), {})
    world.round(net, minutes=5)
    assert world.intake.types() == {
        "start:7:1": "call.started",
        "call:7:1": "call.finished",
        f"rec:{world.service.calls[0]['id']}": "call.recorded",
    }
    assert world.intake.calls()["call:7:1"].talk_seconds == 30
    net.close()


def test_a_call_that_has_ended_is_not_told_again(world: Exchange) -> None:
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    world.rings()
    world.service._new(Client(), "INBOUND", talk=0)
    world.hear(xsi_event("CallReleasedEvent", "half:0", "7:1", IVAN, "79160001122"))
    world.round(net, minutes=5)
    assert world.intake.types() == {"start:7:1": "call.started", "call:7:1": "call.missed"}
    net.close()


def test_what_neither_events_nor_statistics_end_is_ended_by_the_silence(world: Exchange) -> None:
    net = world.net()
    world.round(net)
    world.rings()
    world.hear(xsi_event("CallReleasedEvent", "half:0", "7:1", IVAN, "79160001122", texts={"releasingParty": LOCAL}))
    world.round(net, minutes=59)
    assert "call:7:1" not in world.intake.types()
    world.round(net, minutes=2)
    assert world.intake.types()["call:7:1"] == "call.missed"
    net.close()


def test_the_statistics_are_read_page_by_page(world: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors.beeline.api, "PAGE", 3)
    net = world.net()
    world.round(net)
    for number in range(5):
        world.now += timedelta(minutes=1)
        world.service.untold(Client(phone=f"+7 916 000-00-0{number}"), {})
    world.round(net, minutes=5)
    assert len(world.intake.types()) == 5
    net.close()


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"direction": "INBOUND", "startDate": "soon", "phone_from": "79160001122"},
        {"direction": "INBOUND", "startDate": 1772442060000},
        {"direction": "INBOUND", "startDate": 1772442060000, "phone_from": "101", "duration": 5},
        {"direction": "SIDEWAYS", "startDate": 1772442060000, "phone_from": "79160001122"},
    ],
)
def test_rows_that_tell_of_no_call_with_a_customer_are_left_out(world: Exchange, row: dict[str, Any]) -> None:
    settings = BeelineSettings.model_validate({"secret": "s", "token": "t", "duration_unit": "s"})
    net = watcher("phone", settings, replace(world.around, hooks=""))
    good = {"direction": "OUTBOUND", "startDate": 1772442060000, "phone_to": "79160003344", "duration": 5}
    with responses.RequestsMock() as service:
        service.get(f"{API}/v2/statistics", json=[row, None, {**good, "abonent": {"userId": f"{IVAN}@mpbx"}}])
        service.get(f"{API}/records", json=[{}, {"id": 1, "date": None, "phone": None}])
        world.round(net)
        world.round(net, minutes=5)
    (call,) = world.intake.calls().values()
    assert (call.phone, call.talk_seconds, call.extension, call.direction) == ("+79160003344", 5, IVAN, "out")
    net.close()


def test_a_recording_is_found_by_whom_and_when(world: Exchange) -> None:
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    world.service.untold(Client(phone="+7 916 000-33-44"), {})
    world.service.untold(Client(), {})
    world.round(net, minutes=5)
    call = next(one for one in world.intake.calls().values() if one.phone == "+79160001122")
    fetched = recordings("phone", world.settings, world.around)
    assert fetched.fetch_recording(call).content_type == "audio/wav"
    with pytest.raises(Retryable):
        fetched.fetch_recording(replace(call, phone="+79167777777"))
    world.now += timedelta(hours=1)
    for unknown in (replace(call, phone="+79167777777"), replace(call, phone="")):
        with pytest.raises(Rejected) as refused:
            fetched.fetch_recording(unknown)
        assert refused.value.hint
    fetched.close()
    net.close()


def test_a_recording_that_is_listed_before_it_is_there_is_waited_for(world: Exchange, running: Station) -> None:
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    world.service.untold(Client(), {})
    world.round(net, minutes=5)
    (call,) = world.intake.calls().values()
    running.faults.arm(Fault(path="/beeline/v2/records", status=404, body="{}"))
    fetched = recordings("phone", world.settings, world.around)
    with pytest.raises(Retryable):
        fetched.fetch_recording(call)
    net.close()


def test_a_call_is_ordered_of_an_employee_by_number_and_carries_our_key(world: Exchange) -> None:
    made = dialler("phone", world.settings, world.around)
    orders = [
        Request("e1:0:call", CallOrder("+79160001122", "Иванов", others=(IVAN,))),
        Request("b", CallOrder("+79160001122", "Иванов")),
        Request("c", CallOrder("+79160001122", "9999999999")),
        Request("d", CallOrder("+79160001122", IVAN, text="Здравствуйте")),
    ]
    done, *refused = made.dial(orders)
    assert done == Done("callhalf-1:9")
    assert all(isinstance(one, Rejected) and one.hint for one in refused)
    assert world.service.ordered == [{"abonent": IVAN, "phone": "9160001122"}]
    world.now += timedelta(seconds=20)
    world.hear(xsi_event("CallReleasedEvent", "half:9", "9:1", IVAN, "79160001122", outgoing=True))
    assert world.intake.calls()["call:9:1"].order == "e1:0:call"
    made.close()


def test_a_recording_that_is_too_large_is_refused_by_name(world: Exchange) -> None:
    net = watcher("phone", world.settings, world.around)
    world.round(net)
    world.now += timedelta(minutes=1)
    world.service.untold(Client(), {})
    world.round(net, minutes=5)
    call = next(iter(world.intake.calls().values()))
    small = world.settings.model_copy(update={"recording_limit": 1024})
    with pytest.raises(Rejected) as refused:
        recordings("phone", small, world.around).fetch_recording(call)
    assert "recording_limit" in refused.value.hint
    net.close()
