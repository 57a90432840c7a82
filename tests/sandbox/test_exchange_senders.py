"""MegaFon and Zadarma of the sandbox sign as they should, or wrongly as told, and refuse what the real ones refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
import requests

import sandbox.senders.megafon
import sandbox.senders.zadarma
from connectors.megafon.channel import receiver as megafon
from connectors.megafon.settings import MegafonSettings
from connectors.zadarma.channel import receiver as zadarma
from connectors.zadarma.settings import ZadarmaSettings
from connectors.zadarma.signature import authorization
from provodka.channel import Delivery, RefusedError
from sandbox.senders.http import Signing
from sandbox.senders.megafon import Megafon, MegafonSender
from sandbox.senders.service import Service
from sandbox.senders.station import Station
from sandbox.senders.zadarma import Script, Zadarma, ZadarmaSender
from sandbox.senders.zadarma_api import A_MINUTE
from tests.contract.case import around

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    with Station(Megafon(), Zadarma()) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(station: Station) -> None:
    station.reset()


@pytest.fixture
def receiving(monkeypatch: pytest.MonkeyPatch) -> None:
    """The senders post to the channels themselves, and get the status of their answer."""
    channels = {
        "megafon": megafon("phone", MegafonSettings.model_validate({"crm_token": "sandbox-crm-token"}), around()),
        "zadarma": zadarma("phone", ZadarmaSettings.model_validate({"secret": "sandbox"}), around()),
    }

    def post(url: str, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> int:
        low = {name.lower(): text for name, text in (headers or {}).items()}
        try:
            delivery = Delivery("POST", "", {"content-type": content_type, **low}, {}, body, NOW)
            return channels[url].receive(delivery, lambda _: ()).reply.status
        except RefusedError:
            return 403

    monkeypatch.setattr(sandbox.senders.megafon, "post", post)
    monkeypatch.setattr(sandbox.senders.zadarma, "post", post)


@pytest.mark.usefixtures("receiving")
@pytest.mark.parametrize(
    ("signing", "status"), [(Signing.GOOD, 200), (Signing.WRONG, 403), (Signing.MISSING, 403), (Signing.TAMPERED, 403)]
)
def test_a_notice_is_taken_only_as_it_is_signed(signing: Signing, status: int) -> None:
    script = Script(ZadarmaSender("zadarma", "sandbox", signing), "79160001122", NOW)
    assert {script.start(), script.rings("101"), script.answers("101"), script.ends("101", "busy")} == {status}
    assert script.recorded() == status


@pytest.mark.usefixtures("receiving")
@pytest.mark.parametrize(("signing", "status"), [(Signing.GOOD, 200), (Signing.WRONG, 403), (Signing.MISSING, 403)])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_command_is_taken_only_with_its_token(signing: Signing, status: int, as_json: bool) -> None:
    sender = MegafonSender("megafon", "sandbox-crm-token", signing, as_json)
    assert sender.event("INCOMING", "1", "79160001122", "ivanov") == [status]


def asked(station: Station, path: str, key: str = "sandbox", **params: str) -> requests.Response:
    headers = {"Authorization": authorization(path, params, key, "sandbox")}
    return requests.get(f"{station.url}/zadarma{path}", params=params, headers=headers, timeout=30)


def test_zadarma_lets_nobody_in_whose_signature_is_of_other_parameters(station: Station) -> None:
    assert asked(station, "/v1/info/timezone/").json()["status"] == "success"
    assert asked(station, "/v1/info/timezone/", key="other").status_code == 401
    headers = {"Authorization": authorization("/v1/info/timezone/", {"a": "1"}, "sandbox", "sandbox")}
    url = f"{station.url}/zadarma/v1/info/timezone/"
    assert requests.get(url, params={"a": "2"}, headers=headers, timeout=30).status_code == 401


def test_zadarma_counts_the_calls_of_a_minute(station: Station) -> None:
    service: Service = station.services[1]
    assert isinstance(service, Zadarma)
    service.api._calls = [(False, datetime.now(UTC))] * (A_MINUTE - 1)
    assert asked(station, "/v1/info/timezone/").status_code == 200
    refused = asked(station, "/v1/info/timezone/")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["X-RateLimit-Reset"]) <= 61


@pytest.mark.parametrize("params", [{"from": "999", "to": "79160001122"}, {"from": "101", "to": "+7916"}, {}])
def test_zadarma_calls_only_from_extensions_to_numbers(station: Station, params: dict[str, str]) -> None:
    assert asked(station, "/v1/request/callback/", **params).json()["status"] == "error"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user": "ivanov", "phone": "79160001122"}, 200),
        ({"user": "nobody", "phone": "79160001122"}, 404),
        ({"user": "ivanov", "phone": "+79160001122"}, 400),
    ],
)
def test_megafon_calls_only_for_its_staff(station: Station, body: dict[str, str], status: int) -> None:
    url = f"{station.url}/megafon/crmapi/v1/makecall"
    assert requests.post(url, json=body, headers={"X-API-KEY": "sandbox"}, timeout=30).status_code == status
    assert requests.post(url, json=body, headers={"X-API-KEY": "other"}, timeout=30).status_code == 401


def test_the_older_api_of_megafon_knows_its_commands(station: Station) -> None:
    url = f"{station.url}/megafon/sys/crm_api.wcgp"
    assert requests.post(url, {"cmd": "accounts", "token": "sandbox"}, timeout=30).json()[0]["name"] == "ivanov"
    assert requests.post(url, {"cmd": "dance", "token": "sandbox"}, timeout=30).status_code == 400
    assert requests.post(url, {"cmd": "accounts"}, timeout=30).status_code == 401
