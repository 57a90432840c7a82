"""The same commands over a journal on PostgreSQL: every query that they ask has to be understood there too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cli.events import Wanted, ls, show
from cli.explain import explain
from cli.mend import Chosen, resend
from cli.status import status
from cli.tail import tail
from provodka.journal import DeadReason, Journal
from provodka.journal.extract import Scope
from provodka.journal.planned_before import newest_since
from support.export import Format, Wish, export
from support.rule_counts import Fate, count_rules
from tests.cli.playing import PHONE, RULE, Clock, House, Seen

pytestmark = pytest.mark.postgres


@pytest.fixture
def journal(postgresql_journal_url: str, clock: Clock) -> Iterator[Journal]:
    opened = Journal(postgresql_journal_url, clock)
    yield opened
    opened.close()


def test_a_support_engineer_gets_the_same_answers(journal: Journal, house: House, clock: Clock) -> None:
    event = house.planned("1")
    dead = house.dead(DeadReason.EXHAUSTED)
    clock.forward(hours=1)
    waiting = house.event("2")
    journal.trouble("mail", "no route", "Ждать")
    journal.store.hold("amocrm", 60, "слишком часто")

    for wanted in (event.id, event.id[:13], event.id[-7:], PHONE):
        seen = Seen()
        assert explain(journal, wanted, seen.view()) == 0
        seen.has(event.id)
        seen.is_masked()
    since = clock() - timedelta(days=1)
    counts = count_rules(journal, since, UTC, lambda: None)
    assert (counts.number, counts.rules[RULE].examples) == (1, {Fate.DEAD: event.id})
    assert newest_since(journal, since, clock() + timedelta(hours=1), 2) == event.received_at
    assert waiting.id in seen.text, "what lies in the inbox is found by phone"

    seen = Seen()
    assert status(journal, seen.view()) == 1
    seen.has("site", "2", "exhausted", "1", "account amocrm is held", "trouble mail: no route")
    seen = Seen()
    assert ls(journal, Wanted(phone=PHONE, state="dead"), seen.view()) == 0
    seen.has(event.id)
    assert show(journal, event.id, Seen().view()) == 0
    assert tail(journal, Seen().view(), seconds=0) == 0
    assert resend(journal, Chosen(ids=[dead]), Seen().view(), confirm=lambda _: False) == 0


def test_a_copy_is_taken_away(journal: Journal, house: House, clock: Clock, tmp_path: Path) -> None:
    house.planned("1")
    house.dead(DeadReason.EXHAUSTED)
    house.event("2")
    for scope in (Scope(1), Scope(None, clock() - timedelta(days=1), clock() + timedelta(days=1))):
        file = tmp_path / f"{scope.person}.csv"
        made = export(journal, Wish(scope, Format.CSV, "Кровля", ZoneInfo("Europe/Moscow")), file)
        assert (made.events, len(file.read_text("utf-8").splitlines())) == (2, 5)
