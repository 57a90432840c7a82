"""One row for each way in which mail programs set off the letter that is answered."""

import time

import pytest

from connectors.imap.quotes import HEADINGS, without_quotes, without_signature

ANSWER = "Да, суббота подходит."
MARKED = "\n\n> Здравствуйте, Мария!\n> Удобно ли в субботу?"
PLAIN = "\n\nЗдравствуйте, Мария!\nУдобно ли в субботу?"

FORMS = {
    "Gmail": "пн, 1 дек. 2025 г. в 12:05, Ромашка <sales@example.ru>:",
    "Gmail, wrapped before the address": "пн, 1 дек. 2025 г. в 12:05, Отдел продаж Ромашка\n<sales@example.ru>:",
    "Gmail without the day": "1 декабря 2025 г. в 12:05, Ромашка <sales@example.ru>:",
    "Gmail before 2020": "1 декабря 2025 г., 12:05 пользователь Ромашка <sales@example.ru> написал:",
    "Gmail before 2020, wrapped": "1 декабря 2025 г., 12:05 пользователь Ромашка <sales@example.ru>\nнаписал:",
    "Gmail in English": "On Mon, Dec 1, 2025 at 12:05 PM Romashka <sales@example.ru> wrote:",
    "Gmail in English, wrapped": "On Mon, Dec 1, 2025 at 12:05 PM Romashka <\nsales@example.ru> wrote:",
    "Yandex": '01.12.2025, 12:05, "Ромашка" <sales@example.ru>:',
    "Yandex, older": "01.12.2025, 12:05, Ромашка <sales@example.ru>:",
    "Yandex since 2023": "----------------\nКому: Мария (maria@example.org);\nТема: Замер;\n"
    '01.12.2025, 12:05, "Ромашка" <sales@example.ru>:',
    "The Bat": "Вы писали 1 декабря 2025 г., 12:05:10:",
    "Mail.ru": "Понедельник, 1 декабря 2025, 12:05 +03:00 от Ромашка <sales@example.ru>:",
    "Mail.ru of 2014": "Mon, 1 Dec 2025 12:05:00 +0300 от Ромашка <sales@example.ru>:",
    "Apple Mail": "1 дек. 2025 г., в 12:05, Ромашка <sales@example.ru> написал(а):",
    "Thunderbird": "01.12.2025 12:05, Ромашка пишет:",
}
BLOCKS = {
    "Outlook": "От: Ромашка <sales@example.ru>\nОтправлено: 1 декабря 2025 г. 14:30\nКому: Петров И.\nТема: Заявка",
    "Outlook, line above": "________________________________\nОт: Ромашка <sales@example.ru>\n"
    "Отправлено: 1 декабря 2025 г. 14:30\nКому: Петров И.\nКопия: Иванов\nТема: Заявка",
    "Outlook in English": "From: Romashka <sales@example.ru>\nSent: Monday, December 1, 2025 2:30 PM\n"
    "To: Petrov\nSubject: RE: Order",
    "Outlook in bold": "*From:* Romashka <sales@example.ru>\n*Sent:* Monday, December 1, 2025 2:30 PM\n*To:* Petrov",
    "The Bat": "-----Исходное сообщение-----\nFrom: sales@example.ru\nSent: 01.12.2025",
    "Outlook Express": "----- Original Message -----\nFrom: sales@example.ru",
}


@pytest.mark.parametrize("heading", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("quoted", [MARKED, PLAIN], ids=["marked", "plain"])
def test_the_answered_letter_is_cut_off_with_its_heading(heading, quoted):
    assert without_quotes(f"{ANSWER}\n\n{heading}{quoted}") == ANSWER


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_all_below_a_block_of_old_headers_is_cut_off(block):
    assert (
        without_quotes(f"{ANSWER}\n\nС уважением,\nПетров\n\n{block}\n\nДобрый день!")
        == f"{ANSWER}\n\nС уважением,\nПетров"
    )


def test_every_heading_of_the_table_has_a_form_here():
    texts = [*FORMS.values(), *BLOCKS.values()]
    assert [heading.name for heading in HEADINGS if not any(heading.pattern.search(text) for text in texts)] == []


def test_the_initials_that_the_bat_quotes_with_are_known():
    text = "Вы писали 1 декабря 2025 г., 12:05:10:\n\nИП> Когда удобно?\n\nВ субботу.\n\nИП>> Адрес?\n\nЛенина, 1."
    assert without_quotes(text) == "В субботу.\n\nЛенина, 1."


def test_answers_between_quoted_lines_are_kept():
    text = f"{FORMS['Gmail']}\n\n> Когда удобно?\n\nВ субботу.\n\n> Адрес?\n\nЛенина, 1."
    assert without_quotes(text) == "В субботу.\n\nЛенина, 1."


def test_an_answer_below_the_quote_is_kept():
    assert without_quotes(f"{FORMS['Thunderbird']}\n> Когда удобно?\n\nВ субботу.") == "В субботу."


def test_marked_lines_without_a_heading_are_left_out():
    assert without_quotes("> Когда удобно?\nВ субботу.") == "В субботу."


def test_a_letter_that_is_nothing_but_a_quote_is_kept_whole():
    text = f"{FORMS['Gmail']}\n\n> Когда удобно?"
    assert without_quotes(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "От: метро идти 5 минут.\nЖдём вас завтра.",
        "1 декабря 2025 г. в 12:05 приедет замерщик.\nОн написал вам.",
        "Он пишет:\nвсё готово",
        "Понедельник, 1 декабря, подходит. От вас нужен адрес:\nулица и дом",
        "Сумма > 100 000 руб.",
        "From: Moscow\nTo: Tver",
    ],
)
def test_ordinary_words_are_not_taken_for_a_heading(text):
    assert without_quotes(text) == text


@pytest.mark.parametrize(
    "tail",
    [
        "-- \nИван Петров\nООО Вектор",
        "--\nОтправлено из Почты Mail.ru",
        "Отправлено с iPhone",
        "Отправлено из мобильной Яндекс.Почты: http://m.ya.ru/ymail",
        "Отправлено с моего Samsung",
        "Sent from my iPhone",
        "Get Outlook for Android",
    ],
)
def test_the_signature_of_a_program_is_left_out(tail):
    assert without_signature(f"{ANSWER}\n\n{tail}") == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        f"{ANSWER}\n\nС уважением,\nПётр",
        "Отправлено с завода вчера",
        "Цена -- по запросу",
        "-- \nИван",
        "Отправлено с iPhone",
    ],
)
def test_what_the_writer_said_is_not_taken_for_a_signature(text):
    assert without_signature(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "1 дек. 2025 г., 12:05, " * 8000,
        "01.12.2025 12:05, x\n" * 9000,
        "От: x\n" * 30_000,
        ">" * 200_000,
        " " * 200_000,
        "_" * 200_000,
        "On " + "2025 " * 40_000,
        "--\n" * 60_000,
    ],
)
def test_no_text_takes_long(text):
    began = time.process_time()
    without_signature(without_quotes(text))
    assert time.process_time() - began < 3
