"""What the bot writes, against the sandbox's Viber."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask, request

from connectors.viber.channel import ViberChannel
from connectors.viber.messenger import messenger
from connectors.viber.settings import ViberSettings
from connectors.viber.setup import subscriber
from provodka.channel import Delivery, RefusedError
from provodka.errors import Ambiguous, Rejected
from provodka.messages import ClientMessage, Talker
from provodka.operation import Done, Request
from provodka.payloads import Attachment
from provodka.talks import MediaKind, MessageFile
from sandbox.base import Emulator
from sandbox.senders.http import Signing
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from sandbox.senders.viber import PERSON, Viber
from tests.contract.case import NOW, around, nothing

CLIENT = Client()


class Files:
    """Addresses of ours."""

    def url(self, sha256, name, content_type):
        return f"https://provodka.example/files/{sha256[:8]}/{name}"


OURS = Files()


@pytest.fixture(scope="module")
def station():
    viber = Viber()
    with Station(viber) as running:
        running.viber = viber
        yield running


@pytest.fixture
def viber(station):
    station.reset()
    station.faults.clear()
    station.viber.base = station.url
    station.viber.subscribed.add(PERSON)
    return station.viber


@pytest.fixture
def connect(station, store):
    made = []

    def bot(files=OURS, **more):
        given = {"token": "sandbox", "name": "Ромашка", "api_url": f"{station.url}/viber", **more}
        made.append(messenger("viber", ViberSettings.model_validate(given), replace(around(store), files=files)))
        return made[-1]

    yield bot
    for one in made:
        one.close()


@pytest.fixture
def setup(station, store):
    given = {"token": "sandbox", "name": "Ромашка", "api_url": f"{station.url}/viber"}
    made = subscriber("viber", ViberSettings.model_validate(given), around(store))
    yield made
    made.close()


@pytest.fixture
def product():
    """A running receiver of the bot: what it was told, by kind."""
    told = []
    channel = ViberChannel("viber", ViberSettings.model_validate({"token": "sandbox", "name": "Р", "welcome": "Да?"}))
    app = Flask("product")

    @app.post("/hooks/viber")
    def hook():
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            received = channel.receive(Delivery("POST", "", headers, {}, request.get_data(), NOW), nothing)
        except RefusedError:
            return "forbidden", 403
        told.extend(event.type.value for event in received.events)
        return received.reply.body, received.reply.status

    with Emulator("product", app) as running:
        running.told = told
        yield running


def write(bot, text="Здравствуйте!", to=PERSON, **more):
    [outcome] = bot.write([Request("key", ClientMessage(to, text, **more))])
    return outcome


def test_a_message_arrives_under_the_bots_name_and_its_number_is_told(viber, connect):
    outcome = write(connect())
    [sent] = viber.sent
    assert outcome == Done(str(sent["token"]), {"messages": str(sent["token"])})
    assert int(outcome.remote_id) > 2**53
    assert (sent["text"], sent["sender"]) == ("Здравствуйте!", {"name": "Ромашка"})


def test_files_go_as_addresses_of_ours_small_pictures_as_pictures(viber, connect, store):
    picture, huge = store.keep_blob(b"\x89PNG"), store.keep_blob(b"\x89PNG" * 300_000)
    files = (Attachment("а.png", "image/png", 4, picture), Attachment("б.png", "image/png", 1_200_000, huge))
    assert isinstance(write(connect(), files=files), Done)
    assert isinstance(write(connect(), "", files=files[:1]), Done)
    assert [one["type"] for one in viber.sent] == ["text", "picture", "file", "picture"]
    assert viber.sent[2]["size"] == 1_200_000
    assert viber.sent[1]["media"] == f"https://provodka.example/files/{picture[:8]}/а.png"


def test_without_an_address_of_ours_files_are_refused_before_anything_goes(viber, connect, store):
    file = Attachment("а.png", "image/png", 4, store.keep_blob(b"\x89PNG"))
    outcome = write(connect(files=None), files=(file,))
    assert isinstance(outcome, Rejected)
    assert "public_url" in outcome.hint
    assert viber.sent == []


def test_a_message_of_which_only_a_part_has_gone_is_for_a_person(viber, connect, store):
    file = Attachment("а.png", "image/png", 4, store.keep_blob(b""))
    outcome = write(connect(), files=(file, Attachment("б.pdf", "application/pdf", 0, store.keep_blob(b""))))
    assert isinstance(outcome, Ambiguous)
    assert "2 of 3 messages" in outcome.reason


def test_who_has_left_cannot_be_written_to(viber, connect):
    viber.subscribed.clear()
    outcome = write(connect())
    assert isinstance(outcome, Rejected)
    assert "не подписан" in outcome.hint


def test_the_address_is_set_while_viber_calls_it_and_a_second_time_changes_nothing(viber, setup, product):
    address = f"{product.url}/hooks/viber"
    [sentence] = setup.check()
    assert "check --online --channel viber" in sentence
    assert setup.subscribe(address) is True
    assert [answer.status_code for answer in viber.answers] == [200]
    assert setup.subscribe(address) is False
    assert setup.check() == []
    viber.webhook = "https://other.example/bot/secret-of-theirs"
    [sentence] = setup.check()
    assert "other.example" in sentence
    assert "secret-of-theirs" not in sentence


def test_an_address_that_does_not_answer_as_it_should_is_not_taken(viber, setup, product):
    viber.signing = Signing.WRONG
    with pytest.raises(Rejected) as refused:
        setup.subscribe(f"{product.url}/hooks/viber")
    assert "вебхук" in refused.value.hint
    assert viber.webhook == ""


def test_every_button_of_the_sandbox_is_told_once_and_receipts_follow_a_message(viber, connect, product):
    given = {"url": f"{product.url}/hooks/viber", "token": "sandbox"}
    for button in ("start", "message", "picture", "contact", "subscribe", "unsubscribe"):
        [answer] = viber.press(button, CLIENT, given)
        assert answer.status_code == 200
    assert product.told == [
        "chat.started",
        "message.received",
        "message.received",
        "message.received",
        "chat.started",
        "chat.stopped",
    ]
    viber.subscribed.add(PERSON)
    viber.webhook = given["url"]
    write(connect())
    viber.press("failed", CLIENT, given)
    assert product.told[6:] == ["message.state"] * 3


@pytest.mark.parametrize("signing", [Signing.WRONG, Signing.MISSING, Signing.TAMPERED])
def test_a_notice_that_is_not_signed_as_it_should_is_refused(viber, product, signing):
    viber.signing = signing
    [answer] = viber.press("message", CLIENT, {"url": f"{product.url}/hooks/viber", "token": "sandbox"})
    assert answer.status_code == 403
    assert product.told == []


def test_a_file_of_a_message_is_fetched_into_the_journal(viber, connect, store, station):
    bot = connect()
    assert isinstance(bot, Talker)
    kept = bot.fetch_file(MessageFile(MediaKind.PICTURE, f"{station.url}/viber/files/photo.jpg", "photo.jpg"))
    assert (kept.name, kept.content_type) == ("photo.jpg", "image/jpeg")
    assert store.blob(kept.sha256).endswith(b"photo.jpg")


def test_a_text_longer_than_viber_takes_goes_in_several_messages(viber, connect):
    outcome = write(connect(), text="слово " * 2000)
    assert [len(one["text"]) <= 7000 for one in viber.sent] == [True, True]
    assert outcome.values["messages"].split() == [str(one["token"]) for one in viber.sent]
