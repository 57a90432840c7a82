"""Avito's talks against the sandbox: what is written there, what is found there, and the token that opens it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.avito.channel import receiver
from connectors.avito.messenger import messenger
from connectors.avito.settings import AvitoSettings
from connectors.avito.setup import subscriber
from connectors.avito.watch import watcher
from provodka.channel import Delivery
from provodka.errors import Ambiguous, AuthFailed, Rejected, Retryable
from provodka.messages import ChatFacts, ClientMessage, Introducer, Talker
from provodka.operation import Done, Request
from provodka.payloads import Attachment
from provodka.talks import MediaKind, MessageFile
from sandbox.faults import Fault
from sandbox.senders.avito import ACCOUNT, CHAT, ITEM, PERSON, Avito
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from tests.connectors.calls.memory_intake import MemoryIntake, MemoryStatus
from tests.contract.case import around, nothing

CLIENT = Client()
API = f"/avito/messenger/v1/accounts/{ACCOUNT}"


class Clock:
    def __init__(self):
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def station():
    avito = Avito()
    with Station(avito) as running:
        running.avito = avito
        yield running


@pytest.fixture
def clock(station):
    clock = station.avito.now = Clock()
    return clock


@pytest.fixture
def avito(station, clock):
    station.reset()
    station.faults.clear()
    station.avito.base = station.url
    station.avito.deliver = False
    return station.avito


@pytest.fixture
def make(station, store, clock):
    made = []

    def of(part=messenger, **more):
        given = {
            "user_id": ACCOUNT,
            "client_id": "sandbox",
            "client_secret": "sandbox",
            "secret": "sandbox-secret",
            "per_second": 1000,
        }
        settings = AvitoSettings.model_validate({**given, "api_url": f"{station.url}/avito", **more})
        made.append(part("avito", settings, replace(around(store), now=clock)))
        return made[-1]

    yield of
    for one in made:
        if hasattr(one, "close"):
            one.close()


def write(talker, text="Добрый день", to=CHAT, since=None, **more):
    [outcome] = talker.write([Request("key", ClientMessage(to, text, **more), since)])
    return outcome


def press(avito, button):
    avito.press(button, CLIENT, avito.defaults)


def said(avito):
    return [one["content"].get("text", "[image]") for one in avito.messages[CHAT] if one.get("by_api")]


def test_one_token_serves_many_calls_and_every_process(avito, make):
    for _ in range(3):
        assert isinstance(write(make()), Done)
    assert avito.stats()["tokens"] == 1


def test_a_token_that_is_no_longer_accepted_is_renewed_once(avito, make):
    talker = make()
    write(talker)
    avito.tokens.clear()
    assert isinstance(write(talker, "Ещё"), Done)
    assert said(avito) == ["Добрый день", "Ещё"]


def test_a_refresh_token_is_good_once_and_the_next_one_is_kept_before_it_is_used(avito, make, store):
    avito.refresh = "first"
    talker = make(refresh_token="first")
    assert isinstance(write(talker), Done)
    assert store.tokens["avito:sandbox"].refresh == avito.refresh != "first"
    avito.tokens.clear()
    assert isinstance(write(make(refresh_token="first"), "Ещё"), Done)
    assert store.tokens["avito:sandbox"].refresh == avito.refresh


def test_wrong_keys_are_told_although_avito_answers_200(avito, make):
    outcome = write(make(client_secret="wrong-key"))
    assert isinstance(outcome, AuthFailed)
    assert "client_secret" in outcome.hint
    assert "wrong-key" not in repr(outcome)


def test_a_person_is_answered_in_the_newest_of_their_talks(avito, make, clock):
    avito.messages["u2i-9~Old"] = []
    press(avito, "message")
    assert isinstance(write(make(), to=str(PERSON)), Done)
    assert said(avito) == ["Добрый день"]
    outcome = write(make(), to="404")
    assert isinstance(outcome, Rejected)
    assert "первым пишет только он" in outcome.hint


def test_pictures_go_along_and_nothing_else_does(avito, make, store):
    picture = Attachment("крыша.png", "image/png", 4, store.keep_blob(b"\x89PNG"))
    plan = Attachment("план.pdf", "application/pdf", 4, store.keep_blob(b"%PDF"))
    assert isinstance(write(make(mark_read=True), files=(picture,)), Done)
    assert said(avito) == ["Добрый день", "[image]"]
    assert list(avito.images.values()) == [b"\x89PNG"]
    assert avito.read == [CHAT]
    outcome = write(make(), files=(picture, plan))
    assert isinstance(outcome, Rejected)
    assert "план.pdf" in outcome.hint
    assert len(said(avito)) == 2  # refused before anything went


def test_what_may_have_gone_is_looked_for_in_the_talk(avito, make, station, clock):
    station.faults.arm(Fault(path=f"{API}/chats", kind="cut_after"))
    assert isinstance(write(make()), Ambiguous)
    clock.now += timedelta(seconds=40)
    again = write(make(), since=clock.now - timedelta(seconds=40))
    assert isinstance(again, Done)
    assert again.found
    assert said(avito) == ["Добрый день"]
    clock.now += timedelta(minutes=5)
    assert write(make(), since=clock.now).found is False  # the same words of an earlier day are not these
    assert said(avito) == ["Добрый день"] * 2


def test_a_message_of_which_a_part_is_there_is_not_sent_again(avito, make, station, store, clock):
    picture = Attachment("крыша.png", "image/png", 4, store.keep_blob(b"\x89PNG"))
    station.faults.arm(Fault(path=f"{API}/chats/{CHAT}/messages/image", status=400, body="{}"))
    outcome = write(make(), files=(picture,))
    assert isinstance(outcome, Ambiguous)
    outcome = write(make(), files=(picture,), since=clock.now)
    assert isinstance(outcome, Rejected)
    assert "допишите" in outcome.hint
    assert said(avito) == ["Добрый день"]


@pytest.mark.parametrize(("to", "text", "cure"), [(CHAT, "я" * 1001, "1000 знаков"), ("u2i-0~No", "x", "удалён")])
def test_a_refusal_says_what_to_do(avito, make, to, text, cure):
    outcome = write(make(), text, to=to)
    assert isinstance(outcome, Rejected)
    assert cure in outcome.hint


def test_who_asks_and_about_what_is_asked_for_when_somebody_wants_to_show_it(avito, make):
    talker = make()
    assert isinstance(talker, Introducer)
    assert isinstance(talker, Talker)
    assert talker.who(CHAT) == ChatFacts("Мария", "Окно ПВХ, 5 000 ₽", f"https://avito.ru/{ITEM}")


def test_pictures_and_voices_are_fetched_into_the_journal(avito, make, station, store):
    talker = make()
    picture = MessageFile(MediaKind.PICTURE, f"{station.url}/avito/files/1280x960.jpg", "photo.jpg", "image/jpeg")
    assert store.blob(talker.fetch_file(picture).sha256).endswith(b"1280x960.jpg")
    voice = talker.fetch_file(MessageFile(MediaKind.VOICE, "voice:voice-1", "voice.mp4", "audio/mp4"))
    assert store.blob(voice.sha256).endswith(b"voice-1.mp4")
    with pytest.raises(Retryable):
        talker.fetch_file(MessageFile(MediaKind.VOICE, "voice:unknown"))


def test_avito_is_told_of_our_address_once_with_the_secret_behind(avito, make):
    setup = make(subscriber)
    assert setup.subscribe("https://p.example/hooks/avito") is True
    assert setup.subscribe("https://p.example/hooks/avito") is False
    assert avito.subscriptions == ["https://p.example/hooks/avito/sandbox-secret"]
    assert make(subscriber, secret=None) is None


def test_the_first_look_takes_nothing_old_and_the_next_one_all_that_was_not_told(avito, make, clock):
    intake, net = MemoryIntake(clock()), make(watcher)
    press(avito, "message")
    clock.now += timedelta(hours=1)
    net.look(intake)
    assert intake.events == {}
    clock.now += timedelta(minutes=5)
    for button in ("message", "picture", "system", "answer"):
        press(avito, button)
    write(make(), "От нас")
    clock.now += timedelta(minutes=5)
    net.look(intake)
    net.look(intake)
    assert list(intake.types().values()) == ["message.received", "message.received", "message.sent"]
    first = next(iter(intake.events.values()))
    assert first.person.name == "Мария"
    assert (first.payload.message.about, first.payload.message.chat) == ("Окно ПВХ, 5 000 ₽", CHAT)


def test_a_message_that_was_told_and_found_is_one(avito, make, clock):
    intake, net = MemoryIntake(clock()), make(watcher)
    net.look(intake)
    press(avito, "message")
    net.look(intake)
    [found] = intake.events.values()
    value = {**avito.messages[CHAT][-1], "chat_id": CHAT, "user_id": ACCOUNT}
    body = json.dumps({"payload": {"type": "message", "value": value}}).encode()
    [event] = make(receiver).receive(Delivery("POST", "sandbox-secret", {}, {}, body, clock()), nothing).events
    assert event.external_id == found.external_id


def test_what_we_wrote_does_not_come_back_even_before_avito_has_answered(avito, make, clock):
    told = []
    channel = make(receiver)

    def tell(body, given, chat=CHAT):
        value = {**body, "chat_id": chat, "user_id": ACCOUNT}
        raw = json.dumps({"payload": {"type": "message", "value": value}}).encode()
        told.append(channel.receive(Delivery("POST", "sandbox-secret", {}, {}, raw, clock()), nothing))
        return []

    avito.subscriptions.append("https://p.example/hooks/avito/sandbox-secret")
    avito._tell = tell
    try:
        assert isinstance(write(make()), Done)
    finally:
        del avito._tell
    assert [received.events for received in told] == [()]


def test_a_lost_subscription_is_told_with_its_cure_and_the_talks_are_read_all_the_same(avito, make, clock):
    intake, status, stop = MemoryIntake(clock()), MemoryStatus(), threading.Event()
    told = threading.Event()
    status.trouble = lambda *said: told.set()
    thread = threading.Thread(target=make(watcher).watch, args=(stop, intake, status))
    thread.start()
    assert told.wait(30)
    stop.set()
    thread.join(10)
    assert "avito:avito:since" in intake.cursors
    [sentence] = make(subscriber).check()
    assert "check --online --channel avito" in sentence
    make(subscriber).subscribe("https://p.example/hooks/avito")
    assert make(subscriber).check() == []


def test_check_names_keys_of_another_profile(avito, make):
    assert make().check() == []
    avito_of_another = make(user_id=5)
    [sentence] = avito_of_another.check()
    assert "Avito" in sentence
