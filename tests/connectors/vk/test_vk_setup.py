"""VK is told of our address by its API, while somebody answers there."""

from __future__ import annotations

import pytest

from connectors.vk.notice import TOLD
from connectors.vk.settings import VkSettings
from connectors.vk.setup import subscriber
from provodka.errors import Rejected
from tests.contract.case import around


@pytest.fixture
def make(station, store):
    made = []

    def setup(**more):
        given = {"group": 190000001, "token": "sandbox", "secret": "sandbox", "confirmation": "0fsandbox", **more}
        made.append(
            subscriber("vk", VkSettings.model_validate({**given, "api_url": f"{station.url}/vk"}), around(store))
        )
        return made[-1]

    yield setup
    for one in made:
        if one is not None:
            one.close()


def test_the_address_is_added_confirmed_and_switched_on_once(vk, make, product):
    vk.community.events = {"wall_post_new": 1}
    address = product.given["url"]
    assert make().subscribe(address) is True
    assert vk.community.servers[-1] == {
        "id": 2,
        "title": "Provodka",
        "secret_key": "sandbox",
        "url": address,
        "status": "ok",
    }
    assert {kind for kind, on in vk.community.events.items() if on} == {*TOLD, "wall_post_new"}
    assert make().subscribe(address) is False
    vk.community.events["message_new"] = 0
    assert make().subscribe(address) is True
    assert len(vk.community.servers) == 2


def test_an_address_with_another_secret_or_switched_off_is_corrected(vk, make, product):
    address = product.given["url"]
    make().subscribe(address)
    vk.community.servers[-1] |= {"secret_key": "old", "status": "failed"}
    assert make().subscribe(address) is True
    assert vk.community.servers[-1]["status"] == "ok"
    assert vk.community.servers[-1]["secret_key"] == "sandbox"
    assert len(vk.community.servers) == 2


def test_an_address_that_does_not_give_the_string_is_told_with_the_cure(vk, make, product):
    vk.community.confirmation = "0fanother"
    with pytest.raises(Rejected) as refused:
        make().subscribe(product.given["url"])
    assert "confirmation" in refused.value.hint


def test_where_vk_is_asked_or_no_key_is_set_there_is_nothing_to_tell(make):
    assert make(receive="polling") is None
    assert make(token=None) is None


def test_a_callback_server_that_vk_has_switched_off_is_told_with_its_cure(vk, make):
    assert make().check() == []
    vk.community.servers[0]["status"] = "failed"
    [sentence] = make().check()
    assert "отключил" in sentence
    vk.community.servers[0] |= {"status": "ok", "secret_key": "another"}
    [sentence] = make().check()
    assert "secret" in sentence
    [sentence] = make(token="wrong").check()
    assert "token" in sentence
