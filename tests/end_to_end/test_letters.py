"""A talk by letters from both sides, as the card shows it."""

from __future__ import annotations

import pytest

from sandbox.senders.letters import Attachment, letter
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES, Json
from tests.end_to_end.post import ANNA, CARD_RULES, SENT

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA = "Мария <maria@zavod.ru>"
OLEG = "Олег <oleg@zavod.ru>"
NEW = """
  - name: Письмо клиента
    on: email.received
    when: {message.kind: letter, message.thread: {empty: true}}
    do:
      - intake:
          pipeline: Кровля
          stage: Новый лид
          title: "{{ message.subject }}"
          responsible: {round_robin: [anna, ivan], counter: новые заявки}
          reuse: never
      - log_letter: {skip: [example.test]}
"""


@pytest.fixture
def company(closed: Company) -> Company:
    """New letters are new affairs here; the folder of sent letters is watched."""

    def rewritten(text: str) -> str:
        begin, end = text.index("  - name: Письмо клиента"), text.index("  - name: Звонок")
        assert "poll: 1}" in text
        return (text[:begin] + NEW.lstrip("\n") + "\n" + text[end:]).replace("poll: 1}", "poll: 1, sent: true}")

    closed.rewritten, closed.extra_rules = rewritten, CARD_RULES
    closed.sandbox.mail.append(b"Message-ID: <0@example.test>\r\nFrom: sandbox@example.test\r\n\r\n", SENT)
    closed.open()
    return closed


def seller_writes(company: Company, to: str, subject: str, text: str, **more: object) -> None:
    """Anna answers from her mail program, which puts the letter among the sent ones."""
    company.sandbox.mail.append(letter(from_=ANNA, to=to, subject=subject, text=text, **more), SENT)  # type: ignore[arg-type]


def shown(lead: Json) -> list[str]:
    """The words of the letters in a card, oldest first."""
    return [text.split("\n\n")[1] for text in notes(lead) if "\n\n" in text]


def notes(lead: Json) -> list[str]:
    """The texts of the feed; a file is a note without one."""
    return [note["text"] for note in lead["notes"] if note.get("text")]


def of_title(company: Company, title: str) -> Json:
    return next(lead for lead in company.leads() if lead["name"] == title)


@pytest.mark.shows("S3-06", "S3-35", "S2-29", "S2-18")
def test_two_affairs_of_one_client_stay_apart_whoever_writes_in_them(company: Company) -> None:
    plan = Attachment("план.pdf", b"%PDF-1.4 plan", "application/pdf")
    company.letter(MARIA, "Крыша", "Нужна крыша", message_id="<1@zavod.ru>", attachments=[plan])
    company.rest("email.received")
    company.letter(MARIA, "Забор", "Нужен забор", message_id="<2@zavod.ru>")
    company.rest("email.received", 2)
    own, first = "<3@example.test>", "<1@zavod.ru>"
    seller_writes(company, MARIA, "Re: Крыша", "Замер завтра", message_id=own, in_reply_to=first)
    company.rest("email.sent", 2)
    company.letter(MARIA, "Re: Крыша", "Жду", message_id="<4@zavod.ru>", in_reply_to=own)
    company.rest("email.received", 3)
    company.letter(OLEG, "Re: Забор", "Я за Марию", message_id="<5@zavod.ru>", in_reply_to="<2@zavod.ru>")
    company.rest("email.received", 4)

    roof, fence = of_title(company, "Крыша"), of_title(company, "Забор")
    assert len(company.leads()) == 2
    assert shown(roof) == ["Нужна крыша", "Замер завтра", "Жду"]
    assert shown(fence) == ["Нужен забор", "Я за Марию"]
    assert sorted(one["name"] for one in fence["contacts"]) == ["oleg@zavod.ru", "Мария"]
    assert sum("Файлы в карточке: план.pdf" in text for text in notes(roof)) == 1
    assert company.doubles()["contacts_by_phone"] == 0


@pytest.mark.shows("S3-35")
def test_what_a_rule_writes_is_found_again_by_the_answer_and_by_the_bounce(company: Company) -> None:
    company.letter(MARIA, "Крыша", "Нужна крыша", message_id="<1@zavod.ru>")
    company.letter(MARIA, "Забор", "Нужен забор", message_id="<2@zavod.ru>")
    company.rest("email.received", 2)
    company.move(of_title(company, "Крыша"), "Переговоры")
    (sent,) = until(company.sent_letters, "the rule has written")
    assert sent["In-Reply-To"] == "<1@zavod.ru>"
    number = str(sent["Message-ID"])
    lead = of_title(company, "Крыша")
    assert number.startswith(f"<prv.{lead['id']}.")
    until(lambda: all(action.state == "done" for action in company.actions()), "the letter is known as sent")
    company.letter(MARIA, "Вопрос", "Когда платить?", message_id="<3@zavod.ru>", in_reply_to=number)
    company.rest("email.received", 3)
    assert shown(of_title(company, "Крыша"))[-1] == "Когда платить?"

    report = (
        "This is the mail system. I could not deliver your message.\n\n<maria@zavod.ru>: 550 5.1.1 no such user\n\n"
        f"--- Below is a copy of the message\n\nMessage-ID: {number}\nSubject: x\n"
    )
    company.letter("MAILER-DAEMON <mailer-daemon@mx.zavod.ru>", "Undelivered Mail Returned to Sender", report)
    company.rest("message.state")
    roof, fence = of_title(company, "Крыша"), of_title(company, "Забор")
    assert any(task["text"].startswith("Письмо не дошло: maria@zavod.ru") for task in roof["tasks"])
    assert fence["tasks"] == []
    assert any(text.startswith("Письмо не доставлено") for text in notes(roof))
