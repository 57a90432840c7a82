"""Changes of messages: services tell of them in whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.talks.telling import Telling, Writer
from provodka.talks import TalkMessage

NOW = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


def edit(text: str, at: datetime | None) -> str:
    message = TalkMessage("77:1", "77", "telegram", "1", text)
    return Telling("bot", NOW).edited(message, Writer("77"), at).external_id


@pytest.mark.parametrize("at", [NOW, None])
def test_two_changes_within_a_second_are_two_and_each_that_comes_again_is_the_same(at):
    assert edit("Завтра в 10", at) != edit("Завтра в 11", at)
    assert edit("Завтра в 10", at) == edit("Завтра в 10", at)
