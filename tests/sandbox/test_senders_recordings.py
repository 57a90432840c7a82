"""MANGO's recordings are asked for as its API describes, with signatures computed here."""

import hashlib
import io
import json
import wave
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import requests

from sandbox.senders import Senders

STARTED = datetime(2025, 12, 1, 8, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = STARTED

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def senders(clock):
    with Senders(now=clock) as running:
        yield running


def ask_recording(senders, recording_id="MToxMDA=", key="sandbox", salt="sandbox"):
    text = json.dumps({"recording_id": recording_id, "action": "download"})
    sign = hashlib.sha256(f"{key}{text}{salt}".encode()).hexdigest()
    fields = {"vpbx_api_key": key, "sign": sign, "json": text}
    return requests.post(f"{senders.url}/vpbx/queries/recording/post/", fields, allow_redirects=False, timeout=30)


def test_a_recording_is_given_by_a_link_that_works_once(senders):
    answer = ask_recording(senders)
    assert answer.status_code == 302
    file = requests.get(answer.headers["Location"], timeout=30)
    with wave.open(io.BytesIO(file.content)) as sound:
        assert sound.getnframes() > 0
    assert requests.get(answer.headers["Location"], timeout=30).status_code == 404


def test_a_recording_is_not_there_at_once(senders, clock):
    senders.services["mango"].recordings.ready_after = 60
    assert ask_recording(senders).status_code == 404
    clock.now += timedelta(seconds=60)
    assert ask_recording(senders).status_code == 302


def test_a_bad_signature_is_refused_and_a_second_error_is_punished_for_two_minutes(senders, clock):
    refused = ask_recording(senders, salt="wrong")
    assert (refused.status_code, refused.json()) == (420, {"code": 3102})
    assert ask_recording(senders, key="wrong").status_code == 401
    assert ask_recording(senders, salt="wrong").status_code == 401
    clock.now += timedelta(minutes=2)
    assert ask_recording(senders).status_code == 302
    senders.services["mango"].recordings.forget("MToxMDA=")
    assert ask_recording(senders).json() == {"code": 3301}


def test_a_recording_can_also_be_had_by_a_signed_link_until_its_moment(senders, clock):
    recording, moment = "MTox/MDA=", str(int(STARTED.timestamp()) + 60)
    sign = hashlib.sha256(f"sandbox{moment}{recording}sandbox".encode()).hexdigest()
    path = f"/vpbx/queries/recording/link/{quote(recording, safe='')}/download/sandbox/{moment}/{sign}"
    file = requests.get(senders.url + path, timeout=30)
    assert file.headers["Content-Type"] == "audio/x-wav"
    clock.now += timedelta(seconds=61)
    assert requests.get(senders.url + path, timeout=30).status_code == 403
