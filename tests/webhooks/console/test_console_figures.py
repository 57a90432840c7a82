"""The figures on their page: each number was counted by hand from the day in `sales.py`."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from io import StringIO
from typing import Any

import pytest
from lxml import html

from provodka.journal import ActionState, Journal, audit
from provodka.payloads import EventType, RowAdded
from rules.durations import parse_duration
from support import figures as counting
from tests.cli.playing import Clock, House
from tests.webhooks.console.desk import Desk, Visitor
from tests.webhooks.console.sales import BACK, LOST, PARTS, TITLE, at, lead, monday
from webhooks.console import figures as room


@pytest.fixture
def desk(journal: Journal, clock: Clock) -> Iterator[Desk]:
    desk = Desk(journal, PARTS | {"now": clock})
    yield desk
    desk.close()


def text(visitor: Visitor, period: str = "today") -> str:
    """The page, once its figures are counted."""
    return visitor.until(lambda page: "показатели считаются" not in page, "/figures", period=period)


def page(visitor: Visitor, period: str = "today") -> Any:
    return html.fromstring(text(visitor, period))


def rows(tree: Any, table: str) -> list[list[str]]:
    """A table as it is read, without the bars."""
    found = tree.xpath(f"//table[@id='{table}']/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("td[not(@class='bars')]")] for row in found]


def numbers(tree: Any) -> dict[str, str]:
    cards = tree.xpath("//dl[@class='numbers']/div")
    return {one.xpath("dt")[0].text_content(): " ".join(one.xpath("dd")[0].text_content().split()) for one in cards}


def test_the_numbers_of_today_stand_beside_those_of_yesterday_until_the_same_hour(desk: Desk, house: House) -> None:
    monday(house)
    assert numbers(page(desk.sign_in())) == {
        "Новых лидов": "5 было 1",
        "Выиграно": "1 было 0проиграно: 0",
        "Медиана ожидания": "40 мин было 20 мин",
        "95 % ждали не дольше": "2 ч 10 мин было 20 мин",
        "Дольше предела": "2никто не тронул: 2",
        "Пропущено звонков": "4 было 0перезвонили 1 из 3 номеров",
    }


def test_leads_stand_by_source_by_hour_and_by_person(desk: Desk, house: House) -> None:
    monday(house)
    tree = page(desk.sign_in())
    assert rows(tree, "source") == [["вручную", "4", "0", "0", "—"], ["yandex", "1", "1", "0", "100 %"]]
    assert rows(tree, "person") == [
        ["anna", "2", "1", "0", "100 %"],
        ["ivan", "2", "0", "0", "—"],
        ["=ivan@krovlya.ru", "1", "0", "0", "—"],
    ]
    hours = rows(tree, "hour")
    assert len(hours) == 24
    assert [row for row in hours if row[1] != "0"] == [["07:00", "1"], ["09:00", "1"], ["10:00", "1"], ["11:00", "2"]]
    assert tree.xpath("//*[@data-of='hour']/@aria-label") == [
        "Столбцы по часам суток. Больше всего лидов приходит с 11:00: 2 из 5."
    ]


def test_an_import_is_told_apart_on_the_page_and_in_the_file(desk: Desk, house: House) -> None:
    house.planned("row", type=EventType.TABLE_ROW_ADDED, channel="base", payload=RowAdded(imported=True))
    house.attempt(outcome="done", state=ActionState.DONE, result='{"lead_id": "30"}', made=(("lead", "30"),))
    house.done(remote_id="5")
    monday(house)
    visitor = desk.sign_in()
    before = page(visitor)
    lead(house, "30", "anna", at("08:00"))
    house.clock.forward(minutes=2)  # what was counted is fresh no longer
    tree = page(visitor)
    apart = "загрузка списков, отдельно от остальных"
    assert numbers(tree) == numbers(before) | {"Новых лидов": "5 было 1и ещё 1 из загрузки списков"}
    assert rows(tree, "source") == [*rows(before, "source"), [apart, "1", "0", "0", "—"]]
    assert [rows(tree, name) for name in ("person", "hour")] == [rows(before, name) for name in ("person", "hour")]
    file = visitor.get("/figures", period="today", table="source", **{"as": "csv"}).content.decode("utf-8-sig")
    assert list(csv.reader(StringIO(file), delimiter=";"))[-1][:2] == [apart, "1"]


def test_who_waited_over_the_limit_of_working_time_is_linked_to_card_and_event(desk: Desk, house: House) -> None:
    events = monday(house)
    tree = page(desk.sign_in())
    assert rows(tree, "late") == [
        ["Лид № 2", "40 мин", "10:00:00", "anna"],
        ["Лид № 3", "30 мин, не тронут", "11:30:00", "ivan"],
    ]
    assert tree.xpath("//table[@id='late']//a/@href") == [
        "https://krovlya.test/leads/2",
        f"/console/events/{events['late']}",
        "https://krovlya.test/leads/3",
        f"/console/events/{events['waits']}",
    ]
    assert "Предел: 15 мин рабочего времени." in tree.text_content()


def test_the_limit_is_the_config_s(journal: Journal, house: House, clock: Clock) -> None:
    monday(house)
    bureau = counting.Bureau(journal, PARTS["team"], PARTS["calendar"], (), parse_duration("1h"), clock)
    assert [one.lead.lead.id for one in bureau.period("today").late] == ["5"]


def test_missed_calls_tell_who_was_called_back_and_after_how_long(desk: Desk, house: House) -> None:
    events = monday(house)
    tree = page(desk.sign_in())
    hidden, lost, back = rows(tree, "missed")
    assert hidden == ["номер скрыт", "не перезвонили", "11:10:00", "1"]
    assert lost[1:] == ["не перезвонили", "11:00:00", "1"]
    assert back[1:] == ["30 мин", "10:00:00", "2"]
    assert f"/console/events/{events['missed']}" in tree.xpath("//table[@id='missed']//a/@href")


def test_shares_stand_beside_their_aims(desk: Desk, house: House) -> None:
    monday(house)
    tree = page(desk.sign_in())
    assert rows(tree, "share1") == [["anna", "3", "75 %", "60 %"], ["ivan", "1", "25 %", "40 %"]]
    assert tree.xpath("//table[@id='share1']//rect[not(@class)]/@width") == ["75", "25"]
    assert tree.xpath("//table[@id='share1']//line/@x1") == ["60", "40"]
    assert "Раздаётся по долям; роздано 4." in tree.text_content()


def test_days_have_a_line_each_once_there_are_two(desk: Desk, house: House) -> None:
    monday(house)
    lead(house, "7", "anna", at("09:00", days_ago=3), at("09:08", days_ago=3))
    lead(house, "8", "anna", at("15:00", days_ago=3))
    visitor = desk.sign_in()
    assert rows(page(visitor), "day") == []
    assert rows(page(visitor, "last_week"), "day") == [
        ["27.02", "2", "1", "8 мин", "8 мин"],
        ["01.03", "1", "1", "20 мин", "20 мин"],
    ]


def test_names_and_phones_are_masked_until_they_are_opened_by_a_click_on_record(desk: Desk, house: House) -> None:
    monday(house)
    visitor = desk.sign_in()
    shown = text(visitor)
    assert [one for one in (TITLE, BACK, LOST, LOST[2:]) if one in shown] == []
    assert "+7916•••6677" in shown
    visitor.post("/open", "/figures", about="figures:today", then="/console/figures")
    tree = page(visitor)
    assert [row[0] for row in rows(tree, "missed")] == ["номер скрыт", LOST, BACK]
    assert rows(tree, "late")[0][0] == TITLE
    assert LOST in visitor.get("/figures", **{"as": "csv", "table": "missed"}).text
    assert "+7916•••6677" in text(visitor, "week"), "another period is not open"
    deeds = desk.journal.read(audit.listed)
    assert [(one.what, one.about) for one in deeds][:2] == [("download", "figures:today"), ("open", "figures:today")]


def test_a_table_comes_as_a_file_that_excel_opens(desk: Desk, house: House) -> None:
    monday(house)
    visitor = desk.sign_in()
    answer = visitor.get("/figures", **{"as": "csv", "table": "person"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="person-2026-03-02.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")) == [
        ["Ответственный", "Лидов", "Выиграно", "Проиграно", "Конверсия, %"],
        ["anna", "2", "1", "0", "100"],
        ["ivan", "2", "0", "0", "—"],
        ["'=ivan@krovlya.ru", "1", "0", "0", "—"],
    ]
    late = visitor.get("/figures", **{"as": "csv", "table": "late"}).content.decode("utf-8-sig")
    assert late.splitlines()[:2] == [
        "Лид;Ждал, мин;Создан;Ответственный",
        "Лид\N{NO-BREAK SPACE}№\N{NO-BREAK SPACE}2;40;10:00:00;anna",
    ]
    assert visitor.get("/figures", **{"as": "csv", "table": "nobody"}).status_code == 404


def test_of_too_many_events_the_newest_are_counted_and_the_page_says_so(
    desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monday(house)
    monkeypatch.setattr(counting, "MOST_EVENTS", 6)
    tree = page(desk.sign_in())
    assert numbers(tree)["Новых лидов"] == "2"
    assert "показаны последние, с 10:30:00" in tree.text_content()


def test_a_page_whose_figures_take_long_says_so_and_opens_when_they_are_there(
    desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monday(house)
    go_on, count = threading.Event(), counting.Bureau.period

    def slow(*given: Any) -> counting.PeriodFigures:
        assert go_on.wait(30)
        return count(*given)

    monkeypatch.setattr(counting.Bureau, "period", slow)
    visitor, asking = desk.sign_in(), {"HX-Request": "true"}
    first = visitor.get("/figures").text
    assert "показатели считаются" in first
    assert 'hx-get="/console/figures?period=today" hx-trigger="every 1s"' in first
    waits = visitor.session.get(f"{desk.url}/figures", headers=asking, timeout=30)
    assert (waits.status_code, waits.headers.get("HX-Refresh")) == (204, None)
    monkeypatch.setattr(room, "PATIENCE", 30)
    go_on.set()
    ready = visitor.session.get(f"{desk.url}/figures", headers=asking, timeout=30)
    assert (ready.status_code, ready.headers.get("HX-Refresh")) == (200, "true")
    assert numbers(page(visitor))["Дольше предела"] == "2никто не тронул: 2"


def test_what_was_counted_is_shown_for_a_minute(desk: Desk, house: House, clock: Clock) -> None:
    monday(house)
    visitor = desk.sign_in()
    assert rows(page(visitor), "person")[0][:2] == ["anna", "2"]
    lead(house, "9", "anna", at("11:59"))
    clock.forward(seconds=59)
    tree = page(visitor)
    assert rows(tree, "person")[0][:2] == ["anna", "2"]
    assert "Посчитано в 12:00:00" in tree.text_content()
    clock.forward(seconds=2)
    assert rows(page(visitor), "person")[0][:2] == ["anna", "3"]


def test_an_empty_journal_and_a_period_that_does_not_exist(desk: Desk) -> None:
    visitor = desk.sign_in()
    for period in ("today", "yesterday", "week", "last_week", "month", "last_month"):
        assert "За этот срок ничего." in page(visitor, period).text_content()
    assert visitor.get("/figures", period="year").status_code == 404


def test_many_who_want_a_file_at_once_leave_room_for_webhooks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE", 0)
    go_on, usual = threading.Event(), counting.Bureau.period
    monkeypatch.setattr(counting.Bureau, "period", lambda *given: go_on.wait(30) and usual(*given))
    session, table = desk.sign_in().session, {"as": "csv", "table": "person"}
    with ThreadPoolExecutor(4) as several:
        asked = [several.submit(session.get, f"{desk.url}/figures", params=table, timeout=30) for _ in range(4)]
        try:
            told = wait(asked, 10, FIRST_COMPLETED).done
            assert desk.sign_in().answer.status_code == 200
        finally:
            go_on.set()
    assert told
