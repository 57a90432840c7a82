"""Values of home-made services, read with patience."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.onec.service.values import exact, flag, local, moment, text
from provodka.errors import Rejected

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize("value", ["13028.00", "13 028,00", "13\u00a0028,00", 13028, Decimal("13028.00"), 13028.0])
def test_a_sum_is_read_however_it_is_written(value):
    assert exact(value) == Decimal(13028)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_a_sum_comes_back_to_the_kopeck(amount):
    assert exact(f"{amount:.2f}") == amount
    assert exact(float(amount)) == amount


@pytest.mark.parametrize("value", ["сто рублей", "1.2.3", "NaN", "Infinity"])
def test_what_is_no_number_is_said_to_be_none(value):
    with pytest.raises(Rejected, match="no number") as caught:
        exact(value)
    assert "13028.00" in caught.value.hint


@pytest.mark.parametrize("value", [True, "Да", "да", "true", "Истина", 1])
def test_yes_has_many_words(value):
    assert flag(value)


@pytest.mark.parametrize("value", [False, "Нет", "false", "Ложь", 0, "", None])
def test_so_has_no(value):
    assert not flag(value)


@pytest.mark.parametrize(
    "value",
    [
        "2026-07-15T12:00:00",
        "2026-07-15 12:00:00",
        "20260715120000",
        "15.07.2026 12:00:00",
        "2026-07-15T09:00:00Z",
        "2026-07-15T12:00:00+03:00",
        datetime(2026, 7, 15, 12),
    ],
)
def test_a_date_without_a_zone_is_on_the_clock_of_the_base(value):
    assert moment(value, MOSCOW) == datetime(2026, 7, 15, 9, tzinfo=UTC)


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00", "", None, datetime(1, 1, 1), "01.01.0001"])
def test_an_empty_date_is_none(value):
    assert moment(value, MOSCOW) is None


def test_a_day_alone_begins_at_midnight_there():
    assert moment("15.07.2026", MOSCOW) == datetime(2026, 7, 14, 21, tzinfo=UTC)


def test_what_is_no_date_is_said_to_be_none():
    with pytest.raises(Rejected, match="no date"):
        moment("вчера", MOSCOW)


def test_what_is_written_has_the_base_s_own_clock():
    assert local(datetime(2026, 7, 15, 21, 30, 1, 5, UTC), MOSCOW) == datetime(2026, 7, 16, 0, 30, 1)


def test_a_text_has_no_blanks_around_it():
    assert text("  7701999111 ") == "7701999111"
    assert text(None) == ""
