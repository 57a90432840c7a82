"""Whose a talk of amoCRM is, and what of the chat service's hook becomes an event."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from connectors.amocrm.hooks import AmocrmHooks, receiver
from connectors.amocrm.settings import AmocrmSettings
from provodka.channel import Delivery, Received, RefusedError, UnreadableError
from provodka.crm import ChatMessage
from provodka.operation import Done
from provodka.payloads import EventType

SECRET = "0123456789abcdef0123456789abcdef01234567"
CHANNEL = "11111111-2222-4333-8444-555555555555"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HELLO = ChatMessage("bot:1", "77", "telegram:77", "Мария", AT, "Здравствуйте", source="bot")


@pytest.fixture
def talking(make_crm, desk):
    return make_crm(chats={"channel_id": CHANNEL, "secret": SECRET, "url": desk.account.url, "per_second": 1000})


@pytest.fixture
def card(desk):
    """A contact without any phone, with an open lead."""
    contact = desk.contact("Мария")
    [lead] = desk.api("POST", "/leads", [{"name": "Чат", "_embedded": {"contacts": [{"id": int(contact)}]}}])[
        "_embedded"
    ]["leads"]
    return {"contact_id": contact, "lead_id": str(lead["id"])}


def talks(desk):
    return desk.api("GET", "/talks")["_embedded"]["talks"]


def test_a_talk_of_our_contact_belongs_to_its_lead_and_makes_no_request_of_its_own(talking, desk, ask, card):
    first, second = replace(HELLO, **card), replace(HELLO, id="bot:2", text="Вы тут?", **card)
    assert all(isinstance(one, Done) for one in talking.post_messages(ask(first, second)))
    [talk] = talks(desk)
    assert (str(talk["contact_id"]), str(talk["entity_id"])) == (card["contact_id"], card["lead_id"])
    assert desk.account.store.incoming == {}
    assert desk.calls("POST /api/v4/contacts/chats") == 1, "the second message needs no call more"


def test_a_talk_of_nobody_we_know_is_a_request(talking, desk, ask):
    talking.post_messages(ask(HELLO))
    assert len(desk.account.store.incoming) == 1


def test_a_contact_that_is_gone_costs_the_message_only_its_place(talking, desk, ask):
    assert isinstance(talking.post_messages(ask(replace(HELLO, contact_id="999999")))[0], Done)
    assert len(desk.account.store.chats) == 1


def test_one_person_with_two_of_our_bots_has_two_chats_and_stays_one_person(talking, desk, ask, card):
    talking.post_messages(ask(replace(HELLO, **card), replace(HELLO, id="other:1", source="other", **card)))
    chats = list(desk.account.store.chats.values())
    assert sorted(chat.client_id for chat in chats) == ["bot:77", "other:77"]
    assert len({chat.client["ref_id"] for chat in chats}) == 1


def posted(content=None, secret=SECRET, **more):
    message = {
        "receiver": {"id": "c0", "phone": "8 900 000-00-01", "client_id": "telegram:77"},
        "sender": {"id": "d0", "name": "Анна"},
        "conversation": {"id": "e0", "client_id": "bot:77"},
        "timestamp": int(AT.timestamp()),
        "message": {"id": "f0", "type": "text", "text": "Добрый день!", **(content or {})},
    }
    body = json.dumps({"account_id": "a", "time": 1, "message": message, **more}).encode()
    mark = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return Delivery("POST", "chats", {"x-signature": mark}, {}, body, AT)


def hooks(secret="long-secret"):
    return AmocrmHooks("crm", SecretStr(secret) if secret else None, SecretStr(SECRET))


def test_an_answer_of_the_staff_is_an_event_in_the_talk_of_its_client():
    [event] = hooks().receive(posted(), lambda _: []).events
    assert (event.type, event.channel, event.external_id) == (EventType.REPLY_WRITTEN, "crm", "reply:f0:0")
    assert event.identities == ("phone:+79000000001", "telegram:77", "talk:bot/77")
    assert (event.payload.reply.source, event.payload.reply.chat_id) == ("bot", "77")
    assert event.raw == b""


def test_the_same_answer_posted_again_is_the_same_event():
    first, again = (hooks().receive(posted(), lambda _: []).events[0] for _ in range(2))
    assert first.external_id == again.external_id


def test_typing_is_no_event_and_a_foreign_signature_is_refused():
    assert hooks().receive(posted(message=None, action={"typing": {}}), lambda _: []) == Received()
    with pytest.raises(RefusedError):
        hooks().receive(posted(secret="another"), lambda _: [])
    with pytest.raises(UnreadableError):
        hooks().receive(posted(message={}), lambda _: [])


def test_a_channel_of_chats_alone_is_enough_to_be_called_and_opens_no_door_for_hints(store):
    given = {"type": "amocrm", "url": "https://k.amocrm.ru", "token": "x"}
    chats = AmocrmSettings.model_validate({**given, "chats": {"channel_id": CHANNEL, "secret": SECRET}})
    made = receiver("crm", chats, store)
    assert made.receive(posted(), lambda _: []).events
    with pytest.raises(RefusedError):
        made.receive(replace(posted(), headers={}), lambda _: [])
    assert receiver("crm", AmocrmSettings.model_validate(given), store) is None
