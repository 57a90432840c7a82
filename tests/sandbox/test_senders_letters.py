"""Letters are read by Python's own parser, as a mail program would read them."""

import email
from datetime import UTC, datetime
from email.policy import default

import pytest

from sandbox.mail import MailServer
from sandbox.senders import Attachment, NameStyle, letter, send_letter

STARTED = datetime(2025, 12, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r"])
def test_a_letter_is_readable_in_its_charset(charset):
    raw = letter(
        from_="Мария Петрова <maria@example.ru>",
        subject="Заявка: замер окон в субботу, улица Академика Королёва",
        text="Добрый день!\n",
        html="<p>Добрый день!</p>",
        charset=charset,
        headers={"Auto-Submitted": "auto-replied"},
        sent_at=STARTED,
    )
    assert raw.isascii()
    parsed = email.message_from_bytes(raw, policy=default)
    assert parsed["Subject"] == "Заявка: замер окон в субботу, улица Академика Королёва"
    assert parsed["From"].addresses[0].display_name == "Мария Петрова"
    assert parsed.get_body(("plain",)).get_content().strip() == "Добрый день!"
    assert parsed.get_body(("html",)).get_content_charset() == charset
    assert parsed["Auto-Submitted"] == "auto-replied"
    assert parsed["Date"].datetime == STARTED
    assert f"=?{charset}?".encode() in raw.lower()


def test_an_undeclared_letter_is_raw_bytes_with_no_charset_named():
    raw = letter(subject="Заказ", text="Перезвоните мне", charset="windows-1251", declared=False)
    assert "Subject: Заказ\r\n".encode("cp1251") in raw
    assert raw.rstrip().endswith("Перезвоните мне".encode("cp1251"))
    assert b"charset" not in raw


@pytest.mark.parametrize("style", list(NameStyle))
def test_an_attachment_keeps_its_cyrillic_name(style):
    raw = letter(
        text="Во вложении", attachments=[Attachment("Смета №5.pdf", b"%PDF-1.4\x00", "application/pdf", style)]
    )
    (file,) = email.message_from_bytes(raw, policy=default).iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Смета №5.pdf", b"%PDF-1.4\x00")


def test_a_reply_names_what_it_answers():
    parsed = email.message_from_bytes(letter(text="Да", in_reply_to="<prv.17.x@example.ru>"), policy=default)
    assert parsed["In-Reply-To"] == parsed["References"] == "<prv.17.x@example.ru>"


def test_a_letter_reaches_the_mailbox_unchanged():
    raw = letter(subject="Заказ", text="Перезвоните", charset="koi8-r", declared=False)
    with MailServer() as mail:
        send_letter(mail.host, mail.smtp_port, raw)
        (kept,) = mail.letters()
    assert kept.endswith(raw)
