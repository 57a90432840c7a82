"""The form services of the sandbox, pressed against running receivers: what they send is what we understand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from connectors.registry import CHANNELS
from provodka.event import Event
from sandbox.senders.http import Signing
from sandbox.senders.quizzes import CarrotQuest, Marquiz, Taplink, WordPress
from sandbox.senders.service import Client, Service
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.contract.case import NOW, around
from webhooks.metrics import Metrics
from webhooks.receive import Door, hooks

SERVICES: dict[type[Service], tuple[str, dict[str, Any], str]] = {
    Marquiz: ("marquiz", {"secret": "sandbox"}, "secret"),
    CarrotQuest: ("carrotquest", {"token": "sandbox"}, "token"),
    Taplink: ("taplink", {"secret": "sandbox"}, "secret"),
    WordPress: ("form", {"secret": "sandbox"}, "secret"),
}
BUTTONS = [(kind, button) for kind in SERVICES for button in kind.buttons]


@pytest.fixture(scope="module")
def product() -> Iterator[tuple[str, MemoryIntake]]:
    inbox = MemoryIntake(NOW)
    receivers = {}
    for kind, (channel, settings, _) in SERVICES.items():
        model = CHANNELS[channel].model().model_validate(settings)
        receivers[kind.name] = CHANNELS[channel].open("receiver", kind.name, model, around())
    app = Flask(__name__)
    app.register_blueprint(hooks(Door(receivers, inbox, lambda: NOW, 10**6, Metrics())))
    server: BaseWSGIServer = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/hooks", inbox
    server.shutdown()
    thread.join()
    server.server_close()


def press(
    product: tuple[str, MemoryIntake], kind: type[Service], button: str, signing: Signing
) -> tuple[list[int], list[Event]]:
    url, inbox = product
    before = set(inbox.events)
    service: Any = kind(lambda: NOW - timedelta(seconds=len(before)))  # at the same moment it would be the same quiz
    service.signing = signing
    given = {"url": f"{url}/{kind.name}", SERVICES[kind][2]: "sandbox"}
    answers = service.press(button, Client(), given)
    assert service.stats() == {"sent": len(answers)}
    return [one.status_code for one in answers], [one for key, one in inbox.events.items() if key not in before]


@pytest.mark.parametrize(("kind", "button"), BUTTONS, ids=lambda one: getattr(one, "name", one))
def test_every_button_is_understood(product: tuple[str, MemoryIntake], kind: type[Service], button: str) -> None:
    statuses, events = press(product, kind, button, Signing.GOOD)
    assert set(statuses) == {200}
    if button == "robot":
        assert [event.type.value for event in events] == ["form.spam"]
        return
    assert len(events) == len(statuses)
    for event in events:
        assert event.type.value == ("payment.unmatched" if button == "payment" else "form.submitted")
        assert "phone:+79160001122" in event.identities


@pytest.mark.parametrize("kind", SERVICES, ids=lambda one: one.name)
@pytest.mark.parametrize("signing", [Signing.WRONG, Signing.MISSING, Signing.TAMPERED])
def test_what_is_not_signed_as_agreed_is_refused(
    product: tuple[str, MemoryIntake], kind: type[Service], signing: Signing
) -> None:
    statuses, events = press(product, kind, next(iter(kind.buttons)), signing)
    assert statuses == [403]
    assert events == []
