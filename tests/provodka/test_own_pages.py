"""Marks of leads: nobody but us can make one, and each holds for its page and its time alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from provodka.own_pages import LEAD_FIELD, NO_MARKS, LeadMarks, OwnPages, Partner, Signer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MARKS = LeadMarks(b"key")


@given(st.text("abcXYZ019_", min_size=1, max_size=40), st.sampled_from(["", "anketa", "a-b"]), st.integers(0, 3650))
def test_a_mark_names_its_lead_on_its_page_until_its_day_is_over(lead: str, page: str, days: int) -> None:
    mark = MARKS.of(lead, NOW + timedelta(days=days), page)
    assert MARKS.lead(mark, NOW + timedelta(days=days), page) == lead
    assert MARKS.lead(mark, NOW + timedelta(days=days + 1), page) == ""
    assert MARKS.lead(mark, NOW, f"{page}x") == ""
    assert LeadMarks(b"other").lead(mark, NOW, page) == ""


@given(st.data())
def test_a_mark_that_was_touched_anywhere_is_not_ours(data: st.DataObject) -> None:
    mark = MARKS.of("17", NOW + timedelta(days=90), "anketa")
    at = data.draw(st.integers(0, len(mark) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda sign: sign != mark[at]))
    assert MARKS.lead(f"{mark[:at]}{other}{mark[at + 1 :]}", NOW, "anketa") == ""
    assert MARKS.lead(mark[:at], NOW, "anketa") == ""


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_lists_of_texts_are_never_signed_alike(one: list[str], other: list[str]) -> None:
    signer = Signer(b"key", "test")
    assert (signer.sign(*one) == signer.sign(*other)) is (one == other)


def test_the_links_of_a_day_are_the_same_so_that_a_field_of_the_deal_does_not_change() -> None:
    pages = OwnPages(MARKS, "https://we.example.ru/f", {"anketa": timedelta(days=90)})
    links = pages.of_lead("17", NOW)
    assert links == pages.of_lead("17", NOW + timedelta(hours=5))
    assert links["anketa"].startswith("https://we.example.ru/f/anketa/17-")
    mark = links["anketa"].rpartition("/")[2]
    assert MARKS.lead(mark, NOW, "anketa") == "17"
    assert MARKS.lead(links[LEAD_FIELD], NOW) == "17"
    assert MARKS.lead(links[LEAD_FIELD], NOW, "anketa") == ""


def test_without_a_key_nothing_is_ours() -> None:
    assert NO_MARKS.lead(NO_MARKS.of("17", NOW), NOW) == ""
    assert not Signer(b"", "test").signed(Signer(b"", "test").sign("a"), "a")


def test_a_partner_is_known_by_an_address_or_by_its_domain() -> None:
    one, other = Partner("one"), Partner("other")
    pages = OwnPages(NO_MARKS, senders={"orders@one.ru": one, "@other.ru": other})
    assert pages.partner_of("Orders@One.ru") == one
    assert pages.partner_of("who@other.ru") == other
    assert pages.partner_of("who@one.ru") is None
    assert pages.partner_of("") is None
