"""Any call, told by MANGO in any order, with any doubles and any loss, makes the right event, and only one."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from connectors.http import Reply
from connectors.mango.channel import MangoChannel, book_of
from connectors.mango.settings import MangoSettings
from connectors.mango.statistics import Statistics
from provodka import identity
from provodka.channel import Delivery
from provodka.payloads import Direction
from sandbox.senders.mango_script import Notice
from tests.connectors.calls.generated import LINE, MORNING, Script, calls, deliveries, in_good_time, many_calls
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.connectors.mango.rendered import lines, notices

KEY, SALT = "ключ-1", "соль-1"
NOON = MORNING + timedelta(hours=3)
pytestmark = in_good_time

SEVERAL = st.lists(calls, min_size=1, max_size=2, unique_by=lambda one: one.key)
SETTINGS = MangoSettings.model_validate({"api_key": KEY, "salt": SALT})


class Reports:
    """Stands for `Vpbx`, with one report."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def ask(self, path: str, body: Any, *, write: bool = False, accept: Collection[int] = ()) -> Reply:
        if path == "/stats/request":
            return Reply(200, {}, b"", {"key": "k"}, write=False)
        return Reply(200, {}, self.body, None, write=False)


def told(batches: Sequence[Sequence[Notice]], report: bytes | None = None) -> MemoryIntake:
    """What comes of these deliveries, and then of the report, or, without one, of hours of silence."""
    channel = MangoChannel("phone", SETTINGS, lambda: NOON)
    intake = MemoryIntake(MORNING)
    statistics = Statistics(book_of("phone", SETTINGS, lambda: NOON), Reports(report or b""), lambda: intake.now)  # type: ignore[arg-type]
    statistics.look(intake)
    intake.now = NOON
    for batch in batches:
        came = [channel.receive(_delivery(one), lambda key: intake.parts("phone", key)) for one in batch]
        for received in came:
            intake.accept(received.events, channel="phone", parts=received.parts)
    if report is not None:
        statistics.look(intake)
    intake.now += timedelta(hours=4)
    book_of("phone", SETTINGS, lambda: NOON).close_lost(intake, intake.now)
    return intake


def _delivery(notice: Notice) -> Delivery:
    text = json.dumps(notice.body)
    sign = sha256(f"{KEY}{text}{SALT}".encode()).hexdigest()
    body = urlencode({"vpbx_api_key": KEY, "sign": sign, "json": text}).encode()
    return Delivery("POST", notice.path.strip("/"), {}, {}, body, NOON)


@many_calls
@given(SEVERAL, st.data())
def test_a_call_is_told_once_and_as_it_was(scripts: list[Script], data: st.DataObject) -> None:
    batches = data.draw(deliveries([one for script in scripts for one in notices(script)]))
    intake = told(batches)
    for script in scripts:
        check(script, intake)


@many_calls
@given(SEVERAL, st.data())
def test_whatever_was_lost_is_found_in_the_statistics(scripts: list[Script], data: st.DataObject) -> None:
    said = [one for script in scripts for one in notices(script)]
    batches = data.draw(deliveries(said, most_lost=len(said)))
    intake = told(batches, lines(scripts))
    for script in scripts:
        check(script, intake)
        if script.kind():
            files = {key for key in intake.types() if key.startswith(f"rec:{script.key}")}
            assert files == {f"rec:{one}" for one in script.recordings}


def check(script: Script, intake: MemoryIntake) -> None:
    types, truth = intake.types(), script.truth
    assert types.get(f"call:{script.key}") == script.kind()
    started = types.get(f"start:{script.key}")
    assert started in ((None, "call.started") if script.direction is Direction.IN else (None,))
    if not script.kind():
        return
    call = intake.calls()[f"call:{script.key}"]
    assert (call.id, call.phone, call.line) == (script.key, identity.phone(script.phone), f"+{LINE}")
    assert (call.outcome, call.talk_seconds) == (truth.outcome, truth.talked)
    if script.direction is Direction.OUT:
        assert call.extension == truth.first
    else:
        assert call.extension in (script.talkers or script.rung_first or {""})
