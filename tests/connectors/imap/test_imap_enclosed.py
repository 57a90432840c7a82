"""Letters within letters: winmail.dat, invitations, what is locked; what was kept of them, and what was not."""

import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.imap.tnef import open_tnef

BEGINS, TITLE, DATA, PROPERTIES, MESSAGE_PROPERTIES, CODEPAGE, BODY = (
    *(0x9002, 0x8010, 0x800F, 0x9005),
    *(0x9003, 0x9007, 0x800C),
)


def attribute(level, number, value):
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def prop(name, kind, value):
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + bytes(-len(value) % 4)


def properties(*some):
    return struct.pack("<I", len(some)) + b"".join(some)


def tnef(*attributes):
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


NUMBER = struct.pack("<HHI", 3, 0x3705, 1)  # how it is attached: a number, to be passed over
NAMED = struct.pack("<HH16sII", 3, 0x8001, b"g" * 16, 0, 5) + struct.pack("<I", 7)
WINMAIL = tnef(
    attribute(1, CODEPAGE, struct.pack("<II", 1251, 0)),
    attribute(1, MESSAGE_PROPERTIES, properties(NAMED, prop(0x1000, 0x1F, "Нужен счёт\0".encode("utf-16-le")))),
    attribute(2, BEGINS, bytes(14)),
    attribute(2, TITLE, "СЧЁТ~1.PDF\0".encode("cp1251")),
    attribute(2, DATA, b"%PDF-1.4"),
    attribute(2, PROPERTIES, properties(NUMBER, prop(0x3707, 0x1F, "Счёт за окна.pdf\0".encode("utf-16-le")))),
    attribute(2, BEGINS, bytes(14)),
    attribute(2, TITLE, "план.dwg\0".encode("cp1251")),
    attribute(2, PROPERTIES, properties(prop(0x3701, 0x102, b"AC1027"))),
)


def test_the_files_within_a_winmail_dat_are_files_of_the_letter(multipart, part, read):
    got = read(multipart(part("Во вложении"), part(WINMAIL, "application/ms-tnef; name=winmail.dat")))
    assert [(file.name, file.size) for file in got.mail.attachments] == [("Счёт за окна.pdf", 8), ("план.dwg", 6)]
    assert got.mail.attachments[0].content_type == "application/pdf"
    assert got.blobs == [b"%PDF-1.4", b"AC1027"]
    assert got.mail.text == "Во вложении"


def test_a_winmail_dat_is_known_by_its_name_alone(multipart, part, read):
    got = read(multipart(part("x"), part(WINMAIL, "application/octet-stream; name=WINMAIL.DAT")))
    assert [file.name for file in got.mail.attachments] == ["Счёт за окна.pdf", "план.dwg"]


def test_the_text_of_a_letter_that_is_packed_whole_is_read(multipart, part, read):
    assert read(multipart(part(WINMAIL, "application/ms-tnef"))).mail.text == "Нужен счёт"


@pytest.mark.parametrize("data", [b"", b"abc", b"MZ" * 50, tnef(), WINMAIL[:40]])
def test_a_winmail_dat_that_cannot_be_opened_stays_a_file(multipart, part, read, data):
    got = read(multipart(part("x"), part(data, "application/ms-tnef; name=winmail.dat")))
    assert [file.name for file in got.mail.attachments] == ["winmail.dat"]


def test_a_winmail_dat_that_is_cut_off_gives_what_came_before():
    opened = open_tnef(WINMAIL[:-30])
    assert [file.name for file in opened.files] == ["Счёт за окна.pdf"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(WINMAIL)))
def test_no_bytes_break_the_opening(noise, at):
    opened = open_tnef(WINMAIL[:at] + noise)
    assert opened is None or all(file.data for file in opened.files)


@pytest.mark.parametrize(
    "data",
    [
        tnef(attribute(1, MESSAGE_PROPERTIES, struct.pack("<IHHI", 2**32 - 1, 0x1003, 1, 2**32 - 1))),
        tnef(attribute(1, MESSAGE_PROPERTIES, struct.pack("<IHHI", 1, 0x101E, 1, 2**32 - 1) + bytes(1_000_000))),
        tnef(*[attribute(2, BEGINS, b"")] * 400_000),
    ],
)
def test_a_count_that_lies_does_not_hold_up_the_mailbox(data):
    began = time.process_time()
    open_tnef(data)
    assert time.process_time() - began < 2


EVENT = (
    "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nSUMMARY:Замер\\, крыша\r\n  и труба\r\nDTSTART{start}\r\nLOCATION:Ленина\\, 5\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n"
)


@pytest.mark.parametrize(
    ("method", "start", "told"),
    [
        ("REQUEST", ";TZID=Europe/Moscow:20251205T140000", "05.12.2025 14:00 (Europe/Moscow)"),
        ("REQUEST", ":20251205T110000Z", "05.12.2025 11:00 (UTC)"),
        ("REQUEST", ";VALUE=DATE:20251205", "05.12.2025"),
        ("REQUEST", ":20259905T110000Z", ""),
        ("CANCEL", ":20251205T110000", "05.12.2025 11:00"),
    ],
)
def test_an_invitation_is_told_in_words_and_kept_as_a_file(multipart, part, read, method, start, told):
    calendar = part(EVENT.format(method=method, start=start), f"text/calendar; charset=utf-8; method={method}")
    got = read(multipart(part("Встретимся?"), calendar))
    begins = "Приглашение" if method == "REQUEST" else "Встреча отменена"
    told = f" {told}," if told else ""
    assert got.mail.notes == (f"{begins}: Замер, крыша и труба,{told} Ленина, 5",)
    assert (got.mail.kind, got.mail.text) == ("letter", "Встретимся?")
    assert [file.name for file in got.mail.attachments] == ["file-1.ics"]


def test_an_invitation_without_a_word_says_itself_as_the_text(multipart, part, read):
    calendar = part(EVENT.format(method="REQUEST", start=":20251205T110000Z"), "text/calendar; method=REQUEST")
    assert read(multipart(calendar)).mail.text.startswith("Приглашение: Замер")


@pytest.mark.parametrize(
    ("content_type", "note"),
    [
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "Письмо зашифровано (S/MIME)"),
        ("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "Письмо целиком лежит в файле с подписью"),
    ],
)
def test_a_locked_letter_is_kept_as_a_file_and_says_so(letter, read, content_type, note):
    got = read(letter(b"MIAG", content_type=content_type))
    assert [file.name for file in got.mail.attachments] == ["smime.p7m"]
    assert got.mail.notes[0].startswith(note)
    assert got.mail.text == got.mail.notes[0]


def test_a_letter_that_pgp_has_locked_says_so(letter, multipart, part, read):
    armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----"
    assert "PGP" in read(letter(armour)).mail.notes[0]
    parts = [part("Version: 1", "application/pgp-encrypted"), part(armour, "application/octet-stream; name=msg.asc")]
    assert "PGP" in read(multipart(*parts, subtype="encrypted")).mail.notes[0]


def test_a_signed_letter_is_read_as_any_other(multipart, part, read):
    signature = part(b"MIAG", "application/pkcs7-signature; name=smime.p7s")
    got = read(multipart(part("Согласен"), signature, subtype="signed"))
    assert (got.mail.text, got.mail.notes) == ("Согласен", ())


def test_files_that_were_left_on_the_server_are_named(multipart, part, read):
    big = part("", "application/zip; name=план.zip", Content_Length="62914560")
    got = read(multipart(part("x"), big))
    assert got.mail.notes == ("Слишком велики и не сохранены: «план.zip» (60 МБ)",)


def test_of_too_many_files_the_first_are_kept_and_the_rest_counted(multipart, part, read):
    got = read(multipart(part("x"), *[part(b"y", f"image/png; name={number}.png") for number in range(250)]))
    assert len(got.mail.attachments) == 200
    assert got.mail.notes == ("Вложений 250, сохранены первые 200",)


def test_a_letter_passed_on_within_a_letter_is_one_file_however_deep(multipart, part, letter, read):
    raw = letter("Самое старое", subject="Старое")
    for depth in range(20):
        within = part(raw.replace(b"b1", b"depth-%d" % depth), "message/rfc822")
        raw = multipart(part(f"Слой {depth}"), within, subject=f"Письмо {depth}")
    got = read(raw)
    assert got.mail.text == "Слой 19"
    assert [file.name for file in got.mail.attachments] == ["Письмо 18.eml"]
