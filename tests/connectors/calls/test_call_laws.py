"""Whatever happens in a call, and in whatever order it is told, it makes the right event, and only one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import event as remark
from hypothesis import given
from hypothesis import strategies as st

from connectors.calls.book import CallBook
from connectors.calls.notice import CallNotice, Told, stored_notice
from connectors.calls.settings import CallSettings
from provodka import identity
from provodka.payloads import CallOutcome, Direction
from tests.connectors.calls.generated import (
    LINE,
    MORNING,
    Script,
    calls,
    deliveries,
    in_good_time,
    many_calls,
    notices,
)
from tests.connectors.calls.memory_intake import MemoryIntake

pytestmark = in_good_time

SEVERAL = st.lists(calls, min_size=1, max_size=2, unique_by=lambda one: one.key)
SKEWS = st.sampled_from((timedelta(minutes=5), timedelta(minutes=5), timedelta(hours=-3)))
"""When the notices come, by our clock: soon after, or, for an exchange whose clock is ahead, before it all happened."""


def told(book: CallBook, batches: Sequence[Sequence[CallNotice]], skew: timedelta) -> MemoryIntake:
    """What comes of them; those of one batch are handled at once, and none sees another. Then nothing more is heard."""
    intake = MemoryIntake(MORNING + timedelta(hours=1) + skew)
    for batch in batches:
        came = [book.received([one], lambda key: intake.parts(book.name, key), intake.now) for one in batch]
        for received in came:
            intake.accept(received.events, channel=book.name, parts=received.parts)
    intake.now += timedelta(hours=4)
    book.close_lost(intake, intake.now)
    return intake


@many_calls
@given(SEVERAL, st.data(), st.sampled_from((0, 30)), SKEWS)
def test_a_call_is_told_once_and_as_it_was_in_any_order_with_any_loss_and_any_doubles(
    scripts: list[Script], data: st.DataObject, min_talk: int, skew: timedelta
) -> None:
    said = [one for script in scripts for one in notices(script)]
    batches = data.draw(deliveries(said))
    book = CallBook("phone", CallSettings(min_talk=min_talk, lines={LINE: "yandex"}))
    intake = told(book, batches, skew)
    allowed = {f"{kind}:{one.key}" for one in scripts for kind in ("start", "call")}
    assert {key for key in intake.types() if not key.startswith("rec:")} <= allowed
    assert all(event.occurred_at <= event.received_at for event in intake.events.values())
    for script in scripts:
        check(script, [[one for one in batch if one.call == script.key] for batch in batches], intake, min_talk)


def check(script: Script, batches: Sequence[Sequence[CallNotice]], intake: MemoryIntake, min_talk: int) -> None:
    """Of one call, whose notices came in this order."""
    types, truth = intake.types(), script.truth
    came = [one for batch in batches for one in batch]
    end = next((i for i, batch in enumerate(batches) if any(one.told is Told.ENDED for one in batch)), None)
    before = [one for batch in batches[:end] for one in batch]
    ended, started = types.get(f"call:{script.key}"), types.get(f"start:{script.key}")
    if script.direction is Direction.INTERNAL:
        assert (ended, started) == (None, None)
        return
    rang = any(one.told is Told.RANG and one.direction is Direction.IN and not one.transfer for one in before)
    assert started in ((None, "call.started") if script.direction is Direction.IN else (None,))
    assert started or not (rang and script.direction is Direction.IN)
    assert not started or any(
        one.told is Told.RANG and not (one.transfer or one.direction is not Direction.IN) for one in came
    )
    recorded = {one.recording for one in came if one.recording}
    assert {key for key in types if key.startswith(f"rec:{script.key}")} == {f"rec:{one}" for one in recorded}

    remark(f"{script.direction.value} {truth.outcome.value}{' without its end' if end is None else ''}")
    assert ended == script.kind(0 if end is None else min_talk)
    call = intake.calls()[f"call:{script.key}"]
    short = script.direction is Direction.IN and 0 < truth.talked < min_talk and end is not None
    assert call.outcome == (CallOutcome.MISSED if short else truth.outcome)
    assert call.talk_seconds == truth.talked
    assert (call.phone, call.line, call.line_name) == (identity.phone(script.phone), f"+{LINE}", "yandex")
    legs = {one.id for one in notices(script) if one.told not in (Told.RECORDED, Told.ENDED)}
    complete = legs <= {one.id for one in before}
    assert call.extension in ((truth.last,) if complete else (truth.first, *script.talkers))
    if complete:
        assert frozenset(call.rung) == truth.rung
        assert call.transferred is any(step.transfer for step in script.steps)
    if script.order and before:
        assert call.order == script.order


@many_calls
@given(calls, st.data())
def test_an_exchange_that_tells_in_order_needs_to_sum_nothing_up(script: Script, data: st.DataObject) -> None:
    """As those do that have no last word on the whole call: it says no more than that the call is over."""
    said = notices(script)
    over = CallNotice(script.key, "end", Told.ENDED, script.at(script.ended))
    legs = [one for one in said if one.told not in (Told.ENDED, Told.RECORDED)]
    doubled = [one for one in (*legs, over) for _ in range(data.draw(st.integers(1, 2)))]
    intake = told(CallBook("phone", CallSettings()), [[one] for one in doubled], timedelta(minutes=5))
    assert intake.types().get(f"call:{script.key}") == script.kind()
    if script.kind():
        call = intake.calls()[f"call:{script.key}"]
        assert (call.outcome, call.talk_seconds) == (script.truth.outcome, script.truth.talked)
        assert call.extension == script.truth.last


@given(calls)
def test_what_the_journal_keeps_of_a_notice_is_the_notice(script: Script) -> None:
    for one in notices(script):
        assert stored_notice(one.part) == one
