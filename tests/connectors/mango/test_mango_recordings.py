"""A recording of MANGO becomes a file by its id alone; it comes some minutes after the call, or never."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.base import collect_calls
from connectors.mango.recordings import recordings
from connectors.mango.signature import recording_id, recording_url
from provodka.errors import Rejected, Retryable
from provodka.payloads import Call, Direction
from sandbox.senders.recordings import tone
from tests.connectors.mango.conftest import NOON, Office
from tests.service import Said, Service

ID = "MToxMDA/+wMDE6NDE6MTAyOjE="


def call(office: Office, recording: str | None = None) -> Call:
    link = recording_url(ID, "entry", NOON, office.settings()) if recording is None else recording
    return Call("entry", Direction.IN, "+79161112233", started_at=NOON, ended_at=NOON, recording=link)


def test_a_recording_is_fetched_by_the_id_that_its_link_holds(office: Office) -> None:
    with collect_calls() as traced:
        file = office.part(recordings).fetch_recording(call(office))
    assert (file.content_type, file.size) == ("audio/wav", len(tone()))
    assert file.name == "Звонок 2026-03-02 15-00 +79161112233.wav"
    assert office.store.blob(file.sha256) == tone()
    assert [one.status for one in traced] == [302, 200]
    assert "sandbox" not in repr(traced)


def test_a_recording_that_is_not_there_yet_comes_some_minutes_later(office: Office) -> None:
    office.mango.recordings.ready_after = 120
    part = office.part(recordings)
    with pytest.raises(Retryable):
        part.fetch_recording(call(office))
    office.clock.now += timedelta(minutes=2)
    assert part.fetch_recording(call(office)).size == len(tone())


def test_a_recording_that_never_comes_is_refused_in_the_end(office: Office) -> None:
    office.mango.recordings.forget(ID)
    part = office.part(recordings)
    with pytest.raises(Retryable) as soon:
        part.fetch_recording(call(office))
    assert (soon.value.wait or 0) > 120  # a second error within two minutes would close the API to everything
    office.clock.now += timedelta(minutes=31)
    with pytest.raises(Rejected) as late:
        part.fetch_recording(call(office))
    assert "Записи на АТС нет" in late.value.hint


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [(b"<html>", "audio/mpeg", "no sound"), (b"RIFF0000WAVE" + bytes(2000), "audio/wav", "larger than 1000")],
)
def test_what_is_no_sound_or_too_large_is_refused(office: Office, body: bytes, kind: str, words: str) -> None:
    office.mango.recordings.files[ID] = (body, kind)
    with pytest.raises(Rejected, match=words):
        office.part(recordings, recording_limit="1000B").fetch_recording(call(office))
    assert office.store.blobs == {}


def test_a_call_without_a_recording_has_none(office: Office) -> None:
    with pytest.raises(Rejected, match="no recording"):
        office.part(recordings).fetch_recording(call(office, ""))


def test_a_place_of_the_clients_own_is_asked_itself(office: Office) -> None:
    with Service() as service:
        service.answers["/entry"] = Said(body=tone())
        part = office.part(recordings, recording_url=f"{service.url}/{{entry_id}}")
        assert part.fetch_recording(call(office, f"{service.url}/entry")).size == len(tone())


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{api_url}/queries/recording/link/{recording_id}/play/{api_key}/{expires}/{sign}", ID),
        ("https://pbx.a.example/?id={recording_id}&until={expires}", ID),
        ("https://pbx.a.example/{entry_id}", ""),
    ],
)
def test_the_id_is_read_back_from_the_link(office: Office, template: str, found: str) -> None:
    settings = office.settings(recording_url=template)
    assert recording_id(recording_url(ID, "entry/1", NOON, settings), settings) == found
    assert recording_id("https://elsewhere.example/a", settings) == ""
