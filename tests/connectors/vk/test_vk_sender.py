"""The sandbox's VK posts as the real one does: to a running receiver."""

from __future__ import annotations

import pytest

from connectors.vk.messenger import messenger
from connectors.vk.settings import VkSettings
from provodka.messages import ClientMessage
from provodka.operation import Done, Request
from sandbox.senders.http import Signing
from sandbox.senders.service import Client
from sandbox.senders.vk import PERSON
from tests.contract.case import around

CLIENT = Client()


@pytest.fixture(autouse=True)
def delivering(vk):
    vk.deliver = True


def test_every_button_is_answered_as_vk_wants_it(vk, product):
    [answer] = vk.press("confirm", CLIENT, product.given)
    assert answer.text == "0fsandbox"
    for button in ("message", "picture", "button", "edit", "answer", "allow", "deny", "lead"):
        [answer] = vk.press(button, CLIENT, product.given)
        assert (answer.status_code, answer.text) == (200, "ok"), button
    assert product.told == [
        *["message.received"] * 3,
        "message.edited",
        "message.sent",
        "chat.started",
        "chat.stopped",
        "form.submitted",
    ]


def test_a_server_of_an_old_version_is_understood(vk, product):
    vk.old_shape = True
    vk.press("message", CLIENT, product.given)
    assert product.told == ["message.received"]


@pytest.mark.parametrize("signing", [Signing.WRONG, Signing.MISSING, Signing.TAMPERED])
def test_a_notice_without_the_right_secret_is_refused(vk, product, signing):
    vk.signing = signing
    [answer] = vk.press("message", CLIENT, product.given)
    assert answer.status_code == 403
    assert product.told == []


def test_what_we_send_comes_back_and_makes_no_event(vk, product, station, store):
    vk.press("message", CLIENT, product.given)
    given = {"group": 190000001, "token": "sandbox", "api_url": f"{station.url}/vk", "receive": "polling"}
    ours = messenger("vk", VkSettings.model_validate(given), around(store))
    [outcome] = ours.write([Request("key", ClientMessage(str(PERSON), "Здравствуйте!"))])
    ours.close()
    assert isinstance(outcome, Done)
    assert vk.community.updates[-1]["type"] == "message_reply"
    assert product.told == ["message.received"]
