"""The marks of a visit come in several shapes and end as one."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.marks import utm_from_fields, utm_from_url
from connectors.visit import FormReader, Target, form_submitted
from provodka.payloads import Form, Person, Utm

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


def test_fields_are_recognised_by_their_usual_russian_and_english_names() -> None:
    form = form_submitted(
        {
            "Ваше имя *": "Мария",
            "Фамилия": "Петрова",
            "Телефон:": "8 916 111-22-33",
            "E-mail": "Maria@Example.RU",
            "Ваш вопрос": "Сколько стоит окно?",
            "Page URL": "https://site.example/?utm_source=yandex",
            "form_name": "Обратный звонок",
            "formid": "f1",
            "Площадь": 12,
            "Согласие": True,
        }
    )
    assert form.person == Person("Мария Петрова", ("+79161112233",), ("maria@example.ru",))
    assert form.payload.form == Form(
        name="Обратный звонок",
        id="f1",
        page="https://site.example/?utm_source=yandex",
        comment="Сколько стоит окно?",
        fields={"Площадь": "12", "Согласие": "true"},
    )
    assert form.payload.utm.source == "yandex"
    assert form.id == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"contact": {"name": "Мария", "phones": ["+7 916 111 22 33"]}},
        {"data": {"client": {"fio": "Мария", "tel-456": "89161112233"}}},
        {"your-name": "Мария", "your-tel": "9161112233"},
        {"NAME": ["", "Мария"], "Phone_2": "7 (916) 111-22-33"},
    ],
)
def test_the_person_is_found_in_the_usual_containers(fields: dict[str, object]) -> None:
    assert form_submitted(fields).person == Person("Мария", ("+79161112233",))


def test_every_phone_and_email_is_kept_once() -> None:
    fields = {"phone": "+79161112233", "Телефон": "8 (916) 111-22-33, 8 (495) 000-33-44", "email": "A@b.ru, a@b.ru"}
    person = form_submitted(fields).person
    assert person.phones == ("+79161112233", "+74950003344")
    assert person.emails == ("a@b.ru",)


def test_a_mistyped_phone_or_email_stays_readable_in_the_fields() -> None:
    form = form_submitted({"phone": "89161", "email": "maria(at)example.ru"})
    assert form.person == Person()
    assert form.payload.form.fields == {"phone": "89161", "email": "maria(at)example.ru"}


def test_a_second_answer_to_the_same_question_stays_in_the_fields() -> None:
    form = form_submitted({"name": "Мария", "fio": "Петрова М.", "comment": "раз", "message": "два"}).payload.form
    assert form.comment == "раз"
    assert form.fields == {"fio": "Петрова М.", "message": "два"}


def test_the_map_says_where_a_field_stands_and_wins_over_its_name() -> None:
    fields = {"name": "форма 7", "who": {"title": "Мария"}, "nums": ["+79161112233", "+74950003344"], "n": 17}
    form = form_submitted(fields, mapping={"name": "Who.Title", "phone": "nums.1", "id": "n"})
    assert form.person == Person("Мария", ("+74950003344",))
    assert form.id == "17"
    assert form.payload.form.fields == {"name": "форма 7", "nums": "+79161112233"}


def test_a_mapped_phone_is_the_only_one() -> None:
    form = form_submitted({"n": "+79161112233", "Телефон": "+74950003344"}, mapping={"phone": "n"})
    assert form.person.phones == ("+79161112233",)
    assert form.payload.form.fields == {"Телефон": "+74950003344"}


def test_a_mapped_list_gives_all_its_phones() -> None:
    fields = {"nums": ["+79161112233", "+74950003344"]}
    assert form_submitted(fields, mapping={"phone": "nums"}).person.phones == ("+79161112233", "+74950003344")


def test_where_the_map_finds_nothing_the_name_still_counts() -> None:
    assert form_submitted({"name": "Мария"}, mapping={"name": "contact.name"}).person.name == "Мария"


def test_own_aliases_are_added_to_the_known_ones() -> None:
    fields = {"Номер для связи": "+79161112233", "Телефон": "+74950003344"}
    assert len(form_submitted(fields, aliases={"phone": ["номер для связи"]}).person.phones) == 2


def test_defaults_fill_only_what_is_empty() -> None:
    defaults: dict[Target, str] = {"form": "Заявка", "name": "Гость", "utm_source": "site"}
    form = form_submitted({"name": "Мария", "form": ""}, defaults=defaults)
    assert (form.person.name, form.payload.form.name, form.payload.utm.source) == ("Мария", "Заявка", "site")


def test_an_id_field_is_not_taken_for_the_key_by_itself() -> None:
    form = form_submitted({"id": "callback-form", "phone": "+79161112233"})
    assert form.id == ""
    assert form.payload.form.fields == {"id": "callback-form"}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["name", "phone", "Email", "page", "x", "utm_source", "COOKIES"]), _json))
def test_any_json_can_be_sorted(fields: dict[str, object]) -> None:
    form = form_submitted(fields)
    assert all(isinstance(text, str) for text in form.payload.form.fields.values())


_HEADINGS = (
    "Имя", "Фамилия", "Телефон", "Тел. 2", "Почта", "Комментарий", "utm_source", "utm term", "page", "Страница", "_ga",
    "Город", "contact.phone", "form_id", "COOKIES", "", "prvlead",
)  # fmt: skip
_CELLS = st.sampled_from(
    [
        "",
        " ",
        "Анна",
        "8 (916) 000-11-22",
        "нет",
        "a@b.ru, c@d.ru",
        "https://a.ru/?utm_source=vk&gclid=1",
        "Анна Белова",
    ]
) | st.text(max_size=8)
_ROWS = st.lists(st.dictionaries(st.sampled_from(_HEADINGS), _CELLS), max_size=8)
_MAPS = st.dictionaries(
    st.sampled_from(["name", "phone", "comment", "id"]), st.sampled_from(_HEADINGS[:-2]), max_size=3
)


@given(_ROWS, _MAPS, _MAPS, _MAPS)
def test_a_reader_that_has_read_other_rows_reads_each_as_if_it_were_the_first(
    rows: list[dict[str, str]], mapping: dict[Target, str], aliases: dict[Target, str], defaults: dict[Target, str]
) -> None:
    own = {target: [name] for target, name in aliases.items()}
    reader = FormReader(mapping, own, defaults)
    for row in [*rows, *rows]:
        assert reader.read(row) == form_submitted(row, mapping=mapping, aliases=own, defaults=defaults)


def test_a_reader_of_forms_that_are_all_different_keeps_few_of_them() -> None:
    reader = FormReader()
    for number in range(1000):
        assert reader.read({f"поле {number}": "да", "phone": "89160001122"}).person.phone == "+79160001122"
    assert len(reader._layouts) < 100
