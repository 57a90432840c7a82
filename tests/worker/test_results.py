"""What each of the staff has sold, counted once for each period that is over."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from provodka.journal import Journal
from provodka.payloads import EventType, LeadEvent, LeadRef
from rules.calendar import WorkingCalendar
from rules.team import Staff, Team
from tests.cli.playing import Clock, House
from worker.figures import Results

TEAM = Team({"anna": Staff(crm="anna@krovlya.ru"), "ivan": Staff(crm="ivan@krovlya.ru")})


def test_leads_won_last_month_count_and_those_of_this_month_do_not_yet(tmp_path: Path) -> None:
    clock = Clock()
    journal = Journal(f"sqlite:///{tmp_path}/journal.sqlite", clock)
    house, results = House(journal, clock), Results(TEAM, WorkingCalendar.around_the_clock(ZoneInfo("Europe/Moscow")))
    for number, who, price in (("1", "anna", 300), ("2", "anna", 200), ("3", "ivan", 900)):
        lead = LeadRef(number, responsible=f"{who}@krovlya.ru", price=Decimal(price))
        house.event(number, channel="crm", type=EventType.LEAD_WON, payload=LeadEvent(lead))
    assert results.of(journal, "last_month", "won") == {}
    clock.forward(days=31)
    assert results.of(journal, "last_month", "won") == {"anna": 2, "ivan": 1}
    assert results.of(journal, "last_month", "revenue") == {"anna": 500, "ivan": 900}
    with pytest.raises(KeyError):
        results.of(journal, "last_year", "won")
    journal.close()
