"""By what a letter is known to belong to a talk, and who takes part in it."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap.talk import conversation_of, is_answer, is_forward, topic_of
from provodka.payloads import Participant

GUID = bytes(range(16))
INDEX = base64.b64encode(b"\x01" + b"time!" + GUID).decode()
LATER = base64.b64encode(b"\x01" + b"time!" + GUID + b"fivee" * 2).decode()


def test_the_letter_that_was_answered_is_the_last_of_the_thread(letter, read):
    headers = {"References": "<a@x> <answered@x> <c@x>", "In-Reply-To": "<answered@x>"}
    assert read(letter(headers=headers)).mail.thread == ("<a@x>", "<c@x>", "<answered@x>")


def test_of_references_beyond_all_measure_the_newest_are_kept(letter, read):
    headers = {"References": "\r\n ".join(f"<{number:060}@example.org>" for number in range(1000))}
    thread = read(letter(headers=headers)).mail.thread
    assert thread[-1] == f"<{999:060}@example.org>"
    assert len(thread) == 100


@pytest.mark.parametrize(
    ("subject", "topic"),
    [
        ("Замер", "Замер"),
        ("Re: Замер", "Замер"),
        ("RE: FW: Отв: Re[2]: Ответ: НА: HA: Замер", "Замер"),
        ("Fwd: Замер", "Замер"),
        ("Пересл: Вл: Замер", "Замер"),
        ("Re: [#17] Замер", "Замер"),
        ("[#17] Re: Замер", "Замер"),
        ("Замер [#17]", "Замер"),
        ("[SPAM] Re: ***SPAM*** [EXTERNAL] Замер", "Замер"),
        ("Re (3): Re^2: Re*3: Замер", "Замер"),
        ("Re:  Замер   крыши ", "Замер крыши"),
        ("Расчёт: крыша", "Расчёт: крыша"),
        ("Реклама: крыша", "Реклама: крыша"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_the_topic_is_the_subject_without_what_programs_add(subject, topic):
    assert topic_of(subject) == topic


@given(st.text(max_size=30), st.lists(st.sampled_from(["Re: ", "Fwd: ", "ОТВ: ", "Re[2]: ", "[#17] "]), max_size=5))
def test_answering_and_forwarding_never_change_the_topic(subject, prefixes):
    assert topic_of("".join(prefixes) + subject) == topic_of(subject)


def test_the_outermost_mark_tells_an_answer_from_a_forward():
    assert (is_answer("Re: Fwd: Замер"), is_forward("Re: Fwd: Замер")) == (True, False)
    assert (is_answer("Fwd: Re: Замер"), is_forward("Fwd: Re: Замер")) == (False, True)


def test_the_topic_of_outlook_serves_where_there_is_no_subject(letter, read):
    assert read(letter(subject="RE:", headers={"Thread-Topic": "Замер крыши"})).mail.topic == "Замер крыши"


def test_all_letters_of_an_outlook_talk_have_one_conversation(letter, read):
    first, later = (read(letter(headers={"Thread-Index": index})).mail for index in (INDEX, LATER))
    assert first.conversation == later.conversation == GUID.hex()


@pytest.mark.parametrize("index", ["", "AdJexampleIndex==", "ы", "A" * 40, base64.b64encode(b"\x01short").decode()])
def test_an_index_that_is_none_names_no_conversation(index):
    assert conversation_of(index) == ""


@pytest.mark.parametrize(
    ("subject", "to", "tag"),
    [
        ("Re: Замер [#17]", "info@krovlya.ru", "17"),
        ("Re: Замер", "Кровля <info+17@krovlya.ru>", "17"),
        ("Re: Замер [#18]", "info+17@krovlya.ru", "18"),
        ("Re: Замер", "maria+17@example.org", ""),
        ("Re: Замер", "info+spb@krovlya.ru", ""),
        ("Re: Замер [#б/н]", "info@krovlya.ru", ""),
    ],
)
def test_the_number_that_we_gave_is_read_from_the_subject_or_our_address(letter, read, subject, to, tag):
    assert read(letter(subject=subject, headers={"To": to})).mail.tag == tag


def test_the_number_is_found_in_the_address_that_a_server_has_noted(letter, read):
    assert read(letter(headers={"Delivered-To": "info+17@krovlya.ru"})).mail.tag == "17"


@pytest.mark.parametrize(
    ("headers", "alias"),
    [
        ({}, "info@krovlya.ru"),
        ({"To": "boss@example.ru", "Cc": "Опт <opt@krovlya.ru>"}, "opt@krovlya.ru"),
        ({"X-Original-To": "spb@krovlya.ru", "Delivered-To": "info@krovlya.ru"}, "spb@krovlya.ru"),
        ({"Delivered-To": "info@krovlya.ru\r\nDelivered-To: spb@krovlya.ru"}, "spb@krovlya.ru"),
        ({"Envelope-To": "info@krovlya.ru", "Delivered-To": "list@example.org"}, "info@krovlya.ru"),
        ({"X-Original-To": "list@example.org", "Delivered-To": "info@krovlya.ru"}, "info@krovlya.ru"),
        ({"X-Original-To": "info@old-name.ru"}, "info@old-name.ru"),
        ({"To": "undisclosed-recipients:;"}, ""),
    ],
)
def test_the_alias_is_the_address_of_ours_that_the_letter_came_by(letter, read, headers, alias):
    assert read(letter(headers=headers)).mail.to_alias == alias


def test_all_but_ourselves_and_machines_take_part_the_writer_first(letter, read):
    headers = {
        "Reply-To": "Мария, домой <home@example.org>",
        "To": '"Иванов, \\"Вектор\\"" <Ivan@vector.ru>, info@krovlya.ru; noreply@vector.ru',
        "Cc": "ivan@vector.ru, =?utf-8?B?0J/RkdGC0YA=?= <petr@vector.ru>, Анна <anna+17@krovlya.ru>",
    }
    assert read(letter(headers=headers)).mail.participants == (
        Participant("Мария Р", "maria@example.org"),
        Participant("домой", "home@example.org"),
        Participant('Иванов, "Вектор', "ivan@vector.ru"),
        Participant("Пётр", "petr@vector.ru"),
    )


@pytest.mark.parametrize("before", range(0, 40, 7))
def test_ten_thousand_recipients_are_cut_to_what_a_person_could_mean(letter, read, before):
    many = "x" * before + ",\r\n ".join(f"<client-{number}@example.org>" for number in range(10_000))
    began = time.process_time()
    mail = read(letter(headers={"To": many, "Cc": "info@krovlya.ru"})).mail
    assert time.process_time() - began < 2
    assert len(mail.to) <= 200
    assert len(mail.participants) <= 100
    assert all(each.email.endswith("@example.org") for each in mail.participants)
    assert mail.to_alias == "info@krovlya.ru"
