"""Moments and lengths of time as senders write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.calls.fields import Fields, moment, plain_word, seconds
from tests.contract.case import MOSCOW

AT = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02 12:00:05",
        "2026-03-02T12:00:05",
        "2026-03-02T09:00:05Z",
        "2026-03-02T12:00:05+03:00",
        "02.03.2026 12:00:05",
        "20260302T120005",
        "1772442005",
        "1772442005000",
    ],
)
def test_a_moment_is_read_in_every_shape(text: str) -> None:
    assert moment(text, MOSCOW) == AT


@pytest.mark.parametrize("text", ["", "вчера", "12", "0", "2026-03-02", "99999999999999999999"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert moment(text, MOSCOW) is None


@pytest.mark.parametrize(
    ("text", "length"),
    [("95", 95), ("1:35", 95), ("0:01:35", 95), ("95.4", 95), ("-3", 0), ("", None), ("долго", None)],
)
def test_a_length_is_read_in_every_shape(text: str, length: int | None) -> None:
    assert seconds(text) == length


@given(
    st.datetimes(min_value=datetime(2015, 1, 1), max_value=datetime(2035, 1, 1)).map(lambda d: d.replace(microsecond=0))
)
def test_a_moment_survives_being_written(local: datetime) -> None:
    aware = local.replace(tzinfo=MOSCOW)
    for text in (local.isoformat(" "), aware.isoformat(), str(int(aware.timestamp()))):
        assert moment(text, MOSCOW) == aware


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_anything_can_be_read_and_nothing_breaks(value: object) -> None:
    fields = Fields({"a": value}, MOSCOW)
    assert isinstance(fields.text(("a", "a.0", "a.b")), str)
    moment_read = fields.moment(("a",))
    assert moment_read is None or moment_read.utcoffset() == timedelta(0)
    fields.seconds(("a",))


def test_words_are_the_same_whatever_their_case_and_separators() -> None:
    assert plain_word("NO ANSWER") == plain_word("no_answer") == plain_word("NoAnswer")
