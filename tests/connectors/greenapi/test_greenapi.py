"""Green-API: notices by webhook and by the queue, the state of the account, and writing by it."""

import json
import threading
import time

import pytest
from pydantic import ValidationError

from connectors.base import collect_calls
from connectors.greenapi.channel import GreenApiChannel, receiver
from connectors.greenapi.messenger import GreenApiMessenger, GreenApiSubscriber, subscriber
from connectors.greenapi.settings import GreenApiSettings
from connectors.greenapi.watcher import GreenApiWatcher
from provodka.channel import Delivery
from provodka.errors import Rejected
from provodka.event import utc_now
from provodka.journal import Journal, queries
from provodka.messages import ClientMessage
from provodka.operation import Done, Request
from provodka.payloads import Attachment, EventType
from provodka.talks import DeliveryState, MediaKind, MessageFile
from sandbox.faults import Fault
from sandbox.senders.graph import PICTURE
from sandbox.senders.greenapi import INSTANCE, GreenApi
from sandbox.senders.service import Client
from tests.connectors import talk_bodies
from tests.connectors.played import played
from tests.contract.case import NOW, around, nothing
from tests.contract.services.greenapi import STATUS, TEXT, body

SECRET = "long-secret"
SETTINGS = GreenApiSettings.model_validate({"instance": INSTANCE, "token": "x", "secret": SECRET})
MARIA = "79160001122"
QUEUE = {**GreenApi.defaults, "url": ""}


def heard(raw, parts=nothing):
    delivery = Delivery("POST", SECRET, {"content-type": "application/json"}, {}, raw, NOW)
    return GreenApiChannel("ga", SETTINGS).receive(delivery, parts).events


def one(message=None, **fields):
    [event] = heard(body({**TEXT, **({"messageData": message} if message else {}), **fields}))
    return event


def test_the_example_of_a_text_is_a_message():
    [event] = heard(talk_bodies.GREENAPI_INCOMING_TEXT.raw)
    assert event.external_id == "message:3EB0A1C2D3E4F5061728"
    assert event.person.identities == ("phone:+79160001122", "whatsapp:79160001122")
    assert (event.person.name, event.payload.message.text) == ("Мария", "Здравствуйте!")
    assert (event.payload.message.chat, event.payload.message.account) == (MARIA, "1101000001")


def test_the_example_of_a_state_says_why_it_did_not_arrive():
    [event] = heard(talk_bodies.GREENAPI_OUTGOING_STATUS.raw)
    assert event.external_id == "state:3EB0FFEEDDCC00112233:failed"
    assert "нет WhatsApp" in event.payload.sent.error


@pytest.mark.parametrize(
    ("message", "text", "more"),
    [
        ({"typeMessage": "extendedTextMessage", "extendedTextMessageData": {"text": "Привет"}}, "Привет", {}),
        (
            {
                "typeMessage": "quotedMessage",
                "extendedTextMessageData": {"text": "Да"},
                "quotedMessage": {"stanzaId": "m0"},
            },
            "Да",
            {"answers": "m0"},
        ),
        (
            {
                "typeMessage": "locationMessage",
                "locationMessageData": {"nameLocation": "Офис", "latitude": 55.7, "longitude": 37.6},
            },
            "Место: Офис https://maps.google.com/?q=55.7,37.6",
            {},
        ),
        (
            {
                "typeMessage": "buttonsResponseMessage",
                "buttonsResponseMessage": {"selectedButtonId": "b1", "selectedButtonText": "Замер", "stanzaId": "m0"},
            },
            "Замер",
            {"button": "b1", "answers": "m0"},
        ),
        (
            {
                "typeMessage": "listResponseMessage",
                "listResponseMessage": {"title": "Крыша", "singleSelectReply": {"selectedRowId": "r2"}},
            },
            "Крыша",
            {"button": "r2"},
        ),
        ({"typeMessage": "hologram"}, "[сообщение, которого Green-API не передаёт: hologram]", {}),
    ],
)
def test_every_kind_of_message_says_something(message, text, more):
    told = one(message).payload.message
    assert told.text == text
    assert {name: getattr(told, name) for name in more} == more


def test_a_card_of_somebody_else_is_told_but_joins_nobody():
    card = "BEGIN:VCARD\nFN:Пётр\nTEL;waid=79165554433:+7 916 555-44-33\nEND:VCARD"
    message = {"typeMessage": "contactMessage", "contactMessageData": {"displayName": "Пётр", "vcard": card}}
    event = one(message)
    assert event.payload.message.text == "Контакт: Пётр +7 916 555-44-33"
    assert event.person.phones == ("+79161112233",)


def test_files_are_known_by_their_addresses():
    file = {
        "downloadUrl": "https://media.example.ru/1",
        "caption": "Крыша",
        "fileName": "a.pdf",
        "mimeType": "application/pdf",
    }
    told = one({"typeMessage": "documentMessage", "fileMessageData": file}).payload.message
    assert told.files == (MessageFile(MediaKind.FILE, "https://media.example.ru/1", "a.pdf", "application/pdf"),)
    assert told.text == "Крыша"


def test_a_reaction_that_was_taken_back_says_nothing_and_a_given_one_does():
    given = {
        "typeMessage": "reactionMessage",
        "extendedTextMessageData": {"text": "👍"},
        "quotedMessage": {"stanzaId": "m0"},
    }
    assert (one(given).payload.message.text, one(given).payload.message.answers) == ("👍", "m0")
    assert heard(body({**TEXT, "messageData": {"typeMessage": "reactionMessage"}})) == ()


def test_an_edited_and_a_deleted_message_name_the_one_that_they_change():
    edited = one({"typeMessage": "editedMessage", "editedMessageData": {"textMessage": "Лучше так", "stanzaId": "m0"}})
    assert (edited.type, edited.payload.message.id) == (EventType.MESSAGE_EDITED, "m0")
    deleted = one({"typeMessage": "deletedMessage", "deletedMessageData": {"stanzaId": "m0"}})
    assert (deleted.type, deleted.payload.message.text) == (EventType.MESSAGE_EDITED, "")


def test_a_group_is_nobody_but_who_writes_in_it_is_somebody():
    sides = {"chatId": "1203630@g.us", "sender": f"{MARIA}@c.us", "senderName": "Мария"}
    event = one(senderData=sides)
    assert event.payload.message.group
    assert event.payload.message.chat == "1203630@g.us"
    assert event.person.identities == ("phone:+79160001122", "whatsapp:79160001122")
    ours = one(typeWebhook="outgoingMessageReceived", senderData={**sides, "sender": "74950003344@c.us"})
    assert ours.person.identities == ()


def test_what_was_written_from_the_phone_is_ours_to_the_client():
    sides = {"chatId": f"{MARIA}@c.us", "sender": "74950003344@c.us", "chatName": "Мария", "senderName": "Кровля"}
    event = one(typeWebhook="outgoingMessageReceived", senderData=sides)
    assert event.type is EventType.MESSAGE_SENT
    assert (event.person.name, event.person.phone) == ("Мария", "+79160001122")


def test_a_missed_call_is_a_message_and_an_answered_one_is_not():
    call = {**TEXT, "typeWebhook": "incomingCall", "from": f"{MARIA}@c.us"}
    [missed] = heard(body({**call, "status": "missed"}))
    assert missed.payload.message.text == "Пропущенный звонок (whatsapp)"
    assert heard(body({**call, "status": "pickUp"})) == ()


def test_a_notice_without_an_id_is_kept_as_it_is():
    [event] = heard(body({**TEXT, "idMessage": None}))
    assert event.type is EventType.UNREADABLE
    assert json.loads(event.raw)["typeWebhook"] == "incomingMessageReceived"


def test_news_are_ranked():
    stored = []
    told = []
    for status in ("read", "delivered", "sent"):
        raw = body({**STATUS, "status": status})
        delivery = Delivery("POST", SECRET, {}, {}, raw, NOW)
        received = GreenApiChannel("ga", SETTINGS).receive(delivery, lambda key: [p for p in stored if p.key == key])
        stored.extend(received.parts)
        told += [event.payload.sent.state for event in received.events]
    assert told == [DeliveryState.READ]


def test_who_asks_by_itself_is_not_called_and_nobody_else_is_left_unguarded(store):
    polling = GreenApiSettings.model_validate({"instance": "1", "token": "x", "receive": "polling"})
    assert receiver("ga", polling, around(store)) is None
    assert subscriber("ga", polling, around(store)) is None
    with pytest.raises(ValidationError, match="anybody could send"):
        GreenApiSettings.model_validate({"instance": "1", "token": "x"})


running, service = played(lambda: GreenApi(patience=0.05))


@pytest.fixture
def settings(running, service):
    given = {"instance": INSTANCE, "token": "sandbox", "receive": "polling", "pause": 0.5}
    return GreenApiSettings.model_validate(
        {**given, "api_url": f"{running.url}/greenapi", "media_url": f"{running.url}/greenapi"}
    )


@pytest.fixture
def messenger(settings, store):
    made = GreenApiMessenger("ga", settings, around(store))
    yield made
    made.close()


def write(messenger, text="Смета готова", to=f"+{MARIA}", **more):
    [outcome] = messenger.write([Request("key-1", ClientMessage(to, text, **more))])
    return outcome


def test_a_text_goes_to_the_number_and_a_number_without_whatsapp_is_refused_before(service, messenger):
    assert isinstance(write(messenger), Done)
    assert (service.sent[0]["chatId"], service.sent[0]["message"]) == (f"{MARIA}@c.us", "Смета готова")
    service.without_whatsapp.add("79165554433")
    refused = write(messenger, to="79165554433")
    assert isinstance(refused, Rejected)
    assert "нет WhatsApp" in refused.hint
    assert len(service.sent) == 1


def test_whether_a_number_has_whatsapp_is_asked_once(messenger, service):
    with collect_calls() as calls:
        write(messenger)
        write(messenger)
    assert sum("checkWhatsapp" in call.path for call in calls) == 1
    assert not any("sandbox" in repr(call) for call in calls)  # the token stands in the address


def test_messages_wait_for_their_turn_and_other_calls_do_not(settings, store, monkeypatch):
    rows = []
    monkeypatch.setattr(store, "reserve", lambda *row: rows.append(row) or 0.0)
    made = GreenApiMessenger("ga", settings, around(store))
    write(made)
    made.close()
    assert rows == [("greenapi:1101000001", 50, 50), ("greenapi:1101000001:write", 2.0, 1)]


def test_a_file_is_uploaded_with_the_text_as_its_caption(service, messenger, store):
    offer = Attachment("Смета.pdf", "application/pdf", 8, store.keep_blob(b"%PDF-1.4"))
    assert isinstance(write(messenger, files=(offer,)), Done)
    [sent] = service.sent
    assert (sent["caption"], sent["bytes"], sent["fileName"]) == ("Смета готова", b"%PDF-1.4", "Смета.pdf")


def test_what_is_no_number_and_too_long_a_text_are_refused_by_name(messenger, service):
    for outcome in (write(messenger, to="masha"), write(messenger, "я" * 200_001)):
        assert isinstance(outcome, Rejected)
        assert outcome.hint
    assert isinstance(write(messenger, to="1203630@g.us"), Done)


def test_the_file_of_a_message_is_fetched(running, messenger):
    got = messenger.fetch_file(MessageFile(MediaKind.PICTURE, f"{running.url}/greenapi/files/1", "крыша.png"))
    assert (got.name, got.size) == ("крыша.png", len(PICTURE))


def test_green_api_is_told_our_address_once(running, service, store):
    given = {"instance": INSTANCE, "token": "sandbox", "secret": SECRET, "webhook_token": "very-long-token"}
    made = GreenApiSubscriber(
        "ga", GreenApiSettings.model_validate({**given, "api_url": f"{running.url}/greenapi"}), around(store)
    )
    assert made.subscribe("https://hooks.example.ru/hooks/ga") is True
    assert service.settings["webhookUrl"] == f"https://hooks.example.ru/hooks/ga/{SECRET}"
    assert (service.settings["webhookUrlToken"], service.settings["incomingWebhook"]) == ("very-long-token", "yes")
    assert made.subscribe("https://hooks.example.ru/hooks/ga") is False
    made.close()


@pytest.fixture
def journal(tmp_path):
    opened = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def watcher(settings, journal):
    made = GreenApiWatcher("ga", settings, journal.store, utc_now)
    yield made
    made.close()


def told(journal):
    lines = journal.read(lambda c: queries.list_events(c, channel="ga", after_seq=0) or [])
    return [line.event.event.type.value for line in lines]


def test_the_queue_is_taken_in_its_order_stored_first_and_then_deleted(service, watcher, journal):
    service.press("text", Client(), QUEUE)
    service.press("answer", Client(), QUEUE)
    assert watcher.look(journal) == 0.0
    assert len(service.queue) == 1
    watcher.look(journal)
    assert sorted(told(journal)) == ["message.received", "message.sent"]
    assert not service.queue


def test_a_notice_whose_deletion_failed_comes_again_and_is_one_event(running, service, watcher, journal):
    service.press("text", Client(), QUEUE)
    running.faults.arm(Fault(path="/greenapi", method="DELETE", status=500))
    with pytest.raises(Exception, match="500"):
        watcher.look(journal)
    assert len(service.queue) == 1
    watcher.look(journal)
    assert told(journal) == ["message.received"]
    assert not service.queue


@pytest.mark.parametrize(
    "notice", ["rubbish", None, {"typeWebhook": "incomingMessageReceived"}, {"typeWebhook": "new"}]
)
def test_rubbish_in_the_queue_does_not_hold_it_back(service, watcher, journal, notice):
    service.tell(QUEUE, notice)
    service.press("text", Client(), QUEUE)
    watcher.look(journal)
    watcher.look(journal)
    assert "message.received" in told(journal)
    assert not service.queue


def test_an_account_that_has_left_is_an_alert_with_its_cure_until_it_is_back(service, watcher, journal):
    service.press("lost", Client(), QUEUE)
    watcher.look(journal)  # the notice itself
    with pytest.raises(Rejected) as left:
        watcher.look(journal)
    assert "QR-код" in left.value.hint
    assert watcher.check() != []
    service.press("back", Client(), QUEUE)
    watcher.look(journal)
    watcher.look(journal)
    assert watcher.check() == []


def test_asking_while_notices_go_elsewhere_is_told(service, watcher):
    service.settings["webhookUrl"] = "https://elsewhere.example.ru"
    [said] = watcher.check()
    assert "receive: webhook" in said


def test_a_watch_takes_what_comes_and_ends_soon_after_it_is_told(service, watcher, journal):
    stop = threading.Event()
    thread = threading.Thread(target=watcher.watch, args=(stop, journal, journal))
    thread.start()
    service.press("text", Client(), QUEUE)
    until = time.monotonic() + 30
    while not told(journal) and time.monotonic() < until:
        stop.wait(0.02)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert told(journal) == ["message.received"]
