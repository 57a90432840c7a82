"""Tasks, notes and calls: fifty in a call, never twice, each on its own card."""

from datetime import UTC, datetime, timedelta

import pytest

from provodka.crm import CardKind, CardRef, Missing, Need, NewCall, NewLead, NewNote, NewTask
from provodka.errors import Ambiguous, AuthFailed, Rejected
from provodka.operation import Done, Request
from provodka.payloads import Call, Direction

DUE = datetime(2096, 12, 1, 15, 0, tzinfo=UTC)


@pytest.fixture
def lead(crm, ask):
    [done] = crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид"), prefix="lead"))
    return done.remote_id


def unsure(requests):
    since = datetime.now(UTC) - timedelta(seconds=30)
    return [Request(request.key, request.params, since) for request in requests]


def notes(desk, lead):
    data = desk.api("GET", f"/leads/{lead}/notes")
    return data["_embedded"]["notes"] if data else []


def test_a_task_has_its_type_time_responsible_and_card(crm, desk, ask, lead):
    contact = desk.contact("Мария", "+79160001122")
    on_lead, on_contact = crm.create_tasks(
        ask(
            NewTask("Позвонить", DUE, lead_id=lead, type="звонок", responsible="anna@krovlya.ru"),
            NewTask("Уточнить адрес", DUE, contact_id=contact),
        )
    )
    one = desk.api("GET", f"/tasks/{on_lead.remote_id}")
    assert (one["entity_type"], one["entity_id"], one["text"]) == ("leads", int(lead), "Позвонить")
    assert (one["task_type_id"], one["complete_till"]) == (2000001, int(DUE.timestamp()))
    assert (one["responsible_user_id"], one["created_by"]) == (7000001, 0)
    other = desk.api("GET", f"/tasks/{on_contact.remote_id}")
    assert (other["entity_type"], other["entity_id"], other["task_type_id"]) == ("contacts", int(contact), 1)


def test_a_lost_answer_makes_no_second_task(crm, desk, ask, lead):
    requests = ask(*(NewTask(f"Дело {n}", DUE, lead_id=lead) for n in range(5)), NewTask("Дело 0", DUE, lead_id=lead))
    desk.fault("/tasks", "cut_after")
    assert all(isinstance(one, Ambiguous) for one in crm.create_tasks(requests))
    again = crm.create_tasks(unsure(requests))
    assert all(one.found for one in again)
    assert len({one.remote_id for one in again}) == 6, "twins are two tasks, and each is claimed once"
    assert desk.stats()["objects"]["tasks"] == 6


def test_a_task_that_was_never_made_is_made(crm, desk, ask, lead):
    requests = ask(NewTask("Позвонить", DUE, lead_id=lead))
    desk.fault("/tasks", "cut_before")
    crm.create_tasks(requests)
    [done] = crm.create_tasks(unsure(requests))
    assert isinstance(done, Done)
    assert not done.found
    assert desk.stats()["objects"]["tasks"] == 1


def test_a_task_on_nothing_and_of_an_unknown_type_are_refused(crm, desk, ask, lead):
    nowhere, untyped, good = crm.create_tasks(
        ask(NewTask("а", DUE), NewTask("б", DUE, lead_id=lead, type="Звонак"), NewTask("в", DUE, lead_id=lead))
    )
    assert isinstance(nowhere, Rejected)
    assert "«Звонок»" in untyped.hint
    assert isinstance(good, Done)


def test_notes_go_to_leads_and_contacts_and_are_found_again(crm, desk, ask, lead):
    contact = desk.contact("Мария", "+79160001122")
    requests = ask(
        NewNote("Письмо:\r\nпервая строка ", lead_id=lead),
        NewNote("На карточке человека", contact_id=contact),
        NewNote("Письмо:\r\nпервая строка ", lead_id=lead),
    )
    desk.fault("/leads/notes", "cut_after")
    first, second, third = crm.add_notes(requests)
    assert isinstance(first, Ambiguous)
    assert isinstance(second, Done)
    assert isinstance(third, Ambiguous)
    again = crm.add_notes(unsure(requests))
    assert all(one.found for one in again)
    assert len({one.remote_id for one in again}) == 3
    assert desk.stats()["objects"]["notes"] == 3


def test_a_call_is_a_call_note_with_its_recording(crm, desk, ask, lead):
    talked = Call("mango-1", Direction.IN, "+79160001122", talk_seconds=60, recording="https://pbx.example.ru/1.mp3")
    missed = Call("mango-2", Direction.OUT, "+79160001122")
    crm.log_calls(ask(NewCall(talked, lead_id=lead, responsible="ivan@krovlya.ru"), NewCall(missed, lead_id=lead)))
    one, other = sorted(notes(desk, lead), key=lambda note: note["id"])
    assert one["note_type"] == "call_in"
    assert one["params"]["link"] == "https://pbx.example.ru/1.mp3"
    assert (one["params"]["uniq"], one["params"]["duration"], one["params"]["call_status"]) == ("mango-1", 60, 4)
    assert one["params"]["call_responsible"] == 7000002
    assert (other["note_type"], other["params"]["call_status"]) == ("call_out", 6)


@pytest.mark.parametrize("filters", [True, False])
def test_a_lost_answer_logs_no_second_call(crm, desk, ask, lead, filters):
    desk.control("settings", {"api_filter": filters})
    desk.add(
        "/leads/notes", *({"entity_id": int(lead), "note_type": "common", "params": {"text": "x"}} for _ in range(3))
    )
    requests = ask(*(NewCall(Call(f"mango-{n}", Direction.IN, "+79160001122"), lead_id=lead) for n in range(3)))
    desk.fault("/leads/notes", "cut_after")
    crm.log_calls(requests)
    assert all(one.found for one in crm.log_calls(unsure(requests)))
    assert desk.stats()["objects"]["notes"] == 6


def test_check_names_what_the_account_lacks_and_what_it_has(crm, desk):
    needs = [
        Need("pipeline", "кровля"),
        Need("pipeline", "Крыша"),
        Need("stage", "Новый  лид", "Кровля"),
        Need("stage", "Замер", "Кровля"),
        Need("stage", "Замер", "Крыша"),
        Need("user", "anna@krovlya.ru"),
        Need("user", "old@krovlya.ru"),
        Need("field", "Источник"),
        Need("field", "Бюджет"),
        Need("task_type", "Звонок"),
        Need("task_type", "Замер"),
    ]
    found = {(one.need.kind, one.need.name, one.need.within): one.known for one in crm.check(needs)}
    assert found["pipeline", "Крыша", ""] == ("Кровля", "Сервис")
    assert "Новый лид" in found["stage", "Замер", "Кровля"]
    assert found["stage", "Замер", "Крыша"] == ()
    assert "old@krovlya.ru" not in found["user", "old@krovlya.ru", ""]
    assert "Источник" in found["field", "Бюджет", ""]
    assert "Встреча" in found["task_type", "Замер", ""]
    assert len(found) == 6
    assert crm.check([Need("pipeline", "Сервис")]) == []
    assert crm.check([Need("pipeline", "Нет")]) == [Missing(Need("pipeline", "Нет"), ("Кровля", "Сервис"))]


def test_check_makes_the_service_field_only_when_asked(crm, desk):
    codes = lambda: {one["code"] for one in desk.api("GET", "/leads/custom_fields")["_embedded"]["custom_fields"]}  # noqa: E731
    crm.check([])
    assert "PROVODKA_ID" not in codes()
    crm.check([], create=True)
    crm.check([], create=True)
    assert "PROVODKA_ID" in codes()
    assert desk.calls("POST /api/v4/leads/custom_fields") == 1


def test_check_shows_a_token_that_is_not_accepted(make_crm):
    with pytest.raises(AuthFailed) as caught:
        make_crm(token="wrong").check([Need("pipeline", "Кровля")])
    assert "токен" in caught.value.hint


@pytest.mark.parametrize("filters", [True, False])
def test_the_feed_tells_what_people_have_left_in_a_card_and_what_we_have(crm, desk, ask, lead, filters):
    desk.control("settings", {"api_filter": filters})
    contact = desk.contact("Мария", "+79160001122")
    call = {"uniq": "1", "phone": "+79160001122", "duration": 5, "source": "АТС"}
    [ours] = crm.add_notes(ask(NewNote("Из базы", lead_id=lead)))
    desk.api("POST", f"/leads/{lead}/notes", [{"note_type": "call_in", "params": call}])
    desk.api(
        "POST", f"/leads/{lead}/notes", [{"note_type": "service_message", "params": {"service": "В", "text": "Сам"}}]
    )
    desk.api("POST", f"/contacts/{contact}/notes", [{"note_type": "common", "params": {"text": "Не звонить"}}])
    on_lead, on_contact = CardRef(CardKind.LEAD, lead), CardRef(CardKind.CONTACT, contact)
    found = crm.feed([on_lead, on_contact])
    assert [one.kind.value for one in found[on_lead]] == ["note", "call"]
    assert found[on_lead][0].id == ours.remote_id
    assert [one.kind.value for one in found[on_contact]] == ["note"]
