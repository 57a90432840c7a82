"""Leads against the running sandbox: made once, whatever happens to the answer; changed by deltas only."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from provodka.crm import ContactAddition, LeadChange, NewContact, NewLead
from provodka.errors import Ambiguous, AuthFailed, Rejected, Retryable
from provodka.operation import Done, Repeat, Request
from provodka.payloads import Person

MARIA = NewContact("Мария", ("+79160001122",), ("maria@example.ru",))


def lead(title="Сайт: Мария", **more):
    return NewLead(title, "Кровля", "Новый лид", **{"contact": MARIA, **more})


def unsure(requests):
    since = datetime.now(UTC) - timedelta(seconds=30)
    return [Request(request.key, request.params, since) for request in requests]


def test_a_lead_is_made_with_contact_responsible_price_tags_and_fields(crm, desk, ask):
    wanted = lead(
        responsible="anna@krovlya.ru",
        price=Decimal("1500.50"),
        tags=("сайт", "", "сайт"),
        fields={"Источник": "сайт", "Комментарий": "Хочу крышу", "Дата доставки": "05.01.2026"},
    )
    [done] = crm.create_leads(ask(wanted))
    assert isinstance(done, Done)
    assert done.values["responsible"] == "anna@krovlya.ru"
    ref = crm.leads([done.remote_id])[done.remote_id]
    assert (ref.title, ref.pipeline, ref.stage, ref.state) == ("Сайт: Мария", "Кровля", "Новый лид", "open")
    assert (ref.price, ref.tags, ref.responsible) == (Decimal(1501), ("сайт",), "anna@krovlya.ru")
    assert ref.fields == {"Источник": "Сайт", "Комментарий": "Хочу крышу", "Дата доставки": "2026-01-05"}
    assert ref.contacts == (done.values["contact_id"],)
    assert ref.url == f"{desk.account.url}/leads/detail/{done.remote_id}"


def test_the_first_lead_of_an_account_makes_the_service_field_and_carries_its_key(crm, desk, ask):
    [done] = crm.create_leads(ask(lead()))
    fields = desk.api("GET", "/leads/custom_fields")["_embedded"]["custom_fields"]
    [stamp] = [field for field in fields if field["code"] == "PROVODKA_ID"]
    assert (stamp["name"], stamp["type"], stamp["is_api_only"]) == ("Provodka ID", "text", True)
    values = desk.api("GET", f"/leads/{done.remote_id}")["custom_fields_values"]
    assert [value["values"][0]["value"] for value in values if value["field_code"] == "PROVODKA_ID"] == ["key-0"]


def test_fifty_leads_travel_in_one_call(crm, desk, ask):
    crm.create_leads(ask(lead("первый"), prefix="first"))
    before = desk.stats()["calls"]
    people = [NewContact(f"Клиент {n}", (f"+7916000{n:04}",)) for n in range(50)]
    outcomes = crm.create_leads(ask(*(lead(f"Лид {n}", contact=one) for n, one in enumerate(people))))
    after = desk.stats()["calls"]
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert {route: after[route] - before.get(route, 0) for route in after if after[route] != before.get(route)} == {
        "POST /api/v4/leads/complex": 1
    }
    assert len({outcome.values["contact_id"] for outcome in outcomes}) == 50
    names = {one.remote_id: name for one, name in zip(outcomes, (f"Лид {n}" for n in range(50)), strict=True)}
    assert {one: ref.title for one, ref in crm.leads(list(names)).items()} == names


def test_a_known_contact_is_taken_by_id(crm, desk, ask):
    contact = desk.contact("Мария", "+7 916 000-11-22")
    [done] = crm.create_leads(ask(lead(contact=None, contact_id=contact)))
    assert done.values["contact_id"] == contact
    assert [one["name"] for one in desk.api("GET", "/contacts")["_embedded"]["contacts"]] == ["Мария"]


@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_a_lost_answer_makes_no_second_lead(crm, desk, ask, kind):
    crm.create_leads(ask(lead("раньше"), prefix="before"))
    requests = ask(*(lead(f"Лид {n}", contact=NewContact("", (f"+7916000{n:04}",))) for n in range(20)))
    desk.fault("/leads/complex", kind)
    outcomes = crm.create_leads(requests)
    assert all(isinstance(outcome, Ambiguous) for outcome in outcomes)
    again = crm.create_leads(unsure(requests))
    assert all(isinstance(outcome, Done) for outcome in again), again
    assert {outcome.found for outcome in again} == {kind == "cut_after"}
    assert all(outcome.values["contact_id"] for outcome in again)
    assert len(desk.leads()) == 21
    assert desk.stats()["objects"]["contacts"] == 21
    assert not any(desk.stats()["doubles"].values()), desk.stats()["doubles"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_on_a_write_leaves_its_outcome_open(crm, desk, ask, status):
    crm.create_leads(ask(lead(), prefix="before"))
    desk.fault("/leads/complex", status=status)
    [outcome] = crm.create_leads(ask(lead()))
    assert isinstance(outcome, Ambiguous)
    assert outcome.status == status


def test_a_look_up_finds_leads_that_lie_pages_back(crm, desk, ask):
    [done] = crm.create_leads(ask(lead()))
    desk.add("/leads", *({"name": f"другие {n}"} for n in range(250)))
    desk.add("/leads", *({"name": f"другие {n}"} for n in range(250)))
    [found] = crm.create_leads(unsure(ask(lead())))
    assert (found.remote_id, found.found) == (done.remote_id, True)


def test_a_look_up_ends_where_older_leads_begin(crm, desk, ask):
    crm.check([], create=True)
    old = int((datetime.now(UTC) - timedelta(days=2)).timestamp())
    for _ in range(3):
        desk.add("/leads", *({"name": "старый", "created_at": old} for _ in range(250)))
    before = desk.calls("GET /api/v4/leads")
    [done] = crm.create_leads(unsure(ask(lead())))
    assert not done.found
    assert desk.calls("GET /api/v4/leads") == before + 1


def test_right_after_a_break_it_is_too_early_to_tell(make_crm, desk, ask):
    crm = make_crm(settle_seconds=3)
    crm.check([], create=True)
    [outcome] = crm.create_leads(ask(lead(), since=datetime.now(UTC)))
    assert isinstance(outcome, Retryable)
    assert desk.leads() == []


def test_one_bad_item_is_refused_and_the_others_are_made_at_once(crm, desk, ask):
    crm.check([], create=True)
    requests = ask(lead("добрый"), lead("злой", contact=None, contact_id="99"), lead("второй добрый"))
    good, bad, other = crm.create_leads(requests)
    assert isinstance(good, Done)
    assert isinstance(other, Done)
    assert isinstance(bad, Rejected)
    assert "_embedded.contacts.0.id" in bad.reason
    assert bad.hint
    assert sorted(one["name"] for one in desk.leads()) == ["второй добрый", "добрый"]


def test_an_unknown_name_is_refused_with_the_nearest_right_ones(crm, desk, ask):
    stage, user, field, option = crm.create_leads(
        ask(
            NewLead("а", "Кровля", "Новы лид"),
            lead(responsible="ana@krovlya.ru"),
            lead(fields={"Источники": "Сайт"}),
            lead(fields={"Источник": "Сайтт"}),
        )
    )
    assert "«Новый лид»" in stage.hint
    assert "«anna@krovlya.ru»" in user.hint
    assert "«Источник»" in field.hint
    assert "«Сайт»" in option.hint
    assert all(isinstance(one, Rejected) for one in (stage, user, field, option))
    assert desk.leads() == []


def test_a_user_who_is_switched_off_is_named(crm, ask):
    [outcome] = crm.create_leads(ask(lead(responsible="old@krovlya.ru")))
    assert isinstance(outcome, Rejected)
    assert "Старый Менеджер" in outcome.hint


def test_a_stage_made_after_the_names_were_read_is_found(crm, desk, ask):
    crm.create_leads(ask(lead(), prefix="warm"))
    desk.api("POST", "/leads/pipelines/5000001/statuses", [{"name": "Замер", "sort": 25}])
    crm._room.directory._clock = lambda: time.monotonic() + 60
    [done] = crm.create_leads(ask(NewLead("с замером", "Кровля", "Замер")))
    assert isinstance(done, Done)
    assert crm.leads([done.remote_id])[done.remote_id].stage == "Замер"


def test_a_wrong_name_does_not_make_the_names_be_read_for_every_lead(crm, desk, ask):
    crm.create_leads(ask(lead(), prefix="warm"))
    for number in range(3):
        crm.create_leads(ask(NewLead("а", "Кровля", "Такого нет"), prefix=f"wrong-{number}"))
    assert desk.calls("GET /api/v4/leads/pipelines") == 1


def test_the_card_of_a_deleted_contact_is_replaced(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    assert crm.fill()
    [found] = crm.find_people([Person(phones=("+79160001122",))])
    assert found.contact.id == contact
    with desk.account.store.lock:
        del desk.account.store.contacts[int(contact)]
    [done] = crm.create_leads(ask(lead(contact=None, contact_id=contact)))
    assert isinstance(done, Done)
    card = desk.api("GET", f"/contacts/{done.values['contact_id']}")
    assert card["name"] == "Мария"
    assert card["custom_fields_values"][0]["values"][0]["value"] == "+79160001122"


def test_a_search_that_fails_for_a_lost_card_costs_the_others_nothing_and_is_tried_again(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    assert crm.fill()
    assert crm.find_people([Person(phones=("+79160001122",))])[0]
    with desk.account.store.lock:
        del desk.account.store.contacts[int(contact)]
    wanted = ask(lead("добрый"), lead("потерянный", contact=None, contact_id=contact))
    desk.fault("/contacts", status=500, method="GET")
    good, lost = crm.create_leads(wanted)
    assert isinstance(good, Done)
    assert isinstance(lost, Retryable)
    [done] = crm.create_leads(wanted[1:])
    assert isinstance(done, Done)
    assert len(desk.leads()) == 2


def test_names_that_cannot_be_read_again_cost_the_good_items_nothing(crm, desk, ask):
    crm.create_leads(ask(lead(), prefix="warm"))
    crm._room.directory._clock = lambda: time.monotonic() + 60
    desk.fault("/leads/pipelines", status=500, method="GET")
    good, bad = crm.create_leads(ask(lead("добрый"), NewLead("злой", "Кровля", "Замер")))
    assert isinstance(good, Done)
    assert isinstance(bad, Retryable)
    assert len(desk.leads()) == 2


def test_an_unpaid_account_holds_the_connector_and_loses_no_lead(crm, desk, ask):
    crm.check([], create=True)
    desk.fault("/leads/complex", status=402, body="{}")
    [outcome] = crm.create_leads(ask(lead()))
    assert isinstance(outcome, AuthFailed)
    assert "не оплачен" in outcome.hint


def test_a_change_sends_only_what_differs_and_moves_by_both_ids(crm, desk, ask):
    [done] = crm.create_leads(ask(lead(tags=("сайт", "срочно"))))
    change = LeadChange(
        done.remote_id,
        stage="Переговоры",
        responsible="ivan@krovlya.ru",
        price=Decimal(900),
        add_tags=("VIP",),
        remove_tags=("срочно",),
        fields={"Комментарий": "перезвонить"},
    )
    [changed] = crm.update_leads(ask(change))
    assert changed == Done(done.remote_id)
    ref = crm.leads([done.remote_id])[done.remote_id]
    assert (ref.title, ref.stage, ref.responsible) == ("Сайт: Мария", "Переговоры", "ivan@krovlya.ru")
    assert (ref.price, sorted(ref.tags), ref.fields) == (900, ["VIP", "сайт"], {"Комментарий": "перезвонить"})


def test_the_same_closing_stage_keeps_the_lead_in_its_pipeline(crm, desk, ask):
    [done] = crm.create_leads(ask(NewLead("сервис", "Сервис", "Обращение")))
    crm.update_leads(ask(LeadChange(done.remote_id, stage="Успешно реализовано")))
    ref = crm.leads([done.remote_id])[done.remote_id]
    assert (ref.pipeline, ref.stage, ref.state) == ("Сервис", "Успешно реализовано", "won")


def test_a_lead_that_is_gone_cannot_be_changed_but_the_others_are(crm, ask):
    [done] = crm.create_leads(ask(lead()))
    gone, changed = crm.update_leads(
        ask(LeadChange("999", title="нет такого"), LeadChange(done.remote_id, title="новое имя"))
    )
    assert isinstance(gone, Rejected)
    assert "удалили" in gone.hint
    assert changed == Done(done.remote_id)
    assert crm.leads([done.remote_id, "999"])[done.remote_id].title == "новое имя"


def test_open_leads_of_a_contact_come_newest_first_and_by_pipeline(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    first, second, closed, service = crm.create_leads(
        ask(
            lead("первый", contact=None, contact_id=contact),
            lead("второй", contact=None, contact_id=contact),
            lead("закрытый", contact=None, contact_id=contact),
            NewLead("сервис", "Сервис", "Обращение", contact_id=contact),
        )
    )
    crm.update_leads(ask(LeadChange(closed.remote_id, stage="Закрыто и не реализовано")))
    ids = lambda found: [ref.id for ref in found]  # noqa: E731
    assert ids(crm.open_leads([contact], "кровля")[contact]) == [second.remote_id, first.remote_id]
    assert ids(crm.open_leads([contact])[contact]) == [service.remote_id, second.remote_id, first.remote_id]
    assert crm.open_leads(["77"]) == {"77": []}


def test_reading_works_where_the_account_ignores_filters(crm, desk, ask):
    desk.control("settings", {"api_filter": False})
    contact = desk.contact("Мария", "+79160001122")
    first, second = crm.create_leads(ask(lead("первый", contact=None, contact_id=contact), lead("второй")))
    assert set(crm.leads([first.remote_id, "999"])) == {first.remote_id}
    assert [ref.id for ref in crm.open_leads([contact])[contact]] == [first.remote_id]
    assert second.remote_id not in crm.leads([first.remote_id])


def test_phones_and_emails_are_added_beside_those_that_are_there(crm, desk, ask):
    contact = desk.contact("Мария", "8 (916) 000-11-22", email="Maria@Example.ru")
    addition = ContactAddition(contact, ("+79160001122", "+79031112233"), ("maria@example.ru", "m@work.example.ru"))
    [first, second] = crm.add_to_contacts(ask(addition, ContactAddition(contact, ("+79035550000",))))
    assert (first, second) == (Done(contact), Done(contact))
    phones, emails = desk.api("GET", f"/contacts/{contact}")["custom_fields_values"]
    assert [one["value"] for one in phones["values"]] == ["8 (916) 000-11-22", "+79031112233", "+79035550000"]
    assert [one["value"] for one in emails["values"]] == ["Maria@Example.ru", "m@work.example.ru"]
    before = desk.calls("PATCH /api/v4/contacts")
    assert crm.add_to_contacts(ask(addition)) == [Done(contact)]
    assert desk.calls("PATCH /api/v4/contacts") == before


def test_an_addition_to_a_card_that_is_gone_is_refused(crm, ask):
    [outcome] = crm.add_to_contacts(ask(ContactAddition("999", ("+79160001122",))))
    assert isinstance(outcome, Rejected)
    assert outcome.hint


def test_every_write_says_what_to_do_when_its_outcome_is_unknown(crm):
    declared = {
        name: (getattr(crm, name).info.repeat, getattr(crm, name).info.batch)
        for name in ("create_leads", "update_leads", "add_to_contacts", "create_tasks", "add_notes", "log_calls")
    }
    assert declared == {
        "create_leads": (Repeat.STAMP, 50),
        "update_leads": (Repeat.SAFE, 50),
        "add_to_contacts": (Repeat.SAFE, 50),
        "create_tasks": (Repeat.STAMP, 50),
        "add_notes": (Repeat.STAMP, 50),
        "log_calls": (Repeat.STAMP, 50),
    }
