"""Letters of people are told apart from those of machines."""

import pytest

from connectors.imap.parse import parse_letter
from provodka.payloads import MailKind
from tests.connectors.imap.conftest import NOW, mailbox_settings


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, MailKind.LETTER),
        ({"Auto-Submitted": "no"}, MailKind.LETTER),
        ({"Precedence": "first-class"}, MailKind.LETTER),
        ({"Auto-Submitted": "auto-replied"}, MailKind.AUTOREPLY),
        ({"Auto-Submitted": "auto-generated"}, MailKind.AUTOREPLY),
        ({"Auto-Submitted": "Auto-Replied; owner=x"}, MailKind.AUTOREPLY),
        ({"X-Autoreply": "yes"}, MailKind.AUTOREPLY),
        ({"X-Autorespond": "Автоответ"}, MailKind.AUTOREPLY),
        ({"X-Auto-Response-Suppress": "All"}, MailKind.AUTOREPLY),
        ({"Precedence": "auto_reply"}, MailKind.AUTOREPLY),
        ({"Return-Path": "<>"}, MailKind.AUTOREPLY),
        ({"From": "MAILER-DAEMON@example.org"}, MailKind.AUTOREPLY),
        ({"Auto-Submitted": "auto-replied", "Precedence": "bulk"}, MailKind.AUTOREPLY),
        ({"Precedence": "bulk"}, MailKind.BULK),
        ({"Precedence": "List"}, MailKind.BULK),
        ({"List-Unsubscribe": "<https://news.example.net/u/1>"}, MailKind.BULK),
        ({"List-Id": "<weekly.news.example.net>"}, MailKind.BULK),
        ({"Feedback-ID": "1:weekly:example"}, MailKind.BULK),
        ({"Auto-Submitted": "auto-generated", "List-Id": "<x>"}, MailKind.BULK),
        ({"X-Failed-Recipients": "nobody@example.org"}, MailKind.BOUNCE),
        ({"X-Spam-Flag": "YES"}, MailKind.SPAM),
        ({"X-Spam-Flag": "NO"}, MailKind.LETTER),
        ({"X-Spam-Status": "Yes, score=9.1 required=5"}, MailKind.SPAM),
        ({"X-Spam-Status": "No, score=0.1"}, MailKind.LETTER),
        ({"X-Yandex-Spam": "4"}, MailKind.SPAM),
        ({"X-Yandex-Spam": "1"}, MailKind.LETTER),
        ({"X-MS-Exchange-Organization-SCL": "6"}, MailKind.SPAM),
        ({"X-MS-Exchange-Organization-SCL": "-1"}, MailKind.LETTER),
        ({"Subject": "[SPAM] Win"}, MailKind.SPAM),
        ({"X-Spam-Flag": "YES", "List-Id": "<x>"}, MailKind.SPAM),
        ({"X-Loop": "info@krovlya.ru"}, MailKind.AUTOREPLY),
        ({"X-Loop": "list@example.org"}, MailKind.LETTER),
        ({"From": "support-noreply@example.org", "In-Reply-To": "<a@x>"}, MailKind.LETTER),
        ({"From": "noreply@example.org", "In-Reply-To": "<a@x>"}, MailKind.AUTOREPLY),
        ({"From": "noreply@example.org"}, MailKind.LETTER),
    ],
    ids=str,
)
def test_headers_tell_what_a_letter_is(letter, read, headers, kind):
    assert read(letter(headers=headers)).mail.kind is kind


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Автоответ: в отпуске", MailKind.AUTOREPLY),
        ("Автоматический ответ: Замер", MailKind.AUTOREPLY),
        ("Re: Out of Office", MailKind.AUTOREPLY),
        ("Automatic reply: order", MailKind.AUTOREPLY),
        ("[Auto-Reply] order", MailKind.AUTOREPLY),
        ("Вне офиса", MailKind.AUTOREPLY),
        ("Re: Автоответ на письмо «Замер»", MailKind.AUTOREPLY),
        ("Отсутствие на работе: Петров", MailKind.AUTOREPLY),
        ("Автоответчик на телефон, сколько стоит?", MailKind.LETTER),
        ("Нужен автоответ на сайте", MailKind.LETTER),
    ],
)
def test_subjects_of_automatic_answers_are_known(letter, read, subject, kind):
    assert read(letter(subject=subject)).mail.kind is kind


def report(multipart, part, *, action="failed", third=None, kind="delivery-status"):
    status = part(
        "Reporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; Nobody@Example.org\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n"
        f"Final-Recipient: rfc822; other@example.org\r\nAction: delivered\r\n",
        "message/delivery-status",
    )
    third = third or part("From: info@krovlya.ru\r\nMessage-ID: <prv.18.aa01@krovlya.ru>\r\n", "message/rfc822-headers")
    return multipart(
        part("Адрес не существует"),
        status,
        third,
        subtype=f'report; report-type="{kind}"',
        sender="mailer-daemon@mx.example.org",
        headers={"Return-Path": "<>", "Auto-Submitted": "auto-replied"},
    )


def test_a_bounce_names_the_failed_address_and_the_letter_it_is_about(multipart, part, read):
    got = read(report(multipart, part))
    assert got.mail.kind is MailKind.BOUNCE
    assert got.mail.failed == ("nobody@example.org",)
    assert got.mail.thread == ("<prv.18.aa01@krovlya.ru>",)
    assert got.person.emails == ("nobody@example.org",)
    assert got.mail.attachments == ()


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_the_letter_a_bounce_is_about_is_found_in_each_form_it_is_enclosed(multipart, part, read, kind):
    third = part("From: info@krovlya.ru\r\nMessage-ID: <prv.18.aa01@krovlya.ru>\r\n\r\nтекст", kind)
    assert read(report(multipart, part, third=third)).mail.thread == ("<prv.18.aa01@krovlya.ru>",)


def test_a_delayed_letter_has_not_failed(multipart, part, read):
    got = read(report(multipart, part, action="delayed"))
    assert got.mail.kind is MailKind.DELAYED
    assert got.mail.failed == ()
    assert got.person.emails == ("nobody@example.org",)


def test_a_read_receipt_is_no_letter(multipart, part, read):
    assert read(report(multipart, part, kind="disposition-notification")).mail.kind is MailKind.RECEIPT


def test_a_bounce_in_plain_words_is_read_from_its_headers_and_its_quote(letter, read):
    text = (
        "Это письмо создано автоматически. Ваше сообщение не доставлено.\n\n"
        "------ This is a copy of your message's headers. ------\n\n"
        "Received: from x\nMessage-ID: <prv.18.aa01@krovlya.ru>\nSubject: КП"
    )
    headers = {"From": "mailer-daemon@corp.mail.ru", "X-Failed-Recipients": "nobody@mail.ru, b@mail.ru"}
    got = read(letter(text, subject="Mail failure", headers=headers))
    assert got.mail.kind is MailKind.BOUNCE
    assert got.mail.failed == ("nobody@mail.ru", "b@mail.ru")
    assert got.mail.thread == ("<prv.18.aa01@krovlya.ru>",)


def test_a_daemons_word_of_failure_is_a_bounce_without_any_header(letter, read):
    got = read(letter(sender="mailer-daemon@yandex.ru", subject="Недоставленное сообщение"))
    assert got.mail.kind is MailKind.BOUNCE


def test_an_answer_to_an_invitation_is_automatic(multipart, part, read):
    calendar = part("BEGIN:VCALENDAR\r\nEND:VCALENDAR", "text/calendar; method=REPLY")
    assert read(multipart(part("Принято"), calendar)).mail.kind is MailKind.AUTOREPLY


def test_a_form_that_a_site_sends_as_bulk_is_a_letter(letter, read):
    raw = letter(
        "Имя: Мария\nТелефон: 8 916 000-11-22",
        sender="www@krovlya.ru",
        headers={"Precedence": "bulk", "Auto-Submitted": "auto-generated"},
    )
    assert read(raw).mail.kind is MailKind.LETTER


def test_a_colleagues_automatic_answer_with_a_phone_is_no_form(letter, read):
    raw = letter(
        "Я в отпуске.\nТел.: 8 916 000-11-22", sender="anna@krovlya.ru", headers={"Auto-Submitted": "auto-replied"}
    )
    got = read(raw)
    assert got.mail.kind is MailKind.AUTOREPLY
    assert got.person.phones == ()


def test_a_newsletter_with_the_shops_phone_in_its_footer_is_no_form(letter, read):
    text = "Скидки!\n\nТелефон: 8 800 555-35-35\nE-mail: shop@example.com"
    got = read(
        letter(text, sender="Магазин <noreply@example.com>", headers={"List-Unsubscribe": "<https://x.example>"})
    )
    assert got.mail.kind is MailKind.BULK
    assert got.person.phones == ()


@pytest.mark.parametrize("folder", ["Спам", "Spam", "[Gmail]/Спам", "INBOX.Junk", "Нежелательная почта", "Junk E-mail"])
def test_what_lies_in_the_folder_for_spam_is_spam(letter, folder):
    event, _ = parse_letter(
        letter(), channel="mail", folder=folder, received_at=NOW, internal_date=NOW, settings=mailbox_settings()
    )
    assert event.payload.message.kind is MailKind.SPAM


def test_a_sites_form_is_a_letter_even_where_a_filter_took_it_for_spam(letter, read):
    raw = letter("Имя: Мария\nТелефон: 8 916 000-11-22", sender="www@krovlya.ru", headers={"X-Spam-Flag": "YES"})
    assert read(raw).mail.kind is MailKind.LETTER


def test_a_letter_that_goes_round_between_servers_is_answered_by_nobody(letter, read):
    rounds = "Received: from a by b;\r\n" * 50
    assert read(rounds.encode() + letter()).mail.kind is MailKind.AUTOREPLY
    assert read(b"Received: from a by b;\r\n" * 12 + letter()).mail.kind is MailKind.LETTER


def test_of_two_robots_that_answer_each_other_neither_writes_a_letter(letter, read):
    ours = {"From": "info@krovlya.ru", "Auto-Submitted": "auto-generated"}
    theirs = {"Auto-Submitted": "auto-replied", "In-Reply-To": "<prv.1@krovlya.ru>"}
    assert [read(letter(headers=headers)).mail.kind for headers in (ours, theirs)] == [MailKind.AUTOREPLY] * 2


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("postmaster@outlook.com", "Не удается доставить: Коммерческое предложение"),
        ("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@vector.ru", "Undeliverable: КП"),
        ("mailer-daemon@googlemail.com", "Delivery Status Notification (Failure)"),
        ("MAILER-DAEMON@mx.example.org", "failure notice"),
        ("mailer-daemon@yandex.ru", "Недоставленное сообщение"),
        ("mailer-daemon@corp.mail.ru", "Mail failure."),
        ("postmaster@vector.ru", "Доставка не удалась"),
        ("Mailer-Daemon@host.ru", "Mail delivery failed: returning message to sender"),
        ("MAILER-DAEMON@example.org", "Undelivered Mail Returned to Sender"),
    ],
)
def test_the_word_of_each_mail_server_that_a_letter_failed_is_a_bounce(letter, read, sender, subject):
    text = (
        "Письмо не доставлено адресату nobody@vector.ru.\n550 5.1.1 User unknown\n\n"
        "--- Below this line is a copy of the message.\n\nReceived: from x\nMessage-ID: <prv.18@krovlya.ru>\nTo: a@b.ru"
    )
    got = read(letter(text, sender=sender, subject=subject))
    assert got.mail.kind is MailKind.BOUNCE
    assert (got.mail.failed, got.mail.reason) == (("nobody@vector.ru",), "550 5.1.1 User unknown")
    assert got.mail.thread == ("<prv.18@krovlya.ru>",)
    assert got.person.emails == ("nobody@vector.ru",)


def test_a_bounce_that_names_several_people_blames_nobody(letter, read):
    got = read(letter("a@vector.ru b@vector.ru", sender="mailer-daemon@x.ru", subject="failure notice"))
    assert (got.mail.failed, got.person.emails) == ((), ())


def test_the_servers_own_words_are_the_reason_of_a_bounce(multipart, part, read):
    status = part(
        "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@vector.ru\r\nAction: failed\r\nStatus: 5.2.2\r\n"
        "Diagnostic-Code: smtp; 552 5.2.2 Mailbox full\r\n",
        "message/delivery-status",
    )
    raw = multipart(part("x"), status, subtype="report; report-type=delivery-status", sender="mailer-daemon@x.ru")
    assert read(raw).mail.reason == "552 5.2.2 Mailbox full"


@pytest.mark.parametrize(
    "subject", ["Delivery Status Notification (Delay)", "Warning: could not send message", "Задержка"]
)
def test_a_letter_that_is_still_on_its_way_is_no_bounce(letter, read, subject):
    assert read(letter(sender="mailer-daemon@x.ru", subject=subject)).mail.kind is MailKind.DELAYED


def test_a_letter_that_arrived_is_a_receipt(multipart, part, read):
    assert read(report(multipart, part, action="delivered")).mail.kind is MailKind.RECEIPT


def test_a_read_receipt_is_about_who_read_and_names_our_letter(multipart, part, read):
    notice = part("Original-Message-ID: <prv.18@krovlya.ru>\r\n", "message/disposition-notification")
    subtype = "report; report-type=disposition-notification"
    got = read(multipart(part("Прочитано"), notice, subtype=subtype, subject="Прочитано: КП"))
    assert (got.mail.kind, got.mail.thread) == (MailKind.RECEIPT, ("<prv.18@krovlya.ru>",))
    assert (got.person.emails, got.person.phones) == (("maria@example.org",), ())
