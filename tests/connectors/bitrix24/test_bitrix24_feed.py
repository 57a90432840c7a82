"""Tasks, comments and calls of a card: on the right one, and once."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.http import collect_calls
from provodka.crm import CardKind, CardRef, NewCall, NewNote, NewTask
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done
from provodka.payloads import Call, Direction

DUE = datetime(2096, 12, 1, 9, 0, tzinfo=UTC)
STARTED = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)


def task(lead, text="Позвонить", **more):
    return NewTask(text, DUE, lead_id=lead, **more)


def call(lead="", contact="", **more):
    given = {
        "id": "mango-1",
        "direction": Direction.IN,
        "phone": "+79160001122",
        "started_at": STARTED,
        "talk_seconds": 95,
    }
    return NewCall(Call(**{**given, **more}), lead, contact, responsible="anna@krovlya.ru")


def test_a_task_hangs_on_its_card_with_its_time_person_and_kind(crm, desk, ask):
    lead = desk.lead()
    [done] = crm.create_tasks(ask(task(lead, type="Звонок", responsible="ivan@krovlya.ru")))
    row = desk.rest("tasks.task.get", taskId=done.remote_id, select=["ID", "TITLE", "DEADLINE", "TAGS", "UF_CRM_TASK"])[
        "task"
    ]
    assert (row["title"], datetime.fromisoformat(row["deadline"]), row["ufCrmTask"]) == (
        "Позвонить",
        DUE,
        [f"L_{lead}"],
    )
    assert desk.card()["tasks"][0]["responsible"] == "Иван Петров"
    assert "Звонок" in str(row["tags"])


def test_a_task_of_a_deal_and_one_of_a_contact_hang_there(deals, desk, ask):
    deal, contact = desk.lead(2), desk.contact("Мария", "+79160001122")
    on_deal, on_contact = deals.create_tasks(ask(task(deal), NewTask("Уточнить", DUE, contact_id=contact)))
    bound = [
        desk.rest("tasks.task.get", taskId=one.remote_id, select=["ID", "UF_CRM_TASK"])["task"]["ufCrmTask"]
        for one in (on_deal, on_contact)
    ]
    assert bound == [[f"D_{deal}"], [f"C_{contact}"]]


def test_a_long_text_stands_whole_in_the_description(crm, desk, ask):
    text = "Позвонить\nи спросить про " + "крышу " * 60
    [done] = crm.create_tasks(ask(task(desk.lead(), text)))
    row = desk.rest("tasks.task.get", taskId=done.remote_id, select=["ID", "TITLE", "DESCRIPTION"])["task"]
    assert (row["title"], row["description"].strip()) == ("Позвонить", text.strip())


def test_a_task_without_a_card_or_for_an_unknown_person_is_refused_alone(crm, desk, ask):
    lead = desk.lead()
    outcomes = crm.create_tasks(ask(NewTask("Ничей", DUE), task(lead, responsible="nobody@krovlya.ru"), task(lead)))
    assert [type(one) for one in outcomes] == [Rejected, Rejected, Done]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_task_whose_answer_was_lost_is_made_once(crm, desk, ask, kind):
    lead = desk.lead()
    crm.users()
    crm._room.directory.portal()
    began = datetime.now(UTC)
    desk.fault(kind)
    assert type(crm.create_tasks(ask(task(lead)))[0]) is Ambiguous
    [again] = crm.create_tasks(ask(task(lead), since=began))
    assert again.found is (kind == "cut_after")
    assert len(desk.card()["tasks"]) == 1


def test_a_task_is_recognised_by_title_and_time_where_the_portal_keeps_no_key_of_ours(crm, desk, ask):
    lead = desk.lead()
    fields = {"TITLE": "Позвонить", "RESPONSIBLE_ID": 5, "DEADLINE": DUE.isoformat(), "UF_CRM_TASK": [f"L_{lead}"]}
    made = str(desk.rest("tasks.task.add", fields=fields)["task"]["id"])
    first, second = crm.create_tasks(ask(task(lead), task(lead), since=datetime.now(UTC)))
    assert (first.remote_id, first.found, second.found) == (made, True, False), "two never claim the same"


def test_another_task_with_the_same_words_is_not_ours(crm, desk, ask):
    lead = desk.lead()
    crm.create_tasks(ask(task(lead), prefix="other"))
    [done] = crm.create_tasks(ask(task(lead), since=datetime.now(UTC)))
    assert (done.found, len(desk.card()["tasks"])) == (False, 2)


def test_notes_stand_in_the_timeline_of_lead_deal_and_contact(crm, deals, desk, ask):
    lead, deal, contact = desk.lead(), desk.lead(2), desk.contact("Мария", "+79160001122")
    crm.add_notes(ask(NewNote("К лиду & <b>", lead), NewNote("К контакту", contact_id=contact)))
    deals.add_notes(ask(NewNote("К сделке", deal)))
    assert [one["text"] for one in desk.card()["comments"]][:1] == ["К лиду & <b>"]
    assert [one["text"] for one in desk.card("deals")["comments"]] == ["К сделке"]
    found = desk.rest("crm.timeline.comment.list", filter={"ENTITY_ID": contact, "ENTITY_TYPE": "contact"})
    assert [row["COMMENT"] for row in found] == ["К контакту"]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_note_whose_answer_was_lost_is_made_once(crm, desk, ask, kind):
    lead = desk.lead()
    crm._room.directory.portal()
    began = datetime.now(UTC)
    desk.fault(kind)
    assert type(crm.add_notes(ask(NewNote("Замер", lead)))[0]) is Ambiguous
    [again] = crm.add_notes(ask(NewNote("Замер\n", lead), since=began))
    assert again.found is (kind == "cut_after")
    assert len(desk.card()["comments"]) == 1


def test_two_notes_of_the_same_words_are_two(crm, desk, ask):
    lead = desk.lead()
    first, second = crm.add_notes(ask(NewNote("Замер", lead), NewNote("Замер", lead)))
    assert first.remote_id != second.remote_id
    again = crm.add_notes(ask(NewNote("Замер", lead), NewNote("Замер", lead), since=datetime.now(UTC)))
    assert {one.remote_id for one in again} == {first.remote_id, second.remote_id}


def test_a_note_on_a_card_that_is_gone_is_refused(crm, ask):
    [outcome] = crm.add_notes(ask(NewNote("Замер", "999")))
    assert type(outcome) is Rejected


def test_by_a_webhook_a_call_is_an_activity_of_the_card(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    lead = desk.lead(contactIds=[contact])
    [done] = crm.log_calls(ask(call(lead, recording="https://mango.example/1.mp3")))
    [activity] = desk.card()["calls"]
    assert (str(activity["id"]), activity["direction"], activity["completed"]) == (done.remote_id, 1, True)
    assert "https://mango.example/1.mp3" in activity["text"]
    assert activity["responsible"] == "Анна Смирнова"
    with collect_calls() as calls:
        crm.log_calls(ask(call(lead, id="mango-2", talk_seconds=0, direction=Direction.OUT)))
    assert desk.card()["calls"][-1]["direction"] == 2
    assert not any("telephony" in one.request_summary for one in calls), "what was refused is not tried every time"


@pytest.fixture
def telephony(make_crm, desk):
    desk.control("settings", {"telephony_by_webhook": True})
    return make_crm()


def test_where_telephony_lets_us_a_call_is_registered_and_finished_once(telephony, desk, ask):
    lead = desk.lead()
    [done] = telephony.log_calls(ask(call(lead)))
    [activity] = desk.card()["calls"]
    assert str(activity["id"]) == done.remote_id
    [row] = desk.rest("voximplant.statistic.get")
    assert (row["EXTERNAL_CALL_ID"], row["CALL_DURATION"], row["CALL_FAILED_CODE"]) == ("mango-1", "95", "200")
    [again] = telephony.log_calls(ask(call(lead), since=datetime.now(UTC)))
    assert (again.remote_id, again.found) == (done.remote_id, True)
    assert len(desk.card()["calls"]) == 1


def test_a_missed_call_has_its_code(telephony, desk, ask):
    telephony.log_calls(ask(call(desk.lead(), talk_seconds=0)))
    [row] = desk.rest("voximplant.statistic.get")
    assert row["CALL_FAILED_CODE"] == "304"


def test_two_calls_of_the_same_number_stay_two(telephony, desk, ask):
    lead = desk.lead()
    outcomes = telephony.log_calls(ask(call(lead, id="mango-1"), call(lead, id="mango-2")))
    assert len({one.remote_id for one in outcomes}) == 2


def test_a_call_of_a_deal_stands_in_the_deal(make_crm, desk, ask):
    desk.control("settings", {"telephony_by_webhook": True})
    deals = make_crm(entity="deal")
    contact = desk.contact("Мария", "+79160001122")
    deal = desk.lead(2, contactIds=[contact])
    [done] = deals.log_calls(ask(call(deal)))
    assert isinstance(done, Done), done
    assert [str(one["id"]) for one in desk.card("deals")["calls"]] == [done.remote_id]


def test_a_recording_that_the_portal_cannot_fetch_is_linked_in_a_comment(telephony, desk, ask):
    lead = desk.lead()
    [done] = telephony.log_calls(ask(call(lead, recording="not an address")))
    assert isinstance(done, Done), done
    assert "not an address" in json.dumps([one["text"] for one in desk.card()["comments"]])


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_call_whose_answer_was_lost_is_logged_once(crm, desk, ask, kind):
    lead = desk.lead()
    crm.log_calls(ask(call(lead, id="mango-0"), prefix="warm"))
    real = crm._room.client.batch

    def cut(commands, **more):
        if more.get("write"):
            desk.fault(kind)
        return real(commands, **more)

    began = datetime.now(UTC)
    crm._room.client.batch = cut
    assert type(crm.log_calls(ask(call(lead)))[0]) is Ambiguous
    crm._room.client.batch = real
    [again] = crm.log_calls(ask(call(lead), since=began))
    assert again.found is (kind == "cut_after")
    assert len(desk.card()["calls"]) == 2


def test_the_feed_tells_what_people_have_left_in_a_card_and_not_its_tasks(crm, desk, ask):
    lead, contact = desk.lead(), desk.contact("Мария", "+79160001122")
    [ours] = crm.add_notes(ask(NewNote("Из базы", lead_id=lead)))
    crm.create_tasks(ask(task(lead)))
    desk.rest("crm.activity.todo.add", ownerTypeId=1, ownerId=lead, deadline="2096-12-01T15:00:00", title="Перезвонить")
    desk.rest(
        "crm.timeline.comment.add", fields={"ENTITY_ID": contact, "ENTITY_TYPE": "contact", "COMMENT": "Не звонить"}
    )
    on_lead, on_contact = CardRef(CardKind.LEAD, lead), CardRef(CardKind.CONTACT, contact)
    found = crm.feed([on_lead, on_contact])
    assert [(one.kind.value, one.id == ours.remote_id) for one in found[on_lead]] == [("note", True), ("deed", False)]
    assert [one.kind.value for one in found[on_contact]] == ["note"]
