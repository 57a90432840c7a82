"""A bot of MAX against the running sandbox: writing, files, subscriptions, polling, and the buttons of the sandbox."""

import threading
import time

import pytest
import requests
from cheroot import wsgi
from flask import Flask, request

from connectors.base import collect_calls
from connectors.max.api import MaxApi
from connectors.max.channel import MaxChannel
from connectors.max.messenger import MaxMessenger
from connectors.max.polling import Poller
from connectors.max.settings import MaxSettings
from connectors.max.setup import Setup
from connectors.talks.keeper import Keeper
from provodka.channel import Delivery, RefusedError
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.event import utc_now
from provodka.messages import ClientMessage, Talker
from provodka.operation import Done, Request
from provodka.payloads import Attachment, EventType
from provodka.talks import MediaKind, MessageFile
from sandbox.faults import Fault
from sandbox.senders.http import Signing
from sandbox.senders.max import PERSON, Max
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from tests.contract.case import nothing

OURS = "https://crm.example.ru/hooks/max"


@pytest.fixture(scope="module")
def station():
    with Station(Max()) as running:
        yield running


@pytest.fixture
def max_(station):
    station.reset()
    station.faults.clear()
    requests.get(f"{station.url}/max/me", timeout=30)  # the service learns its own address
    return station.services[0]


@pytest.fixture
def given(station, max_):
    return {"token": "sandbox", "secret": "sandbox", "api_url": f"{station.url}/max"}


@pytest.fixture
def bot(given, store):
    slept = []
    made = MaxMessenger("max", MaxSettings.model_validate(given), store, sleep=slept.append)
    made.slept = slept
    yield made
    made.close()


def write(bot, text="Здравствуйте!", to=str(PERSON), **more):
    [outcome] = bot.write([Request("key", ClientMessage(to, text, **more))])
    return outcome


def kept(store, name, content, content_type):
    return Attachment(name, content_type, len(content), store.keep_blob(content))


def test_people_can_talk_with_it(bot):
    assert isinstance(bot, Talker)


def test_a_message_arrives_and_its_id_is_told(bot, max_):
    done = write(bot)
    [sent] = max_.room.sent
    assert (sent["text"], sent["user_id"]) == ("Здравствуйте!", str(PERSON))
    assert isinstance(done, Done)
    assert done.remote_id == sent["mid"]


def test_a_group_is_written_to_by_its_chat(bot, max_):
    assert isinstance(write(bot, to="chat:-70001"), Done)
    assert max_.room.sent[0]["chat_id"] == "-70001"


def test_what_is_no_address_of_max_is_refused(bot, max_):
    outcome = write(bot, to="maria@example.ru")
    assert isinstance(outcome, Rejected)
    assert "номер человека" in outcome.hint


def test_a_long_text_goes_whole_in_pieces(bot, max_):
    text = "\n".join(f"{n}. " + "ы" * 300 for n in range(30))
    assert isinstance(write(bot, text), Done)
    assert [len(one["text"]) <= 4000 for one in max_.room.sent] == [True] * 3
    assert "\n".join(one["text"] for one in max_.room.sent) == text


@pytest.mark.parametrize(
    ("name", "kind", "sort"),
    [
        ("крыша.jpg", "image/jpeg", "image"),
        ("Смета.pdf", "application/pdf", "file"),
        ("фильм.mp4", "video/mp4", "video"),
        ("голос.ogg", "audio/ogg", "audio"),
    ],
)
def test_a_file_is_brought_and_hung_on(bot, max_, store, name, kind, sort):
    assert isinstance(write(bot, "Вот", files=(kept(store, name, b"bytes", kind),)), Done)
    [sent] = max_.room.sent
    [hung] = sent["attachments"]
    assert (sent["text"], hung["type"]) == ("Вот", sort)
    assert list(max_.room.uploads.values()) == [b"bytes"]
    token = hung["payload"].get("token") or next(iter(hung["payload"]["photos"].values()))["token"]
    assert token.startswith(sort)


def test_an_upload_that_is_not_digested_is_waited_for(bot, max_, store):
    max_.room.not_ready = 2
    assert isinstance(write(bot, files=(kept(store, "a.pdf", b"%PDF", "application/pdf"),)), Done)
    assert bot.slept == [1.0, 2.0]
    assert len(max_.room.sent) == 1


def test_an_upload_that_is_never_digested_is_tried_again_later_since_nothing_was_sent(bot, max_, store):
    max_.room.not_ready = 99
    assert isinstance(write(bot, files=(kept(store, "a.pdf", b"%PDF", "application/pdf"),)), Retryable)
    assert bot.slept == [1.0, 2.0, 4.0]
    assert max_.room.sent == []


def test_a_file_that_max_does_not_take_is_refused_before_anything_is_sent(bot, max_, store):
    files = (kept(store, "a.pdf", b"%PDF", "application/pdf"), kept(store, "b.pdf", b"", "application/pdf"))
    outcome = write(bot, "Вот", files=files)
    assert isinstance(outcome, Rejected)
    assert max_.room.sent == []


def test_what_broke_off_half_way_is_for_a_person_to_judge(bot, max_, store, station):
    files = tuple(kept(store, f"{n}.pdf", b"%PDF", "application/pdf") for n in range(2))
    station.faults.arm(Fault(kind="status", status=500, path="/max/messages"))
    assert isinstance(write(bot, "Вот", files=files), Ambiguous)
    max_.room.not_ready = 99
    max_.room.sent.clear()
    outcome = write(bot, "Вот", files=files)
    assert isinstance(outcome, Ambiguous)
    assert "1 of 3" in outcome.reason


def test_who_has_stopped_the_bot_is_a_named_refusal(bot, max_):
    max_.room.stopped = True
    outcome = write(bot)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, "другим каналом" in outcome.hint) == ("blocked", True)


def test_files_of_people_are_fetched_into_the_blobs(bot, max_, store):
    for kind, ref, body in (
        (MediaKind.PICTURE, max_.room.keep("roof.jpg", b"jpeg"), b"jpeg"),
        (MediaKind.VIDEO, "video:t-1", b"film"),
    ):
        got = bot.fetch_file(MessageFile(kind, ref, "крыша"))
        assert store.blobs[got.sha256] == body
    with pytest.raises(Rejected):
        bot.fetch_file(MessageFile(MediaKind.FILE, f"{max_.room.base}/max/files/gone.pdf"))


def test_calls_are_traced_without_the_token(bot, max_, store, caplog):
    caplog.set_level("DEBUG")
    with collect_calls() as calls:
        write(bot, files=(kept(store, "a.pdf", b"%PDF", "application/pdf"),))
    assert [call.path.partition("?")[0] for call in calls] == ["/uploads", "/max/upload/file", "/messages"]
    assert "Authorization" not in f"{calls} {caplog.text}"


@pytest.fixture
def setup(given, store):
    made = []

    def make(**more):
        settings = MaxSettings.model_validate({**given, **more})
        made.append(Setup("max", settings, MaxApi(settings, store)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_max_is_told_where_to_send_and_a_former_address_of_ours_is_taken_back(setup, max_):
    assert setup().subscribe("https://old.example.ru/hooks/max")
    assert setup().subscribe("https://shop.example.ru/theirs/secret")
    assert setup().subscribe(OURS)
    assert {one["url"] for one in max_.room.subscriptions} == {OURS, "https://shop.example.ru/theirs/secret"}
    [ours] = [one for one in max_.room.subscriptions if one["url"] == OURS]
    assert (ours["secret"], "bot_started" in ours["update_types"]) == ("sandbox", True)
    assert not setup().subscribe(OURS)
    assert setup().check() == []


def test_an_address_that_max_does_not_call_is_refused_with_its_cure(setup):
    with pytest.raises(Rejected) as refused:
        setup().subscribe("http://crm.example.ru/hooks/max")
    assert "https" in refused.value.hint


def test_check_names_what_is_wrong_with_the_subscription(setup, max_):
    [said] = setup().check()
    assert "никуда не сообщает" in said
    max_.room.subscriptions = [{"url": "https://shop.example.ru/their-secret"}]
    [said] = setup().check()
    assert ("shop.example.ru" in said, "their-secret" in said) == (True, False)
    [said] = setup(receive="polling").check()
    assert "подписка" in said
    max_.room.subscriptions = [{"url": OURS, "update_types": ["message_created"]}]
    [said] = setup().check()
    assert "bot_started" in said
    [said] = setup(token="stolen").check()
    assert ("кабинете MAX" in said, "stolen" in said) == (True, False)


class Inbox:
    def __init__(self):
        self.events, self.cursors, self.troubles = [], {}, []

    def accept(self, events, *, channel="", parts=(), cursors=None, blobs=()):
        self.events += events
        self.cursors.update(cursors or {})

    def cursor(self, name):
        return self.cursors.get(name)

    def trouble(self, name, cause, cure):
        self.troubles.append(cure)

    def well(self, name):
        return False


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_polling_takes_each_update_once_though_the_process_starts_anew(given, store, max_):
    max_.deliver = False
    inbox = Inbox()
    for text in ("Первое", "Второе"):
        max_.message(Client(text=text), max_.defaults)
        poller = Poller("max", MaxSettings.model_validate({**given, "receive": "polling"}), store, seconds=1)
        stop = threading.Event()
        thread = threading.Thread(target=poller.watch, args=(stop, inbox, inbox))
        thread.start()
        until(lambda text=text: inbox.events and inbox.events[-1].payload.message.text == text)
        stop.set()
        thread.join(30)
    assert [event.payload.message.text for event in inbox.events] == ["Первое", "Второе"]
    assert not inbox.troubles


class Receiver:
    """Our receiver behind a real web server."""

    def __init__(self):
        self.events, self.refused = [], 0
        self.channel = MaxChannel("max", MaxSettings.model_validate({"token": "t", "secret": "sandbox"}))
        app = Flask("max")
        app.add_url_rule("/hooks/max", view_func=self.hear, methods=["POST"])
        self.server = wsgi.Server(("127.0.0.1", 0), app.wsgi_app)
        self.server.shutdown_timeout = 1
        self.server.prepare()
        self.url = f"http://127.0.0.1:{self.server.bind_addr[1]}/hooks/max"

    def hear(self):
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            told = self.channel.receive(Delivery("POST", "", headers, {}, request.get_data(), utc_now()), nothing)
        except RefusedError:
            return "", 403
        self.events += told.events
        return "", told.reply.status


@pytest.fixture
def receiver():
    made = Receiver()
    thread = threading.Thread(target=made.server.serve, daemon=True)
    thread.start()
    yield made
    made.server.stop()
    thread.join()


def test_each_button_of_the_sandbox_is_one_event_and_a_wrong_secret_none(max_, receiver):
    given = {"url": receiver.url, "secret": "sandbox"}
    for button in max_.buttons:
        [answer] = max_.press(button, Client(), given)
        assert answer.status_code == 200, button
    assert [event.type for event in receiver.events] == [
        EventType.CHAT_STARTED,
        *[EventType.MESSAGE_RECEIVED] * 6,
        EventType.MESSAGE_EDITED,
        EventType.MESSAGE_RECEIVED,
        EventType.CHAT_STOPPED,
    ]
    own, card = receiver.events[4:6]
    assert (own.person.phone, card.person.phone) == ("+79160001122", "")
    for signing in (Signing.WRONG, Signing.MISSING):
        max_.signing = signing
        [answer] = max_.press("message", Client(), given)
        assert answer.status_code == 403


class Told:
    def __init__(self):
        self.cures, self.wells = [], 0

    def trouble(self, name, cause, cure):
        self.cures.append(cure)

    def well(self, name):
        self.wells += 1
        return False


def test_a_subscription_that_is_gone_is_told_of(setup, max_):
    told, stop = Told(), threading.Event()
    thread = threading.Thread(target=Keeper("max", setup(), first=0, every=0.02).watch, args=(stop, None, told))
    max_.room.subscriptions = [{"url": OURS}]
    thread.start()
    until(lambda: told.wells)
    assert not told.cures
    max_.room.subscriptions = []
    until(lambda: told.cures)
    stop.set()
    thread.join(30)
    assert "никуда не сообщает" in told.cures[0]
