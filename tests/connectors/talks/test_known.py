"""Whom a messenger has named is not asked for again at once, and never kept without end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.talks.known import LIFE, Known
from provodka.errors import Retryable
from provodka.messages import ChatFacts
from tests.contract.case import NOW


@pytest.fixture
def asked():
    return []


@pytest.fixture
def known(asked):
    class Clock:
        now = NOW

    def ask(chat):
        asked.append(chat)
        if chat == "down":
            raise Retryable("no connection")
        return ChatFacts(f"Имя {chat}")

    made = Known(ask, lambda: Clock.now)
    made.clock = Clock
    return made


def test_a_name_is_asked_for_once_an_hour(known, asked):
    assert known.of("1") == known.of("1") == ChatFacts("Имя 1")
    assert asked == ["1"]
    known.clock.now = NOW + LIFE + timedelta(seconds=1)
    known.of("1")
    assert asked == ["1", "1"]


def test_a_failure_is_not_remembered(known, asked):
    for _ in range(2):
        with pytest.raises(Retryable):
            known.of("down")
    assert asked == ["down", "down"]


def test_those_who_were_named_first_make_room(known, asked, monkeypatch):
    monkeypatch.setattr("connectors.talks.known.MOST", 2)
    for chat in ("1", "2", "3", "3", "1"):
        known.of(chat)
    assert asked == ["1", "2", "3", "1"]
