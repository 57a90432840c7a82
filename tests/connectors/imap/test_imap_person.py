"""Who a letter is about."""

import pytest

from provodka.payloads import Person, Utm

FORM = "Имя: Мария\nТелефон: 8 (916) 000-11-22\nE-mail: Maria@Example.org\nКомментарий: нужен замер"


def test_the_person_is_the_sender(letter, read):
    assert read(letter()).person == Person(name="Мария Р", emails=("maria@example.org",))


def test_phones_are_taken_from_the_writers_words_and_signature_but_not_from_the_quote(letter, read):
    text = (
        "Перезвоните на 8 916 000-11-22.\n\n-- \nИван, тел. +7 (495) 123-45-67\n\n"
        "пн, 1 дек. 2025 г. в 12:05, Ромашка <info@krovlya.ru>:\n\n> Наш телефон 8 800 555-35-35"
    )
    got = read(letter(text))
    assert got.person.phones == ("+79160001122", "+74951234567")
    assert got.mail.text == "Перезвоните на 8 916 000-11-22."


def test_reply_to_counts_where_the_letter_comes_from_ourselves(letter, read):
    raw = letter(sender="Сайт <www@krovlya.ru>", headers={"Reply-To": "Мария <maria@example.org>"})
    assert read(raw).person == Person(name="Мария", emails=("maria@example.org",))


def test_reply_to_does_not_replace_a_sender_who_speaks_for_himself(letter, read):
    raw = letter(sender="Пётр <petr@example.com>", headers={"Reply-To": "office@example.com"})
    assert read(raw).person == Person(name="Пётр", emails=("petr@example.com",))


@pytest.mark.parametrize("own", [["www@site.ru"], ["site.ru"], ["@Site.ru"]])
def test_our_own_addresses_and_domains_are_never_the_person(letter, read, own):
    raw = letter(FORM, sender="Сайт <www@site.ru>", headers={"Reply-To": "www@site.ru"})
    got = read(raw, own_addresses=own)
    assert got.person == Person(name="Мария", phones=("+79160001122",), emails=("maria@example.org",))


def test_the_watched_mailbox_is_our_own_without_being_named(letter, read):
    assert read(letter(sender="Ромашка <info@krovlya.ru>"), own_addresses=[]).person == Person()


@pytest.mark.parametrize("sender", ["noreply@tilda.ws", "no-reply@forms.example.com", "wordpress@shop.ru"])
def test_a_sites_robot_is_not_the_person_even_where_nobody_named_it(letter, read, sender):
    assert read(letter(FORM, sender=f"Сайт <{sender}>")).person.emails == ("maria@example.org",)


@pytest.mark.parametrize(
    "form",
    [
        "Имя: Мария\nТелефон: 8 (916) 000-11-22",
        "Ваше имя - не указано\nИмя: Мария\nНомер телефона: +7 916 000 11 22",
        "* Имя: Мария\n* Телефон: 89160001122",
        "Имя:\nМария\nТелефон:\n89160001122",
        "Имя\n:\n\nИмя:\n\nМария\n\nТелефон:\n\n89160001122",
        "ФИО = Мария\nТел. = 9160001122",
        "Name: Мария\nPhone: +7 (916) 000-11-22",
    ],
)
def test_the_lines_of_a_form_name_the_person(letter, read, form):
    person = read(letter(form, sender="Сайт <www@krovlya.ru>")).person
    assert (person.name, person.phones) == ("Мария", ("+79160001122",))


def test_a_form_sent_as_a_table_is_read(letter, read):
    html = "<table><tr><td><b>Имя</b></td><td>Мария</td></tr><tr><td>Телефон</td><td>8 916 000-11-22</td></tr></table>"
    person = read(letter(html, sender="www@krovlya.ru", content_type="text/html; charset=utf-8")).person
    assert (person.name, person.phones) == ("Мария", ("+79160001122",))


def test_the_first_of_two_equal_lines_counts(letter, read):
    raw = letter("Телефон: 8 916 000-11-22\nТелефон: 8 800 555-35-35", sender="www@krovlya.ru")
    assert read(raw).person.phones == ("+79160001122",)


def test_a_signature_with_a_phone_does_not_make_a_letter_a_form(letter, read):
    raw = letter(
        "Добрый день!\n\nПётр\nТел.: 8 916 000-11-22\nhttps://x.ru/?utm_source=signature", sender="Пётр <p@example.com>"
    )
    got = read(raw)
    assert got.person == Person("Пётр", ("+79160001122",), ("p@example.com",))
    assert got.payload.utm == Utm()


def test_the_marks_of_the_visit_are_read_from_the_page_of_a_form(letter, read):
    page = "https://krovlya.ru/?utm_source=yandex&utm_medium=cpc&utm_campaign=roof&yclid=123"
    got = read(letter(f"{FORM}\nСтраница: {page}", sender="www@krovlya.ru"))
    assert got.payload.utm == Utm("yandex", "cpc", "roof", clicks={"yclid": "123"})


def test_a_link_anywhere_in_a_form_gives_the_marks(letter, read):
    got = read(
        letter(f"{FORM}\n\nОтправлено с https://krovlya.ru/a?x=1&utm_source=vk (главная)", sender="www@krovlya.ru")
    )
    assert got.payload.utm.source == "vk"


def test_marks_in_a_mass_mail_are_nobodys_visit(letter, read):
    raw = letter("Скидки https://x.ru/?utm_source=mail, 8 800 555-35-35", headers={"List-Id": "<x>"})
    got = read(raw)
    assert got.payload.utm == Utm()
    assert got.person.phones == ()


def test_an_automatic_answer_lends_nobody_its_phones(letter, read):
    raw = letter("Я в отпуске, звоните Ивану: 8 916 000-11-22", headers={"Auto-Submitted": "auto-replied"})
    assert read(raw).person.phones == ()


def test_a_form_quoted_in_an_answer_does_not_speak_for_its_writer(letter, read):
    text = (
        "Клиент думает.\n\nпн, 1 дек. 2025 г. в 12:05, Сайт <www@krovlya.ru>:\n> Имя: Мария\n> Телефон: 8 916 000-11-22"
    )
    assert read(letter(text, sender="Анна <anna@krovlya.ru>")).person == Person()


def test_a_forwarded_form_is_about_its_visitor(letter, read):
    text = (
        "---------- Forwarded message ---------\nОт: Сайт <www@krovlya.ru>\nDate: пн\nSubject: Заявка\nTo: info\n\n"
        + FORM
    )
    got = read(letter(text, subject="Fwd: Заявка", sender="Анна <anna@krovlya.ru>"))
    assert got.person == Person("Мария", ("+79160001122",), ("maria@example.org",))


@pytest.mark.shows("S2-31")
@pytest.mark.parametrize(
    "heading",
    [
        "---------- Forwarded message ---------\nОт: Пётр <Petr@example.com>\nDate: пн, 1 дек.\nTo: anna@krovlya.ru",
        '-------- Пересылаемое сообщение --------\n01.12.2025, 10:00, "Пётр" <petr@example.com>:',
        "-------- Исходное сообщение --------\nОт: Пётр <petr@example.com>\nОтправлено: 1 дек\nКому: anna@krovlya.ru",
        "From: Анна <anna@krovlya.ru>\nSubject: Fwd\n\n> *From:* Пётр <petr@example.com>\n> *Sent:* Monday",
    ],
    ids=["Gmail", "Yandex", "Mail.ru", "forwarded twice"],
)
def test_a_letter_that_one_of_ours_forwards_is_about_its_writer(letter, read, heading):
    text = f"Анна, посмотрите\n\n{heading}\n\nНужен забор, тел. 8 916 000-77-88"
    got = read(letter(text, subject="Fwd: Забор", sender="Анна <anna@krovlya.ru>"))
    assert got.person == Person("Пётр", ("+79160007788",), ("petr@example.com",))


def test_a_letter_that_a_client_forwards_is_about_the_client(letter, read):
    text = "---------- Forwarded message ---------\nОт: Шеф <boss@example.com>\nDate: пн\n\nНужен забор"
    assert read(letter(text, subject="Fwd: Забор")).person.emails == ("maria@example.org",)


def test_an_empty_answer_does_not_swallow_the_next_line(letter, read):
    raw = letter("Имя:\nТелефон: 8 916 000-11-22", sender="www@krovlya.ru")
    assert read(raw).person == Person(phones=("+79160001122",))


def test_a_form_that_looks_like_a_quoted_letter_is_read_whole(letter, read):
    text = "Новая заявка!\n\nОт: Мария\nДата: 01.12.2025\nТема: Замер\nТелефон: 8 916 000-11-22"
    got = read(letter(text, sender="www@krovlya.ru"))
    assert got.person.phones == ("+79160001122",)
    assert got.mail.text == text
