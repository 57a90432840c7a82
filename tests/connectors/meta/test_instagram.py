"""Instagram: what people write, press and comment, and answers to them."""

import json

import pytest

from connectors.meta.channel import MetaChannel
from connectors.meta.messenger import InstagramMessenger, messenger
from connectors.meta.settings import MetaSettings
from provodka.channel import Around, Delivery
from provodka.errors import Rejected
from provodka.messages import ClientMessage, Introducer, Talker
from provodka.operation import Done, Request
from provodka.payloads import Attachment, EventType
from provodka.talks import DeliveryState, MediaKind, MessageFile
from sandbox.senders.graph import PICTURE
from sandbox.senders.meta import APP, INSTAGRAM, PERSON, Meta
from tests.connectors import talk_bodies
from tests.connectors.played import played
from tests.contract.case import MOSCOW, NOW, around, nothing
from tests.contract.services.meta import GIVEN, TEXT, entry
from tests.contract.services.whatsapp import signed

SETTINGS = MetaSettings.model_validate({**GIVEN, "app_id": APP})


def heard(raw, settings=SETTINGS):
    return MetaChannel("ig", settings).receive(signed(raw, GIVEN["app_secret"]), nothing).events


def one(**fields):
    [event] = heard(entry(messaging=[{**TEXT, **fields}]))
    return event


def commented(**value):
    said = {"id": "c1", "text": "Сколько?", "from": {"id": PERSON, "username": "masha_r"}, **value}
    return heard(entry(changes=[{"field": "comments", "value": said}]))


def test_the_example_of_a_message_is_read_with_its_own_signature():
    body = talk_bodies.INSTAGRAM_MESSAGE
    example = MetaSettings.model_validate({**GIVEN, "app_secret": "meta-example-app-secret"})
    delivery = Delivery("POST", "", {"x-hub-signature-256": body.signature}, {}, body.raw, NOW)
    [event] = MetaChannel("ig", example).receive(delivery, nothing).events
    assert event.external_id == "message:aWdfZAG1_example"
    assert (event.person.identities, event.payload.message.text) == (("instagram:998870000000001",), "Есть в наличии?")
    assert event.payload.message.account == "178414000000001"
    assert event.occurred_at.isoformat() == "2025-12-01T07:59:59+00:00"


def test_a_number_typed_in_the_talk_is_the_writers():
    assert one().person.phones == ("+79161112233",)


def test_files_stories_and_quick_answers_are_read():
    picture = {"type": "image", "payload": {"url": "https://cdn.example.com/1.jpg"}}
    assert one(message={"mid": "m1", "attachments": [picture, {"type": "share"}]}).payload.message.files == (
        MessageFile(MediaKind.PICTURE, "https://cdn.example.com/1.jpg"),
    )
    story = {"mid": "m1", "text": "Ого", "reply_to": {"story": {"id": "s1", "url": "https://cdn.example.com/s"}}}
    message = one(message=story).payload.message
    assert (message.about, message.about_url) == ("ответ на сторис", "https://cdn.example.com/s")
    assert one(message={"mid": "m1", "text": "Да", "quick_reply": {"payload": "yes"}}).payload.message.button == "yes"
    pressed = {**TEXT, "postback": {"mid": "p1", "title": "Цены", "payload": "price"}}
    del pressed["message"]
    [event] = heard(entry(messaging=[pressed]))
    assert (event.payload.message.text, event.payload.message.button) == ("Цены", "price")


def test_an_advert_that_opened_the_talk_is_where_it_came_from():
    advert = {"ref": "utm_source=insta&utm_campaign=spring", "source": "ADS", "ad_id": "23"}
    advert["ads_context_data"] = {"ad_title": "Окна"}
    event = one(message={"mid": "m1", "text": "Хочу", "referral": advert})
    utm = event.payload.utm
    assert (utm.source, utm.medium, utm.campaign, utm.content) == ("insta", "ads", "spring", "23")
    assert event.payload.message.about == "Окна"


def test_what_the_staff_wrote_is_told_and_what_we_wrote_ourselves_is_not():
    sides = {"sender": {"id": INSTAGRAM}, "recipient": {"id": PERSON}}
    event = one(**sides, message={"mid": "m1", "text": "Добрый день", "is_echo": True})
    assert event.type is EventType.MESSAGE_SENT
    assert event.person.identities == (f"instagram:{PERSON}",)
    own = {**TEXT, **sides, "message": {"mid": "m1", "is_echo": True, "app_id": int(APP)}}
    assert heard(entry(messaging=[own])) == ()


def test_deleted_and_read_are_news_of_their_own():
    assert one(message={"mid": "m1", "is_deleted": True}).type is EventType.MESSAGE_EDITED
    seen = {**TEXT, "read": {"mid": "m7"}}
    del seen["message"]
    [event] = heard(entry(messaging=[seen]))
    assert (event.payload.sent.id, event.payload.sent.state) == ("m7", DeliveryState.READ)


def test_a_comment_is_a_message_and_our_own_is_not():
    [event] = commented(media={"id": "1", "media_product_type": "REELS"}, parent_id="c0")
    message = event.payload.message
    assert (message.chat, message.about, message.answers) == ("comment:c1", "комментарий, REELS", "c0")
    assert (event.person.name, event.person.identities) == ("masha_r", (f"instagram:{PERSON}",))
    assert commented(**{"from": {"id": INSTAGRAM}}) == ()


def test_one_broken_piece_does_not_lose_the_others_and_unknown_ones_leave_nothing():
    broken = {**TEXT, "message": {"text": "без номера"}}
    events = heard(entry(messaging=[broken, TEXT, {"sender": {"id": PERSON}, "reaction": {"mid": "m"}}, 5]))
    assert [event.type.value for event in events] == ["unreadable", "message.received"]
    assert json.loads(events[0].raw)["message"] == {"text": "без номера"}
    [commented_badly] = commented(id=None)
    assert commented_badly.type is EventType.UNREADABLE


def test_instagram_that_is_not_turned_on_leaves_nothing_and_writes_to_nobody(store):
    off = MetaSettings.model_validate({**GIVEN, "instagram": False})
    assert heard(entry(messaging=[TEXT]), off) == ()
    assert messenger("ig", off, around(store)) is None


class Served:
    """Our files, as if they were served."""

    def url(self, sha256, name, content_type):
        return f"https://hooks.example.ru/files/{sha256}/{name}"


running, service = played(Meta)


@pytest.fixture
def writing(running, service, store):
    given = {**GIVEN, "token": "sandbox", "api_url": f"{running.url}/meta", "per_second": 100}
    made = InstagramMessenger("ig", MetaSettings.model_validate(given), Around(store, MOSCOW, files=Served()))
    yield made
    made.close()


def write(messenger, text="Смета готова", to=PERSON, **more):
    [outcome] = messenger.write([Request("key-1", ClientMessage(to, text, **more))])
    return outcome


def test_a_person_and_a_comment_are_answered(service, writing):
    assert isinstance(writing, Talker)
    assert writing.account == INSTAGRAM
    assert isinstance(write(writing), Done)
    assert isinstance(write(writing, to="comment:c1"), Done)
    assert [one["recipient"] for one in service.sent] == [{"id": PERSON}, {"comment_id": "c1"}]


def test_files_go_by_their_address_after_the_text(service, writing, store):
    picture = Attachment("крыша.png", "image/png", len(PICTURE), store.keep_blob(PICTURE))
    assert isinstance(write(writing, files=(picture,)), Done)
    text, file = (one["message"] for one in service.sent)
    assert text == {"text": "Смета готова"}
    assert file["attachment"]["type"] == "image"
    refused = write(writing, to="comment:c1", files=(picture,))
    assert isinstance(refused, Rejected)
    assert "только текст" in refused.hint


def test_a_closed_window_and_a_long_text_are_refused_by_name(service, writing):
    service.closed.add(PERSON)
    refused = write(writing)
    assert isinstance(refused, Rejected)
    assert "24 часов" in refused.hint
    assert write(writing, "я" * 10_000).hint


def test_a_text_of_more_than_a_thousand_bytes_goes_in_pieces(service, writing):
    assert isinstance(write(writing, "слово " * 150), Done)
    assert all(len(one["message"]["text"].encode()) <= 1000 for one in service.sent)
    assert len(service.sent) == 2


def test_the_name_of_a_person_is_asked_for(writing, service):
    assert isinstance(writing, Introducer)
    assert writing.who(PERSON).name == "Мария"
    assert writing.who("comment:c1").name == ""


def test_the_file_of_a_message_is_fetched(running, writing):
    got = writing.fetch_file(MessageFile(MediaKind.PICTURE, f"{running.url}/meta/files/1.png"))
    assert (got.name, got.size) == ("picture.png", len(PICTURE))
