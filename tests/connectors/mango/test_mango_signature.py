"""MANGO signs the exact text of the field `json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote_from_bytes, urlencode

import pytest

from connectors.mango.channel import MangoChannel
from connectors.mango.settings import MangoSettings
from provodka.channel import Delivery, Part, Received, RefusedError, UnreadableError

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
KEY, SALT = "ключ-2", "соль-2"
TEXT = '{"entry_id": "e1",  "talk_time":0}'


def nothing(_key: str) -> Sequence[Part]:
    return ()


def send(body: bytes | Mapping[str, str]) -> Received:
    raw = body if isinstance(body, bytes) else urlencode(body).encode()
    channel = MangoChannel("phone", MangoSettings.model_validate({"api_key": KEY, "salt": SALT}))
    return channel.receive(Delivery("POST", "events/summary", {}, {}, raw, NOW), nothing)


def signed(text: str = TEXT, key: str = KEY, salt: str = SALT) -> dict[str, str]:
    return {"vpbx_api_key": key, "sign": sha256(f"{key}{text}{salt}".encode()).hexdigest(), "json": text}


def test_a_right_signature_is_accepted_with_200() -> None:
    received = send(signed())
    assert received.reply.status == 200
    assert [event.external_id for event in received.events] == ["call:e1"]


def test_the_text_is_signed_as_it_is_and_not_as_json_would_be_written_again() -> None:
    for text in (
        TEXT,
        TEXT.replace(" ", ""),
        '{"entry_id":"e1","name":"Мария"}',
        '{"entry_id":"e1","name":"\\u041c+"}',
    ):
        assert send(signed(text)).events


@pytest.mark.parametrize(
    "change",
    [
        {"sign": "0" * 64},
        {"sign": ""},
        {"sign": "подпись"},
        {"json": TEXT + " "},
        {"json": TEXT.replace("e1", "e2")},
        {"vpbx_api_key": "другой"},
        {"vpbx_api_key": ""},
    ],
)
def test_a_changed_field_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        send({**signed(), **change})


@pytest.mark.parametrize("field", ["sign", "json", "vpbx_api_key"])
def test_an_absent_field_is_refused(field: str) -> None:
    with pytest.raises(RefusedError):
        send({name: text for name, text in signed().items() if name != field})


def test_a_signature_with_another_salt_or_for_another_key_is_refused() -> None:
    for wrong in (signed(salt="чужая"), signed(key="чужой"), {**signed(key="чужой"), "vpbx_api_key": KEY}):
        with pytest.raises(RefusedError):
            send(wrong)


@pytest.mark.parametrize("body", [b"", b"{}", b"\x1f\x8bbroken", b"json", b"&&&", b"sign=%ff"])
def test_a_body_that_is_no_signed_form_is_refused_and_not_kept(body: bytes) -> None:
    with pytest.raises(RefusedError):
        send(body)


@pytest.mark.parametrize("text", ["", "{", "[1]", '"e1"', "нет"])
def test_a_signed_text_that_is_no_json_object_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError):
        send(signed(text))


def test_signed_bytes_that_are_no_text_are_unreadable() -> None:
    text = b'{"entry_id":"\xff"}'
    sign = sha256(KEY.encode() + text + SALT.encode()).hexdigest()
    body = urlencode({"vpbx_api_key": KEY, "sign": sign}).encode() + b"&json=" + quote_from_bytes(text).encode()
    with pytest.raises(UnreadableError):
        send(body)
