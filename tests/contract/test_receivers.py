"""What every channel that is called by HTTP must keep to. A new channel adds a module to `tests/contract/services`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pkgutil import iter_modules
from urllib.parse import quote

import pytest
from flask import Flask
from pydantic import ValidationError

from connectors.secrecy import cutter
from provodka.channel import AGAIN, Delivery, Part, RefusedError, UnreadableError
from provodka.event import Event, dump_payload, load_payload
from provodka.payloads import EventType
from provodka.redact import secrets_of, written_forms
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.contract import services
from tests.contract.case import NOW, WRONG, Case, nothing
from webhooks.metrics import Metrics
from webhooks.receive import Door, hooks

MODULES = [import_module(f"tests.contract.services.{one.name}") for one in iter_modules(services.__path__)]
CASES: list[Case] = [case for module in MODULES for case in getattr(module, "CASES", ())]

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_signed = pytest.mark.parametrize("case", [c for c in CASES if c.signs_body], ids=lambda case: case.name)


@every
def test_a_right_secret_is_accepted(case: Case) -> None:
    received = case.build().receive(case.deliver(case.good, case.secret), nothing)
    assert len(received.events) == 1
    assert 200 <= received.reply.status < 300


@every
def test_a_wrong_or_absent_secret_is_refused(case: Case) -> None:
    for secret in (WRONG, case.secret[:-1], f"{case.secret} ", "wrong", None):
        with pytest.raises(RefusedError):
            case.build().receive(case.deliver(case.good, secret), nothing)


@every_signed
def test_a_body_changed_after_signing_is_refused(case: Case) -> None:
    delivery = case.deliver(case.good, case.secret)
    for old, new in ((b"2233", b"0000"), (b"2233", b"2233+")):
        changed = replace(delivery, body=delivery.body.replace(old, new))
        assert changed != delivery
        with pytest.raises(RefusedError):
            case.build().receive(changed, nothing)


@every_signed
def test_a_space_added_to_a_signed_body_is_refused(case: Case) -> None:
    delivery = case.deliver(case.good, case.secret)
    with pytest.raises(RefusedError):
        case.build().receive(replace(delivery, body=delivery.body + b" "), nothing)


@every
def test_an_unreadable_body_is_told_apart_from_a_refused_one(case: Case) -> None:
    with pytest.raises(UnreadableError):
        case.build().receive(case.deliver(case.unreadable, case.secret), nothing)
    with pytest.raises(RefusedError):
        case.build().receive(case.deliver(case.unreadable, WRONG), nothing)


@every
@pytest.mark.parametrize("pause", [timedelta(0), timedelta(minutes=2)])
def test_a_double_has_the_same_keys_and_the_same_reply(case: Case, pause: timedelta) -> None:
    delivery = case.deliver(case.good, case.secret)
    first = case.build().receive(delivery, nothing)
    stored = list(first.parts)
    again = case.build().receive(
        replace(delivery, received_at=NOW + pause), lambda key: [part for part in stored if part.key == key]
    )
    assert [event.external_id for event in again.events] == [event.external_id for event in first.events]
    pieces = {(part.key, part.id) for part in again.parts if not part.key.startswith(AGAIN)}  # that it came again
    assert pieces == {(part.key, part.id) for part in first.parts}
    assert again.reply == first.reply


@every
def test_two_equal_deliveries_at_once_have_the_same_keys(case: Case) -> None:
    delivery = case.deliver(case.good, case.secret)
    blind = [
        case.build().receive(replace(delivery, received_at=NOW + timedelta(milliseconds=pause)), nothing)
        for pause in (0, 9)
    ]
    assert blind[0].events[0].external_id == blind[1].events[0].external_id
    assert blind[0].events[0].id != blind[1].events[0].id


@every
def test_unknown_fields_are_tolerated(case: Case) -> None:
    (plain,) = case.build().receive(case.deliver(case.good, case.secret), nothing).events
    (extended,) = case.build().receive(case.deliver(case.with_extra_fields, case.secret), nothing).events
    assert (extended.type, extended.person) == (plain.type, plain.person)
    assert case.identity in plain.person.identities


@pytest.mark.parametrize("case", [c for c in CASES if c.probes], ids=lambda case: case.name)
def test_a_probe_gets_the_reply_that_it_expects_and_leaves_nothing(case: Case) -> None:
    for probe in case.probes:
        received = case.build().receive(probe.delivery, nothing)
        assert (received.reply.status, received.reply.body) == (probe.status, probe.body)
        assert probe.content_type in received.reply.content_type
        assert not received.events


@pytest.mark.parametrize("case", [c for c in CASES if c.scene], ids=lambda case: case.name)
def test_the_order_of_notices_changes_nothing_in_the_end(case: Case) -> None:
    for order in itertools.islice(itertools.permutations(case.scene), 120):
        assert told_in(case, (*order, *order)) == case.keys  # each of them twice


def told_in(case: Case, deliveries: Sequence[Delivery]) -> set[tuple[str, str]]:
    """The events that they make one after the other, but for those of what is not over: a call that has begun, money
    that is held."""
    stored: dict[tuple[str, str], Part] = {}
    events: dict[str, Event] = {}

    def parts(key: str) -> list[Part]:
        return [part for part in stored.values() if part.key == key]

    for delivery in deliveries:
        received = case.build().receive(delivery, parts)
        for event in received.events:
            events.setdefault(event.external_id, event)
        stored |= {(part.key, part.id): part for part in received.parts}
    told = {(event.type.value, event.external_id) for event in events.values()}
    return {one for one in told if not one[1].startswith(("start:", "held:"))}


@every
def test_the_secrets_show_nowhere(case: Case) -> None:
    texts = [repr(case.settings), str(case.settings), repr(case.build())]
    for body, secret in ((case.good, WRONG), (case.good, None), (case.unreadable, case.secret)):
        with pytest.raises((RefusedError, UnreadableError)) as caught:
            case.build().receive(case.deliver(body, secret), nothing)
        texts.append(repr(caught.value))
    texts += [repr(event) for event in case.build().receive(case.deliver(case.good, case.secret), nothing).events]
    assert not shown_in(case, texts)


@every
def test_what_is_kept_of_a_delivery_holds_no_secret(case: Case) -> None:
    bodies = [case.good, case.with_extra_fields]
    if not case.signs_body and shown_in(case, [case.deliver(case.good, case.secret).body.decode()]):
        bodies.append(with_secret_inside(case))
    for delivery in (*(case.deliver(body, case.secret) for body in bodies), *case.scene):
        received = case.build().receive(delivery, nothing)
        kept = [*(event.raw.decode() for event in received.events), *(part.body for part in received.parts)]
        assert not shown_in(case, kept)


@every
@pytest.mark.parametrize("is_bug", [False, True])
def test_what_is_kept_of_an_unreadable_delivery_holds_no_secret(
    case: Case, is_bug: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, delivery = case.build(), case.deliver(case.unreadable, case.secret)
    if is_bug:
        monkeypatch.setattr(type(receiver), "receive", lambda *_: 1 / 0)
    inbox = MemoryIntake(NOW)
    door = Door({"channel": receiver}, inbox, lambda: NOW, 10**6, Metrics(), cut=cutter(secrets_of(case.settings)))
    app = Flask(__name__)
    app.register_blueprint(hooks(door))
    answer = app.test_client().open(
        f"/hooks/channel/{quote(delivery.path)}".rstrip("/"),
        method=delivery.method,
        query_string=dict(delivery.query),
        headers=dict(delivery.headers),
        data=delivery.body,
    )
    assert answer.status_code == 200
    [event] = inbox.events.values()
    assert event.type is EventType.UNREADABLE
    assert not shown_in(case, [repr(event), event.raw.decode("utf-8", "replace")])


def with_secret_inside(case: Case) -> bytes:
    """The good body, where it is JSON with one more object in it that repeats the secret."""
    try:
        fields = json.loads(case.good)
    except ValueError:
        return case.good
    return json.dumps({**fields, "копия": {"secret": [case.secret, {"again": case.secret}]}}).encode()


def shown_in(case: Case, texts: Sequence[str]) -> list[str]:
    return [text for text in texts for secret in case.secrets for form in written_forms(secret) if form in text]


@every
def test_the_event_names_its_channel_and_survives_the_journal(case: Case) -> None:
    (event,) = case.build().receive(case.deliver(case.good, case.secret), nothing).events
    assert event.channel == "канал"
    assert event.received_at == NOW
    assert event.occurred_at <= NOW
    assert load_payload(event.type, dump_payload(event.payload)) == event.payload


@every
def test_an_unknown_setting_is_a_mistake(case: Case) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        type(case.settings).model_validate({**case.settings.model_dump(exclude_unset=True), "colour": "red"})
