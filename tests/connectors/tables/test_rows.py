"""A row's event, and the law of its key: the same content has the same key whatever it is read from."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.google_sheets.channel import receiver
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.tables.files import open_file
from connectors.tables.grid import row_of, sheet_of
from connectors.tables.rows import Reading, Refusal
from connectors.tables.sheet import Sheet
from connectors.tables.shown import shown
from provodka.channel import Delivery
from provodka.errors import Rejected
from provodka.event import Event
from provodka.payloads import RowAdded
from tests.connectors.tables import making
from tests.contract.case import MOSCOW, around
from tests.contract.test_receivers import nothing

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def reading(**more: Any) -> Reading:
    return Reading("таблица", "a.xlsx", "", MOSCOW, **more)


def event(cells: dict[str, str], **more: Any) -> Event | Refusal:
    return reading(**more).event(row_of(2, cells.items()), NOW)


def key(cells: dict[str, str], **more: Any) -> str:
    told = event(cells, **more)
    assert isinstance(told, Event), told
    return told.external_id


# the law

WORDS = st.text("абвгдежзиклмнопрстуфхцчшщэюя ё«»\"'—№;,|\n", min_size=1, max_size=20).map(lambda one: f"Слово {one}")
PHONES = st.integers(79000000000, 79999999999)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2026, 11, 1)).map(lambda one: one.replace(microsecond=0))
SUMS = st.integers(-10_000_00, 10_000_000_00).map(lambda one: one / 100)
ROWS = st.lists(st.tuples(MOMENTS, WORDS, PHONES, SUMS, st.booleans(), WORDS), min_size=1, max_size=4)
HEAD = ("Отметка времени", "Имя", "Телефон", "Сумма", "Оплачено", "Комментарий")


def sheets(folder: Path, rows: making.Rows, order: list[int]) -> Iterator[Sheet]:
    """The same table from every reader, its columns in some order."""
    table = [[row[column] for column in order] for row in [HEAD, *rows]]
    yield open_file(making.xlsx(folder / "a.xlsx", table))
    yield open_file(making.ods(folder / "a.ods", table))
    yield open_file(making.text(folder / "a.csv", table, encoding="windows-1251"))
    yield open_file(making.text(folder / "b.csv", table, encoding="utf-16", separator="\t"))
    dated = [[f"{one:%d.%m.%Y %H:%M:%S}" if isinstance(one, datetime) else one for one in row] for row in table]
    yield sheet_of("Google, UNFORMATTED", "", [[shown(one) for one in row] for row in dated])
    yield sheet_of("Google, FORMATTED", "", [[google(one) for one in row] for row in table])


def google(value: making.Value) -> str:
    return str(value).upper() if isinstance(value, bool) else making.shown(value).replace("\xa0", " ")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS, order=st.permutations(range(len(HEAD))), columns=st.sampled_from([(), ("Сумма", "Комментарий"), HEAD])
)
def test_the_same_row_has_the_same_key_from_every_reader(
    rows: list[tuple[Any, ...]], order: list[int], columns: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for sheet in sheets(Path(folder), rows, order):
            found = [reading(key=columns).event(row, NOW) for row in sheet.rows]
            keys = [one.external_id for one in found if isinstance(one, Event)]
            plain = [
                key({name: making.shown(value) for name, value in zip(HEAD, row, strict=True)}, key=columns)
                for row in rows
            ]
            assert keys == plain, sheet.table


@settings(max_examples=40, deadline=None)
@given(row=st.tuples(MOMENTS, WORDS, PHONES, WORDS))
def test_a_form_s_script_gives_the_key_of_the_row(row: tuple[datetime, str, int, str]) -> None:
    told = GoogleSheetsSettings.model_validate({"secret": "верный-секрет"})
    names = ("Отметка времени", "Имя", "Телефон", "Что интересует?")
    cells = dict(zip(names, [f"{row[0]:%d.%m.%Y %H:%M:%S}", *map(str, row[1:])], strict=True))
    body = {"secret": "верный-секрет", "row": 2, "namedValues": {name: [text] for name, text in cells.items()}}
    delivery = Delivery("POST", "", {}, {}, json.dumps(body).encode(), NOW)
    (pushed,) = receiver("таблица", told, around()).receive(delivery, nothing).events
    assert pushed.external_id == key(cells)


# the event


def test_a_row_s_person_marks_and_fields() -> None:
    told = event(
        {
            "Отметка времени": "02.03.2026 12:04:00",
            "Имя": "Мария",
            "Моб.": "8 916 000-11-22, 8 (916) 000-33-44",
            "E-mail": "Maria@Example.ru",
            "utm_source": "yandex",
            "Форма": "Заявка",
            "Комментарий": "Окна",
            "Город": "Тверь",
        },
        aliases={"phone": ["Моб."]},
    )
    assert isinstance(told, Event)
    assert told.person.phones == ("+79160001122", "+79160003344")
    assert told.person.email == "maria@example.ru"
    assert told.occurred_at == datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
    assert isinstance(told.payload, RowAdded)
    assert told.payload.utm.source == "yandex"
    row = told.payload.row
    assert row.comment == "Окна"
    assert row.fields == {"Отметка времени": "02.03.2026 12:04:00", "Форма": "Заявка", "Город": "Тверь"}


def test_what_is_written_later_into_a_row_with_a_date_does_not_change_its_key() -> None:
    row = {"Дата": "02.03.2026", "Имя": "Мария", "Телефон": "89160001122"}
    assert key(row) == key({**row, "Статус": "в работе", "Дата доставки": "05.03.2026"})
    assert key(row) == key({**row, "Телефон": "+7 (916) 000-11-22"})
    assert key(row) != key({**row, "Дата": "03.03.2026"})
    assert key(row) != key({**row, "Телефон": "89160001123"})


def test_without_a_date_all_cells_are_the_key_and_an_own_column_is_none_of_them() -> None:
    row = {"Имя": "Мария", "Телефон": "89160001122", "Город": "Тверь"}
    assert key(row) != key({**row, "Статус": "в работе"})
    assert key(row) == key({**row, "Provodka": "принято"}, own=frozenset(["Provodka"]))
    assert key(row) == key(dict(reversed(row.items())))


def test_rows_that_make_no_event_say_why() -> None:
    nobody = event({"Город": "Тверь", "Статус": "новая"})
    assert isinstance(nobody, Refusal)
    assert ("строка 2" in nobody.why, nobody.damaged) == (True, False)
    keyless = event({"Имя": "Мария"}, key=("Телефон",))
    assert isinstance(keyless, Refusal)
    assert "«Телефон»" in keyless.why
    damaged = event({"Имя": "Мария", "Телефон": "7,9160E+10"})
    assert isinstance(damaged, Refusal)
    assert ("столбец «Телефон»" in damaged.why, damaged.damaged) == (True, True)
    elsewhere = event({"Имя": "Мария", "Счёт": "4,08178E+19"})
    assert isinstance(elsewhere, Event), "a damaged cell that nobody is known by stops nothing"
    assert isinstance(elsewhere.payload, RowAdded)
    assert elsewhere.payload.row.fields == {"Счёт": "4,08178E+19"}


def test_a_column_that_is_not_there_is_told_with_the_nearest_name() -> None:
    sheet = sheet_of("a.xlsx", "", [["Имя", "Телефон клиента"], ["Мария", "89160001122"]])
    with pytest.raises(Rejected) as refused:
        reading(mapping={"phone": "Телефоны клиента"}).fits(sheet)
    assert "«Телефон клиента»?" in refused.value.hint


def test_a_row_of_tomorrow_came_now() -> None:
    later = NOW + timedelta(days=2)
    told = event({"Отметка времени": f"{later:%d.%m.%Y %H:%M:%S}", "Имя": "Мария"})
    assert isinstance(told, Event)
    assert told.occurred_at == NOW


def test_rows_that_differ_in_the_last_digit_of_a_long_number_are_two() -> None:
    one, other = ({"Имя": "Мария", "Номер": f"{'1' * 37}{last}"} for last in ("2", "3"))
    assert key(one) != key(other)
    assert key({"Имя": "Мария", "Сумма": "1 200,50"}) == key({"Имя": "Мария", "Сумма": "1200.5"})
    assert key({"Имя": "Мария", "Сумма": "1200,00"}) == key({"Имя": "Мария", "Сумма": "1200"})
