"""Wazzup24: messages of all its messengers, what it tells afterwards, and writing by it."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from connectors.wazzup.channel import WazzupChannel
from connectors.wazzup.chats import Chats, Place
from connectors.wazzup.messenger import WazzupMessenger, WazzupSubscriber
from connectors.wazzup.settings import WazzupSettings
from provodka.channel import Around, Delivery, RefusedError
from provodka.errors import Rejected, Retryable
from provodka.messages import ClientMessage
from provodka.operation import Done, Request
from provodka.payloads import Attachment, EventType
from provodka.talks import DeliveryState, MediaKind, MessageFile
from sandbox.faults import Fault
from sandbox.senders.graph import PICTURE
from sandbox.senders.station import Station
from sandbox.senders.wazzup import CHANNEL, Wazzup
from tests.connectors import talk_bodies
from tests.connectors.played import played
from tests.contract.case import MOSCOW, NOW, around, nothing
from tests.contract.services.wazzup import TEXT, body

EXAMPLE_KEY = "wz-example-crm-key"
SETTINGS = WazzupSettings.model_validate({"api_key": "x", "crm_key": EXAMPLE_KEY, "channel_id": CHANNEL})
MARIA = "79160001122"


def delivery(raw, key=EXAMPLE_KEY):
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json; charset-utf-8"}
    return Delivery("POST", "", headers, {}, raw, NOW)


def heard(raw, parts=nothing):
    return WazzupChannel("wz", SETTINGS, around()).receive(delivery(raw), parts).events


def one(**fields):
    [event] = heard(body(messages=[{**TEXT, **fields}]))
    return event


def test_the_example_holds_a_message_of_the_client_and_one_of_the_staff():
    received, ours = heard(talk_bodies.WAZZUP_MESSAGE.raw)
    assert (received.type, received.external_id) == (
        EventType.MESSAGE_RECEIVED,
        "message:7b1c0a54-1d2f-4c44-9e50-0c3c5c000001",
    )
    assert received.person.identities == ("phone:+79160001122", "whatsapp:79160001122")
    assert (received.person.name, received.payload.message.chat) == ("Мария", MARIA)
    assert received.occurred_at.isoformat() == "2025-12-01T08:00:00+00:00"
    assert (ours.type, ours.payload.staff) == (EventType.MESSAGE_SENT, "Иванов Пётр")
    assert ours.person.identities == received.person.identities


def test_the_example_of_states_tells_what_arrived_and_why_the_other_did_not():
    arrived, failed = heard(talk_bodies.WAZZUP_STATUS.raw)
    assert arrived.payload.sent.state is DeliveryState.DELIVERED
    assert arrived.external_id == "state:7b1c0a54-1d2f-4c44-9e50-0c3c5c000002:delivered"
    assert failed.payload.sent.state is DeliveryState.FAILED
    assert "нет такого аккаунта" in failed.payload.sent.error


def test_the_trial_of_an_address_is_answered_without_a_key_and_nothing_else_is():
    channel = WazzupChannel("wz", SETTINGS, around())
    assert channel.receive(Delivery("POST", "", {}, {}, b'{"test":true}', NOW), nothing).reply.status == 200
    for raw in (b'{"test":true,"messages":[]}', b'{"test":1}', b"{}"):
        with pytest.raises(RefusedError):
            channel.receive(Delivery("POST", "", {}, {}, raw, NOW), nothing)


@pytest.mark.parametrize(
    ("chat_type", "chat_id", "identities"),
    [
        ("whatsapp", MARIA, ("phone:+79160001122", "whatsapp:79160001122")),
        ("viber", MARIA, ("phone:+79160001122", "viber:79160001122")),
        ("telegram", "7001", ("telegram:7001",)),
        ("vk", "55", ("vk:55",)),
        ("instagram", "masha", ("instagram:masha",)),
        ("avito", "u2i-1", ("avito:u2i-1",)),
        ("max", "81", ("max:81",)),
    ],
)
def test_each_messenger_is_a_service_of_its_own(chat_type, chat_id, identities):
    event = one(chatType=chat_type, chatId=chat_id)
    assert event.payload.message.service == chat_type
    assert event.person.identities == identities


def test_a_chat_of_another_messenger_says_by_which_channel_it_is_answered():
    event = one(chatType="telegram", chatId="7001", contact={"phone": MARIA})
    assert event.payload.message.chat == f"{CHANNEL}/telegram/7001"
    assert event.person.identities == ("phone:+79160001122", "telegram:7001")


def test_a_group_is_nobody_and_a_person_in_it_is_known_by_the_number():
    event = one(chatType="whatsgroup", chatId="120363", contact={"phone": MARIA}, authorName="Мария")
    assert event.payload.message.group
    assert event.payload.message.service == "whatsapp"
    assert event.person.identities == ("phone:+79160001122", "whatsapp:79160001122")
    assert one(chatType="whatsgroup", chatId="120363").person.identities == ()


def test_what_was_edited_or_deleted_is_told_each_time_anew():
    first, second = one(isEdited=True, text="Раз"), one(isEdited=True, text="Два")
    assert {first.type, second.type} == {EventType.MESSAGE_EDITED}
    assert first.external_id != second.external_id
    deleted = one(isDeleted=True)
    assert (deleted.type, deleted.payload.message.text) == (EventType.MESSAGE_EDITED, "")


def test_a_missed_call_is_a_message_that_says_so():
    event = one(type="missing_call", text=None)
    assert (event.type, event.payload.message.text) == (EventType.MESSAGE_RECEIVED, "Пропущенный звонок (whatsapp)")


def test_a_file_is_known_by_its_address_and_what_cannot_be_shown_is_named():
    event = one(type="image", text=None, contentUri="https://store.wazzup24.com/1")
    assert event.payload.message.files == (MessageFile(MediaKind.PICTURE, "https://store.wazzup24.com/1"),)
    assert one(type="unsupported", text=None).payload.message.text.endswith("unsupported]")


def test_our_own_message_and_a_correction_of_the_staff_are_no_news():
    own = {**TEXT, "isEcho": True, "crmMessageId": "provodka:key-1"}
    corrected = {**TEXT, "isEcho": True, "isEdited": True}
    assert heard(body(messages=[own, corrected])) == ()


def test_one_broken_piece_does_not_lose_the_others():
    events = heard(
        body(messages=[TEXT, {"type": "text"}, 5, {**TEXT, "messageId": "m2"}], statuses=[{"status": "read"}])
    )
    assert [event.type.value for event in events] == [
        "message.received",
        "unreadable",
        "unreadable",
        "message.received",
        "unreadable",
    ]


def test_a_channel_that_anybody_could_send_to_is_a_mistake():
    with pytest.raises(ValidationError, match="anybody could send"):
        WazzupSettings.model_validate({"api_key": "x", "channel_id": CHANNEL})


class Served:
    """Our files, as if they were served."""

    def __init__(self):
        self.given = []

    def url(self, sha256, name, content_type):
        self.given.append((name, content_type))
        return f"https://hooks.example.ru/files/{sha256}"


running, service = played(Wazzup)


@pytest.fixture
def make(running, service, store):
    made = []

    def messenger(files=None, **more):
        given = {
            "api_key": "sandbox",
            "crm_key": "x",
            "channel_id": CHANNEL,
            "api_url": f"{running.url}/wazzup",
            **more,
        }
        settings = WazzupSettings.model_validate(given)
        made.append(WazzupMessenger("wz", settings, Around(store, MOSCOW, files=files, now=lambda: NOW)))
        return made[-1]

    yield messenger
    for each in made:
        each.close()


def write(messenger, text="Смета готова", to=f"+{MARIA}", key="key-1", **more):
    [outcome] = messenger.write([Request(key, ClientMessage(to, text, **more))])
    return outcome


def test_a_text_and_its_files_are_messages_with_keys_of_their_own(service, make, store):
    served = Served()
    offer = Attachment("Смета.pdf", "application/pdf", 8, store.keep_blob(b"%PDF-1.4"))
    assert isinstance(write(make(served), files=(offer,)), Done)
    text, file = service.sent
    assert (text["chatId"], text["text"], text["crmMessageId"]) == (MARIA, "Смета готова", "provodka:key-1")
    assert (file["contentUri"].partition("/files/")[0], file["crmMessageId"]) == (
        "https://hooks.example.ru",
        "provodka:key-1:1",
    )
    assert served.given == [("Смета.pdf", "application/pdf")]


def test_a_message_whose_answer_was_lost_is_sent_again_and_arrives_once(running, service, make, store):
    messenger = make(Served())
    offer = Attachment("Смета.pdf", "application/pdf", 8, store.keep_blob(b"%PDF-1.4"))
    running.faults.arm(Fault(path="/wazzup/v3/message", kind="cut_after"))
    write(messenger, files=(offer,))
    again = write(messenger, files=(offer,))
    assert again == Done(found=True)
    assert service.stats() == {"messages": 2, "doubles": 0}


def test_what_became_of_our_message_is_told_of_the_one_who_got_it(service, make, store):
    sent = write(make())
    other = write(make(), to=f"{CHANNEL}/telegram/7001", key="key-2")
    channel = WazzupChannel("wz", SETTINGS, around(store))
    status = {"status": "read", "timestamp": "2026-03-02T09:00:00.000Z"}
    raw = body(statuses=[{**status, "messageId": one.remote_id} for one in (sent, other)])
    mine, theirs = channel.receive(delivery(raw), nothing).events
    assert (mine.payload.sent.chat, mine.payload.sent.service) == (MARIA, "whatsapp")
    assert mine.person.identities == ("phone:+79160001122", "whatsapp:79160001122")
    assert (theirs.payload.sent.chat, theirs.person.identities) == (f"{CHANNEL}/telegram/7001", ("telegram:7001",))


def test_chats_of_months_ago_are_forgotten(store):
    now = [datetime(2026, 1, 31, tzinfo=UTC)]
    chats = Chats(store, "wazzup:1", lambda: now[0])
    chats.keep("m1", Place("c", "whatsapp", "7916"))
    now[0] = datetime(2026, 2, 28, tzinfo=UTC)
    assert chats.find("m1") == Place("c", "whatsapp", "7916")
    now[0] = datetime(2026, 3, 1, tzinfo=UTC)
    chats.keep("m2", Place("c", "whatsapp", "7917"))
    assert chats.find("m1") is None
    assert store.snapshot_ids("wazzup:1", "chats-2026-01") == []


def test_files_need_an_address_of_ours(service, make, store):
    offer = Attachment("Смета.pdf", "application/pdf", 8, store.keep_blob(b"%PDF-1.4"))
    refused = write(make(), files=(offer,))
    assert isinstance(refused, Rejected)
    assert "server.public_url" in refused.hint
    assert service.sent == []


def test_an_answer_leaves_by_the_channel_that_the_chat_names(service, make):
    assert isinstance(write(make(), to=f"{CHANNEL}/telegram/7001"), Done)
    assert {name: service.sent[0][name] for name in ("channelId", "chatType", "chatId")} == {
        "channelId": CHANNEL,
        "chatType": "telegram",
        "chatId": "7001",
    }


def test_a_closed_window_is_refused_by_name_and_a_template_goes(service, make):
    service.closed.add(MARIA)
    refused = write(make())
    assert isinstance(refused, Rejected)
    assert "24 часов" in refused.hint
    assert isinstance(write(make(), template="t-1", values=("Мария",)), Done)
    assert service.sent[0]["templateValues"] == ["Мария"]


def test_where_it_cannot_be_sent_the_cure_is_named(service, make):
    service.gone.add(MARIA)
    assert "нет такого аккаунта" in write(make()).hint
    assert write(make(), "я" * 100_001).hint
    assert service.sent == []
    write(make(chat_type="instagram"), "слово " * 200, to="masha")
    assert [len(one["text"]) <= 1000 for one in service.sent] == [True, True]


def test_only_a_channel_of_whatsapp_is_reached_by_a_telephone_number(make):
    assert (make().medium, make().reaches) == ("whatsapp", ("whatsapp", "phone"))
    assert (make(chat_type="telegram").medium, make(chat_type="telegram").reaches) == ("wazzup", ("telegram",))


def test_a_file_of_a_message_is_fetched_or_it_is_said_why_not(running, service, make):
    got = make().fetch_file(MessageFile(MediaKind.PICTURE, f"{running.url}/wazzup/files/picture.png"))
    assert (got.name, got.size) == ("picture.png", len(PICTURE))
    with pytest.raises(Rejected) as gone:
        make().fetch_file(MessageFile(MediaKind.PICTURE, f"{running.url}/wazzup/files/gone.png"))
    assert "попросите" in gone.value.hint
    running.faults.arm(Fault(path="/wazzup/files", status=502))
    with pytest.raises(Retryable):
        make().fetch_file(MessageFile(MediaKind.PICTURE, f"{running.url}/wazzup/files/picture.png"))
    with pytest.raises(Rejected):
        make().fetch_file(MessageFile(MediaKind.PICTURE, "http://169.254.169.254/latest"))


def test_check_sees_a_channel_that_is_not_there(make):
    assert make().check() == []
    [said] = make(channel_id="другой").check()
    assert "channel_id" in said


def test_wazzup_is_told_our_address_once(running, service, store):
    given = {"api_key": "sandbox", "secret": "long-secret", "channel_id": CHANNEL, "api_url": f"{running.url}/wazzup"}
    subscriber = WazzupSubscriber("wz", WazzupSettings.model_validate(given), around(store))
    trials = Station(Wazzup())
    trials.app.add_url_rule("/hooks/wz/<secret>", view_func=lambda secret: "ok", methods=["POST"])
    with trials:
        assert subscriber.subscribe(f"{trials.url}/hooks/wz") is True
        assert service.webhook["webhooksUri"] == f"{trials.url}/hooks/wz/long-secret"
        assert service.webhook["subscriptions"]["messagesAndStatuses"] is True
        assert subscriber.subscribe(f"{trials.url}/hooks/wz") is False
        with pytest.raises(Rejected):
            subscriber.subscribe(f"{trials.url}/nowhere")
        with pytest.raises(Rejected) as long:
            subscriber.subscribe(f"https://hooks.example.ru/{'a' * 200}")
    assert "200 знаков" in long.value.hint
    subscriber.close()


def test_bodies_are_kept_as_they_came():
    assert json.loads(one().raw)["messages"][0]["messageId"] == "m1"
