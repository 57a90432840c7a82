"""Calls that rules have made: Originate, and the call that follows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.asterisk.channel import dialler
from connectors.asterisk.dialler import AsteriskDialler
from connectors.asterisk.settings import AsteriskSettings
from connectors.base import collect_calls
from provodka.calls import CallOrder
from provodka.channel import Around
from provodka.errors import Ambiguous, AuthFailed, OutcomeUnknownError, Rejected, Retryable
from provodka.event import utc_now
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Direction
from sandbox.senders.asterisk import Pbx
from tests.connectors.asterisk.conftest import LOGIN, Following
from tests.connectors.memory_store import MemoryStore
from tests.contract.case import MOSCOW

KEY = "01a2b3:4c5d:0"
ORDER = CallOrder("+79160001122", "101")


def made(pbx: Pbx, **more: Any) -> AsteriskDialler:
    settings = AsteriskSettings.model_validate({**LOGIN, "port": pbx.port, "originate": {}, **more})
    found = dialler("phone", settings, Around(MemoryStore(), MOSCOW))
    assert found is not None
    return found


def dialled(pbx: Pbx, order: CallOrder = ORDER, **more: Any) -> Outcome:
    (outcome,) = made(pbx, **more).dial([Request(KEY, order)])
    return outcome


def test_the_employee_is_rung_and_the_client_dialled_as_they_would_do_it(pbx: Pbx) -> None:
    outcome = dialled(pbx, originate={"prefix": "9", "timeout": "20s"})
    assert outcome == Done(f"provodka-+79160001122-{KEY}")
    (asked,) = pbx.originated
    assert asked["Channel"] == "Local/101@from-internal/n"
    assert (asked["Exten"], asked["Context"], asked["CallerID"]) == ("989160001122", "from-internal", "101")
    assert (asked["Timeout"], asked["Async"]) == ("20000", "true")


def test_the_events_of_the_call_carry_the_key_of_the_action(following: Following, pbx: Pbx) -> None:
    dialled(pbx)
    pbx.ordered()
    call = following.call()
    assert (call.order, call.direction, call.phone) == (KEY, Direction.OUT, "+79160001122")
    assert (call.extension, call.outcome) == ("101", "talked")
    assert len(following.events()) == 1


def test_a_client_who_does_not_answer_is_not_reached(following: Following, pbx: Pbx) -> None:
    dialled(pbx)
    pbx.ordered(answered=False)
    call = following.call()
    assert (call.outcome, call.talk_seconds, call.order) == ("not_reached", 0, KEY)


def test_an_employee_who_does_not_pick_up_is_the_reason(following: Following, pbx: Pbx) -> None:
    dialled(pbx)
    pbx.ordered(picked_up=False)
    call = following.call()
    assert (call.outcome, call.reason, call.phone) == ("not_reached", "сотрудник не поднял трубку", "+79160001122")


def test_each_refusal_has_its_meaning_and_cure(pbx: Pbx) -> None:
    wrong = dialled(pbx, secret="very-secret")
    assert isinstance(wrong, AuthFailed)
    assert "very-secret" not in repr(wrong) + wrong.hint
    pbx.may_originate = False
    refused = dialled(pbx)
    assert isinstance(refused, Rejected)
    assert "write = originate" in refused.hint
    nobody = dialled(pbx, replace(ORDER, extension=""))
    assert isinstance(nobody, Rejected)
    assert pbx.originated == []


def test_where_nobody_answers_nothing_was_made(pbx: Pbx) -> None:
    pbx.stop()
    assert isinstance(dialled(pbx), Retryable)


def test_a_lost_answer_is_for_a_person_to_judge(pbx: Pbx) -> None:
    pbx.deaf = True
    assert isinstance(dialled(pbx), Ambiguous)
    pbx.deaf = False
    (again,) = made(pbx).dial([Request(KEY, ORDER, utc_now() - timedelta(seconds=5))])
    assert isinstance(again, OutcomeUnknownError)
    assert len(pbx.originated) == 1


@pytest.mark.parametrize("extension", ["101\r\nAction: Command", "101\nVariable: x"])
def test_nothing_can_be_smuggled_into_an_action(pbx: Pbx, extension: str) -> None:
    assert isinstance(dialled(pbx, replace(ORDER, extension=extension)), Rejected)
    assert pbx.originated == []


def test_a_text_that_nobody_would_read_is_refused(pbx: Pbx) -> None:
    outcome = dialled(pbx, replace(ORDER, text="Ваш заказ готов"))
    assert isinstance(outcome, Rejected)
    assert "text" in outcome.hint
    assert pbx.originated == []


def test_the_call_is_traced_without_the_phone(pbx: Pbx) -> None:
    with collect_calls() as calls:
        dialled(pbx)
    (call,) = calls
    assert call.status == 200
    assert "9160001122" not in repr(call)


def test_without_originate_in_the_settings_nothing_is_dialled(pbx: Pbx) -> None:
    settings = AsteriskSettings.model_validate({**LOGIN, "port": pbx.port})
    assert dialler("phone", settings, Around(MemoryStore(), MOSCOW)) is None
