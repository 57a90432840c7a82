"""To which lead a letter belongs, for the fact, for intake and for every action alike."""

from __future__ import annotations

from typing import Any

import pytest

from provodka.crm import Contact
from provodka.event import Event
from provodka.mail import Mail
from provodka.mail_thread import PastLetter, stamp_of
from provodka.operation import Done
from provodka.payloads import LeadRef, Person
from tests.rules.living_crm import LivingCrm
from tests.rules.world import NOW, World, deliver_step, make_event

MARIA = Person("Мария", (), ("maria@zavod.ru",))
OURS = f"<{stamp_of('1', 'k')}@krovlya.ru>"
NOTE = {"note": {"text": "Письмо"}}
INTAKE = {"intake": {"title": "Новый"}}


@pytest.fixture
def crm() -> LivingCrm:
    """Maria has two open leads, the newer first: the roof with Oleg, the fence with Vera."""
    crm = LivingCrm()
    crm.put(Contact("m", "Мария", emails=("maria@zavod.ru",)))
    crm.put(Contact("o", "Олег", emails=("oleg@zavod.ru",)), Contact("v", "Вера", emails=("vera@zavod.ru",)))
    crm.put(LeadRef("2", "Крыша", contacts=("m", "o"), responsible="anna@krovlya.ru"))
    crm.put(LeadRef("1", "Забор", contacts=("m", "v"), responsible="ivan@krovlya.ru"))
    return crm


@pytest.fixture
def world(crm: LivingCrm) -> World:
    return World(crm=crm)


def letter(person: Person = MARIA, kind: str = "email.received", id: str = "e1", **message: Any) -> Event:
    people = [{"email": one} for one in message.pop("people", ())]
    return make_event(
        kind, person, id=id, channel="mail", message={"subject": "Вопрос", "participants": people, **message}
    )


def ended(world: World, event: Event, step: Any = NOTE) -> tuple[str, str]:
    """The lead in which the letter ended, and why."""
    outcome = deliver_step(world, step, event)
    assert isinstance(outcome, Done), outcome
    return outcome.values["lead_id"], outcome.values["reason"]


both = pytest.mark.parametrize("step", [NOTE, INTAKE], ids=["note", "intake"])


@both
def test_without_anything_that_tells_it_is_the_newest_open_lead_and_the_reason_names_the_other(world, step):
    assert ended(world, letter(), step) == (
        "2",
        "lead 2: the newest open one of this person; open too: 1",
    )


@both
@pytest.mark.parametrize("kind", ["email.received", "email.sent"])
def test_an_answer_to_our_letter_is_in_the_lead_that_our_letter_was_about(world, step, kind):
    world.links.ours = {stamp_of("1", "k"): "1"}
    lead, why = ended(world, letter(kind=kind, thread=["<a@zavod.ru>", OURS]), step)
    assert (lead, why) == ("1", f"lead 1: it answers our letter {stamp_of('1', 'k')}")


def test_a_message_id_that_only_looks_like_ours_names_nothing(world):
    assert ended(world, letter(thread=[OURS]))[0] == "2"


@both
def test_a_letter_goes_where_the_other_letters_of_its_thread_ended_the_answered_one_first(world, step):
    world.links.ended = {"<a@zavod.ru>": ("2",), "<b@zavod.ru>": ("1",)}
    assert ended(world, letter(thread=["<a@zavod.ru>", "<b@zavod.ru>"]), step)[0] == "1"


@both
def test_a_letter_stays_where_another_rule_has_put_it_whatever_its_thread_says(world, step):
    world.links.ended = {"<a@zavod.ru>": ("2",), "<own@zavod.ru>": ("1",)}
    lead, reason = ended(world, letter(message_id="<own@zavod.ru>", thread=["<a@zavod.ru>"]), step)
    assert lead == "1"
    assert "this letter is in it" in reason


@both
def test_what_a_thread_says_counts_for_a_person_whom_the_crm_does_not_know(world, crm, step):
    stranger = Person("Пётр", (), ("petr@zavod.ru",))
    world.links.ended = {"<b@zavod.ru>": ("1",)}
    assert ended(world, letter(stranger, thread=["<b@zavod.ru>"]), step)[0] == "1"
    assert crm.calls("add_to_contacts") == [], "his address is not Maria's"
    assert crm.calls("create_leads") == []


@both
def test_a_closed_lead_of_the_thread_gets_nothing_while_another_is_open(world, crm, step):
    crm.put(LeadRef("1", "Забор", contacts=("m",), state="lost", closed_at=NOW))
    world.links.ended = {"<b@zavod.ru>": ("1",)}
    assert ended(world, letter(thread=["<b@zavod.ru>"]), step)[0] == "2"


def test_of_two_lost_leads_the_one_of_the_thread_goes_back_to_work(world, crm):
    for id_ in ("2", "1"):
        crm.put(LeadRef(id_, contacts=("m",), state="lost", closed_at=NOW))
    world.links.ended = {"<b@zavod.ru>": ("1",)}
    step = {"intake": {"title": "Новый", "reopen": {"lost_within": "90d", "stage": "В работе"}}}
    lead, why = ended(world, letter(thread=["<b@zavod.ru>"]), step)
    assert lead == "1"
    assert "goes back to work" in why


def test_intake_of_one_pipeline_takes_no_lead_of_another_though_the_thread_names_it(world, crm):
    crm.put(
        LeadRef("1", "Забор", pipeline="Сервис", contacts=("m",)), LeadRef("2", pipeline="Продажи", contacts=("m",))
    )
    world.links.ended = {"<b@zavod.ru>": ("1",)}
    step = {"intake": {"title": "Новый", "reuse": "pipeline", "pipeline": "Продажи"}}
    assert ended(world, letter(thread=["<b@zavod.ru>"]), step)[0] == "2"


@both
def test_our_mark_names_one_of_the_persons_own_leads_and_no_others(world, crm, step):
    assert ended(world, letter(tag="1"), step) == ("1", "lead 1: the mark [#1] names it")
    crm.put(LeadRef("9", "Чужой", contacts=("x",)))
    assert ended(world, letter(tag="9"), step)[0] == "2"


@both
def test_the_lead_whose_contacts_take_part_is_the_one(world, step):
    lead, why = ended(world, letter(people=["maria@zavod.ru", "Vera@zavod.ru"]), step)
    assert (lead, why) == ("1", "lead 1: vera@zavod.ru of this letter takes part in it")
    assert ended(world, letter(people=["vera@zavod.ru", "oleg@zavod.ru"]), step)[0] == "2", "both say as much"


@both
def test_the_same_subject_and_outlooks_own_number_lead_to_where_those_letters_are(world, step):
    world.links.past = [
        PastLetter("e0", NOW, Mail(topic="крыша", conversation="c0"), ("2",)),
        PastLetter("e9", NOW, Mail(topic="Забор на даче", conversation="c9"), ("1",)),
    ]
    assert ended(world, letter(topic="забор  на даче"), step)[0] == "1"
    assert ended(world, letter(topic="Крыша", conversation="c9"), step)[0] == "1", "the number goes before the subject"
    assert ended(world, letter(topic="Другое"), step)[0] == "2"


def test_the_letter_itself_does_not_say_where_it_belongs_when_it_is_planned_again(world):
    world.links.past = [PastLetter("e1", NOW, Mail(topic="Вопрос"), ("1",))]
    assert ended(world, letter(topic="Вопрос"))[0] == "2"


def test_with_one_open_lead_nobody_is_asked_who_takes_part(world, crm):
    crm.put(LeadRef("1", state="won", contacts=("m",)))
    assert ended(world, letter(people=["vera@zavod.ru"]))[1] == "lead 2: the only open one of this person"
    assert crm.calls("contacts") == []
