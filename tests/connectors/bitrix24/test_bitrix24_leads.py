"""Leads of a portal: made with their people in one request, changed, won, and never made twice."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.bitrix24.query import Command
from provodka.crm import LeadChange, LeadConversion, Need, NewContact, NewLead
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from provodka.operation import Done, Request
from provodka.payloads import Person

MARIA = NewContact("Мария", ("+79160001122",), ("maria@example.ru",))
LONG_AGO = timedelta(minutes=10)


def new(**more):
    given = {"pipeline": "Лиды", "stage": "Новый лид", "contact": MARIA, **more}
    return NewLead(given.pop("title", "Сайт"), **given)


def test_a_lead_and_its_person_are_made_by_one_request_and_both_bear_our_stamp(crm, desk, ask):
    crm.check([], create=True)
    crm.users()
    crm._room.directory.pipelines()
    before = desk.requests()
    lead = new(
        responsible="anna@krovlya.ru", price=Decimal("1500"), tags=("сайт", ""), fields={"Комментарий": "срочно"}
    )
    [done] = crm.create_leads(ask(lead))
    assert desk.requests() == before + 1
    card = desk.card()
    assert done == Done(str(card["id"]), done.values)
    assert (card["title"], card["stage"], card["responsible_email"]) == ("Сайт", "Новый лид", "anna@krovlya.ru")
    assert (card["price"], card["tags"], card["fields"]["Комментарий"]) == (1500, ["сайт"], ["срочно"])
    assert (card["originator_id"], card["origin_id"]) == ("provodka", "key-0")
    [person] = card["contacts"]
    assert (person["name"], person["phones"], person["emails"]) == ("Мария", ["+79160001122"], ["maria@example.ru"])
    contact = desk.rest("crm.contact.get", id=person["id"])
    assert (contact["ORIGINATOR_ID"], contact["ORIGIN_ID"]) == ("provodka", "key-0")
    assert done.values == {
        "contact_id": str(person["id"]),
        "responsible": "anna@krovlya.ru",
        "url": f"{desk.portal.url}/crm/lead/details/{card['id']}/",
    }


def test_in_a_portal_without_leads_a_lead_is_a_deal(make_crm, desk, ask):
    desk.control("settings", {"crm_mode": 2})
    crm = make_crm()
    assert crm.check([Need("pipeline", "Кровля"), Need("stage", "Переговоры", "Кровля")]) == []
    [done] = crm.create_leads(ask(new(pipeline="Кровля")))
    assert desk.cards() == []
    card = desk.card("deals")
    assert (str(card["id"]), card["pipeline"], card["stage"]) == (done.remote_id, "Кровля", "Новый лид")
    assert done.values["url"].endswith(f"/crm/deal/details/{done.remote_id}/")


def test_leads_asked_for_in_a_portal_without_leads_end_as_deals_all_the_same(make_crm, desk, ask):
    desk.control("settings", {"crm_mode": 2})
    make_crm(entity="lead").create_leads(ask(NewLead("Сайт", contact=MARIA)))
    assert (desk.cards(), len(desk.cards("deals"))) == ([], 1)


def test_the_names_of_a_config_are_checked(crm, deals):
    wrong = [
        Need("pipeline", "Сервис"),
        Need("stage", "Новый лит"),
        Need("user", "old@krovlya.ru"),
        Need("field", "Цвет"),
    ]
    assert [one.need.name for one in crm.check(wrong)] == ["Сервис", "Новый лит", "old@krovlya.ru", "Цвет"]
    assert crm.check([Need("task_type", "Звонок"), Need("pipeline", "лиды"), Need("user", "Анна Смирнова")]) == []
    assert deals.check([Need("pipeline", "Сервис"), Need("stage", "В работе", "Сервис")]) == []


def test_one_bad_lead_of_a_batch_costs_the_others_nothing(crm, desk, ask):
    bad = NewContact("Ошибка", (), ("not an address",))
    people = [NewContact(f"Гость {n}", (f"+7916000000{n}",)) for n in range(4)]
    leads = [new(title=one.name, contact=one) for one in (*people[:2], bad, *people[2:])]
    outcomes = crm.create_leads(ask(*leads))
    assert [type(one) for one in outcomes] == [Done, Done, Rejected, Done, Done]
    assert [card["title"] for card in desk.cards()] == [one.name for one in people]
    assert all(len(card["contacts"]) == 1 for card in desk.cards())
    assert outcomes[2].hint


def test_fifty_leads_take_two_requests(crm, desk, ask):
    crm.check([])
    crm.create_leads(ask(new()))
    before = desk.requests()
    leads = [new(contact=NewContact(f"Гость {n}", (f"+791600001{n:02}",))) for n in range(50)]
    assert all(isinstance(one, Done) for one in crm.create_leads(ask(*leads, prefix="many")))
    assert desk.requests() == before + 2


def test_a_lead_for_a_known_person_makes_no_second_card(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    [done] = crm.create_leads(ask(new(contact=None, contact_id=contact)))
    assert done.values["contact_id"] == contact
    assert [one["id"] for one in desk.card()["contacts"]] == [int(contact)]


def test_a_person_whose_card_was_deleted_gets_a_new_card_before_the_lead(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    assert crm.fill()
    desk.rest("crm.contact.delete", id=contact)
    [done] = crm.create_leads(ask(new(contact=None, contact_id=contact)))
    assert isinstance(done, Done)
    [person] = desk.card()["contacts"]
    assert (person["phones"], str(person["id"])) == (["+79160001122"], done.values["contact_id"])
    assert done.values["contact_id"] != contact


def test_a_card_that_nobody_knows_and_that_is_gone_makes_no_lead(crm, desk, ask):
    [outcome] = crm.create_leads(ask(new(contact=None, contact_id="999")))
    assert (type(outcome), outcome.code, desk.cards()) == (Rejected, "contact_gone", [])


def test_names_that_cannot_be_read_after_the_lead_was_made_do_not_undo_it(crm, desk, ask, monkeypatch):
    def silent(_):
        raise Retryable("no connection")

    monkeypatch.setattr(crm._room.directory, "login_of", silent)
    [done] = crm.create_leads(ask(new()))
    assert (type(done), done.remote_id) == (Done, str(desk.card()["id"]))


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_lead_whose_answer_was_lost_is_looked_for_by_its_stamp(crm, desk, ask, kind):
    crm.create_leads(ask(new(contact=NewContact("Раньше", ("+79160000001",))), prefix="warm"))
    desk.fault(kind)
    began = datetime.now(UTC)
    [lost] = crm.create_leads(ask(new()))
    assert type(lost) is Ambiguous
    [again] = crm.create_leads(ask(new(), since=began))
    assert (type(again), again.found) == (Done, kind == "cut_after")
    assert [card["origin_id"] for card in desk.cards()] == ["warm-0", "key-0"]
    assert desk.stats()["doubles"]["contacts_by_phone"] == 0


def test_of_a_batch_that_was_cut_in_the_middle_only_the_rest_is_made(crm, desk, ask):
    people = [new(title=f"Гость {n}", contact=NewContact(f"Гость {n}", (f"+7916000000{n}",))) for n in range(4)]
    made = crm.create_leads(ask(*people)[:2])
    again = crm.create_leads(ask(*people, since=datetime.now(UTC) - LONG_AGO))
    assert [one.found for one in again] == [True, True, False, False]
    assert [one.remote_id for one in again[:2]] == [one.remote_id for one in made]
    assert [card["title"] for card in desk.cards()] == [f"Гость {n}" for n in range(4)]


def test_a_contact_that_was_made_before_the_answer_was_lost_is_used_again(crm, desk, ask):
    fields = {"NAME": "Мария", "ORIGINATOR_ID": "provodka", "ORIGIN_ID": "key-0"}
    contact = str(desk.rest("crm.contact.add", fields=fields))
    [done] = crm.create_leads(ask(new(), since=datetime.now(UTC) - LONG_AGO))
    assert (done.values["contact_id"], done.found) == (contact, False)
    assert desk.stats()["objects"]["contacts"] == 1


def test_right_after_a_lost_answer_it_is_too_early_to_tell(make_crm, desk, ask):
    crm = make_crm(settle_seconds=65)
    [outcome] = crm.create_leads(ask(new(), since=datetime.now(UTC) - timedelta(seconds=30)))
    assert (type(outcome), desk.cards()) == (Retryable, [])
    [outcome] = crm.create_leads(ask(new(), since=datetime.now(UTC) - timedelta(seconds=90)))
    assert isinstance(outcome, Done)


def test_a_field_that_the_portal_made_obligatory_is_named_to_support(crm, desk, ask):
    desk.control("settings", {"required": {"lead": ["SOURCE_DESCRIPTION"]}})
    [outcome] = crm.create_leads(ask(new()))
    assert type(outcome) is Rejected
    assert "обязательные поля" in outcome.hint


def test_a_name_made_on_the_portal_a_moment_ago_is_read_again(crm, desk, ask, monkeypatch):
    crm._room.directory.pipelines()
    desk.rest("crm.status.add", fields={"ENTITY_ID": "STATUS", "STATUS_ID": "UC_1", "NAME": "Замер", "SORT": 25})
    monkeypatch.setattr("connectors.crm.names.LEAST_AGE", 0)
    monkeypatch.setattr(
        crm._room.directory, "refresh", lambda _=0: type(crm._room.directory).refresh(crm._room.directory, 0)
    )
    [done] = crm.create_leads(ask(new(stage="Замер")))
    assert isinstance(done, Done), done
    assert desk.card()["stage"] == "Замер"


def test_the_field_for_tags_is_made_once_where_it_is_missing(make_crm, desk, ask):
    crm = make_crm(tags_field="Метки")
    crm.create_leads(ask(new(tags=("VIP",))))
    crm.create_leads(ask(new(tags=("почта",)), prefix="more"))
    assert desk.called("crm.lead.userfield.add") == 1
    refs = crm.leads([str(card["id"]) for card in desk.cards()])
    assert sorted(ref.tags for ref in refs.values()) == [("VIP",), ("почта",)]


def test_without_the_right_to_make_the_field_for_tags_the_lead_waits(make_crm, desk, ask):
    url = desk.control("inbound", {"user_id": 5, "secret": "anna"})["url"]
    [outcome] = make_crm(url=url, tags_field="Метки").create_leads(ask(new(tags=("VIP",))))
    assert (type(outcome), desk.cards()) == (AuthFailed, [])
    assert "«Метки»" in outcome.hint


def test_only_what_is_named_changes(crm, desk, ask):
    [done] = crm.create_leads(ask(new(tags=("сайт",), responsible="anna@krovlya.ru", fields={"Источник": "Сайт"})))
    one = done.remote_id
    assert crm.update_leads(ask(LeadChange(one, stage="В работе", add_tags=("VIP", "Сайт"), remove_tags=("нет",)))) == [
        Done(one)
    ]
    card = desk.card()
    assert (card["stage"], card["tags"], card["responsible_email"]) == ("В работе", ["сайт", "VIP"], "anna@krovlya.ru")
    crm.update_leads(
        ask(LeadChange(one, title="Крыша", responsible="ivan@krovlya.ru", price=Decimal(7), remove_tags=("САЙТ",)))
    )
    card = desk.card()
    assert (card["title"], card["responsible_email"], card["price"], card["tags"]) == (
        "Крыша",
        "ivan@krovlya.ru",
        7,
        ["VIP"],
    )
    assert card["fields"]["Источник"] == ["Сайт"]


def test_a_change_that_changes_nothing_is_not_sent(crm, desk, ask):
    [done] = crm.create_leads(ask(new(tags=("сайт",))))
    before = desk.called("crm.item.update")
    assert crm.update_leads(ask(LeadChange(done.remote_id, add_tags=("сайт",)))) == [Done(done.remote_id)]
    assert desk.called("crm.item.update") == before


def test_a_deal_moves_to_another_funnel_with_its_stage(deals, desk, ask):
    [done] = deals.create_leads(ask(new(pipeline="Кровля")))
    assert deals.update_leads(ask(LeadChange(done.remote_id, pipeline="Сервис", stage="В работе"))) == [
        Done(done.remote_id)
    ]
    card = desk.card("deals")
    assert (card["pipeline"], card["stage"]) == ("Сервис", "В работе")
    deals.update_leads(ask(LeadChange(done.remote_id, stage="Обращение")))
    assert desk.card("deals")["stage"] == "Обращение", "a stage without its funnel is one of the card's own"


def test_a_stage_that_the_portal_leaves_as_it_was_is_refused(crm, desk, ask, monkeypatch):
    [done] = crm.create_leads(ask(new()))
    client = crm._room.client
    batch = client.batch

    def deaf(commands, **more):
        params = {"entityTypeId": 1, "id": done.remote_id, "fields": {"stageId": "NEW"}}
        update = Command("crm.item.update", params)
        return batch({key: update if one.method == update.method else one for key, one in commands.items()}, **more)

    monkeypatch.setattr(client, "batch", deaf)
    [outcome] = crm.update_leads(ask(LeadChange(done.remote_id, stage="В работе")))
    assert type(outcome) is Rejected
    assert "этап" in outcome.hint


def test_a_lead_that_is_gone_is_refused(crm, ask):
    [outcome] = crm.update_leads(ask(LeadChange("999", stage="В работе")))
    assert (type(outcome), outcome.code) == (Rejected, "not_found")


def test_a_lead_that_is_won_becomes_a_deal_of_its_person(crm, desk, ask):
    [done] = crm.create_leads(ask(new(price=Decimal(900), responsible="anna@krovlya.ru")))
    change = LeadChange(done.remote_id, stage="Качественный лид")
    assert crm.update_leads(ask(change)) == [Done(done.remote_id)]
    lead, deal = desk.card(), desk.card("deals")
    assert (lead["stage"], lead["is_open"]) == ("Качественный лид", False)
    assert (deal["title"], deal["price"], deal["responsible_email"]) == ("Сайт", 900, "anna@krovlya.ru")
    assert [one["id"] for one in deal["contacts"]] == [one["id"] for one in lead["contacts"]]
    assert (deal["originator_id"], deal["origin_id"]) == ("provodka", f"lead:{done.remote_id}")


def test_a_lead_made_by_hand_becomes_contact_company_and_deal(crm, desk, ask):
    phone = [{"typeId": "PHONE", "valueType": "WORK", "value": "+79160007788"}]
    lead = desk.lead(name="Пётр", lastName="Кузнецов", companyTitle="Ромашка", fm=phone)
    crm.update_leads(ask(LeadChange(lead, stage="Качественный лид")))
    deal = desk.card("deals")
    assert deal["company"]["name"] == "Ромашка"
    [person] = deal["contacts"]
    assert (person["name"], person["phones"]) == ("Пётр Кузнецов", ["+79160007788"])
    assert [one["id"] for one in desk.card()["contacts"]] == [person["id"]]


def test_what_was_converted_before_the_answer_was_lost_is_not_converted_again(crm, desk, ask):
    [done] = crm.create_leads(ask(new()))
    crm.update_leads(ask(LeadChange(done.remote_id, stage="Качественный лид")))
    desk.change(done.remote_id, stageId="NEW")
    crm.update_leads(ask(LeadChange(done.remote_id, stage="Качественный лид")))
    assert len(desk.cards("deals")) == 1


def test_the_deal_of_a_won_lead_goes_to_the_funnel_of_the_config(make_crm, desk, ask):
    crm = make_crm(deal_pipeline="Сервис")
    [done] = crm.create_leads(ask(new()))
    crm.update_leads(ask(LeadChange(done.remote_id, stage="Качественный лид")))
    assert (desk.card("deals")["pipeline"], desk.card("deals")["stage"]) == ("Сервис", "Обращение")


def test_what_the_portal_itself_has_converted_is_not_converted_again(make_crm, desk, ask):
    crm = make_crm()
    crm.check([])
    desk.control("settings", {"crm_mode": 2})
    lead = desk.lead(name="Пётр")
    assert len(desk.cards("deals")) == 1
    assert [done.remote_id for done in crm._conversion.deals_of([lead])] == [str(desk.card("deals")["id"])]


def test_a_conversion_tells_its_deal(crm, desk, ask):
    [done] = crm.create_leads(ask(new()))
    [deal] = crm.convert_leads([Request("c", LeadConversion(done.remote_id))])
    assert deal.remote_id == str(desk.card("deals")["id"])
    assert desk.card()["stage"] == "Качественный лид"
    [again] = crm.convert_leads([Request("c", LeadConversion(done.remote_id), datetime.now(UTC))])
    assert again.remote_id == deal.remote_id
    [gone] = crm.convert_leads([Request("d", LeadConversion("999"))])
    assert type(gone) is Rejected


def test_the_open_leads_of_a_person_are_told_newest_first(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    first, second, lost = (desk.lead(contactIds=[contact], title=title) for title in ("Первый", "Второй", "Отказ"))
    desk.change(lost, stageId="JUNK")
    found = crm.open_leads([contact, "999"])
    assert [ref.id for ref in found[contact]] == [second, first]
    assert found["999"] == []
    assert crm.open_leads([contact], "Другая") == {contact: []}


def test_more_leads_of_a_person_than_a_page_are_all_seen(crm, desk):
    contact = desk.contact("Завод", "+79160001122")
    for n in range(55):
        desk.lead(contactIds=[contact], title=f"Заказ {n}")
    assert len(crm.open_leads([contact])[contact]) == 55


def test_a_blocked_method_makes_the_whole_batch_wait(crm, desk, ask, monkeypatch):
    crm.create_leads(ask(new(), prefix="warm"))
    blocked = {"c0": {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"}}
    inner = {"result": [], "result_error": blocked, "result_total": [], "result_next": [], "result_time": []}
    desk.fault(status=200, body=json.dumps({"result": inner, "time": {}}))
    people = [new(contact=NewContact(f"Гость {n}", (f"+7916000000{n}",))) for n in range(2)]
    outcomes = crm.create_leads(ask(*people))
    assert [type(one) for one in outcomes] == [RateLimited, RateLimited]
    assert len(desk.cards()) == 1


def test_a_person_made_for_a_lead_that_was_refused_is_known_afterwards(crm, desk, ask):
    desk.control("settings", {"required": {"lead": ["SOURCE_DESCRIPTION"]}})
    assert crm.fill()
    crm.create_leads(ask(new()))
    [found] = crm.find_people([Person("", ("+79160001122",))])
    assert found is not None
