"""What a letter is to us by its mailbox: sent by one of ours, of a known person, forwarded into a card."""

import pytest

from connectors.imap.told import Teller
from provodka.payloads import EventType, MailRole

CLIENT = "Мария Р <maria@example.org>"
OURS = "Иван <ivan@krovlya.ru>"


@pytest.fixture
def tell(read, settings):
    def build(raw, *, in_sent=False, knows=lambda _: False, **values):
        return Teller(settings(**values), knows).tell(read(raw, **values).event, in_sent=in_sent)

    return build


def test_a_letter_of_the_sent_folder_is_about_whom_it_was_sent_to(tell, letter):
    raw = letter(sender=OURS, headers={"To": "Иван <ivan@krovlya.ru>, maria@example.org, petr@example.org"})
    event = tell(raw, in_sent=True)
    assert event.type is EventType.EMAIL_SENT
    assert event.person.emails == ("maria@example.org",)  # the second recipient is another person
    assert event.payload.message.to == ("ivan@krovlya.ru", "maria@example.org", "petr@example.org")


def test_a_copy_of_what_one_of_ours_wrote_to_a_client_is_a_letter_of_ours_in_any_folder(tell, letter):
    event = tell(letter(sender=OURS, headers={"To": "maria@example.org", "Cc": "info@krovlya.ru"}))
    assert (event.type, event.person.emails) == (EventType.EMAIL_SENT, ("maria@example.org",))


def test_what_one_of_ours_writes_to_another_is_received(tell, letter):
    assert tell(letter(sender=OURS, headers={"To": "info@krovlya.ru"})).type is EventType.EMAIL_RECEIVED


def test_a_form_that_the_site_sends_from_our_address_is_received(tell, letter):
    raw = letter("Имя: Мария\nТелефон: 8 916 000-11-22", sender="site@krovlya.ru", headers={"Cc": "boss@example.org"})
    event = tell(raw)
    assert (event.type, event.person.phones) == (EventType.EMAIL_RECEIVED, ("+79160001122",))


@pytest.mark.parametrize("role", list(MailRole))
def test_a_letter_carries_the_role_of_its_mailbox(tell, letter, role):
    assert tell(letter(), role=role.value, knows=lambda _: True).payload.message.role is role


def test_of_a_strangers_letter_to_a_personal_mailbox_no_word_is_kept(tell, letter):
    event = tell(letter("личное, 8 916 000-11-22", sender=CLIENT), role="personal")
    mail = event.payload.message
    assert (mail.subject, mail.text, mail.full_text, mail.attachments, event.raw) == ("", "", "", (), b"")
    assert (event.person.phones, event.person.name) == ((), "")
    assert (mail.from_, mail.message_id, mail.role) == ("maria@example.org", "<1@example.org>", MailRole.PERSONAL)


@pytest.mark.parametrize("knows", [True, None])
def test_a_known_persons_letter_to_a_personal_mailbox_is_kept_whole_and_so_while_nobody_can_tell(tell, letter, knows):
    event = tell(letter("по договору"), role="personal", knows=lambda _: knows)
    assert event.payload.message.text == "по договору"


def test_known_is_asked_of_all_who_are_not_ours(tell, letter):
    asked = []
    raw = letter(sender=CLIENT, headers={"To": "ivan@krovlya.ru", "Cc": "petr@example.org"})
    tell(raw, role="personal", knows=asked.append)
    assert asked == [["maria@example.org", "petr@example.org"]]


def test_an_answer_to_a_letter_of_ours_is_kept_even_of_somebody_unknown(tell, letter):
    event = tell(letter("да", headers={"In-Reply-To": "<prv.17.9f@krovlya.ru>"}), role="personal")
    assert event.payload.message.text == "да"


def test_words_of_strangers_stay_in_a_box_for_correspondence(tell, letter):
    assert tell(letter("здравствуйте"), role="correspondence").payload.message.text == "здравствуйте"


WITHIN = "Смотри\n\nОт: Пётр <petr@example.org>\nДата: 1 дек. 2025\n\nЖду счёт"


@pytest.mark.parametrize("headers", [{"To": "sales+card@krovlya.ru"}, {"Delivered-To": "sales+card@krovlya.ru"}])
def test_what_one_of_ours_forwards_to_the_card_address_is_about_the_writer_within(tell, letter, headers):
    raw = letter(WITHIN, subject="по Петру", sender=OURS, headers=headers)
    event = tell(raw, card_address="Sales+Card@krovlya.ru", role="personal")
    assert event.type is EventType.EMAIL_RECEIVED
    assert event.person.emails == ("petr@example.org",)
    assert event.payload.message.forwarded_by == "ivan@krovlya.ru"
    assert "Жду счёт" in event.payload.message.full_text


def test_a_stranger_cannot_put_a_letter_into_a_card(tell, letter):
    raw = letter(WITHIN, sender=CLIENT, headers={"To": "sales+card@krovlya.ru"})
    event = tell(raw, card_address="sales+card@krovlya.ru")
    assert event.payload.message.forwarded_by == ""
    assert event.person.emails == ("maria@example.org",)


def test_what_nobody_can_read_stays_as_it_is(tell):
    assert tell(b"\r\n\xff\r\n", role="personal").type is EventType.UNREADABLE
