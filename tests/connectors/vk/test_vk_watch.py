"""The net below VK's notices, and the long poll in their place."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from connectors.vk.channel import receiver
from connectors.vk.messenger import messenger
from connectors.vk.settings import VkSettings
from connectors.vk.watch import VkWatcher, watcher
from provodka.channel import Around, Delivery
from provodka.errors import Retryable
from provodka.messages import ClientMessage
from provodka.operation import Request
from sandbox.senders.service import Client
from sandbox.senders.vk import FORM, PERSON
from tests.connectors.calls.memory_intake import MemoryIntake, MemoryStatus
from tests.contract.case import MOSCOW, nothing

MARIA = Client()


class Inbox(MemoryIntake):
    """Tells whoever waits that something has come."""

    def __init__(self, now):
        super().__init__(now)
        self.moved = threading.Condition()

    def accept(self, events, **more):
        with self.moved:
            super().accept(events, **more)
            self.moved.notify_all()

    def has(self, count):
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.events) >= count, timeout=30), self.types()

    def stands_at(self, ts):
        with self.moved:
            assert self.moved.wait_for(lambda: self.cursors["vk:vk:ts"] == ts, timeout=30), self.cursors


@pytest.fixture
def clock(vk):
    class Clock:
        now = datetime.now(UTC).replace(microsecond=0)

        def __call__(self):
            return self.now

    clock = Clock()
    vk.community.now = clock
    yield clock
    vk.community.now = vk.now


@pytest.fixture
def make(station, store, clock):
    made = []

    def watching(**more):
        given = {"group": 190000001, "token": "sandbox", "secret": "sandbox", "confirmation": "0fsandbox"}
        given |= {"api_url": f"{station.url}/vk", "lead_forms": [FORM], **more}
        made.append(watcher("vk", VkSettings.model_validate(given), Around(store, MOSCOW, now=clock)))
        return made[-1]

    yield watching
    for one in made:
        one.close()


@pytest.fixture
def intake(clock):
    return Inbox(clock())


def press(vk, button):
    getattr(vk, button)(MARIA, vk.defaults)


def test_the_first_look_takes_nothing_old_and_the_next_one_all_that_was_not_told(vk, make, intake, clock):
    press(vk, "message")
    press(vk, "lead")
    clock.now += timedelta(minutes=10)
    net: VkWatcher = make()
    net.look(intake)
    assert intake.events == {}
    clock.now += timedelta(minutes=5)
    press(vk, "message")
    press(vk, "lead")
    press(vk, "answer")
    clock.now += timedelta(minutes=5)
    net.look(intake)
    net.look(intake)
    assert intake.types() == {
        "message:1502": "message.received",
        "lead:3:78": "form.submitted",
        "message:1503": "message.sent",
        "message:1501": "message.received",  # within the look-back: the journal knows it, or it was missed
        "lead:3:77": "form.submitted",
    }


def test_a_lead_that_was_told_and_found_is_one_and_the_same(vk, make, intake, clock, store):
    net = make()
    net.look(intake)
    clock.now += timedelta(minutes=1)
    press(vk, "lead")
    net.look(intake)
    [found] = intake.events.values()
    told = vk.community.updates[-1]
    settings = VkSettings.model_validate({"group": 190000001, "secret": "sandbox", "confirmation": "c"})
    channel = receiver("vk", settings, Around(store, MOSCOW, now=clock))
    body = json.dumps({**told, "secret": "sandbox"}).encode()
    [event] = channel.receive(Delivery("POST", "", {}, {}, body, clock()), nothing).events
    assert (event.external_id, event.person, event.payload) == (found.external_id, found.person, found.payload)


def test_all_pages_of_a_form_are_read_and_several_chosen_answers_are_one_text(vk, make, intake, clock, monkeypatch):
    monkeypatch.setattr("connectors.vk.watch.LEADS", 2)
    net = make()
    net.look(intake)
    chosen = [{"key": "opt_0", "value": "Да"}, {"key": "opt_1", "value": "Позже"}]
    for _ in range(5):
        press(vk, "lead")
    vk.community.leads[-1]["answers"] = [{"key": "custom_1", "answer": chosen}]
    net.look(intake)
    assert len(intake.events) == 5
    assert intake.events["vk", "lead:3:81"].payload.form.fields == {"custom_1": "Да, Позже"}


def test_an_old_talk_that_is_pinned_above_the_others_hides_none_of_them(vk, make, intake, clock, monkeypatch):
    monkeypatch.setattr("connectors.vk.watch.PAGE", 2)
    vk.community.say(1, "Давно")
    vk.community.pinned = 1
    clock.now += timedelta(hours=3)
    net = make()
    net.look(intake)
    for peer in (2, 3, 4):
        vk.community.say(peer, "Недавно")
    net.look(intake)
    assert {event.person.messengers for event in intake.events.values()} == {("vk:2",), ("vk:3",), ("vk:4",)}


def test_what_we_sent_ourselves_is_not_found_in_the_history(vk, make, intake, clock, station, store):
    net = make()
    net.look(intake)
    vk.community.allowed.add(PERSON)
    given = {"group": 190000001, "token": "sandbox", "api_url": f"{station.url}/vk", "receive": "polling"}
    ours = messenger("vk", VkSettings.model_validate(given), Around(store, MOSCOW, now=clock))
    ours.write([Request("key", ClientMessage(str(PERSON), "Здравствуйте!"))])
    ours.close()
    net.look(intake)
    assert intake.events == {}


def test_the_watch_tells_of_a_server_that_failed_and_that_it_is_well_again(vk, make, intake):
    status, stop = MemoryStatus(), threading.Event()
    told = threading.Event()
    status.trouble = lambda *_: told.set()
    vk.community.servers[0]["status"] = "failed"
    thread = threading.Thread(target=make().watch, args=(stop, intake, status))
    thread.start()
    assert told.wait(30)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_the_long_poll_brings_what_the_callback_would(vk, make, intake):
    stop = threading.Event()
    intake.cursors["vk:vk:ts"] = "1"
    thread = threading.Thread(target=make(receive="polling").watch, args=(stop, intake, MemoryStatus()))
    thread.start()
    try:
        press(vk, "message")
        intake.has(1)
        for button in ("message", "lead", "allow", "deny"):
            press(vk, button)
        vk.community.tell({"type": "message_new", "object": [], "group_id": 190000001, "event_id": "rubbish"})
        press(vk, "edit")
        intake.has(7)
    finally:
        stop.set()
        press(vk, "deny")
        thread.join(15)
    kinds = list(intake.types().values())
    assert {"message.received", "form.submitted", "chat.started", "chat.stopped", "message.edited"} <= set(kinds)
    assert "unreadable" in intake.types().values()


def test_a_long_poll_that_lost_some_asks_the_history_and_a_new_key_is_taken(vk, make, intake, clock):
    net = make(receive="polling")
    net.look(intake)
    intake.cursors["vk:vk:ts"] = "1"
    clock.now += timedelta(minutes=1)
    press(vk, "message")
    vk.community.forget_updates(1)
    stop = threading.Event()
    thread = threading.Thread(target=net.watch, args=(stop, intake, MemoryStatus()))
    thread.start()
    intake.has(1)
    intake.stands_at("2")  # told failed: 1 before there is a new key: after a failed: 2 it would come with a later ts
    vk.community.key = "key-2"
    press(vk, "lead")  # the open poll ends with it; the next one is told failed: 2
    intake.has(2)
    press(vk, "allow")
    intake.has(3)
    stop.set()
    press(vk, "deny")
    thread.join(15)
    assert list(intake.types().values())[:3] == ["message.received", "form.submitted", "chat.started"]


def test_what_comes_while_the_lost_are_looked_for_is_told_though_the_look_fails(vk, make, intake, clock, monkeypatch):
    net = make(receive="polling")
    net.look(intake)
    intake.cursors["vk:vk:ts"] = "1"
    press(vk, "message")
    vk.community.forget_updates(1)
    looks, look = [], net.look

    def failing_once(into):
        looks.append(into)
        if len(looks) == 2:  # the first opens the round, the second follows `failed: 1`
            press(vk, "allow")
            raise Retryable("the connection was cut")
        look(into)

    monkeypatch.setattr(net, "look", failing_once)
    stop = threading.Event()
    thread = threading.Thread(target=net.watch, args=(stop, intake, MemoryStatus()))
    thread.start()
    with intake.moved:
        came = intake.moved.wait_for(lambda: "chat.started" in intake.types().values(), timeout=30)
    stop.set()
    press(vk, "deny")
    thread.join(15)
    assert came, intake.types()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"secret": "s"}, "confirmation"),
        ({"confirmation": "c"}, "secret"),
        ({"receive": "polling"}, "token"),
        ({"secret": "s", "confirmation": "c", "lead_forms": [1]}, "lead_forms"),
    ],
)
def test_settings_that_cannot_work_are_mistakes(given, wanted):
    with pytest.raises(ValidationError) as caught:
        VkSettings.model_validate({"group": 1, **given})
    assert wanted in str(caught.value.errors()[0]["ctx"]["error"].findings)


def test_a_community_without_any_key_has_nothing_to_look_with(store):
    settings = VkSettings.model_validate({"group": 1, "secret": "s", "confirmation": "c"})
    assert watcher("vk", settings, Around(store, MOSCOW)) is None
