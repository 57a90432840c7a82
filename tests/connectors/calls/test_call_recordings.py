"""A recording becomes a file only where it is one: of the right size, a sound, and not asked for for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.base import collect_calls
from connectors.calls.recordings import PATIENCE, LinkedRecordings, Shelf
from connectors.calls.sounds import sound_type
from provodka.errors import AuthFailed, RateLimited, Rejected, Retryable
from provodka.payloads import Call, Direction
from tests.connectors.memory_store import MemoryStore
from tests.service import Said, Service

ENDED = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
WAVE = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64)
MOST = 1000


def call(recording: str = "") -> Call:
    return Call("1", Direction.IN, "+79161112233", started_at=ENDED, ended_at=ENDED, recording=recording)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


def shelf(store: MemoryStore | None = None, later: timedelta = timedelta(0), *allow: str) -> Shelf:
    moment = ENDED + later
    return Shelf(store or MemoryStore(), MOST, ZoneInfo("Europe/Moscow"), lambda: moment, allow or ("127.0.0.1",))


def test_a_recording_is_kept_under_a_name_that_tells_the_call(service: Service) -> None:
    store = MemoryStore()
    service.answers["/r.php"] = Said(headers={"Content-Type": "text/html"}, body=WAVE)
    file = LinkedRecordings("phone", shelf(store)).fetch_recording(call(f"{service.url}/r.php"))
    assert (file.name, file.content_type) == ("Звонок 2026-03-02 12-04 +79161112233.wav", "audio/wav")
    assert (file.size, store.blob(file.sha256)) == (len(WAVE), WAVE)


def test_a_redirect_is_followed_and_the_key_does_not_go_along(service: Service) -> None:
    with Service() as other:
        service.answers["/r"] = Said(302, {"Location": f"{other.url}/file"})
        other.answers["/file"] = Said(body=WAVE)
        shelf().fetch(f"{service.url}/r", call(), {"Authorization": "ключ".encode().hex()})
    assert "authorization" in service.asked[0].headers
    assert "authorization" not in other.asked[0].headers


@pytest.mark.parametrize(
    "said", [Said(404), Said(202), Said(204, body=b""), Said(200, body=b""), Said(423)], ids=lambda one: str(one.status)
)
def test_what_is_not_ready_yet_is_tried_again_and_given_up_in_the_end(service: Service, said: Said) -> None:
    service.answers["/r"] = said
    with pytest.raises(Retryable) as soon:
        shelf().fetch(f"{service.url}/r", call())
    assert (soon.value.wait, soon.value.status) == (60, None)  # our own word on how long it takes
    with pytest.raises(Rejected, match="no recording") as late:
        shelf(None, PATIENCE).fetch(f"{service.url}/r", call())
    assert "Записи на АТС нет" in late.value.hint


def test_a_recording_that_is_too_large_is_not_read_to_its_end(service: Service) -> None:
    service.answers["/r"] = Said(headers={"Content-Length": "200000000"}, body=WAVE + bytes(MOST))
    store = MemoryStore()
    with pytest.raises(Rejected, match="larger than 1000") as refused:
        shelf(store).fetch(f"{service.url}/r", call())
    assert "recording_limit" in refused.value.hint
    with pytest.raises(Rejected, match="larger than 1000"):
        shelf(store).keep(WAVE + bytes(MOST), call())
    assert store.blobs == {}


@pytest.mark.parametrize(
    ("body", "declared"),
    [
        (b"<html>Login</html>", "audio/mpeg"),
        (b'{"error": "no such file"}', "audio/wav"),
        ("Файл удалён".encode(), "audio/mpeg"),
        ("Файл удалён".encode("cp1251"), "audio/mpeg"),
        ("Ж".encode() * 300, "audio/mpeg"),
        (b"%PDF-1.7\x00\x01", "audio/mpeg"),
        (b"PK\x03\x04\x00\x00", "audio/mpeg"),
        (b"\x89PNG\r\n\x1a\n\x00", "audio/mpeg"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
    ],
)
def test_what_is_no_sound_is_refused_whatever_it_is_called(service: Service, body: bytes, declared: str) -> None:
    service.answers["/r"] = Said(headers={"Content-Type": declared}, body=body)
    store = MemoryStore()
    with pytest.raises(Rejected, match="no sound"):
        shelf(store).fetch(f"{service.url}/r", call())
    assert store.blobs == {}


@pytest.mark.parametrize(
    ("body", "declared", "kind"),
    [
        (b"ID3\x03\x00", "", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "text/html", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "", "audio/aac"),
        (WAVE, "application/octet-stream", "audio/wav"),
        (b"OggS\x00", "", "audio/ogg"),
        (b"\x00\x00\x00\x20ftypM4A ", "", "audio/mp4"),
        (b"fLaC\x00", "", "audio/flac"),
        (b"\xd2\x00\x01\x9c\xfe", "Audio/GSM; rate=8000", "audio/gsm"),
    ],
)
def test_a_sound_is_known_by_its_first_bytes(body: bytes, declared: str, kind: str) -> None:
    assert sound_type(body, declared) == kind


@pytest.mark.parametrize(
    ("said", "error"),
    [(Said(401), AuthFailed), (Said(403), Rejected), (Said(429), RateLimited), (Said(500), Retryable)],
)
def test_a_refusal_keeps_its_meaning(service: Service, said: Said, error: type[Exception]) -> None:
    service.answers["/r"] = said
    with pytest.raises(error):
        shelf().fetch(f"{service.url}/r", call())


@pytest.mark.parametrize("url", ["https://10.0.0.5/r", "http://127.0.0.1:1/r", "ftp://a.example/r", "file:///etc"])
def test_an_address_inside_is_not_asked(url: str) -> None:
    with pytest.raises(Rejected):
        shelf(None, timedelta(0), "pbx.example").fetch(url, call())


def test_a_call_without_an_address_has_no_file() -> None:
    with pytest.raises(Rejected, match="no address"):
        LinkedRecordings("phone", shelf()).fetch_recording(call("id-17"))


def test_the_address_of_a_recording_is_told_nowhere(service: Service) -> None:
    service.answers["/secret/r"] = Said(404)
    with collect_calls() as calls, pytest.raises(Retryable) as refused:
        shelf().fetch(f"{service.url}/secret/r?key=secret", call())
    assert "secret" not in f"{calls!r} {refused.value.reason} {refused.value.hint}"
    assert calls[0].status == 404
