"""The intake: who is known, which lead is reused, what is made, and never twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from provodka.crm import Contact, ContactAddition, LeadChange, NewContact, NewLead, User
from provodka.errors import Rejected
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef, Person
from rules.faults import RuleError
from tests.rules.world import CLIENT, World, deliver_step, make_event

QUEUE = {"round_robin": ["anna", "ivan"]}
STEP = {
    "intake": {
        "pipeline": "Кровля",
        "stage": "Новый лид",
        "title": "Сайт: {{ person.name }}",
        "responsible": QUEUE,
        "tags": ["сайт", "{{ utm.source }}"],
        "fields": {"Площадь": "{{ form.fields['Площадь'] | default('') }}"},
        "price": "{{ order.amount if order else '' }}",
    }
}
CARD = Contact("4", "Пётр", ("+79160001122",), ("petr@example.ru",), "ivan@krovlya.ru")
OPEN = LeadRef(
    "17", "Старая", "https://crm/leads/17", "Кровля", "Горячие", responsible="ivan@krovlya.ru", tags=("Сайт",)
)
CLOSED = replace(OPEN, id="16", state="lost")
OTHER_PIPELINE = replace(OPEN, id="18", pipeline="Окна")


def step(**changes: Any) -> dict[str, Any]:
    return {"intake": {**STEP["intake"], **changes}}


def done(outcome: Outcome) -> dict[str, str]:
    assert isinstance(outcome, Done), outcome
    return outcome.values


def test_an_unknown_person_gets_a_contact_and_a_lead_in_one_call_and_a_turn_is_taken() -> None:
    world = World()
    event = make_event(utm={"source": "yandex"}, form={"fields": {"Площадь": "120"}}, order={"amount": "99.50"})
    values = done(deliver_step(world, STEP, event))
    assert world.crm.calls("create_leads") == [
        [
            NewLead(
                title="Сайт: Пётр Сидоров",
                pipeline="Кровля",
                stage="Новый лид",
                responsible="anna@krovlya.ru",
                price=Decimal("99.50"),
                tags=("сайт", "yandex"),
                fields={"Площадь": "120"},
                contact=NewContact("Пётр Сидоров", ("+79160001122",), ("petr@example.ru",)),
            )
        ]
    ]
    assert values == {
        "lead_id": "100",
        "contact_id": "c100",
        "created": "yes",
        "responsible": "anna",
        "reason": "new person; round robin: turn 1 of [anna, ivan]",
        "url": "https://crm/leads/100",
    }


def test_the_decision_is_frozen_after_the_reads_and_before_the_lead_is_made() -> None:
    world = World()
    deliver_step(world, STEP)
    assert world.crm.names == ["find_people", "freeze", "create_leads"]


def test_a_person_without_a_name_is_called_by_phone_then_by_email_then_by_nothing() -> None:
    for person, name in (
        (Person("", ("+79160001122",), ("a@b.ru",)), "+79160001122"),
        (Person("", (), ("a@b.ru",)), "a@b.ru"),
        (Person(), "Без имени"),
    ):
        world = World()
        deliver_step(world, step(title="x"), make_event(person=person))
        assert world.crm.calls("create_leads")[0][0].contact.name == name


def test_a_person_without_phone_and_email_is_not_searched_for() -> None:
    world = World()
    done(deliver_step(world, STEP, make_event(person=Person("Аноним", messengers=("telegram:5",)))))
    assert "find_people" not in world.crm.names


def test_a_known_person_with_an_open_lead_gets_tags_on_it_and_no_new_one() -> None:
    world = World()
    world.crm.know(CARD, OPEN, CLOSED)
    values = done(deliver_step(world, STEP, make_event(utm={"source": "vk"})))
    assert world.crm.calls("create_leads") == []
    assert world.crm.calls("update_leads") == [[LeadChange("17", add_tags=("vk",))]]
    assert world.turns.taken == {}
    assert values == {
        "lead_id": "17",
        "contact_id": "4",
        "created": "no",
        "responsible": "ivan",
        "reason": "open lead 17 of known contact 4",
        "url": "https://crm/leads/17",
    }


def test_a_lead_that_has_all_the_tags_is_not_touched() -> None:
    world = World()
    world.crm.know(CARD, OPEN)
    assert done(deliver_step(world, STEP))["lead_id"] == "17"
    assert world.crm.names == ["find_people", "open_leads", "freeze"]


@pytest.mark.shows("S0-02")
def test_new_phones_and_emails_of_a_known_person_are_added_to_the_card() -> None:
    world = World()
    world.crm.know(replace(CARD, emails=()), OPEN)
    person = Person("Пётр", ("+79160001122", "+74950001122"), ("petr@example.ru",))
    done(deliver_step(world, STEP, make_event(person=person)))
    assert world.crm.calls("add_to_contacts") == [[ContactAddition("4", ("+74950001122",), ("petr@example.ru",))]]


def test_a_known_person_without_an_open_lead_gets_one_and_keeps_their_manager() -> None:
    world = World()
    world.crm.know(CARD, CLOSED)
    values = done(deliver_step(world, STEP))
    ((lead,),) = world.crm.calls("create_leads")
    assert (lead.contact_id, lead.contact, lead.responsible) == ("4", None, "ivan@krovlya.ru")
    assert (values["created"], values["contact_id"], values["responsible"]) == ("yes", "4", "ivan")
    assert values["reason"] == "new lead for known contact 4; stays with ivan"
    assert world.turns.taken == {}


def test_a_manager_outside_the_staff_who_is_active_in_the_crm_is_kept_too() -> None:
    world = World()
    world.crm.staff.append(User("9", "boss@krovlya.ru", "Босс"))
    world.crm.know(replace(CARD, responsible="boss@krovlya.ru"))
    assert done(deliver_step(world, STEP))["responsible"] == "boss@krovlya.ru"


def test_a_manager_who_left_is_replaced_by_the_next_in_turn() -> None:
    world = World()
    world.crm.staff = [replace(user, active=user.name != "ivan") for user in world.crm.staff]
    world.crm.know(CARD)
    values = done(deliver_step(world, STEP))
    assert values["responsible"] == "anna"
    assert "ivan is no active user of the CRM" in values["reason"]


def test_a_rule_may_give_known_persons_to_others_too() -> None:
    world = World()
    world.crm.know(CARD)
    assert done(deliver_step(world, step(keep=False)))["responsible"] == "anna"


def test_without_a_responsible_in_the_rule_the_crm_decides() -> None:
    world = World()
    values = done(deliver_step(world, {"intake": {"title": "x"}}))
    assert world.crm.calls("create_leads")[0][0].responsible == ""
    assert values["responsible"] == ""


def test_nobody_active_to_choose_is_a_refusal_and_nothing_is_made() -> None:
    world = World()
    world.crm.staff = []
    outcome = deliver_step(world, STEP)
    assert isinstance(outcome, Rejected)
    assert world.crm.calls("create_leads") == []


@pytest.mark.parametrize(
    ("reuse", "leads", "taken"),
    [
        ("any", (OTHER_PIPELINE, OPEN), "18"),
        ("pipeline", (OTHER_PIPELINE, OPEN), "17"),
        ("pipeline", (OTHER_PIPELINE,), None),
        ("never", (OPEN,), None),
        ("any", (CLOSED,), None),
    ],
)
def test_which_open_lead_is_reused_is_the_rules_choice(
    reuse: str, leads: tuple[LeadRef, ...], taken: str | None
) -> None:
    for by_link in (False, True):
        world = World()
        world.crm.know(CARD, *leads)
        if by_link:
            world.links.leads["phone:+79160001122"] = tuple(lead.id for lead in leads)
        values = done(deliver_step(world, step(reuse=reuse)))
        assert values["created"] == ("no" if taken else "yes")
        assert values["lead_id"] == (taken or world.crm.stamps[next(iter(world.crm.stamps))])
        assert values["contact_id"] == "4"


def test_the_open_lead_of_a_double_of_the_card_is_reused() -> None:
    world = World()
    world.crm.know(CARD)
    world.crm.doubles["4"] = ("5",)
    world.crm.know(Contact("5", "Пётр С."), OPEN)
    values = done(deliver_step(world, STEP))
    assert (values["lead_id"], values["contact_id"]) == ("17", "5")


def test_our_own_open_lead_is_reused_without_any_search() -> None:
    world = World()
    world.crm.know(Contact("4", "Пётр"), OPEN)  # the search does not know the phone yet
    world.links.leads["phone:+79160001122"] = ("17",)
    values = done(deliver_step(world, STEP, make_event(person=Person("Пётр", ("+79160001122",)))))
    assert (values["lead_id"], values["contact_id"], values["created"]) == ("17", "4", "no")
    assert world.crm.names == ["leads", "freeze"]


def test_a_second_identity_is_offered_to_the_card_that_we_made_ourselves() -> None:
    world = World()
    world.crm.know(Contact("4", "Пётр"), OPEN)
    world.links.leads["phone:+79160001122"] = ("17",)
    done(deliver_step(world, STEP))
    assert world.crm.calls("add_to_contacts") == [[ContactAddition("4", CLIENT.phones, CLIENT.emails)]]


def test_our_own_lead_that_was_closed_still_tells_the_card_that_the_search_does_not_know_yet() -> None:
    world = World()
    world.crm.know(Contact("4", "Пётр"), CLOSED)
    world.links.leads["phone:+79160001122"] = ("16",)
    values = done(deliver_step(world, STEP))
    ((lead,),) = world.crm.calls("create_leads")
    assert (lead.contact_id, lead.responsible, values["created"]) == ("4", "ivan@krovlya.ru", "yes")


def test_our_own_lead_that_was_deleted_is_forgotten() -> None:
    world = World()
    world.links.leads["phone:+79160001122"] = ("16",)
    assert done(deliver_step(world, STEP))["created"] == "yes"
    assert world.crm.calls("create_leads")[0][0].contact is not None


SOURCE = {"Источник": "{{ utm.source }}", "Кампания": "{{ utm.campaign }}"}
YANDEX = {"source": "yandex", "campaign": "brand"}


def test_a_new_lead_gets_its_source_beside_its_other_fields() -> None:
    world = World()
    deliver_step(world, step(source=SOURCE), make_event(utm={"source": "yandex"}, form={"fields": {"Площадь": "9"}}))
    [[lead]] = world.crm.calls("create_leads")
    assert lead.fields == {"Площадь": "9", "Источник": "yandex"}


def test_a_found_lead_keeps_its_first_source_and_the_result_says_so() -> None:
    world = World()
    world.crm.know(CARD, replace(OPEN, tags=("сайт", "yandex"), fields={"источник": "vk"}))
    values = done(deliver_step(world, step(source=SOURCE), make_event(utm=YANDEX)))
    assert world.crm.calls("update_leads") == []
    assert values["reason"].endswith("; its first source stays (Источник)")


def test_a_found_lead_without_a_source_gets_the_whole_one_as_its_first() -> None:
    world = World()
    world.crm.know(CARD, replace(OPEN, tags=("сайт", "yandex"), fields={"Источник": " "}))
    values = done(deliver_step(world, step(source=SOURCE), make_event(utm=YANDEX)))
    [[change]] = world.crm.calls("update_leads")
    assert change == LeadChange("17", fields={"Источник": "yandex", "Кампания": "brand"})
    assert values["reason"].endswith("; had no source, this one is its first")


def test_half_a_source_is_not_completed_from_another_visit() -> None:
    world = World()
    world.crm.know(CARD, replace(OPEN, tags=("сайт", "yandex"), fields={"Источник": "vk"}))
    deliver_step(world, step(source=SOURCE), make_event(utm=YANDEX))
    assert world.crm.calls("update_leads") == []


def test_a_visit_without_marks_says_nothing_of_a_source() -> None:
    world = World()
    world.crm.know(CARD, replace(OPEN, tags=("сайт",)))
    values = done(deliver_step(world, step(source=SOURCE, tags=["сайт"]), make_event()))
    assert world.crm.calls("update_leads") == []
    assert "source" not in values["reason"]


def test_a_field_stands_in_fields_or_in_source_and_not_in_both() -> None:
    with pytest.raises(RuleError, match="Площадь: write it in fields or in source"):
        deliver_step(World(), step(source={"Площадь": "1"}), make_event())
