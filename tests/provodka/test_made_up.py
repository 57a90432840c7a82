"""Made-up people in place of real ones: stable, of the same sort, and in every text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from provodka.made_up import MadeUp
from provodka.own_pages import LeadMarks
from provodka.payloads import Person

MARIA = Person("Мария Иванова", ("+79161234567",), ("Maria.Ivanova@yandex.ru",), ("telegram:123456789",))
CONFIG = "client: Кровля\nstaff: {anna: {crm: anna@krovlya.ru}}\n# звоните: 8 (495) 111-22-33"
PERSONAL = re.compile(r"мари|иванов|916\D*123\D*45|yandex\.ru|123456789", re.IGNORECASE)


@pytest.fixture
def made() -> MadeUp:
    return MadeUp(b"key", CONFIG, ["very-secret-word"])


@pytest.mark.parametrize(
    "text",
    [
        "Мария Иванова просит позвонить",
        "Для Марии Ивановой, 8 (916) 123-45-67",
        "МАРИЯ ИВАНОВА",
        "иванова мария",
        "договорились с Ивановым",
        "тел. +7 916 123 45 67, maria.ivanova@yandex.ru",
        "https://site.ru/?tel=%2B79161234567&mail=maria.ivanova%40yandex.ru",
        "telegram:123456789 и просто 123456789",
    ],
)
def test_nothing_of_the_person_stays_in_a_text(made: MadeUp, text: str) -> None:
    made.person(MARIA)
    assert PERSONAL.search(text)
    assert not PERSONAL.search(made.text(text)), made.text(text)


def test_the_same_person_is_the_same_everywhere_and_another_is_another(made: MadeUp) -> None:
    person = made.person(MARIA)
    other = MadeUp(b"key", CONFIG)
    assert other.person(MARIA) == person
    assert person.phones == (made.text("8 916 123-45-67").replace("8 ", "+7").replace(" ", "").replace("-", ""),)
    assert person.phones[0].startswith("+7916000")
    assert person.messengers[0] in made.text("пишет telegram:123456789")
    assert person.name in made.text("это Мария Иванова")
    assert made.person(Person("Пётр Сидоров", ("+79260003344",))) not in (person, Person("Пётр Сидоров"))
    assert MadeUp(b"other", CONFIG).person(MARIA) != person


def test_a_woman_stays_a_woman_and_a_phone_keeps_its_writing(made: MadeUp) -> None:
    name = made.person(Person("Мария Ивановна Иванова")).name
    assert re.fullmatch(r"[А-ЯЁ]\w+[ая] [А-ЯЁ]\w+на [А-ЯЁ]\w+а|Любовь [А-ЯЁ]\w+на [А-ЯЁ]\w+а", name), name
    assert re.fullmatch(r"8 \(916\) 000-\d\d-\d\d", made.text("8 (916) 123-45-67"))


def test_strangers_in_a_text_are_found_by_their_first_names_and_patronymics(made: MadeUp) -> None:
    text = made.text("Передайте: Сергей Смирнов и Ольга Петровна, дом в Москве")
    assert not re.search("Сергей|Смирнов|Ольга|Петровна", text), text
    assert text.startswith("Передайте: ")
    assert text.endswith("дом в Москве")


def test_what_the_config_says_is_kept(made: MadeUp) -> None:
    text = "Кровля, anna@krovlya.ru, 8 (495) 111-22-33"
    assert made.text(text) == text


def test_secrets_are_hidden_by_their_text_and_by_their_name(made: MadeUp) -> None:
    value = {"comment": "very-secret-word", "token": "abc", "page": "https://x.ru/?password=qwerty1"}
    assert made.value(value) == {"comment": "***", "token": "***", "page": "https://x.ru/?password=***"}


def test_what_is_not_personal_stays(made: MadeUp) -> None:
    made.person(MARIA)
    value = {
        "title": "Лид: Крыша 120 м2, Основной цвет",
        "price": 1500,
        "list": ["синий", None, True],
        "date": "2026-03-02T09:00:00+00:00",
    }
    assert made.value(value) == value


def test_a_name_within_an_address_is_replaced_too(made: MadeUp) -> None:
    address = "https://pay.test/?Description=%D0%A1%D0%B0%D0%B9%D1%82%3A+%D0%9C%D0%B0%D1%80%D0%B8%D1%8F&Sum=1000.00"
    told = made.text(address)
    assert "%D0%9C%D0%B0%D1%80%D0%B8%D1%8F" not in told
    assert told.startswith("https://pay.test/?Description=%D0%A1%D0%B0%D0%B9%D1%82%3A+%D0")
    assert told.endswith("&Sum=1000.00")


def test_a_personal_link_opens_nothing_any_more(made: MadeUp) -> None:
    marks = LeadMarks(b"key")
    mark = marks.of("17", datetime(2026, 3, 2, tzinfo=UTC), "anketa")
    told = made.text(f"Заполните: https://krovlya.ru/f/anketa/{mark}, спасибо")
    assert told.startswith("Заполните: https://krovlya.ru/f/anketa/17-")
    assert told.endswith(", спасибо")
    assert marks.lead(told.split("/")[-1].removesuffix(", спасибо"), datetime(2026, 3, 1, tzinfo=UTC), "anketa") == ""
