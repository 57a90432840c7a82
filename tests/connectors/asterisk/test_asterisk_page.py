"""The buttons of the sandbox's page: they tell their calls to whoever has logged in."""

from __future__ import annotations

import pytest

from sandbox.senders.asterisk import Asterisk, Pbx
from sandbox.senders.service import Client
from tests.connectors.asterisk.conftest import Following

GIVEN = {"port": "0", "extension": "101"}


def test_each_button_is_a_call_of_the_exchange(following: Following, pbx: Pbx) -> None:
    service = Asterisk()
    service.pbx = pbx
    for button in service.buttons:
        service.press(button, Client(), GIVEN)
    assert {call.extension for call in following.calls("call.finished", 2)} == {"101"}
    assert following.call("call.missed").phone == "+79160001122"
    assert service.stats()["logins"] == 1


def test_where_nobody_has_logged_in_the_page_says_where_and_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.senders.asterisk.PATIENCE", 0.1)
    service = Asterisk()
    with pytest.raises(ConnectionError, match="provodka / sandbox"):
        service.press("call", Client(), GIVEN)
    service.pbx.stop()
