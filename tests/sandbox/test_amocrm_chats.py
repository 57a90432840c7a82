"""A chat channel as its owner meets it: signed requests, talks in the account, the hook of a manager's answer."""

import hashlib
import hmac
import json
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest
import requests
from flask import Flask, request

from sandbox.amocrm import AmoCrm, Limit
from sandbox.base import Emulator
from tests.sandbox.amocrm_client import ANNA, MAIN, Api, phone

CHANNEL = "11111111-2222-4333-8444-555555555555"
ACCOUNT = "a1b2c3d4-0000-4000-8000-000000000001"
SECRET = "0123456789abcdef0123456789abcdef01234567"
SCOPE = f"{CHANNEL}_{ACCOUNT}"
CLIENT = {"id": "tg-user-77", "name": "Иван Петров", "profile": {"phone": "+79000000001"}}


class Channel:
    """Signs and sends as a messenger's integration does."""

    def __init__(self, crm, prefix="/amojo"):
        self.origin, self.prefix = crm.url, prefix

    def send(self, method, path, body=None, *, date=None, secret=SECRET, signed_prefix=""):
        raw = b"" if body is None else json.dumps(body).encode()
        path = f"/v2/origin/custom{path}"
        headers = {
            "Date": date or formatdate(),
            "Content-Type": "application/json",
            "Content-MD5": hashlib.md5(raw).hexdigest(),
        }
        text = "\n".join([method, headers["Content-MD5"], "application/json", headers["Date"], signed_prefix + path])
        headers["X-Signature"] = hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()
        return requests.request(method, self.origin + self.prefix + path, data=raw, headers=headers, timeout=30)

    def connect(self):
        wish = {"account_id": ACCOUNT, "title": "Middleware", "hook_api_version": "v2"}
        return self.send("POST", f"/{CHANNEL}/connect", wish)

    def say(self, text, msgid="tg-msg-1", sender=CLIENT, chat="tg-chat-77", **more):
        payload = {"timestamp": 1767225600, "msgid": msgid, "conversation_id": chat, "sender": sender, **more}
        payload["message"] = {"type": "text", "text": text}
        return self.send("POST", f"/{SCOPE}", {"event_type": "new_message", "payload": payload})


class ChannelHook(Emulator):
    """The channel owner's address for messages of managers."""

    def __init__(self):
        super().__init__("channel hook", Flask("channel hook"))
        self.got, self.arrived = [], threading.Condition()
        self.app.add_url_rule("/hook/<scope>", view_func=self.take, methods=["POST"])

    def take(self, scope):
        with self.arrived:
            self.got.append((scope, request.get_data(), dict(request.headers)))
            self.arrived.notify_all()
        return "", 500

    def wait(self, count=1):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, 30)
            return list(self.got)


@pytest.fixture
def channel(crm, api):
    channel = Channel(crm)
    assert channel.connect().status_code == 200
    return channel


def test_the_vendors_signing_example_is_the_rule_here():
    text = "\n".join(
        [
            "POST",
            "3e296646a065de01e652b517d641f50d",
            "application/json",
            "Thu, 01 Jan 2026 00:00:00 +0000",
            f"/v2/origin/custom/{CHANNEL}/connect",
        ]
    )
    assert hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).hexdigest() == (
        "d9209e81ba2b2b9226a438d689913dab7cd35951"
    )


@pytest.mark.parametrize(("prefix", "signed"), [("/amojo", ""), ("/amojo", "/amojo"), ("", "")])
def test_a_channel_connects_at_either_address_and_learns_its_scope(crm, api, prefix, signed):
    wish = {"account_id": ACCOUNT, "title": "Middleware", "hook_api_version": "v2"}
    answer = Channel(crm, prefix).send("POST", f"/{CHANNEL}/connect", wish, signed_prefix=signed)
    assert answer.json() == {
        "account_id": ACCOUNT,
        "scope_id": SCOPE,
        "title": "Middleware",
        "hook_api_version": "v2",
        "is_time_window_disabled": False,
    }
    assert api.get("/account", **{"with": "amojo_id"}).json()["amojo_id"] == ACCOUNT


def test_what_is_signed_wrongly_or_long_ago_is_refused(crm, api, channel):
    wish = {"account_id": ACCOUNT}
    for answer in (
        channel.send("POST", f"/{CHANNEL}/connect", wish, secret="other"),
        channel.send("POST", f"/{CHANNEL}/connect", wish, date=formatdate(crm.clock() - 16 * 60)),
        channel.send("POST", f"/{CHANNEL}/connect", wish, date="yesterday"),
        requests.post(f"{crm.url}/amojo/v2/origin/custom/{CHANNEL}/connect", json=wish, timeout=30),
    ):
        assert (answer.status_code, answer.json()["error_type"]) == (403, "ORIGIN_INVALID_SIGNATURE")


@pytest.mark.parametrize("zone", ["UTC0", "MSK-3", "PST8"])
def test_the_moment_of_signing_is_read_right_whatever_the_zone_of_this_machine(channel, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for date in (formatdate(), formatdate(localtime=True), formatdate(usegmt=True)):
            assert channel.send("POST", f"/{CHANNEL}/connect", {"account_id": ACCOUNT}, date=date).status_code == 200
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_channel_that_was_disconnected_says_nothing_more(channel):
    assert channel.send("DELETE", f"/{CHANNEL}/disconnect", {"account_id": ACCOUNT}).status_code == 200
    assert channel.say("Алло").status_code == 403


def test_the_first_word_of_a_stranger_makes_an_incoming_lead_of_the_kind_chats(api, channel):
    told = channel.say("Здравствуйте").json()["new_message"]
    assert told["ref_id"] == "tg-msg-1"
    (row,) = api.get("/leads/unsorted", **{"filter[category][]": "chats"}).json()["_embedded"]["unsorted"]
    assert row["metadata"]["client"]["name"] == "Иван Петров"
    assert api.get("/contacts").status_code == 204
    (talk,) = api.get("/talks").json()["_embedded"]["talks"]
    assert (talk["status"], talk["entity_type"], talk["is_read"]) == ("in_work", "lead", False)
    assert (talk["chat_id"], talk["entity_id"]) == (told["conversation_id"], row["_embedded"]["leads"][0]["id"])
    api.post(f"/leads/unsorted/{row['uid']}/accept", {"user_id": ANNA})
    (contact,) = api.get("/contacts").json()["_embedded"]["contacts"]
    assert (contact["id"], contact["created_by"]) == (talk["contact_id"], 0)
    kinds = [event["type"] for event in api.get("/events").json()["_embedded"]["events"]]
    assert {"incoming_chat_message", "talk_created"} <= set(kinds)


def test_the_same_msgid_is_one_message(api, channel):
    first, again = channel.say("Алло"), channel.say("Алло")
    assert first.json() == again.json()
    history = channel.send("GET", f"/{SCOPE}/chats/{first.json()['new_message']['conversation_id']}/history").json()
    assert [line["message"]["text"] for line in history["messages"]] == ["Алло"]
    assert history["messages"][0]["sender"]["client_id"] == "tg-user-77"
    assert api.stats()["objects"]["chats"] == 1


def test_a_known_phone_with_an_open_lead_gets_the_talk_on_that_lead(api, channel):
    (contact,) = api.add("/contacts", {"name": "Иван", "custom_fields_values": [phone("8 900 000-00-01")]})
    (lead,) = api.add("/leads", {"_embedded": {"contacts": [{"id": contact}]}})
    channel.say("Я ещё раз")
    (talk,) = api.get("/talks", **{"filter[contact_id]": contact}).json()["_embedded"]["talks"]
    assert (talk["entity_id"], talk["contact_id"]) == (lead, contact)
    assert api.get("/leads/unsorted").status_code == 204
    (row,) = api.get("/contacts/chats", contact_id=contact).json()["_embedded"]["chats"]
    assert row == {"chat_id": talk["chat_id"], "contact_id": contact}


def test_a_chat_is_linked_to_a_lead_there_is_in_place_of_its_own(api, channel):
    (lead,) = api.add("/leads", {"name": "Крыша"})
    channel.say("Добрый день")
    (row,) = api.get("/leads/unsorted").json()["_embedded"]["unsorted"]
    wish = {"user_id": ANNA, "link": {"entity_type": "leads", "entity_id": lead}}
    answer = api.post(f"/leads/unsorted/{row['uid']}/link", wish).json()
    assert answer["_embedded"]["leads"] == [{"id": lead}]
    (talk,) = api.get("/talks").json()["_embedded"]["talks"]
    assert talk["entity_id"] == lead
    assert [one["id"] for one in api.get("/leads").json()["_embedded"]["leads"]] == [lead]
    (contact,) = api.get(f"/leads/{lead}", **{"with": "contacts"}).json()["_embedded"]["contacts"]
    assert contact["id"] == talk["contact_id"]


def test_a_form_cannot_be_linked(api):
    item = {"source_uid": "f1", "source_name": "Сайт", "metadata": {"form_id": "1"}}
    (row,) = api.post("/leads/unsorted/forms", [item]).json()["_embedded"]["unsorted"]
    (lead,) = api.add("/leads", {})
    wish = {"link": {"entity_type": "leads", "entity_id": lead}}
    assert api.post(f"/leads/unsorted/{row['uid']}/link", wish).status_code == 400


def test_a_letter_becomes_an_incoming_lead_of_the_kind_mail_and_counts_in_the_summary(api):
    made = api.control("mail", {"address": "maria@example.ru", "name": "Мария", "subject": "Замер"})
    (row,) = api.get("/leads/unsorted", **{"filter[category][]": "mail"}).json()["_embedded"]["unsorted"]
    assert (row["uid"], row["metadata"]["subject"]) == (made["uid"], "Замер")
    summary = api.get("/leads/unsorted/summary").json()
    assert (summary["total"], summary["categories"]["mail"]["total"]) == (1, 1)


def test_a_source_sends_its_chats_to_its_own_pipeline(api, channel):
    api.add("/sources", {"name": "Telegram", "external_id": "tg-main", "pipeline_id": 5000002})
    channel.say("Здравствуйте", source={"external_id": "tg-main"})
    (row,) = api.get("/leads/unsorted").json()["_embedded"]["unsorted"]
    assert (row["pipeline_id"], row["source_name"]) == (5000002, "Telegram")


def test_a_managers_answer_is_posted_once_to_the_channel_signed_over_its_body(api, channel):
    with ChannelHook() as hook:
        api.control("channel", {"hook_url": f"{hook.url}/hook/:scope_id"})
        told = channel.say("Здравствуйте").json()["new_message"]
        (talk,) = api.get("/talks").json()["_embedded"]["talks"]
        sent = api.control("chats/say", {"talk_id": talk["talk_id"], "text": "Чем помочь?", "user": "anna@krovlya.ru"})
        ((scope, raw, headers),) = hook.wait()
        assert scope == SCOPE
        assert headers["X-Signature"] == hmac.new(SECRET.encode(), raw, hashlib.sha1).hexdigest()
        body = json.loads(raw)["message"]
        assert (body["message"]["id"], body["message"]["text"]) == (sent["message_id"], "Чем помочь?")
        assert body["conversation"] == {"id": told["conversation_id"], "client_id": "tg-chat-77"}
        assert (body["receiver"]["client_id"], body["sender"]["name"]) == ("tg-user-77", "Анна Смирнова")
        delivered = {"msgid": sent["message_id"], "delivery_status": 1}
        path = f"/{SCOPE}/{sent['message_id']}/delivery_status"
        assert channel.send("POST", path, delivered).status_code == 200
        assert channel.send("POST", path, {**delivered, "delivery_status": 7}).status_code == 400
        assert len(hook.got) == 1  # its 500 brings no second try


def test_typing_reactions_and_edits_are_taken(api, channel):
    told = channel.say("Здравствуйте").json()["new_message"]
    where = {"conversation_id": "tg-chat-77"}
    assert channel.send("POST", f"/{SCOPE}/typing", {**where, "sender": {"id": "tg-user-77"}}).status_code == 204
    react = {**where, "msgid": "tg-msg-1", "user": {"id": "tg-user-77"}, "type": "react", "emoji": "👍"}
    assert channel.send("POST", f"/{SCOPE}/react", react).status_code == 200
    edit = {"msgid": "tg-msg-1", **where, "message": {"type": "text", "text": "Здравствуйте, Анна"}}
    body = {"event_type": "edit_message", "payload": edit}
    assert channel.send("POST", f"/{SCOPE}", body).status_code == 200
    history = channel.send("GET", f"/{SCOPE}/chats/{told['conversation_id']}/history").json()
    assert history["messages"][0]["message"]["text"] == "Здравствуйте, Анна"


def test_a_managers_message_from_his_phone_is_told_as_his(api, channel):
    channel.say("Здравствуйте")
    users = api.get("/users", **{"with": "amojo_id"}).json()["_embedded"]["users"]
    anna = next(user["amojo_id"] for user in users if user["id"] == ANNA)
    answer = channel.say("Ответ", "tg-msg-2", sender={"ref_id": anna}, receiver=CLIENT)
    assert "receiver_id" in answer.json()["new_message"]
    kinds = [event["type"] for event in api.get("/events").json()["_embedded"]["events"]]
    assert kinds[0] == "outgoing_chat_message"


def test_subscribers_of_talks_hear_of_messages_too(api, channel, receiver):
    api.post("/webhooks", {"destination": f"{receiver.url}/hook", "settings": ["add_talk", "update_talk"]})
    channel.say("Здравствуйте")
    (form,) = receiver.wait(1)
    assert (form["message[add][0][text]"], form["message[add][0][author][type]"]) == ("Здравствуйте", "external")
    assert form["talk[add][0][talk_id]"] == form["message[add][0][talk_id]"]
    assert form["talk[update][0][is_in_work]"] == "1"


def test_a_talk_is_seen_by_who_sees_its_lead(crm, api, channel):
    channel.say("Здравствуйте")
    (talk,) = api.get("/talks").json()["_embedded"]["talks"]
    crm.store.users[ANNA].rights = {"leads": {"view": "M"}}
    anna = Api(crm, api.control("oauth?user=anna@krovlya.ru", method="GET")["access_token"])
    assert anna.get("/talks").status_code == 204
    assert anna.get(f"/talks/{talk['talk_id']}").status_code == 403
    api.patch(f"/leads/{talk['entity_id']}", {"responsible_user_id": ANNA})
    assert anna.get(f"/talks/{talk['talk_id']}").status_code == 200
    anna.session.close()


def test_a_closed_talk_is_followed_by_a_new_one(api, channel):
    channel.say("Раз")
    (talk,) = api.get("/talks").json()["_embedded"]["talks"]
    assert api.post(f"/talks/{talk['talk_id']}/close", {"force_close": True}).status_code == 202
    assert api.get(f"/talks/{talk['talk_id']}").json()["status"] == "closed"
    channel.say("Два", "tg-msg-2")
    assert len(api.get("/talks", **{"filter[only_in_work]": 1}).json()["_embedded"]["talks"]) == 1
    assert len(api.get("/talks").json()["_embedded"]["talks"]) == 2


def test_a_chat_without_a_word_can_be_opened_and_linked_to_a_contact(api, channel):
    (contact,) = api.add("/contacts", {"name": "Иван"})
    wish = {"conversation_id": "tg-chat-9", "user": {"id": "tg-user-9", "name": "Иван"}}
    chat = channel.send("POST", f"/{SCOPE}/chats", wish).json()
    assert channel.send("POST", f"/{SCOPE}/chats", wish).json() == chat
    (row,) = api.post("/contacts/chats", [{"contact_id": contact, "chat_id": chat["id"]}]).json()["_embedded"]["chats"]
    assert row == {"chat_id": chat["id"], "contact_id": contact, "request_id": "0"}


def test_chats_survive_a_restart(tmp_path: Path):
    with AmoCrm(tmp_path / "amo.db", limit=Limit(per_second=None)) as crm:
        channel = Channel(crm)
        channel.connect()
        told = channel.say("Здравствуйте").json()["new_message"]
    with AmoCrm(tmp_path / "amo.db", limit=Limit(per_second=None)) as crm:
        assert Channel(crm).say("Здравствуйте").json()["new_message"] == told
        api = Api(crm)
        assert api.get("/talks").json()["_embedded"]["talks"][0]["chat_id"] == told["conversation_id"]
        api.session.close()


def test_a_stages_hook_is_posted_once_when_a_lead_enters_it(api, receiver):
    receiver.statuses[:] = [500]
    stage = {"url": f"{receiver.url}/hook", "pipeline_id": MAIN, "status_id": 50000003}
    api.control("stage_hooks", stage)
    (lead,) = api.add("/leads", {"pipeline_id": MAIN, "status_id": 50000002})
    api.patch(f"/leads/{lead}", {"status_id": 50000003, "pipeline_id": MAIN})
    (form,) = receiver.wait(1)
    assert form["leads[status][0][id]"] == str(lead)
    assert (form["leads[status][0][status_id]"], form["leads[status][0][old_status_id]"]) == ("50000003", "50000002")
    assert form["account[subdomain]"] == "krovlya"
    assert len(receiver.forms) == 1
