"""What the words of a letter tell of its writer, and what they do not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap.person import phones_in, read_form
from connectors.imap.said import read_said
from connectors.imap.signature import name_in, signature_of
from provodka import taxpayer

GOOD, OTHER, WRONG = "7707083893", "5003028028", "7707083890"


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ('Нужен счёт.\n\nС уважением,\nИван\nООО "Ромашка"', "ООО «Ромашка»"),
        ("Нужен счёт.\n-- \nИван, менеджер\nООО «ТД «Север»", "ООО «ТД «Север»»"),
        ("Нужен счёт.\n\nИван\nдиректор АО “Вектор”\n8 916 000-11-22", "АО «Вектор»"),
        ("Нужен счёт.\n\nС уважением,\nИП Ким Андрей Викторович", "ИП Ким Андрей Викторович"),
        ("Нужен счёт.\n\nС уважением,\nООО Южный двор", "ООО Южный двор"),
        ("Компания: ООО «Ромашка»\nТелефон: 8 916 000-11-22", "ООО «Ромашка»"),
        ("Мы — ООО «Ромашка», ищем кровельщиков.", "ООО «Ромашка»"),
        ("Пишу от имени компании ООО «Ромашка».", "ООО «Ромашка»"),
        ("Пришлите счёт на ООО «Ромашка», пожалуйста.", "ООО «Ромашка»"),
        ("Компания: ООО «Альфа»\n\nС уважением,\nООО «Бета»", "ООО «Альфа»"),
    ],
)
def test_the_firm_that_a_letter_is_written_for_is_read(text, company):
    assert read_said(text, "").company == company


@pytest.mark.parametrize(
    "text",
    [
        "Здравствуйте, ООО «Кровля Плюс»! Сколько стоит крыша?",
        "ООО «Кровля Плюс»\nДобрый день, сколько стоит?",
        "Работали с ООО «Вектор», не понравилось.",
        "С уважением,\nООО «Альфа»\nООО «Бета»",
        "Компания: частное лицо",
        "Мы из Казани, ООО пока нет",
        "Документ создан в ООО",
    ],
)
def test_a_firm_that_is_only_spoken_of_or_to_is_not_taken(text):
    assert read_said(text, "").company == ""


@pytest.mark.parametrize(
    ("text", "inn", "kpp"),
    [
        (f"ИНН {GOOD}", GOOD, ""),
        (f"ИНН: {GOOD}, КПП: 770701001", GOOD, "770701001"),
        (f"ИНН/КПП {GOOD}/770701001", GOOD, "770701001"),
        (f"ИНН № {GOOD}", GOOD, ""),
        (f"инн {GOOD} повторяю: инн {GOOD}", GOOD, ""),
        ("ИНН 500100732259", "500100732259", ""),
        (f"ИНН {WRONG}", "", ""),
        (f"Номер {GOOD}", "", ""),
        (f"ИНН {GOOD}, а у партнёра ИНН {OTHER}", "", ""),
        (f"ИНН {GOOD}5", "", ""),
        ("ИНН 0000000000", "", ""),
    ],
)
def test_an_inn_is_taken_by_its_name_and_its_check_digits(text, inn, kpp):
    said = read_said(text, "")
    assert (said.inn, said.kpp) == (inn, kpp)


@given(st.text(st.sampled_from("ИНКП0123456789:/ №\n"), max_size=60))
def test_an_inn_that_is_told_is_always_right(text):
    found = read_said(text, "").inn
    assert not found or (found in text and taxpayer.inn(found) == found)


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("г. Казань, ул. Ленина, 5", "Казань"),
        ("Адрес: 603000, г. Нижний Новгород, пл. Минина", "Нижний Новгород"),
        ("Объект: город Ростов-на-Дону", "Ростов-на-Дону"),
        ("Договор от 2025 г. Мы согласны.", ""),
        ("Мы из г. Казани, приезжайте.", ""),
        ("г. Казань\nг. Уфа", ""),
        ("в городе Казани", ""),
    ],
)
def test_a_town_is_taken_from_an_address_and_not_from_a_phrase(text, city):
    assert read_said(text, "").city == city


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("ivan@vector.ru", "vector.ru"),
        ("ivan@mail.ru", ""),
        ("ivan@yandex.kz", ""),
        ("ivan@yandex-team.ru", "yandex-team.ru"),
        ("", ""),
    ],
)
def test_the_domain_of_an_address_is_the_firms_unless_anybody_can_have_it(email, domain):
    assert read_said("", email).domain == domain


def test_links_are_read_once_each_without_the_full_stop():
    said = read_said("Вот: https://shop.ru/a?x=1. И (www.shop.ru/b), ещё https://shop.ru/a?x=1!", "")
    assert said.links == ("https://shop.ru/a?x=1", "www.shop.ru/b")
    assert said.link == "https://shop.ru/a?x=1"
    assert read_said("нет ссылок", "").link == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Нужно.\n\nС уважением, Иван Петров", "Иван Петров"),
        ("Нужно.\n\nС уважением,\n\nИван Петров.\nООО", "Иван Петров"),
        ("Нужно.\n\nС уважением,\nМенеджер по закупкам\nИван Петров", "Иван Петров"),
        ("Нужно.\n-- \nПетров И. И.", "Петров И. И."),
        ("Thanks.\n\nBest regards,\nIvan Petrov", "Ivan Petrov"),
        ("Нужно.\n\nС уважением,\nкоманда «Вектор»\nООО", ""),
        ("Нужно.\n\nС уважением,\nг. Казань", ""),
        ("Спасибо, Анна!", ""),
        ("Нужно", ""),
    ],
)
def test_who_signs_is_named_and_nobody_else(text, name):
    assert name_in(signature_of(text)) == name


def test_a_sender_without_a_name_is_known_by_the_signature(letter, read):
    raw = letter("Нужен счёт\n\nС уважением,\nПётр Ким", sender="petr@vector.ru")
    assert read(raw).person.name == "Пётр Ким"
    assert read(letter("Нужен счёт\n\nС уважением,\nПётр Ким", sender="П. Ким <p@vector.ru>")).person.name == "П. Ким"


@pytest.mark.shows("S3-19")
def test_a_first_letter_tells_whom_it_is_from_and_what_of(letter, read):
    wish = "Нужно вот это: https://shop.ru/catalog/17"
    text = f"{wish}\n\n-- \nПётр Ким\nООО «Вектор»\nИНН {GOOD}\nг. Казань\n8 916 000-11-22"
    got = read(letter(text, sender="petr@vector.ru"))
    assert (got.person.name, got.person.phones) == ("Пётр Ким", ("+79160001122",))
    said = got.mail.said
    assert (said.company, said.inn, said.city, said.domain) == ("ООО «Вектор»", GOOD, "Казань", "vector.ru")
    assert said.link == "https://shop.ru/catalog/17"
    assert got.mail.text == wish


@pytest.mark.parametrize("headers", [{"List-Id": "<x>"}, {"Auto-Submitted": "auto-replied"}, {"X-Spam-Flag": "YES"}])
def test_machines_tell_nothing(letter, read, headers):
    got = read(letter(f"ИНН {GOOD}\nООО «Вектор»", headers=headers))
    assert (got.mail.said.inn, got.mail.said.company, got.mail.said.domain) == ("", "", "")


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        (f"ИНН {GOOD[:-1]}0, 8 916 000-11-22", ("+79160001122",)),
        ("ИНН/КПП 9701234561/970101001", ()),
        ("р/с 40702810900000005555, к/с 30101810400000000225, БИК 044525225", ()),
        ("Счёт № 8916000112 оплачен", ()),
        ("Жду счёт: 8 916 000-11-22", ("+79160001122",)),
    ],
)
def test_numbers_of_other_kinds_are_no_phones(text, phones):
    assert phones_in(text) == phones


def test_a_signature_below_a_long_text_is_found():
    assert phones_in("Слово " * 20_000 + "\n8 916 000-11-22") == ("+79160001122",)


@pytest.mark.parametrize(
    "text",
    [
        "ООО «" * 20_000,
        "С уважением " * 9000,
        "ИНН " * 25_000,
        "г. Казань " * 9000,
        "www." * 25_000,
        "мы — ООО «А» " * 8000,
    ],
)
def test_no_text_takes_long(text):
    began = time.process_time()
    read_said(text, "")
    name_in(signature_of(text))
    assert time.process_time() - began < 2


def test_a_form_of_many_links_takes_no_longer(settings):
    began = time.process_time()
    text = "Имя: Мария\nТелефон: +7 916 111-22-33\n" + "http://a" * 10_000 + "\nhttps://krovlya.ru/?utm_source=ya\n"
    form = read_form(text, "noreply@tilda.cc", settings())
    assert form is not None
    assert form.utm.source == "ya"
    assert time.process_time() - began < 2
