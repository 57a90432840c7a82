"""What events, actions and states are called."""

from __future__ import annotations

import re

from provodka.journal import ActionState, DeadReason, EventState
from provodka.journal.records import WAIT
from provodka.payloads import EventType
from rules.actions import DELIVERED
from webhooks.console import names

RUSSIAN = re.compile("[А-Яа-яё]")


def test_everything_that_the_journal_holds_has_a_russian_name() -> None:
    said = [names.event_title(one) for one in EventType]
    said += [names.action_title(one) for one in (WAIT, *DELIVERED)]
    said += [names.state_words(one) for one in (*EventState, *ActionState)]
    said += [names.reason_words(one) for one in DeadReason]
    assert [one for one in said if not RUSSIAN.search(one)] == []


def test_what_is_not_known_is_shown_as_it_is() -> None:
    assert names.event_title("form.of_tomorrow") == names.action_title("form.of_tomorrow") == "form.of_tomorrow"
    assert (names.state_words("asleep"), names.state_tone("asleep")) == ("asleep", "")
