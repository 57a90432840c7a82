"""The marks of a visit come in several shapes and end as one."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.visit import utm_from_fields, utm_from_url
from provodka.payloads import Utm

_COOKIES = (
    "_ym_uid=1700000000999; _ga=GA1.2.333.444; roistat_visit=55; "
    f"TILDAUTM={quote('utm_source=yandex|||utm_medium=cpc|||utm_term=окна пвх|||')}; previousUrl=site.example%2F"
)


def test_the_five_marks_and_the_click_ids_are_read_from_a_page_address() -> None:
    utm = utm_from_url(
        "https://site.example/okna?a=1&utm_source=yandex&utm_medium=cpc&utm_campaign=brand&utm_content=b1"
        "&utm_term=%D0%BE%D0%BA%D0%BD%D0%B0&yclid=777#top?utm_source=no"
    )
    assert utm == Utm("yandex", "cpc", "brand", "b1", "окна", {"yclid": "777"})


def test_an_ampersand_escaped_as_in_html_does_not_hide_a_mark() -> None:
    utm = utm_from_url("https://site.example/?utm_source=vk&amp;utm_medium=social&amp;gclid=9")
    assert (utm.source, utm.medium, utm.clicks) == ("vk", "social", {"gclid": "9"})


@pytest.mark.parametrize("text", ["", "site.example", "не адрес", "https://[bad/?", "http://a?b" + "&c" * 600])
def test_a_text_without_marks_gives_an_empty_utm(text: str) -> None:
    assert utm_from_url(text) == Utm()


@pytest.mark.parametrize("name", ["utm_source", "UTM_SOURCE", "utm-source", "Utm Source", "extra.utm.source"])
def test_a_mark_is_known_by_any_usual_spelling_of_its_name(name: str) -> None:
    assert utm_from_fields({name: " mail "}).source == "mail"


def test_the_cookie_of_tilda_is_taken_apart() -> None:
    utm = utm_from_fields({}, cookies=_COOKIES)
    assert (utm.source, utm.medium, utm.term) == ("yandex", "cpc", "окна пвх")
    assert utm.clicks == {"_ym_uid": "1700000000999", "_ga": "GA1.2.333.444", "roistat_visit": "55"}


def test_a_cookie_encoded_twice_and_with_a_stray_amp_is_read_too() -> None:
    marks = f"utm_source=google|||amp;utm_term={quote('двери')}|||"
    utm = utm_from_fields({}, cookies=f"a=b; TILDAUTM={quote(marks)}")
    assert (utm.source, utm.term) == ("google", "двери")


def test_fields_win_over_the_page_and_the_page_over_the_cookie() -> None:
    page = "https://site.example/?utm_source=page&gclid=1"
    assert utm_from_fields({"utm_source": "field"}, page, _COOKIES).source == "field"
    assert utm_from_fields({}, page, _COOKIES).source == "page"


def test_a_later_source_completes_an_earlier_one() -> None:
    utm = utm_from_fields({"utm_source": "yandex"}, "https://site.example/?utm_campaign=brand&yclid=1", _COOKIES)
    assert utm == Utm("yandex", "cpc", "brand", "", "окна пвх", utm.clicks)
    assert utm.clicks["yclid"] == "1"
    assert utm.clicks["_ym_uid"] == "1700000000999"


def test_marks_of_another_visit_are_not_mixed_in() -> None:
    utm = utm_from_fields({"utm_source": "vk"}, cookies=_COOKIES)
    assert utm == Utm("vk", clicks=utm.clicks)


def test_an_empty_hidden_field_does_not_hide_the_mark_of_the_page() -> None:
    assert utm_from_fields({"utm_source": ""}, "https://site.example/?utm_source=yandex").source == "yandex"


@given(st.text(), st.text(), st.text())
def test_no_text_makes_it_fail(value: str, page: str, cookies: str) -> None:
    utm_from_fields({value: value, "utm_term": value}, page, f"{cookies};TILDAUTM={cookies}")
