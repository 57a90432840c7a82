"""MANGO OFFICE's API as it is described: signed asks, limits, two minutes' penalty, reports that take a while."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
import requests

from sandbox.senders.mango_service import Mango
from sandbox.senders.service import Client
from sandbox.senders.station import Station

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALLBACK = {"command_id": "c-1", "from": {"extension": "101"}, "to_number": "79160001122"}
SMS = {"command_id": "c-1", "text": "Замер", "from_extension": "101", "to_number": "79160001122"}


class Clock:
    now = NOON

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def running():
    clock = Clock()
    mango = Mango(now=clock)
    with Station(mango) as station:
        yield mango, station, clock


@pytest.fixture
def mango(running):
    mango, station, clock = running
    station.reset()
    clock.now = NOON
    mango.report_after, mango.door.limited = 1, False
    return mango


@pytest.fixture
def ask(running):
    def asked(path, body, salt="sandbox"):
        text = json.dumps(body)
        sign = hashlib.sha256(f"sandbox{text}{salt}".encode()).hexdigest()
        fields = {"vpbx_api_key": "sandbox", "sign": sign, "json": text}
        return requests.post(f"{running[1].url}/vpbx{path}", fields, timeout=30)

    return asked


def test_what_is_accepted_is_answered_with_1000_and_counted(mango, ask):
    assert ask("/commands/callback", CALLBACK).json() == {"result": 1000}
    assert ask("/commands/sms", SMS).json() == {"result": 1000}
    assert (mango.stats()["calls"], mango.stats()["sms"]) == (1, 1)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/commands/callback", {**CALLBACK, "to_number": "не номер"}, 3100),
        ("/commands/callback", {**CALLBACK, "from": {"extension": "999"}}, 3301),
        ("/commands/callback", [1], 3100),
        ("/commands/sms", {**SMS, "text": "ж" * 269}, 4301),
        ("/commands/sms", {**SMS, "text": "w" * 613}, 4301),
        ("/commands/sms", {**SMS, "from_extension": "999"}, 3301),
        ("/stats/request", {"date_from": "0", "date_to": "4000000", "fields": "start"}, 3100),
    ],
)
def test_a_refusal_names_its_code(mango, ask, path, body, code):
    answer = ask(path, body)
    assert (answer.status_code, answer.json()) == (420, {"code": code})
    assert mango.orders == mango.messages == []


def test_a_second_error_closes_everything_for_two_minutes(running, mango, ask):
    assert ask("/commands/callback", CALLBACK, salt="wrong").json() == {"code": 3102}
    assert ask("/commands/callback", CALLBACK).status_code == 200
    assert ask("/commands/callback", CALLBACK, salt="wrong").status_code == 401
    assert ask("/commands/sms", SMS).status_code == 401
    running[2].now += timedelta(minutes=2)
    assert ask("/commands/sms", SMS).status_code == 200


def test_too_many_at_once_are_refused(mango, ask):
    mango.door.limited = True
    answers = [ask("/commands/callback", CALLBACK) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert answers[-1].json() == {"name": "Service Unavailable", "message": "Rate limit exceeded.", "status": 429}


def test_a_report_takes_a_while_and_has_the_fields_that_were_asked_for(mango, ask):
    silent = {"url": "", "key": "", "salt": "", "extension": "102"}
    mango.press("unheard", Client(), silent)
    period = {"date_from": str(int(NOON.timestamp()) - 3600), "date_to": str(int(NOON.timestamp()))}
    key = ask("/stats/request", {**period, "fields": "start,answer,to_extension,from_number"}).json()["key"]
    assert ask("/stats/result", {"key": key}).status_code == 204
    began = int(NOON.timestamp()) - 1800
    assert ask("/stats/result", {"key": key}).text == f"{began + 6};{began + 14};102;79160001122"
    assert ask("/stats/result", {"key": "unknown"}).status_code == 404
