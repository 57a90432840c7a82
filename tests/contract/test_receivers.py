"""What every channel that is called by HTTP must keep to. A new channel adds one entry to CASES."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from pydantic import ValidationError

from connectors.form.channel import FormChannel
from connectors.form.settings import FormSettings
from connectors.mango.channel import MangoChannel
from connectors.mango.settings import MangoSettings
from connectors.tilda.channel import TildaChannel
from connectors.tilda.settings import TildaSettings
from provodka.channel import Delivery, Part, Receiver, RefusedError, UnreadableError
from provodka.event import dump_payload, load_payload
from provodka.settings import Strict

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
RIGHT, WRONG, KEY = "верный-секрет", "чужой-секрет", "ключ-счёта"


@dataclass(frozen=True)
class Case:
    """One way of being called. `deliver` makes the request as the sender does, with this secret or with none."""

    name: str
    settings: Strict
    build: Callable[[], Receiver]
    deliver: Callable[[bytes, str | None], Delivery]
    good: bytes
    with_extra_fields: bytes
    unreadable: bytes
    signs_body: bool
    secrets: tuple[str, ...] = (RIGHT,)


def in_path(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


def in_query(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", "", {}, {"token": secret} if secret else {}, body, NOW)


def in_signature_header(body: bytes, secret: str | None) -> Delivery:
    headers = {"x-signature": hmac.new(secret.encode(), body, "sha256").hexdigest()} if secret else {}
    return Delivery("POST", "", headers, {}, body, NOW)


def in_api_key_field(body: bytes, secret: str | None) -> Delivery:
    field = urlencode({"ApiKey": secret}).encode() + b"&" if secret else b""
    return Delivery("POST", "", {}, {}, field + body, NOW)


def in_mango_envelope(body: bytes, secret: str | None) -> Delivery:
    fields = {"vpbx_api_key": KEY, "json": body.decode()}
    if secret:
        fields = {"sign": sha256(f"{KEY}{body.decode()}{secret}".encode()).hexdigest(), **fields}
    return Delivery("POST", "events/summary", {}, {}, urlencode(fields).encode(), NOW)


FORM_IN_URL = FormSettings.model_validate({"secret": RIGHT})
FORM_SIGNED = FormSettings.model_validate({"hmac": {"key": RIGHT}, "map": {"id": "id"}})
TILDA = TildaSettings.model_validate({"secret": RIGHT})
TILDA_KEY = TildaSettings.model_validate({"secret": KEY, "api_key": {"name": "ApiKey", "value": RIGHT}})
MANGO = MangoSettings.model_validate({"api_key": KEY, "salt": RIGHT})

JSON_FORM = {"id": "f-1", "name": "Мария", "phone": "+79161112233"}
TILDA_FORM = {"Name": "Мария", "Phone": "89161112233", "tranid": "1:1"}
SUMMARY = {"entry_id": "e1", "call_direction": 1, "from": {"number": "79161112233"}, "talk_time": 0, "end_time": 1}

CASES = [
    Case(
        "form with a secret in the path",
        FORM_IN_URL,
        lambda: FormChannel("канал", FORM_IN_URL),
        in_path,
        good=json.dumps(JSON_FORM).encode(),
        with_extra_fields=json.dumps({**JSON_FORM, "нечто": [{"новое": None}]}).encode(),
        unreadable=b"{",
        signs_body=False,
    ),
    Case(
        "form with a secret in the query",
        FORM_IN_URL,
        lambda: FormChannel("канал", FORM_IN_URL),
        in_query,
        good=urlencode(JSON_FORM).encode(),
        with_extra_fields=urlencode({**JSON_FORM, "нечто[a][]": "1"}).encode(),
        unreadable=b"hello",
        signs_body=False,
    ),
    Case(
        "form with a signature",
        FORM_SIGNED,
        lambda: FormChannel("канал", FORM_SIGNED),
        in_signature_header,
        good=urlencode(JSON_FORM).encode(),
        with_extra_fields=urlencode({**JSON_FORM, "нечто": "1"}).encode(),
        unreadable=b"<xml/>",
        signs_body=True,
    ),
    Case(
        "tilda",
        TILDA,
        lambda: TildaChannel("канал", TILDA),
        in_path,
        good=urlencode(TILDA_FORM).encode(),
        with_extra_fields=urlencode({**TILDA_FORM, "payment[нечто][0]": "1"}).encode(),
        unreadable=b"{",
        signs_body=False,
    ),
    Case(
        "tilda with an API key in a field",
        TILDA_KEY,
        lambda: TildaChannel("канал", TILDA_KEY),
        in_api_key_field,
        good=urlencode(TILDA_FORM).encode(),
        with_extra_fields=urlencode({**TILDA_FORM, "нечто": "1"}).encode(),
        unreadable=b"",
        signs_body=False,
        secrets=(RIGHT, KEY),
    ),
    Case(
        "mango",
        MANGO,
        lambda: MangoChannel("канал", MANGO),
        in_mango_envelope,
        good=json.dumps(SUMMARY).encode(),
        with_extra_fields=json.dumps({**SUMMARY, "нечто": {"новое": [None]}}).encode(),
        unreadable=b"{",
        signs_body=True,
        secrets=(RIGHT, KEY),
    ),
]

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_signed = pytest.mark.parametrize("case", [c for c in CASES if c.signs_body], ids=lambda case: case.name)


def nothing(_key: str) -> Sequence[Part]:
    return ()


@every
def test_a_right_secret_is_accepted(case: Case) -> None:
    received = case.build().receive(case.deliver(case.good, RIGHT), nothing)
    assert len(received.events) == 1
    assert 200 <= received.reply.status < 300


@every
@pytest.mark.parametrize("secret", [WRONG, RIGHT[:-1], f"{RIGHT} ", "wrong", None])
def test_a_wrong_or_absent_secret_is_refused(case: Case, secret: str | None) -> None:
    with pytest.raises(RefusedError):
        case.build().receive(case.deliver(case.good, secret), nothing)


@every_signed
@pytest.mark.parametrize(("old", "new"), [(b"79161112233", b"79160000000"), (b"2233", b"2233+")])
def test_a_body_changed_after_signing_is_refused(case: Case, old: bytes, new: bytes) -> None:
    delivery = case.deliver(case.good, RIGHT)
    changed = replace(delivery, body=delivery.body.replace(old, new))
    assert changed != delivery
    with pytest.raises(RefusedError):
        case.build().receive(changed, nothing)


@every_signed
def test_a_space_added_to_a_signed_body_is_refused(case: Case) -> None:
    delivery = case.deliver(case.good, RIGHT)
    with pytest.raises(RefusedError):
        case.build().receive(replace(delivery, body=delivery.body + b" "), nothing)


@every
def test_an_unreadable_body_is_told_apart_from_a_refused_one(case: Case) -> None:
    with pytest.raises(UnreadableError):
        case.build().receive(case.deliver(case.unreadable, RIGHT), nothing)
    with pytest.raises(RefusedError):
        case.build().receive(case.deliver(case.unreadable, WRONG), nothing)


@every
@pytest.mark.parametrize("pause", [timedelta(0), timedelta(minutes=2)])
def test_a_double_has_the_same_keys_and_the_same_reply(case: Case, pause: timedelta) -> None:
    delivery = case.deliver(case.good, RIGHT)
    first = case.build().receive(delivery, nothing)
    stored = list(first.parts)
    again = case.build().receive(
        replace(delivery, received_at=NOW + pause), lambda key: [part for part in stored if part.key == key]
    )
    assert [event.external_id for event in again.events] == [event.external_id for event in first.events]
    assert {(part.key, part.id) for part in again.parts} == {(part.key, part.id) for part in first.parts}
    assert again.reply == first.reply


@every
def test_two_equal_deliveries_at_once_have_the_same_keys(case: Case) -> None:
    delivery = case.deliver(case.good, RIGHT)
    blind = [
        case.build().receive(replace(delivery, received_at=NOW + timedelta(milliseconds=pause)), nothing)
        for pause in (0, 9)
    ]
    assert blind[0].events[0].external_id == blind[1].events[0].external_id
    assert blind[0].events[0].id != blind[1].events[0].id


@every
def test_unknown_fields_are_tolerated(case: Case) -> None:
    (plain,) = case.build().receive(case.deliver(case.good, RIGHT), nothing).events
    (extended,) = case.build().receive(case.deliver(case.with_extra_fields, RIGHT), nothing).events
    assert (extended.type, extended.person) == (plain.type, plain.person)
    assert plain.person.phone == "+79161112233"


@every
def test_the_secrets_show_nowhere(case: Case) -> None:
    texts = [repr(case.settings), str(case.settings), repr(case.build())]
    for body, secret in ((case.good, WRONG), (case.good, None), (case.unreadable, RIGHT)):
        with pytest.raises((RefusedError, UnreadableError)) as caught:
            case.build().receive(case.deliver(body, secret), nothing)
        texts.append(repr(caught.value))
    for event in case.build().receive(case.deliver(case.good, RIGHT), nothing).events:
        texts += [repr(event), event.raw.decode()]
    for secret in case.secrets:
        quoted = urlencode({"": secret})[1:]
        assert not [text for text in texts if secret in text or quoted in text]


@every
def test_the_event_names_its_channel_and_survives_the_journal(case: Case) -> None:
    (event,) = case.build().receive(case.deliver(case.good, RIGHT), nothing).events
    assert event.channel == "канал"
    assert event.received_at == NOW
    assert event.occurred_at <= NOW
    assert load_payload(event.type, dump_payload(event.payload)) == event.payload


@every
def test_an_unknown_setting_is_a_mistake(case: Case) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        type(case.settings).model_validate({**case.settings.model_dump(exclude_unset=True), "colour": "red"})
