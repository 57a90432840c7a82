"""`provodka figures`: counted from the journal, shown as tables or JSON, phones and names hidden."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cli.config import Config, read
from cli.figures import figures
from provodka.journal import ActionState, Journal
from provodka.payloads import Call, CallEvent, Change, Direction, EventType, LeadEvent, LeadRef, RowAdded
from tests.cli.playing import NAME, PHONE, Clock, House, Seen

CONFIG = """\
client: Кровля
timezone: Europe/Moscow
crm: {type: amocrm, url: "https://krovlya.amocrm.ru", token: t}
staff: {anna: {crm: anna@krovlya.ru}}
channels: {site: {type: tilda, secret: s}}
rules: [{name: Заявка, on: form.submitted, do: [{intake: {title: Сайт}}]}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return read(path)


@pytest.fixture
def busy(house: House, clock: Clock) -> House:
    """A lead that was sold for 1 000 after ten minutes, one that nobody touched, and a missed call."""
    sold = LeadRef("1", title="Крыша", stage="Новый", responsible="anna@krovlya.ru", price=Decimal(1000))
    house.event("1", channel="crm", type=EventType.LEAD_CREATED, payload=LeadEvent(sold))
    house.event(
        "2", channel="crm", type=EventType.LEAD_CREATED, payload=LeadEvent(LeadRef("2", title=f"Сайт: {PHONE}"))
    )
    clock.forward(minutes=10)
    won = LeadEvent(sold, Change("stage", "Новый", "Успешно"))
    house.event("3", channel="crm", type=EventType.LEAD_WON, payload=won, occurred_at=clock() - timedelta(seconds=2))
    missed = CallEvent(Call("9", Direction.IN, phone=PHONE))
    house.event("4", channel="phone", type=EventType.CALL_MISSED, payload=missed)
    clock.forward(minutes=1)
    return house


def test_the_figures_of_today_are_told(journal: Journal, busy: House, config: Config, seen: Seen) -> None:
    assert figures(journal, config, "today", seen.view()) == 0
    seen.has("new leads 2, won 1, lost 0, conversion 100 %, revenue 1000")
    seen.has("answered 1 (mean 10 min, median 10 min, 95 % within 10 min), not touched yet 1")
    seen.has("calls: in 0, out 0, missed 1, numbers called back 0, not 1")
    seen.has("responsible", "anna", "100 %", "Новый", "10 min")


def test_what_an_import_has_made_is_told_in_a_line_of_its_own(
    journal: Journal, busy: House, config: Config, seen: Seen
) -> None:
    busy.planned("row", type=EventType.TABLE_ROW_ADDED, channel="base", payload=RowAdded(imported=True))
    busy.attempt(outcome="done", state=ActionState.DONE, result='{"lead_id": "2"}', made=(("lead", "2"),))
    assert figures(journal, config, "today", seen.view()) == 0
    seen.has("new leads 1, won 1, lost 0", "apart from these, of imports: new leads 1, won 0, lost 0")


def test_yesterday_had_none_of_them(journal: Journal, busy: House, config: Config, seen: Seen) -> None:
    assert figures(journal, config, "yesterday", seen.view(as_json=True)) == 0
    assert (seen.json["leads"], seen.json["calls"]["missed"]) == (0, 0)


def test_json_hides_phones_and_what_leads_are_called(journal: Journal, busy: House, config: Config, seen: Seen) -> None:
    assert figures(journal, config, "today", seen.view(as_json=True)) == 0
    assert [one["id"] for one in seen.json["answer"]["waiting"]] == ["2"]
    assert len(seen.json["calls"]["not_called_back"]) == 1
    seen.is_masked()
    assert NAME not in seen.text
