from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provodka.errors import (
    Ambiguous,
    AuthFailed,
    ConnectorError,
    OutcomeUnknownError,
    RateLimited,
    Rejected,
    Retryable,
)
from provodka.journal import ActionState, DeadReason, Finished, StoredAction
from provodka.operation import Done, Outcome, Postponed
from worker.outcome import BACKOFF, Attempted, settle

STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = STARTED + timedelta(seconds=2)
LONG_AGO = NOW - timedelta(days=2)


def ending(
    outcome: Outcome,
    *,
    attempts: int = 1,
    unsure: datetime | None = None,
    kind: str = "intake",
    created: datetime = STARTED,
) -> Finished:
    action = StoredAction(
        id=5,
        key="k",
        event_seq=1,
        rule="r",
        kind=kind,
        lane=1,
        params="{}",
        state=ActionState.RUNNING,
        attempts=attempts,
        unsure_since=unsure,
        created_at=created,
    )
    return settle(Attempted(action, 3, STARTED, outcome, "[]"), NOW, jitter=lambda: 0.5)


def test_what_was_done_carries_its_ids_into_the_lane_and_the_links() -> None:
    end = ending(Done("17", {"lead_id": "17", "contact_id": "4", "created": "yes"}))
    assert (end.state, end.identities, end.made) == (ActionState.DONE, ("lead:17", "contact:4"), (("lead", "17"),))


def test_a_reused_lead_is_not_said_to_be_made() -> None:
    assert ending(Done("17", {"lead_id": "17", "created": "no"})).made == ()


def test_a_refusal_is_dead_at_once_with_the_other_sides_words_and_our_hint() -> None:
    end = ending(Rejected("no such stage", status=400, code="NotSupportedChoice", hint="Проверьте этап"))
    assert (end.state, end.reason, end.hint) == (ActionState.DEAD, DeadReason.REJECTED, "Проверьте этап")
    assert end.error == "no such stage [400 NotSupportedChoice]"


def test_what_we_know_to_take_a_while_comes_back_then_however_often_it_was_tried_before() -> None:
    end = ending(Retryable("too early to tell", wait=40), attempts=9, unsure=STARTED)
    assert (end.not_before, end.unsure_since) == (NOW + timedelta(seconds=42), STARTED)
    assert ending(Retryable("later", wait=40, status=503), attempts=9).not_before == NOW + BACKOFF[8]


@pytest.mark.parametrize(("attempts", "pause"), [(1, BACKOFF[0]), (4, BACKOFF[3]), (len(BACKOFF), BACKOFF[-1])])
def test_pauses_grow_with_the_attempts(attempts: int, pause: timedelta) -> None:
    end = ending(Retryable("no connection"), attempts=attempts)
    assert (end.state, end.not_before, end.counts) == (ActionState.READY, NOW + pause, True)


def test_after_the_last_pause_the_action_is_dead_as_exhausted() -> None:
    end = ending(Retryable("no connection"), attempts=len(BACKOFF) + 1, created=LONG_AGO)
    assert (end.state, end.reason) == (ActionState.DEAD, DeadReason.EXHAUSTED)


def test_an_action_whose_attempts_were_used_up_within_a_day_is_tried_on() -> None:
    end = ending(Retryable("no connection"), attempts=len(BACKOFF) + 5, created=NOW - timedelta(days=1))
    assert (end.state, end.not_before) == (ActionState.READY, NOW + BACKOFF[-1])


def test_an_exhausted_action_that_was_ever_in_doubt_needs_a_person() -> None:
    end = ending(Retryable("no connection"), attempts=len(BACKOFF) + 1, unsure=STARTED, created=LONG_AGO)
    assert end.reason is DeadReason.OUTCOME_UNKNOWN


def test_an_answer_that_never_came_leaves_the_action_in_doubt_from_its_start() -> None:
    assert ending(Ambiguous("cut")).unsure_since == STARTED


def test_a_doubt_stays_until_it_is_settled() -> None:
    earlier = STARTED - timedelta(minutes=5)
    assert ending(Retryable("no connection"), unsure=earlier).unsure_since == earlier
    assert ending(Ambiguous("cut again"), unsure=earlier).unsure_since == earlier
    assert ending(Done("17"), unsure=earlier).unsure_since is None


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (RateLimited("429", wait=7), 7),
        (RateLimited("429"), 1),
        (AuthFailed("401"), 60),
        (AuthFailed("402", wait=300), 300),
    ],
)
def test_a_limit_or_a_dead_token_uses_up_no_attempt(error: ConnectorError, pause: float) -> None:
    end = ending(error, attempts=50)
    assert (end.state, end.counts, end.not_before) == (ActionState.READY, False, NOW + timedelta(seconds=pause))


def test_a_limit_is_not_waited_for_longer_than_three_days() -> None:
    end = ending(RateLimited("429"), created=NOW - timedelta(days=4))
    assert (end.state, end.reason) == (ActionState.DEAD, DeadReason.EXHAUSTED)


def test_what_only_a_person_can_settle_is_dead_as_unknown_with_the_way_out() -> None:
    end = ending(OutcomeUnknownError("sent, no answer"), unsure=STARTED)
    assert (end.state, end.reason) == (ActionState.DEAD, DeadReason.OUTCOME_UNKNOWN)
    assert "provodka resolve" in end.hint


def test_what_is_postponed_waits_for_its_moment_and_uses_up_no_attempt() -> None:
    until = NOW + timedelta(hours=9)
    ended = ending(Postponed(until, "quiet hours of the client"))
    assert (ended.state, ended.outcome, ended.not_before) == (ActionState.WAITING, "postponed", until)
    assert ended.error == "quiet hours of the client"
    assert not ended.counts
