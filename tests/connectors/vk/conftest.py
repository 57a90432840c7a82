"""A community of the sandbox."""

from __future__ import annotations

import pytest
from flask import Flask, request

from connectors.vk.channel import VkChannel, book_of
from connectors.vk.settings import VkSettings
from provodka.channel import Delivery, RefusedError
from sandbox.base import Emulator
from sandbox.senders.station import Station
from sandbox.senders.vk import Vk
from tests.contract.case import NOW, around, nothing


@pytest.fixture(scope="module")
def station():
    vk = Vk()
    with Station(vk) as running:
        vk.community.base = running.url
        running.vk = vk
        yield running


@pytest.fixture
def vk(station):
    station.reset()
    station.faults.clear()
    station.vk.deliver = False
    return station.vk


@pytest.fixture
def product(store):
    """A running receiver of the community: the kinds of events that it was told."""
    told = []
    settings = VkSettings.model_validate({"group": 190000001, "secret": "sandbox", "confirmation": "0fsandbox"})
    channel = VkChannel("vk", settings, book_of(settings, around(store)))
    app = Flask("product")

    @app.post("/hooks/vk")
    def hook():
        try:
            received = channel.receive(Delivery("POST", "", {}, {}, request.get_data(), NOW), nothing)
        except RefusedError:
            return "forbidden", 403
        told.extend(event.type.value for event in received.events)
        return received.reply.body, received.reply.status

    with Emulator("product", app) as running:
        running.told = told
        running.given = {**Vk.defaults, "url": f"{running.url}/hooks/vk"}
        yield running
