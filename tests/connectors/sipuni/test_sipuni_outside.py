"""The statistics of Sipuni as the net below its events, its recordings, and the calls that it makes for us."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import responses

from connectors.sipuni.channel import dialler, receiver, recordings, watcher
from connectors.sipuni.settings import SipuniSettings
from provodka.calls import CallOrder
from provodka.channel import Delivery
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done, Request
from sandbox.senders.service import Client
from sandbox.senders.sipuni import HEAD, USER, Sipuni
from sandbox.senders.station import Station
from tests.connectors.calls.world import World
from tests.connectors.played import played

START = datetime(2026, 3, 2, 20, 58, tzinfo=UTC)  # two minutes before midnight in Moscow
API = "https://sipuni.com/api"


class Account(World):
    """An account of Sipuni, our net below it and the moment of both."""

    def __init__(self, url: str, service: Sipuni) -> None:
        given = {"secret": "s", "user": USER, "key": "sandbox", "api_url": f"{url}/sipuni"}
        super().__init__(SipuniSettings.model_validate(given), START)
        self.service = service
        service.now = lambda: self.now


running, service = played(Sipuni)


@pytest.fixture
def world(running: Station, service: Sipuni) -> Account:
    return Account(running.url, service)


def test_a_call_that_no_event_told_comes_by_the_statistics_even_over_midnight(world: Account) -> None:
    net = watcher("phone", world.settings, world.around)
    world.service.untold(Client(), {})
    world.round(net, minutes=1)  # from now on
    world.now += timedelta(seconds=30)
    world.service.untold(Client(), {})
    world.now += timedelta(minutes=2)
    world.service.untold(Client(phone="+7 916 000-33-44"), {})
    world.round(net, minutes=5)
    first, second = world.intake.calls().values()
    assert (first.phone, second.phone) == ("+79160001122", "+79160003344")
    assert (first.extension, first.line, first.talk_seconds) == ("101", "+74950003344", 30)
    assert first.started_at == datetime(2026, 3, 2, 20, 59, 30, tzinfo=UTC)
    assert first.tags == ("Целевой", "VIP")
    net.close()


def test_what_was_told_already_is_not_told_again(world: Account) -> None:
    net = watcher("phone", world.settings, world.around)
    world.round(net)
    world.now += timedelta(minutes=1)
    call = world.service._new(Client(), "Входящий", talk=0)
    channel = receiver("phone", world.settings, world.around)
    end = {"event": "2", "call_id": call["id"], "src_num": call["phone"], "status": "NOANSWER", "dst_type": "2"}
    received = channel.receive(Delivery("GET", "s", {}, end, b"", world.now), lambda _: [])
    world.intake.accept(received.events, channel="phone", parts=received.parts)
    for _ in range(3):
        world.round(net, minutes=5)
    assert world.intake.types() == {f"call:{call['id']}": "call.missed"}
    net.close()


def test_a_table_with_other_columns_is_named_with_the_cure_and_can_be_explained(world: Account) -> None:
    world.service.head = HEAD.replace("ID записи", "Номер записи")
    net = watcher("phone", world.settings, world.around)
    world.round(net)
    cause, cure = world.status.troubles["phone"]
    assert "no column 'ID записи'" in cause
    assert "columns" in cure
    explained = world.settings.model_copy(update={"columns": {"call": "Номер записи"}})
    net = watcher("phone", explained, world.around)
    world.round(net, minutes=1)
    world.now += timedelta(minutes=1)
    world.service.untold(Client(), {})
    world.round(net, minutes=5)
    assert len(world.intake.types()) == 1
    assert world.status.troubles == {}
    net.close()


@pytest.mark.parametrize(
    "line",
    [
        "Входящий;;вчера;;79160001122;101;;;5;;;1.1;;;;0;",
        "Входящий;;02.03.2026 23:59:30;;79160001122;101;;;5;;;;;;;0;",
        "Факс;;02.03.2026 23:59:30;;79160001122;101;;;5;;;1.1;;;;0;",
        "Входящий",
        "",
    ],
)
def test_lines_that_tell_of_no_call_are_left_out(world: Account, line: str) -> None:
    settings = SipuniSettings.model_validate({"secret": "s", "user": USER, "key": "k"})
    net = watcher("phone", settings, world.around)
    with responses.RequestsMock() as service:
        service.post(f"{API}/statistic/export", f"\ufeff{HEAD}\n{line}\n")
        world.round(net)
        world.round(net, minutes=5)
    assert (world.intake.types(), world.status.troubles) == ({}, {})
    net.close()


def test_lengths_may_be_told_as_a_clock_tells_them(world: Account) -> None:
    settings = SipuniSettings.model_validate({"secret": "s", "user": USER, "key": "k"})
    net = watcher("phone", settings, world.around)
    line = "Исходящий;;02.03.2026 23:59:30;;101;79160001122;;0:02:17;0:02:03;;;1.1;;;;1;"
    with responses.RequestsMock() as service:
        service.post(f"{API}/statistic/export", f"{HEAD}\n{line}\n")
        world.round(net)
        world.round(net, minutes=8)
    call = world.intake.calls()["call:1.1"]
    assert (call.talk_seconds, call.extension, call.phone) == (123, "101", "+79160001122")
    net.close()


def test_a_recording_comes_by_the_id_of_its_call(world: Account) -> None:
    net = watcher("phone", world.settings, world.around)
    world.round(net)
    world.now += timedelta(minutes=1)
    world.service.untold(Client(), {})
    world.round(net, minutes=5)
    (call,) = world.intake.calls().values()
    fetched = recordings("phone", world.settings, world.around)
    file = fetched.fetch_recording(call)
    assert (file.content_type, file.name[-4:]) == ("audio/wav", ".wav")  # by its bytes, whatever is declared
    with pytest.raises(Retryable):
        fetched.fetch_recording(replace(call, id="2.2"))
    world.now += timedelta(hours=1)
    with pytest.raises(Rejected):
        fetched.fetch_recording(replace(call, id="2.2"))
    without_key = recordings("phone", SipuniSettings.model_validate({"secret": "s"}), world.around)
    with pytest.raises(Rejected) as refused:
        without_key.fetch_recording(call)
    assert "key" in refused.value.hint
    fetched.close()
    net.close()


def test_a_call_is_ordered_of_the_first_name_that_is_a_number(world: Account) -> None:
    made = dialler("phone", world.settings, world.around)
    assert made is not None
    orders = [
        Request("a", CallOrder("+79160001122", "Иванов Пётр", others=("101",))),
        Request("b", CallOrder("+79160001122", "Иванов Пётр")),
        Request("c", CallOrder("+79160001122", "999")),
    ]
    done, nobody, unknown = made.dial(orders)
    assert done == Done("cb-1")
    assert isinstance(nobody, Rejected)
    assert isinstance(unknown, Rejected)
    [told] = world.service.ordered
    assert (told["path"], told["phone"], told["sipnumber"]) == ("/sipuni/callback/call_number", "79160001122", "101")
    assert made.check() == []
    made.close()


def test_a_call_that_we_had_made_carries_our_key(world: Account) -> None:
    made = dialler("phone", world.settings, world.around)
    assert made is not None
    made.dial([Request("e1:0:call", CallOrder("+79160001122", "101"))])
    world.now += timedelta(seconds=20)
    channel = receiver("phone", world.settings, world.around)
    ours = {"event": "2", "call_id": "1.1", "src_num": "101", "src_type": "2", "dst_num": "79160001122"}
    received = channel.receive(Delivery("GET", "s", {}, ours, b"", world.now), lambda _: [])
    world.intake.accept(received.events)
    assert world.intake.calls()["call:1.1"].order == "e1:0:call"
    made.close()


def test_a_call_may_go_through_a_scheme(world: Account) -> None:
    settings = world.settings.model_copy(update={"tree": "000-123"})
    made = dialler("phone", settings, world.around)
    assert made is not None
    assert made.dial([Request("a", CallOrder("+79160001122", "101"))]) == [Done("cb-1")]
    [told] = world.service.ordered
    assert (told["path"], told["tree"]) == ("/sipuni/callback/call_tree", "000-123")
    made.close()


@pytest.mark.parametrize("answer", [{}, [], {"success": "maybe"}])
def test_an_answer_that_says_neither_yes_nor_no_leaves_it_open(world: Account, answer: Any) -> None:
    made = dialler("phone", SipuniSettings.model_validate({"secret": "s", "user": USER, "key": "k"}), world.around)
    assert made is not None
    with responses.RequestsMock() as service:
        service.post(f"{API}/callback/call_number", json=answer)
        [outcome] = made.dial([Request("a", CallOrder("+79160001122", "101"))])
        sent = dict(parse_qsl(str(service.calls[0].request.body.decode())))
    assert isinstance(outcome, Ambiguous)
    assert sent.keys() == {"antiaon", "phone", "reverse", "sipnumber", "user", "hash"}
    made.close()


def test_without_a_key_only_lost_calls_are_ended(world: Account) -> None:
    settings = SipuniSettings.model_validate({"secret": "s"})
    net = watcher("phone", settings, world.around)
    world.round(net)
    assert (net.check(), world.intake.cursors) == ([], {})
    assert dialler("phone", settings, world.around) is None


def test_a_recording_that_is_too_large_is_refused_by_name(world: Account) -> None:
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
