"""The statistics of UIS as the net below its notices, and the calls that it makes for us."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import responses

import connectors.uis.reports
from connectors.calls.net import Net
from connectors.uis.channel import dialler, receiver, watcher
from connectors.uis.settings import UisSettings
from provodka.calls import CallOrder
from provodka.channel import Delivery
from provodka.errors import Rejected
from provodka.operation import Done, Request
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from sandbox.senders.uis import TEMPLATE, Uis, filled
from tests.connectors.calls.world import World
from tests.connectors.played import played

REPORT = (
    '{"jsonrpc": "2.0", "id": "r-1", "result": {"data": [{"id": 4500000001, "start_time": "2026-03-02 12:00:00",'
    ' "finish_time": "2026-03-02 12:02:17", "contact_phone_number": "79160001122",'
    ' "virtual_phone_number": "74950003344", "direction": "in", "is_lost": false, "talk_duration": 123,'
    ' "employees": [{"employee_id": 501, "employee_full_name": "Иванов Пётр", "is_answered": true, "is_talked": true}],'
    ' "utm_source": "yandex", "utm_campaign": "brand"}], "metadata": {"total_items": 1, "api_version":'
    ' {"current_version_deadline": null}, "limits": {"day_limit": 1000, "day_remaining": 998, "day_reset": 46663,'
    ' "minute_limit": 60, "minute_remaining": 59, "minute_reset": 42}}}}'
)
EXPIRED = (
    '{"jsonrpc": "2.0", "id": "r-1", "error": {"code": -32001, "message": "Access token has been expired",'
    ' "data": {"mnemonic": "access_token_expired", "metadata": {}}}}'
)


class Account(World):
    """An account of UIS, our net below it and the moment of both."""

    def __init__(self, url: str, service: Uis) -> None:
        given = {"secret": "s", "token": "sandbox", "from_number": "74950003344"}
        urls = {"data_url": f"{url}/uis/data", "call_url": f"{url}/uis/call"}
        super().__init__(UisSettings.model_validate({**given, **urls}))
        self.service = service
        service.now = lambda: self.now

    def net(self) -> Net:
        return watcher("phone", self.settings, self.around)


running, service = played(Uis)


@pytest.fixture
def world(running: Station, service: Uis) -> Account:
    return Account(running.url, service)


def test_a_call_that_no_notice_told_comes_by_the_statistics(world: Account) -> None:
    net = world.net()
    world.service.report_only(Client(), {})
    world.round(net, minutes=1)  # from now on
    assert world.intake.types() == {}
    world.now += timedelta(minutes=1)
    world.service.report_only(Client(), {})
    world.round(net, minutes=4)
    assert world.intake.types() == {"call:4500000002": "call.finished"}
    call = world.intake.calls()["call:4500000002"]
    assert (call.phone, call.extension, call.rung) == ("+79160001122", "Иванов Пётр", ("Иванов Пётр",))
    assert call.recording == "https://app.uiscom.ru/system/media/talk/4500000002/a1b2c3/"
    assert call.tags == ("Целевой",)
    net.close()


def test_what_was_told_already_is_not_told_again(world: Account) -> None:
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    (call,) = [world.service._new(Client(), "in", talk=0)]
    values = {"notification_mnemonic": "lost_call", "call_session_id": call["id"], "contact_phone_number": "7916"}
    delivery = Delivery("POST", "s", {}, {}, filled(TEMPLATE, values), world.now)
    received = receiver("phone", world.settings, world.around).receive(delivery, lambda _: [])
    world.intake.accept(received.events, channel="phone", parts=received.parts)
    for _ in range(3):
        world.round(net, minutes=5)
    assert world.intake.types() == {f"call:{call['id']}": "call.missed"}
    net.close()


def test_a_recording_that_no_notice_told_comes_when_none_can_be_expected_any_more(world: Account) -> None:
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    call = world.service._new(Client(), "in", talk=30)
    values = {"notification_mnemonic": "finished_call", "call_session_id": call["id"], "talk_time_duration": 30}
    delivery = Delivery("POST", "s", {}, {}, filled(TEMPLATE, values), world.now)
    received = receiver("phone", world.settings, world.around).receive(delivery, lambda _: [])
    world.intake.accept(received.events, channel="phone", parts=received.parts)
    world.round(net, minutes=20)
    assert set(world.intake.types().values()) == {"call.finished"}
    world.round(net, minutes=20)
    assert set(world.intake.types().values()) == {"call.finished", "call.recorded"}
    net.close()


def test_the_report_is_read_page_by_page(world: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors.uis.reports, "PAGE", 2)
    net = world.net()
    world.round(net)
    world.now += timedelta(minutes=1)
    for _ in range(5):
        world.service.report_only(Client(), {})
    world.round(net, minutes=4)
    assert len(world.intake.types()) == 5
    assert world.service.points == 60 - 1 - 3
    net.close()


def test_used_up_points_are_waited_for_and_nothing_is_refused(world: Account, running: Station) -> None:
    net = world.net()
    world.round(net)
    world.service.points, before = 1, running.counts.calls["POST /uis/data"]
    assert world.round(net, minutes=5) > 100  # the last point is used: the account is held from now on
    assert world.round(net, minutes=5) >= 40
    assert running.counts.calls["POST /uis/data"] == before + 1
    net.close()


@pytest.mark.parametrize(
    ("mnemonic", "words"),
    [
        ("access_token_expired", "Выпустите новый"),
        ("ip_not_whitelisted", "белом списке"),
        ("component_disabled", "Тарифах и опциях"),
    ],
)
def test_a_closed_door_is_told_at_once_with_its_cure(world: Account, mnemonic: str, words: str) -> None:
    net = world.net()
    world.round(net)
    world.service.refuse = mnemonic
    [sentence] = net.check()
    assert words in sentence
    world.round(net, minutes=5)
    assert words in world.status.troubles["phone"][1]
    world.service.refuse = ""
    assert net.check() == []
    world.round(net, minutes=5)
    assert world.status.troubles == {}
    net.close()


def test_the_bodies_of_the_reference_are_read(world: Account) -> None:
    net = watcher("phone", UisSettings.model_validate({"secret": "s", "token": "t"}), world.around)
    with responses.RequestsMock() as service:
        service.post("https://dataapi.uiscom.ru/v2.0", REPORT, content_type="application/json")
        world.round(net)
        world.round(net, minutes=5)
    call = world.intake.calls()["call:4500000001"]
    assert (call.talk_seconds, call.extension, call.line) == (123, "Иванов Пётр", "+74950003344")
    with responses.RequestsMock() as service:
        service.post("https://dataapi.uiscom.ru/v2.0", EXPIRED, content_type="application/json")
        world.round(net, minutes=5)
    assert "access_token_expired" in world.status.troubles["phone"][0]
    net.close()


@pytest.mark.parametrize("row", [{}, {"id": 1}, {"id": 1, "start_time": "2026-03-02 12:00:00", "finish_time": None}])
def test_calls_that_are_not_over_wait_for_the_next_time(world: Account, row: dict[str, Any]) -> None:
    net = watcher("phone", UisSettings.model_validate({"secret": "s", "token": "t"}), world.around)
    with responses.RequestsMock() as service:
        answer = {"result": {"data": [row, None], "metadata": {"total_items": 2}}}
        service.post("https://dataapi.uiscom.ru/v2.0", json=answer)
        world.round(net)
        world.round(net, minutes=5)
    assert world.intake.types() == {}
    assert world.status.troubles == {}
    net.close()


def test_without_a_token_only_lost_calls_are_ended(world: Account) -> None:
    settings = UisSettings.model_validate({"secret": "s"})
    net = watcher("phone", settings, world.around)
    assert net.check() == []
    world.round(net)
    assert world.intake.cursors == {}
    assert dialler("phone", settings, world.around) is None


@pytest.mark.parametrize("names", [("Иванов Пётр",), ("101",), ("нет такого", "иванов пётр"), ("501",)])
def test_an_employee_is_found_by_whatever_name_uis_knows(world: Account, names: tuple[str, ...]) -> None:
    made = dialler("phone", world.settings, world.around)
    assert made is not None
    order = CallOrder("+79160001122", names[0], others=names[1:])
    [done] = made.dial([Request("e1:0:call", order)])
    assert isinstance(done, Done)
    [told] = world.service.ordered
    assert told["method"] == "start.employee_call"
    assert (told["employee"], told["contact"], told["external_id"]) == ({"id": 501}, "79160001122", "e1:0:call")
    assert (told["virtual_phone_number"], told["first_call"]) == ("74950003344", "employee")
    made.close()


def test_an_employee_whom_uis_does_not_know_is_rejected_with_a_cure(world: Account) -> None:
    made = dialler("phone", world.settings, world.around)
    assert made is not None
    [refused] = made.dial([Request("e1:0:call", CallOrder("+79160001122", "пётр"))])
    assert isinstance(refused, Rejected)
    assert "extension" in refused.hint
    assert world.service.ordered == []
    made.close()


def test_a_text_is_read_from_the_line_that_was_asked_for(world: Account) -> None:
    made = dialler("phone", world.settings, world.around)
    assert made is not None
    orders = [
        Request("a", CallOrder("+79160001122", text="Заказ готов")),
        Request("b", CallOrder("+79160001122", line="+74950009999", text="Заказ готов")),
        Request("c", CallOrder("+79160001122", text="слово " * 100)),
    ]
    done, no_line, too_long = made.dial(orders)
    assert isinstance(done, Done)
    assert isinstance(no_line, Rejected)
    assert "from_number" in no_line.hint
    assert isinstance(too_long, Rejected)
    assert "сократите" in too_long.hint
    assert [one["contact_message"] for one in world.service.ordered] == [{"type": "tts", "value": "Заказ готов"}]
    made.close()
