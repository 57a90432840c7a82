"""A story in which everything personal stands in every place that an export reads."""

from __future__ import annotations

import json
from pathlib import Path

from provodka.journal import DeadReason, Journal
from provodka.payloads import (
    Attachment,
    ContactEvent,
    ContactRef,
    EmailReceived,
    EventType,
    Mail,
    MessageEvent,
    Participant,
    Person,
)
from provodka.talks import MediaKind, MessageFile, TalkMessage
from provodka.turns import Turn
from rules.plan import ConditionTrace, RuleOutcome, RuleTrace
from tests.cli.playing import EMAIL, NAME, PHONE, Clock, House, action, call, matched

MAIDEN = "Мария Кузнецова"  # another name of the same person
OTHER, OTHER_EMAIL = "Пётр Сидоров", "petr@example.test"  # only a letter and a call's body tell of him
THIRD = "Олег Кузьмин"  # whom the CRM alone speaks of
FILE, PICTURE = "Паспорт Ивановой.pdf", "Фото Ивановой.jpg"
TELEGRAM = "123456789"
SECRET = "sk-live-4242"

OPEN = (PHONE, EMAIL, NAME, MAIDEN, OTHER, OTHER_EMAIL, THIRD, FILE, PICTURE, TELEGRAM)
"""What an opened export shows, each of it."""
NEVER = (SECRET, "tilda-token-1")


def masked_forms() -> list[bytes]:
    """What no masked export holds, however it is written."""
    phone = PHONE[2:]
    forms = [*OPEN, *NEVER, phone, f"8 (916) {phone[3:6]}-{phone[6:8]}-{phone[8:]}", "Иванова", "Кузнецова", "Ивановой"]
    forms += [one.upper() for one in (EMAIL, OTHER_EMAIL)]
    escaped = [json.dumps(one)[1:-1] for one in forms]
    return [one.encode() for one in (*forms, *escaped)] + [one.encode("utf-16-le") for one in forms]


def planted(house: House, journal: Journal, clock: Clock) -> None:
    """Letters, messages, cards and forms of one person, what rules and the CRM said of them, and one that waits."""
    me = Person(NAME, (PHONE,), (EMAIL,), (f"telegram:{TELEGRAM}",))
    house.plan(house.event("name", person=Person(MAIDEN, (PHONE,))), actions=())
    mail = Mail(
        subject=f"Смета для {NAME}",
        text=f"Это {MAIDEN}, мой номер 8 (916) 000-11-22, пароль: {SECRET}. Копия: {OTHER}",
        participants=(Participant(NAME, EMAIL), Participant(OTHER, OTHER_EMAIL)),
        attachments=(Attachment(FILE, "application/pdf", 10, "ab" * 32),),
    )
    letter = house.event("mail", type=EventType.EMAIL_RECEIVED, channel="mail", person=me, payload=EmailReceived(mail))
    seen = ConditionTrace("person.phone", "is", PHONE, PHONE, matched=True, note=f"это {EMAIL}")
    turned = RuleTrace("Иное", RuleOutcome.ERROR, (seen,), error=f"нет поля у {NAME}")
    acts = (
        action(letter, 0, "intake", {"title": f"Почта: {NAME}", "token": SECRET}),
        action(letter, 1, "note", {"text": f"Написал {OTHER}: {FILE}"}),
        action(letter, 2, "message", {"text": f"Ждём {MAIDEN}", "to": TELEGRAM, "chat": int(TELEGRAM)}),
    )
    stored = house.plan(
        letter, matched(letter, seen, steps=3), turned, actions=acts, facts={"contact": {"id": "4", "name": NAME}}
    )
    journal.take_turns("очередь", [acts[0].key], lambda _: Turn("anna", f"звонила {NAME} с {PHONE}"))
    body = json.dumps({"name": OTHER, "phone": PHONE, "first_name": "Мария", "api_key": SECRET}, ensure_ascii=False)
    asked = call("/api/v4/leads", request_summary=body, answer_summary={"contact": {"name": THIRD, "email": EMAIL}})
    house.attempt(outcome="done", state="done", result=json.dumps({"lead_id": "17", "note": PHONE}), calls=(asked,))
    house.dead(
        DeadReason.REJECTED, f"не принят {PHONE} ({NAME}), token={SECRET}", hint=f"Проверьте {EMAIL}", calls=(asked,)
    )
    message = TalkMessage(
        "m1", TELEGRAM, "telegram", text=f"Я {NAME}", files=(MessageFile(MediaKind.PICTURE, "ref", PICTURE),)
    )
    house.event("talk", type=EventType.MESSAGE_RECEIVED, channel="bot", person=me, payload=MessageEvent(message))
    card = ContactRef("4", NAME, phones=(PHONE,), emails=(EMAIL,))
    house.event("card", type=EventType.CONTACT_UPDATED, channel="amocrm", person=me, payload=ContactEvent(card))
    failed = house.event("failed", person=me)
    taken = {one.event.id: one.seq for one in journal.claim_events(100)}
    journal.fail_event(taken[failed.id], f"RuleError: нет {NAME}, {PHONE}")
    clock.forward(minutes=1)
    house.event("waits", person=me)
    assert stored.lane == 1


def found_in(file: Path, forms: list[bytes]) -> list[str]:
    """Which of them stand anywhere in a file."""
    content = file.read_bytes()
    return [one.decode("utf-8", "replace") for one in forms if one in content]
