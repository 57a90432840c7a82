"""Who waits while the provider does not answer."""

from __future__ import annotations

from threading import Event, Semaphore, Thread

import pytest

from connectors.openid import provider as of_provider
from connectors.openid.client import Client
from connectors.openid.provider import Asked, Provider
from provodka.errors import ConnectorError, Retryable
from provodka.event import utc_now
from sandbox.openid import CLIENT_ID, SECRET, OpenId

BACK = "http://127.0.0.1/console/openid/back"


def test_whoever_begins_waits_for_nobody_who_waits_for_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_provider, "_PATIENCE", 0.01)
    entered, answered = Semaphore(0), Event()

    def hang() -> tuple[str, int]:
        entered.release()
        answered.wait(30)
        return "", 500

    with OpenId() as emulator:
        emulator.app.view_functions["_token"] = hang
        provider = Provider(Client(emulator.url, CLIENT_ID, SECRET), utc_now)
        provider.authorization_url(Asked.anew(), BACK)
        waiting = [Thread(target=_come_back, args=(provider,)) for _ in range(2)]
        for one in waiting:
            one.start()
            assert entered.acquire(timeout=30)
        assert provider.authorization_url(Asked.anew(), BACK).startswith(f"{emulator.url}/authorize?")
        with pytest.raises(Retryable, match="others are waiting"):
            provider.identity("code", Asked.anew(), BACK)
        answered.set()
        for one in waiting:
            one.join()


def _come_back(provider: Provider) -> None:
    with pytest.raises(ConnectorError):
        provider.identity("code", Asked.anew(), BACK)


def test_an_answer_too_deep_to_be_read_is_no_answer() -> None:
    with OpenId() as emulator:
        emulator.app.view_functions["_token"] = lambda: "[" * 100_000
        provider = Provider(Client(emulator.url, CLIENT_ID, SECRET), utc_now)
        with pytest.raises(Retryable, match="no JSON"):
            provider.identity("code", Asked.anew(), BACK)
