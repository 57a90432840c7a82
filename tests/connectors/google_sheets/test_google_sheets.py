"""A Google table that is looked at, and a Google form that tells of its answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.google_sheets.channel import receiver
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.google_sheets.watch import GoogleSheetsWatcher
from provodka.channel import Around, Delivery, UnreadableError
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.event import Event
from provodka.journal import Journal, queries
from provodka.payloads import EventType, RowAdded, Unreadable
from sandbox.senders.google_sheets import BOOK, EMAIL, GoogleSheets
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from tests.contract.case import MOSCOW
from tests.contract.test_receivers import nothing

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
MARIA, OLGA = Client("Мария", "+7 916 000-11-22"), Client("Ольга", "+7 916 000-33-44")


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    with Station(GoogleSheets(lambda: NOW)) as opened:
        yield opened


@pytest.fixture
def google(station: Station) -> GoogleSheets:
    (one,) = station.services
    assert isinstance(one, GoogleSheets)
    one.reset()
    return one


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    yield made
    made.close()


class Table:
    """The channel, as it runs: looks into a journal, and starts anew at will."""

    def __init__(self, station: Station, google: GoogleSheets, journal: Journal, **more: Any) -> None:
        account = json.dumps(google.account(station.url))
        base = {"spreadsheet": f"https://docs.google.com/spreadsheets/d/{BOOK}/edit#gid=0", "account": account}
        urls = {"api_url": f"{station.url}/google", "link_url": f"{station.url}/google"}
        self.settings = GoogleSheetsSettings.model_validate(
            {**base, **urls, "secret": "sandbox-secret", "per_minute": 6000, **more}
        )
        self.journal = journal
        self.store = journal.store
        self.start()

    def start(self) -> None:
        self.around = Around(self.store, MOSCOW, now=lambda: NOW)
        self.watcher = GoogleSheetsWatcher("sheet", self.settings, self.around)

    def look(self, times: int = 1) -> list[Event]:
        for _ in range(times):
            self.watcher.look(self.journal)
        return self.events()

    def events(self) -> list[Event]:
        lines = self.journal.read(lambda c: queries.list_events(c, limit=500))
        return [line.event.event for line in reversed(lines)]


@pytest.fixture
def table(station: Station, google: GoogleSheets, journal: Journal) -> Iterator[Table]:
    made = Table(station, google, journal)
    yield made
    made.watcher.close()


def names(events: list[Event]) -> list[str]:
    return [event.person.name for event in events]


def test_only_what_appears_after_the_first_look_is_taken_and_each_row_once(google: GoogleSheets, table: Table) -> None:
    google.answer(MARIA, {})
    assert table.look() == []
    google.answer(OLGA, {})
    (event,) = table.look(2)
    assert event.person.phone == "+79160003344"
    assert event.occurred_at == NOW, "the table says Moscow's time"
    assert isinstance(event.payload, RowAdded)
    row = event.payload.row
    assert (row.table, row.sheet, row.number) == ("Заявки", "Ответы на форму (1)", 3)
    assert row.fields == {"Отметка времени": "02.03.2026 12:04:00", "Что интересует?": "Нужен замер в субботу"}


def test_all_rows_are_taken_where_that_is_asked_for(station: Station, google: GoogleSheets, journal: Journal) -> None:
    google.answer(MARIA, {})
    google.answer(OLGA, {})
    assert names(Table(station, google, journal, first_rows="all").look()) == ["Мария", "Ольга"]


def test_moved_columns_sorted_and_deleted_rows_make_nothing_new(google: GoogleSheets, table: Table) -> None:
    table.look()
    for number in range(5):
        google.answer(Client(f"Клиент {number}", f"+7 916 000-00-0{number}"), {})
    assert len(table.look()) == 5
    for change in (google.move_columns, google.sort_rows, google.delete_row, google.move_columns):
        change(MARIA, {})
        assert len(table.look(2)) == 5
    google.rows[0][google.rows[0].index("Имя")] = "Ваше имя"
    assert len(table.look(2)) == 5, "a column is called otherwise"


def test_a_restart_takes_nothing_twice_even_when_the_journal_has_forgotten_its_events(
    station: Station, google: GoogleSheets, table: Table, tmp_path: Path
) -> None:
    google.answer(MARIA, {})
    table.look()
    google.answer(OLGA, {})
    assert names(table.look()) == ["Ольга"]
    keys = {kind: table.store.snapshot_ids("table:sheet", kind) for kind in ("row", "old row")}
    assert [len(found) for found in keys.values()] == [1, 1]
    google.sort_rows(MARIA, {})
    table.start()
    google.answer(Client("Иван", "+7 916 000-55-66"), {})
    assert names(table.look(2)) == ["Ольга", "Иван"]


def test_a_row_that_is_being_typed_is_taken_once_it_stands(google: GoogleSheets, table: Table) -> None:
    google.rows[0][0] = "Дата"
    table.look()
    google.add({"Дата": "02.03.2026", "Имя": "Мария"})
    table.look()
    google.rows[-1][2] = 79160001122
    table.look()
    google.rows[-1][3] = "Окна"
    assert table.look() == [], "it has changed at each look"
    (event,) = table.look()
    assert (event.person.name, event.person.phone) == ("Мария", "+79160001122")
    google.rows[-1][3] = "Окна и двери"
    assert len(table.look(2)) == 1, "what is no part of the key may be edited"
    google.rows[-1][2] = 79160001133
    assert len(table.look(2)) == 2, "a row whose key cells were edited is another row"


def test_a_table_without_any_date_wants_a_key(station: Station, google: GoogleSheets, journal: Journal) -> None:
    google.rows[0][0] = "Номер"
    with pytest.raises(Rejected) as refused:
        Table(station, google, journal).look()
    assert "key: [" in refused.value.hint
    keyed = Table(station, google, journal, key=["Телефон"])
    keyed.look()
    google.type_row(MARIA, {})
    google.type_row(MARIA, {})
    assert len(keyed.look(2)) == 1


def test_a_damaged_phone_is_an_unreadable_event_that_says_where_and_is_taken_when_mended(
    google: GoogleSheets, table: Table
) -> None:
    table.look()
    google.answer(MARIA, {})
    google.rows[-1][2] = "7,9160E+10"
    (event,) = table.look(3)
    assert event.type is EventType.UNREADABLE
    assert isinstance(event.payload, Unreadable)
    assert "строка 2, столбец «Телефон»" in event.payload.why
    google.rows[-1][2] = "89160001122"
    assert [one.type for one in table.look(2)] == [EventType.UNREADABLE, EventType.TABLE_ROW_ADDED]


def test_a_row_without_a_person_waits_until_it_has_one(google: GoogleSheets, table: Table) -> None:
    table.look()
    google.add({"Отметка времени": datetime(2026, 3, 2, 12, 0), "Что интересует?": "Окна"})
    assert table.look(2) == []
    google.rows[-1][1] = "Мария"
    assert names(table.look()) == ["Мария"]


# both ways in


def delivery(body: object, path: str = "") -> Delivery:
    return Delivery("POST", path, {}, {}, json.dumps(body, ensure_ascii=False).encode(), NOW)


def push(google: GoogleSheets, **more: Any) -> dict[str, Any]:
    """What the script tells of the last row."""
    texts = [f"{cell:%d.%m.%Y %H:%M:%S}" if isinstance(cell, datetime) else str(cell) for cell in google.rows[-1]]
    named = {str(question): [text] for question, text in zip(google.rows[0], texts, strict=True)}
    where = {"secret": "sandbox-secret", "spreadsheetId": BOOK, "sheet": "Ответы на форму (1)", "row": len(google.rows)}
    return {**where, "namedValues": named, **more}


def test_an_answer_that_the_script_tells_and_the_table_shows_is_one_event(google: GoogleSheets, table: Table) -> None:
    table.look()
    google.answer(MARIA, {})
    forms = receiver("sheet", table.settings, table.around)
    received = forms.receive(delivery(push(google)), nothing)
    assert received.reply.body == b"ok"
    assert b"sandbox-secret" not in received.events[0].raw
    table.journal.accept(received.events)
    assert len(table.look(2)) == 1


def test_the_script_s_rubbish_is_kept_and_said(google: GoogleSheets, table: Table) -> None:
    forms = receiver("sheet", table.settings, table.around)
    google.answer(MARIA, {})
    for body, words in (
        (push(google, spreadsheetId="1AnotherTableOfSomebody"), "another table"),
        (push(google, namedValues={}), "namedValues"),
        (push(google, namedValues={"Телефон": ["7,9160E+10"]}), "столбец «Телефон»"),
        (push(google, namedValues={"Что интересует?": ["Окна"]}), "ни телефона"),
    ):
        with pytest.raises(UnreadableError, match=words):
            forms.receive(delivery(body), nothing)


def test_by_its_link_a_table_needs_no_key(station: Station, google: GoogleSheets, journal: Journal) -> None:
    linked = Table(station, google, journal, account=None)
    linked.look()
    google.answer(MARIA, {})
    assert names(linked.look(2)) == ["Мария"]
    by_key = Table(station, google, journal)
    assert by_key.look() == linked.events(), "the keys are the same whatever the way"
    google.linked = False
    with pytest.raises(Rejected) as refused:
        linked.look()
    assert "по ссылке" in refused.value.hint


# the mark


def test_the_mark_is_written_beside_each_taken_row_wherever_it_stands(
    station: Station, google: GoogleSheets, journal: Journal
) -> None:
    google.rows[0].append("Provodka")
    google.answer(Client("Старая", "+7 916 000-99-99"), {})
    table = Table(station, google, journal, mark="Provodka")
    table.look()
    google.answer(MARIA, {})
    assert names(table.look()) == ["Мария"]
    assert [row[4:] for row in google.rows[1:]] == [[""], ["принято 02.03.2026 12:04"]]
    google.rows[-1][4] = ""
    google.move_columns(MARIA, {})
    google.sort_rows(MARIA, {})
    assert len(table.look(2)) == 1, "our own column is no part of a row"
    assert sorted(str(row[0]) for row in google.rows[1:]) == ["", "принято 02.03.2026 12:04"]
    writes = google.writes
    table.look(2)
    assert google.writes == writes


def test_a_mark_without_its_column_says_so(station: Station, google: GoogleSheets, journal: Journal) -> None:
    with pytest.raises(Rejected) as refused:
        Table(station, google, journal, mark="Provodka").look()
    assert "«Provodka»" in refused.value.hint


# what the service answers


def test_one_request_reads_all_sheets_and_an_old_token_is_renewed(
    station: Station, google: GoogleSheets, journal: Journal
) -> None:
    google.sheets["Лист 'два'"] = [["Дата", "Имя"], ["01.03.2026", "Ольга"]]
    titles = list(google.sheets)
    table = Table(station, google, journal, sheets=titles, first_rows="all")
    google.answer(MARIA, {})
    assert names(table.look(2)) == ["Мария", "Ольга"]
    assert google.reads == 2
    google.forget_tokens()
    table.look()
    assert google.reads == 3


@pytest.mark.parametrize("change", ["not shared", "another sheet", "another table"])
def test_a_refusal_names_its_cure(station: Station, google: GoogleSheets, journal: Journal, change: str) -> None:
    more: dict[str, Any] = {}
    cure = EMAIL
    if change == "not shared":
        google.shared = False
    elif change == "another sheet":
        more, cure = {"sheets": ["Ответы"]}, "«Ответы на форму (1)»"
    else:
        more = {"spreadsheet": "1SomebodyElsesTable"}
    table = Table(station, google, journal, **more)
    with pytest.raises(Rejected) as refused:
        table.look()
    assert cure in refused.value.hint
    (said,) = table.watcher.check()
    assert cure in said


def test_a_sheet_that_was_renamed_is_told_by_those_there_are(google: GoogleSheets, table: Table) -> None:
    table.look()
    google.sheets = {"Заявки": google.rows}
    table.look()
    google.answer(MARIA, {})
    assert len(table.look()) == 1, "the first sheet is the first whatever it is called"


def test_the_quota_is_waited_out(google: GoogleSheets, table: Table) -> None:
    table.look()
    google.left = 0
    with pytest.raises(RateLimited) as limited:
        table.look()
    assert limited.value.wait == 30.0
    assert "квота" in limited.value.hint


def test_a_key_that_google_does_not_know_is_told(station: Station, google: GoogleSheets, journal: Journal) -> None:
    account = {**google.account(station.url), "client_email": "somebody@else.iam.gserviceaccount.com"}
    with pytest.raises(AuthFailed) as failed:
        Table(station, google, journal, account=json.dumps(account)).look()
    assert "ключ сервисного аккаунта" in failed.value.hint


@pytest.mark.parametrize(
    "account", ["file:key.json", "{}", '{"client_email": "a", "private_key": "b", "token_uri": "http://x"}']
)
def test_what_is_no_key_of_a_service_account_is_told(
    station: Station, google: GoogleSheets, journal: Journal, account: str
) -> None:
    (said,) = Table(station, google, journal, account=account).watcher.check()
    assert "содержимое файла JSON" in said


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "set spreadsheet"),
        ({"spreadsheet": "table"}, "neither the address"),
        ({"spreadsheet": BOOK, "sheets": ["a"]}, "set account"),
        ({"spreadsheet": BOOK, "map": {"id": "Номер"}}, "write key"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(written: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        GoogleSheetsSettings.model_validate(written)


def test_keys_of_rows_that_are_gone_are_forgotten_once_there_are_many(
    google: GoogleSheets, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.tables.live.SPARE", 2)
    for number in range(8):
        google.answer(Client("Мария", f"+7 916 000-00-0{number}"), {})
    table.look()
    del google.rows[2:]
    google.answer(OLGA, {})
    table.look()
    assert len(table.store.snapshot_ids("table:sheet", "old row")) == 1
    assert names(table.look(2)) == ["Ольга"]
