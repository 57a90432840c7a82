"""A whole letter to a whole event."""

import base64
import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.imap.parse import parse_letter
from connectors.imap.settings import ImapSettings
from provodka.event import dump_payload, dump_person, load_payload
from provodka.payloads import EmailReceived, EventType, Unreadable

NOW = datetime(2025, 12, 1, 12, 0, tzinfo=UTC)
SETTINGS = ImapSettings(host="localhost", user="info@krovlya.ru", password="x")


def test_a_letter_becomes_an_event_with_all_its_fields(letter, read):
    raw = letter(headers={"Cc": "boss@example.ru", "References": "<a@x> <b@x>", "In-Reply-To": "<b@x>"})
    got = read(raw)
    assert got.event.type is EventType.EMAIL_RECEIVED
    assert (got.event.channel, got.event.external_id) == ("mail", "<1@example.org>")
    assert got.event.raw == raw
    mail = got.mail
    assert (mail.subject, mail.text, mail.folder) == ("Замер", "Нужен замер в субботу", "INBOX")
    assert (mail.from_, mail.to, mail.cc) == ("maria@example.org", ("info@krovlya.ru",), ("boss@example.ru",))
    assert (mail.message_id, mail.thread) == ("<1@example.org>", ("<a@x>", "<b@x>"))


def test_the_moment_is_when_the_server_took_it_not_what_the_letter_claims(letter):
    arrived = datetime(2025, 11, 30, 8, 0, tzinfo=UTC)
    raw = letter(headers={"Date": "Thu, 1 Jan 1970 00:00:00 +0000"})
    event, _ = parse_letter(
        raw, channel="mail", folder="INBOX", received_at=NOW, internal_date=arrived, settings=SETTINGS
    )
    assert (event.occurred_at, event.received_at) == (arrived, NOW)


def test_without_a_moment_of_the_server_that_of_receipt_counts(letter):
    event, _ = parse_letter(
        letter(), channel="mail", folder="INBOX", received_at=NOW, internal_date=None, settings=SETTINGS
    )
    assert event.occurred_at == NOW


def test_a_letter_without_message_id_is_known_by_what_it_says(letter, read):
    one, same = read(letter(message_id=None)), read(letter(message_id=None))
    other = read(letter("Другое", message_id=None))
    assert one.event.external_id == same.event.external_id
    assert one.event.external_id.startswith("sha256:")
    assert one.event.external_id != other.event.external_id


def test_a_message_id_is_trimmed_and_kept_as_it_is(letter, read):
    assert read(letter(message_id=" <A.b@Example.org>  ")).event.external_id == "<A.b@Example.org>"


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "utf-8"])
def test_a_letter_in_undeclared_bytes_is_read_all_through(read, charset):
    head = 'From: "Магазин" <shop@example.com>\nSubject: Заказ 55\nContent-Type: text/plain\n\n'
    raw = head + "Новый заказ, тел. +7 916 000-77-88"
    got = read(raw.encode(charset))
    assert (got.mail.subject, got.person.name) == ("Заказ 55", "Магазин")
    assert got.mail.text == "Новый заказ, тел. +7 916 000-77-88"
    assert got.person.phones == ("+79160007788",)


def test_of_two_forms_of_a_text_the_plain_one_is_taken(multipart, part, read):
    raw = multipart(part("просто"), part("<b>богато</b>", "text/html; charset=utf-8"), subtype="alternative")
    assert read(raw).mail.text == "просто"


@pytest.mark.parametrize(
    "plain", ["", " \r\n", "Чтобы увидеть письмо, откройте его в браузере", "This message requires HTML"]
)
def test_the_html_is_taken_where_the_plain_text_says_nothing(multipart, part, read, plain):
    html = part(
        "<p>Добрый день, нужен замер кровли в субботу после обеда, адрес Ленина 1</p>", "text/html; charset=utf-8"
    )
    raw = multipart(part(plain), html, subtype="alternative")
    assert read(raw).mail.text.startswith("Добрый день, нужен замер")


def test_all_pieces_of_a_text_between_pictures_are_joined(multipart, part, read):
    raw = multipart(part("Вот крыша:"), part(b"x", "image/jpeg; name=1.jpg"), part("А вот труба."))
    assert read(raw).mail.text == "Вот крыша:\n\nА вот труба."


def test_the_quote_is_cut_and_all_of_it_kept(letter, read):
    quote = "пн, 1 дек. 2025 г. в 12:05, Ромашка <info@krovlya.ru>:\n\n> Удобно ли в субботу?"
    text = f"Да, подходит.\n\n{quote}\n\nОтправлено с iPhone"
    mail = read(letter(text)).mail
    assert mail.text == "Да, подходит."
    assert mail.full_text == text


def test_a_quote_in_html_is_cut_too(letter, read):
    html = (
        '<div>Да, подходит.</div><div class="gmail_quote"><div class="gmail_attr">пн, 1 дек. 2025 г. в 12:05, '
        "Ромашка &lt;info@krovlya.ru&gt;:<br></div><blockquote>Удобно ли в субботу?<br>Ждём</blockquote></div>"
    )
    mail = read(letter(html, content_type="text/html; charset=utf-8")).mail
    assert mail.text == "Да, подходит."
    assert "> Удобно ли в субботу?\n> Ждём" in mail.full_text


def test_a_forwarded_letter_is_kept_whole(letter, read):
    old = "-------- Исходное сообщение --------\nОт: Пётр <petr@example.com>\nОтправлено: 1 дек\nКому: info"
    text = f"Анна, займитесь\n\n{old}\n\nНужен забор"
    mail = read(letter(text, subject="Fwd: Забор")).mail
    assert mail.text == mail.full_text == text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"just words",
        b"\x00\x01\x02",
        b"\xff\xfe" * 100,
    ],
)
def test_bytes_that_are_no_letter_become_an_unreadable_event_with_all_of_them(read, raw):
    event = read(raw).event
    assert event.type is EventType.UNREADABLE
    assert event.raw == raw
    assert event.payload.why


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\nwords without any boundary",
        b"Subject: x\r\nContent-Type: multipart/mixed\r\n\r\nwords without any boundary",
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\n\r\nwords without any boundary",
        b"Subject: x\r\nContent-Type: nonsense\r\n\r\nwords without any boundary",
        b'Subject: x\r\nContent-Type: text/plain; charset="\r\n\r\nwords without any boundary',
        b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(b"words without any boundary")[:-2],
        b"Subject: x\r\nContent-Transfer-Encoding: x-unknown\r\n\r\nwords without any boundary",
        b"Subject: x\nwords without any boundary",
    ],
)
def test_broken_structure_still_gives_its_words(read, raw):
    got = read(raw)
    assert got.mail.subject == "x"
    assert "words without any boundary".startswith(got.mail.text)
    assert len(got.mail.text) > 10


def test_a_letter_nested_beyond_reason_is_still_a_letter(read):
    raw = b"Subject: x\r\n"
    raw += b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    event = read(raw).event
    assert event.type is EventType.EMAIL_RECEIVED
    assert event.raw == raw[: 256 * 1024]


def test_only_the_beginning_of_a_long_letter_is_kept_raw_as_its_files_lie_elsewhere(multipart, part, read):
    got = read(multipart(part("слова"), part(b"x" * 1_000_000, "image/png; name=a.png")))
    assert len(got.event.raw) == 256 * 1024
    assert len(got.blobs[0]) == 1_000_000


def is_a_valid_event(raw):
    event, blobs = parse_letter(
        raw, channel="mail", folder="INBOX", received_at=NOW, internal_date=NOW, settings=SETTINGS
    )
    assert isinstance(event.payload, EmailReceived | Unreadable)
    assert event.external_id
    event.external_id.encode()
    assert load_payload(event.type, dump_payload(event.payload)) == event.payload
    assert b"\\u0000" not in dump_payload(event.payload) + dump_person(event.person)
    if isinstance(event.payload, EmailReceived):
        kept = {file.sha256 for file in event.payload.message.attachments if file.sha256}
        assert len(kept) <= len(blobs)


FIELDS = st.sampled_from(
    [
        "From",
        "To",
        "Subject",
        "Message-ID",
        "References",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Disposition",
        "Content-ID",
        "Reply-To",
        "Auto-Submitted",
        "Return-Path",
        "X-Failed-Recipients",
        "Date",
        "Cc",
    ]
)
VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"text/html",
            b"multipart/mixed; boundary=b",
            b"multipart/report; report-type=delivery-status; boundary=b",
            b"message/rfc822",
            b"message/delivery-status",
            b"message/external-body",
            b"text/plain; charset=utf-7",
            b"base64",
            b"quoted-printable",
            b"x-uuencode",
            b"text/plain; charset*=a'b'c%",
            b"attachment; filename*0*=x''%D0; filename*2=z",
            b"attachment; filename*a=b",
            b"a <b@c.d>",
            b"<a@b> <c@d>",
            b"=?utf-8?B?0J/RgNC?= =?koi8-r?Q?=?=",
            b"=?utf-8?Q?=D0=9F",
            b"<>",
            b"<@>,;:",
        ]
    ),
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [
            b"--b\r\n\r\nx\r\n--b--",
            b"--b\r\nContent-Type: message/rfc822\r\n\r\n\r\n--b",
            b"begin 644 a\n#0V%T\n`\nend\n",
            b"<div style=display:none><![if",
            b"<![CDATA[ <!x",
            b"&#99999999999999999999; &#x; <a href=//[>",
            b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n--b",
        ]
    ),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(FIELDS, VALUES), max_size=8), BODIES)
def test_any_headers_and_any_body_give_a_valid_event(fields, body):
    is_a_valid_event(b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + body)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=500))
def test_any_bytes_give_a_valid_event(raw):
    is_a_valid_event(raw)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_damaged_letter_gives_a_valid_event(multipart, part, seed):
    chance = random.Random(seed)
    html = part(
        '<p>Схема</p><img src="cid:l">', "text/html; charset=windows-1251", Content_Transfer_Encoding="quoted-printable"
    )
    file = part(
        b"QUJD",
        "image/png",
        Content_ID="<l>",
        Content_Disposition="attachment; filename*0*=utf-8''%D0%A1; filename*1=a",
    )
    raw = bytearray(multipart(part("Имя: Мария\r\nТелефон: 8 916 000-11-22"), html, file))
    for _ in range(chance.randint(1, 12)):
        where = chance.randrange(len(raw))
        raw[where : where + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
    is_a_valid_event(bytes(raw))


@pytest.mark.parametrize("empty", ["<>", "<@>", " ", "<  >"])
def test_a_message_id_that_says_nothing_does_not_make_all_letters_one(letter, read, empty):
    one, other = read(letter("Раз", message_id=empty)), read(letter("Два", message_id=empty))
    assert one.event.external_id != other.event.external_id


def test_pieces_of_a_boundary_that_do_not_fit_leave_the_letter_readable(read):
    raw = b"Subject: x\r\nContent-Type: multipart/mixed; boundary*0=a; boundary*=b\r\n\r\nwords"
    assert read(raw).mail.text == "words"


@pytest.mark.parametrize("markup", ["</", "<ul><li>", "<!--", "<a "])
def test_markup_that_never_ends_does_not_hold_up_the_mailbox(letter, read, markup):
    began = time.process_time()
    read(letter(markup * (100_000 // len(markup)), content_type="text/html; charset=utf-8"))
    assert time.process_time() - began < 5


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Foo 2025 99:99:99 +9999", "01.12.2025", "\xff" * 50])
def test_a_date_that_is_none_changes_nothing(letter, read, date):
    got = read(letter(headers={"Date": date}))
    assert (got.event.occurred_at, got.mail.text) == (NOW, "Нужен замер в субботу")


def test_a_subject_and_a_body_of_ten_megabytes_are_cut_and_do_not_hold_up_the_mailbox(letter, read):
    began = time.process_time()
    got = read(letter("Слово " * 900_000, headers={"Subject": "x" * 10_000_000}))
    assert time.process_time() - began < 5
    assert len(got.mail.subject) == 1000
    assert len(got.mail.full_text) == 200_000
    assert len(got.event.raw) == 256 * 1024


def test_null_bytes_and_signs_of_control_are_left_out(letter, read):
    raw = letter(
        "Ну\x00жен\x01 за\x0bмер\x7f", subject="За\x00мер", headers={"From": "Ма\x00рия <ma\x00ria@example.org>"}
    )
    got = read(raw)
    assert (got.mail.text, got.mail.subject, got.person.name) == ("Нужен замер", "Замер", "Мария")


@pytest.mark.parametrize("name", ["To", "Received", "References"])
def test_a_header_repeated_without_end_does_not_hold_up_the_mailbox(letter, read, name):
    began = time.process_time()
    got = read(f"{name}: <somebody@example.org>, \r\n".encode() * 20_000 + letter())
    assert time.process_time() - began < 3
    assert got.mail.text == "Нужен замер в субботу"
