"""The letter within a forwarded one."""

import time

import pytest

from connectors.imap.forwarded import comment_on, forwarded_in
from tests.connectors.imap.conftest import mailbox_settings

SETTINGS = mailbox_settings()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("От: Пётр <petr@example.com>", "Пётр"),
        ("From: Пётр [mailto:petr@example.com]", "Пётр"),
        ("От: Пётр (petr@example.com)", "Пётр"),
        ("От: petr@example.com", ""),
        ("От: <petr@example.com>", ""),
        ('01.12.2025, 10:00, "Пётр" <petr@example.com>:', "Пётр"),
        ("От: | Пётр <petr@example.com>", "Пётр"),
        ("> От: Пётр <petr@example.com>", "Пётр"),
    ],
)
def test_the_writer_of_the_letter_within_is_named(line, name):
    found = forwarded_in(f"Посмотрите\n\n{line}\nТема: Забор\n\nНужен забор", SETTINGS)
    assert (found.name, found.email, found.text) == (name, "petr@example.com", "Нужен забор")


def test_what_the_letter_within_quotes_itself_is_not_its_writers():
    text = "От: Пётр <petr@example.com>\nТема: Забор\n\nСогласен\n\n01.12.2025, 10:00, Мы <info@krovlya.ru>:\n> 8 800 1"
    assert forwarded_in(text, SETTINGS).text == "Согласен"


def test_a_letter_of_ours_within_is_passed_over():
    assert forwarded_in("От: Анна <anna@krovlya.ru>\n\nНужен забор", SETTINGS) is None


def test_the_comment_stands_above_what_is_passed_on():
    assert comment_on("Вот\n\n---------- Forwarded message ---------\nОт: x") == "Вот"
    assert comment_on("---------- Forwarded message ---------\nОт: x").startswith("----")


@pytest.mark.parametrize(
    "text", ["От: x\n" * 30_000, "> " * 90_000, "\n" * 150_000, "От: a@b.ru\n" + "Тема: x\n" * 20_000]
)
def test_no_text_takes_long(text):
    began = time.process_time()
    forwarded_in(text, SETTINGS)
    comment_on(text)
    assert time.process_time() - began < 2
