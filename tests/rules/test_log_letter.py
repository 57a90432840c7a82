"""A letter in the card: who wrote to whom, the words, the files with limits, once; and who is new in it."""

from __future__ import annotations

from typing import Any

import pytest

from provodka.crm import CardKind, Contact
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.event import Event
from provodka.mail import Mail
from provodka.mail_thread import mark_of
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef, Person
from rules.actions import REGISTRY
from rules.check import check
from tests.rules.around_crm import AroundCrm
from tests.rules.world import STAFF, World, deliver_step, delivery, make_event, make_rule, plan_of

MARIA = Person("Мария", (), ("maria@zavod.ru",))
NEEDED = {"lead_id": "100", "contact_id": "m", "responsible": "anna"}
PLAN = {"name": "план.pdf", "content_type": "application/pdf", "size": 9, "sha256": "hash-of-a"}
MB = 1024 * 1024


@pytest.fixture
def crm() -> AroundCrm:
    crm = AroundCrm()
    crm.contact_cards["m"] = Contact("m", "Мария", emails=("maria@zavod.ru",))
    crm.lead_cards["100"] = LeadRef("100", "Крыша", contacts=("m",))
    return crm


@pytest.fixture
def world(crm: AroundCrm) -> World:
    return World(crm=crm)


def letter(kind: str = "email.received", id: str = "e1", person: Person = MARIA, **message: Any) -> Event:
    given = {
        "subject": "Крыша",
        "text": "Когда замер?",
        "message_id": "<1@zavod.ru>",
        "from_": "maria@zavod.ru",
        "to": ["info@krovlya.ru"],
        "participants": [{"name": "Мария", "email": "maria@zavod.ru"}],
    }
    return make_event(kind, person, id=id, channel="mail", message={**given, **message})


def log(world: World, event: Event, step: Any = "log_letter", **more: Any) -> Outcome:
    return deliver_step(world, step, event, **{"needed": NEEDED, **more})


def notes(crm: AroundCrm) -> list[str]:
    return [note.text for sent in crm.calls("add_notes") for note in sent]


def test_a_letter_is_a_note_that_says_who_wrote_to_whom(world, crm):
    outcome = log(world, letter(cc=["oleg@zavod.ru"]), {"log_letter": {"participants": "off"}})
    assert notes(crm) == [
        "Письмо от клиента\nОт: Мария <maria@zavod.ru>\nКому: info@krovlya.ru\nКопия: oleg@zavod.ru\nТема: Крыша\n\n"
        "Когда замер?"
    ]
    assert isinstance(outcome, Done)
    assert (outcome.values["lead_id"], outcome.values["logged"]) == (
        "100",
        mark_of(Mail(message_id="<1@zavod.ru>"), ""),
    )
    assert crm.names == ["freeze", "add_notes"], "who is on the card is not asked for nothing"


def test_a_letter_of_ours_shows_as_one(world, crm):
    sent = letter("email.sent", from_="anna@krovlya.ru", to=["maria@zavod.ru"], text="Завтра")
    log(world, sent)
    (note,) = notes(crm)
    assert note.startswith("Письмо отправлено сотрудником\nОт: anna@krovlya.ru\nКому: Мария <maria@zavod.ru>")


@pytest.mark.parametrize(
    ("kind", "title"), [("autoreply", "Автоответ"), ("bounce", "Письмо не доставлено"), ("bulk", "Рассылка")]
)
def test_what_no_person_wrote_is_called_by_its_name(world, crm, kind, title):
    payload = {"kind": kind, "subject": "Крыша", "from_": "maria@zavod.ru"}
    log(world, make_event("email.received", MARIA, channel="mail", message=payload))
    assert notes(crm)[0].splitlines()[0] == title


def test_the_same_letter_is_shown_once_whichever_mailboxes_it_came_to(world, crm):
    world.links.shown = {mark_of(Mail(message_id="<1@zavod.ru>"), "")}
    outcome = log(world, letter(id="e2"))
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "the letter is shown already"
    assert crm.names == []


def test_a_letter_without_message_id_is_known_by_its_event(world, crm):
    world.links.shown = {mark_of(Mail(), "e1")}
    assert isinstance(log(world, letter(message_id="")), Done)
    log(world, letter(id="e2", message_id=""))
    assert len(notes(crm)) == 1


def test_a_long_letter_is_cut_and_says_so_and_an_empty_one_too(world, crm):
    log(world, letter(text="а" * 300), {"log_letter": {"limit": 100}})
    log(world, letter(text=" "))
    assert "а" * 100 + "…\n[показано 100 знаков из 300]" in notes(crm)[0]
    assert "[письмо без текста]" in notes(crm)[1]


def test_the_files_hang_on_the_card_and_what_is_left_out_is_named_with_the_reason(world, crm):
    big = {"name": "видео.mp4", "content_type": "video/mp4", "size": 30 * MB, "sha256": "hash-of-b"}
    kept = {"name": "архив.zip", "content_type": "", "size": 5, "sha256": ""}
    outcome = log(world, letter(attachments=[PLAN, big, kept]))
    ((hung,),) = crm.calls("attach_files")
    assert (hung.file.name, hung.card.kind, hung.card.id) == ("план.pdf", CardKind.LEAD, "100")
    (note,) = notes(crm)
    assert "Файлы в карточке: план.pdf" in note
    assert "Не приложен «видео.mp4» (30 МБ): больше 20 МБ" in note
    assert "Не приложен «архив.zip» (5 байт): почта не отдала его вместе с письмом" in note
    assert isinstance(outcome, Done)
    assert outcome.values["files"] == "план.pdf"


def test_files_are_counted_and_summed_up(world, crm):
    files = [{**PLAN, "name": f"{n}.pdf", "size": 4 * MB} for n in range(4)]
    log(world, letter(attachments=files), {"log_letter": {"count": 3}})
    assert "Не приложен «3.pdf» (4 МБ): в карточку кладётся не больше 3 файлов письма" in notes(crm)[0]
    log(world, letter(attachments=files), {"log_letter": {"total": "9 MB"}})
    assert "файлы письма вместе больше 9 МБ" in notes(crm)[1]
    log(world, letter(attachments=files), {"log_letter": {"files": False}})
    assert "Файлы" not in notes(crm)[2]


def test_a_card_that_refuses_the_file_shows_the_words_and_one_that_fails_now_waits_for_both(world, crm):
    crm.refuse["attach_files"] = Rejected("no room on the disk")
    outcome = log(world, letter(attachments=[PLAN]))
    assert isinstance(outcome, Done)
    assert "no room on the disk" in outcome.values["reason"]
    crm.refuse["attach_files"] = Retryable("later")
    assert isinstance(log(world, letter(attachments=[PLAN])), Retryable | Ambiguous)
    assert len(notes(crm)) == 1


def test_who_takes_part_and_is_not_on_the_card_is_offered(world, crm):
    people = [{"name": "Мария", "email": "maria@zavod.ru"}, {"name": "Олег", "email": "oleg@zavod.ru"}]
    people += [{"email": "anna@krovlya.ru"}, {"email": "x@postavka.ru"}]
    outcome = log(world, letter(participants=people), {"log_letter": {"skip": ["postavka.ru"]}})
    assert notes(crm)[0].endswith("Нет в карточке, можно добавить: Олег <oleg@zavod.ru>")
    assert isinstance(outcome, Done)
    assert (outcome.values["participants"], outcome.values["known"]) == ("oleg@zavod.ru", "maria@zavod.ru")


def test_a_letter_to_a_crowd_offers_nobody(world, crm):
    people = [{"email": f"p{n}@zavod.ru"} for n in range(10_000)]
    log(world, letter(participants=people, to=[one["email"] for one in people]))
    (note,) = notes(crm)
    assert "слишком много адресов" in note
    assert "p9@zavod.ru и ещё 9990" in note
    assert len(note) < 1000


def test_those_who_are_to_be_added_become_contacts_of_the_lead_and_the_known_ones_are_not_looked_for(world, crm):
    people = [{"email": "maria@zavod.ru"}, {"email": "oleg@zavod.ru"}]
    event = letter(participants=people)
    shown, *adding = plan_of({"log_letter": {"participants": "add"}}, event=event).actions
    assert [(one.kind, one.params["email"], one.needs) for one in adding] == [
        ("participant", "maria@zavod.ru", shown.key),
        ("participant", "oleg@zavod.ru", shown.key),
    ]
    (first,) = world.deliver_items([delivery(shown, event, needed=NEEDED)], "log_letter")
    assert isinstance(first, Done)
    assert "можно добавить" not in notes(crm)[0]
    items = [delivery(one, event, needed=first.values) for one in adding]
    outcomes = [world.deliver_items([item], "participant")[0] for item in items]
    assert [outcome.values["reason"] for outcome in outcomes] == ["is on the card already", "new person"]
    assert [one.emails for sent in crm.calls("create_contacts") for one in sent] == [("oleg@zavod.ru",)]
    assert len(crm.calls("link_cards")) == 1


def test_without_a_lead_it_hangs_on_the_contact(world, crm):
    crm.lead_cards.clear()
    log(world, letter(), needed=None)
    ((note,),) = crm.calls("add_notes")
    assert (note.lead_id, note.contact_id) == ("", "m")


@pytest.mark.parametrize("on", ["call.missed", "message.received"])
def test_only_letters_can_be_shown_so(on):
    assert check([make_rule("log_letter", on=on)], REGISTRY, STAFF, {})


@pytest.mark.parametrize("on", ["email.received", "email.sent"])
def test_letters_of_both_sides_can(on):
    assert check([make_rule("log_letter", on=on)], REGISTRY, STAFF, {}) == []
