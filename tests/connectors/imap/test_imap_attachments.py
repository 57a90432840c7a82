"""Files of letters: which parts are files, under which names, with which bytes."""

import hashlib

import pytest

from provodka.file_names import safe_name


def names(got):
    return [file.name for file in got.mail.attachments]


def test_a_file_is_kept_under_its_hash(multipart, part, read):
    got = read(
        multipart(
            part("Договор"),
            part(
                b"JVBERi0xLjQ=",
                "application/pdf",
                Content_Transfer_Encoding="base64",
                Content_Disposition="attachment; filename=a.pdf",
            ),
        )
    )
    (file,) = got.mail.attachments
    assert (file.name, file.content_type, file.size) == ("a.pdf", "application/pdf", 8)
    assert got.blobs == [b"%PDF-1.4"]
    assert file.sha256 == hashlib.sha256(b"%PDF-1.4").hexdigest()
    assert got.mail.text == "Договор"


@pytest.mark.parametrize(
    ("content_type", "disposition"),
    [
        ("application/x", "attachment; filename*0*=UTF-8''%D0%A1%D1%87; filename*1*=%D1%91%D1%82.xlsx"),
        ("application/x", "attachment; filename*=utf-8''%D0%A1%D1%87%D1%91%D1%82.xlsx"),
        ("application/x", "attachment; filename*=windows-1251''%D1%F7%B8%F2.xlsx"),
        ("application/x", "attachment; filename*=cp-1251''%D1%F7%B8%F2.xlsx"),
        ("application/x", 'attachment; filename="=?utf-8?B?0KHRh9GR0YIueGxzeA==?="'),
        ("application/x", "attachment; filename==?utf-8?B?0KHRh9GR0YIueGxzeA==?="),
        ('application/x; name="=?windows-1251?Q?=D1=F7=B8=F2.xlsx?="', "attachment"),
        ("application/x", 'attachment; filename="Счёт.xlsx"'),
        ("application/x", 'attachment; filename="..\\..\\Счёт.xlsx"'),
    ],
)
def test_file_names_are_read_in_every_form_they_are_sent(multipart, part, read, content_type, disposition):
    assert names(read(multipart(part("x"), part("y", content_type, Content_Disposition=disposition)))) == ["Счёт.xlsx"]


def test_a_file_name_in_raw_cp1251_is_read(multipart, part, read):
    raw = multipart(part("x"), part("y", "application/x", Content_Disposition='attachment; filename="Щит"'))
    assert names(read(raw.replace("Щит".encode(), "Счёт за окна.xlsx".encode("cp1251")))) == ["Счёт за окна.xlsx"]


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\план.dwg", "план.dwg"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\x00b\r\nc.txt", "ab c.txt"),
        ('что?"*<>|.txt', "что.txt"),
        ("...", ""),
        ("", ""),
        ("ы" * 200 + ".pdf", "ы" * 60 + ".pdf"),
        ("a." + "b" * 300, "a." + "b" * 118),
    ],
)
def test_names_are_made_safe(given, safe):
    assert safe_name(given) == safe


def test_a_picture_shown_in_the_text_is_no_file(multipart, part, read):
    html = part('<p>Схема</p><img src="cid:logo@x">', "text/html; charset=utf-8")
    logo = part(b"\x89PNG", "image/png; name=logo.png", Content_ID="<logo@x>", Content_Disposition="inline")
    assert names(read(multipart(html, logo, subtype="related"))) == []


def test_a_large_picture_in_the_text_is_a_photo_worth_keeping(multipart, part, read):
    html = part('<img src="cid:p">', "text/html; charset=utf-8")
    photo = part(b"x" * 150_000, "image/jpeg; name=roof.jpg", Content_ID="<p>")
    assert names(read(multipart(html, photo, subtype="related"))) == ["roof.jpg"]


def test_a_picture_that_the_text_does_not_show_is_a_file(multipart, part, read):
    assert names(read(multipart(part("фото"), part(b"x", "image/jpeg; name=roof.jpg", Content_ID="<p>")))) == [
        "roof.jpg"
    ]


def test_an_attached_letter_is_a_file_and_its_words_are_not_ours(multipart, part, read, letter):
    inner = letter("Текст вложенного", subject="Старое письмо")
    got = read(multipart(part("Смотрите"), part(inner, "message/rfc822")))
    assert got.mail.text == "Смотрите"
    assert names(got) == ["Старое письмо.eml"]
    assert b"From: " in got.blobs[0]


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("application/ms-tnef; name=winmail.dat", "winmail.dat"),
        ("application/pkcs7-mime; name=smime.p7m", "smime.p7m"),
        ("text/csv", "file-1.csv"),
        ("application/x-unheard-of", "file-1.bin"),
    ],
)
def test_what_cannot_be_opened_is_kept_as_a_file(multipart, part, read, content_type, name):
    assert names(read(multipart(part("x"), part(b"abc", content_type)))) == [name]


def test_a_text_sent_as_a_file_is_a_file(multipart, part, read):
    got = read(
        multipart(
            part("слова"),
            part("список", "text/plain; charset=utf-8", Content_Disposition='attachment; filename="a.txt"'),
        )
    )
    assert names(got) == ["a.txt"]
    assert got.mail.text == "слова"


def test_a_name_alone_does_not_make_the_text_a_file(letter, read):
    got = read(letter("слова", content_type='text/plain; charset=utf-8; name="body.txt"'))
    assert got.mail.text == "слова"
    assert names(got) == []


def test_a_file_without_bytes_has_no_hash(multipart, part, read):
    got = read(multipart(part("x"), part(b"", "application/pdf", Content_Disposition="attachment; filename=a.pdf")))
    assert got.mail.attachments[0].sha256 == ""
    assert got.blobs == []
