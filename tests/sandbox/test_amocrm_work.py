"""Links, tasks, notes, calls and the activity log."""

import time

import pytest

from tests.sandbox.amocrm_client import ANNA, GONE, IVAN, LOST, ROP, TALKS, phone


@pytest.fixture
def lead(api):
    """A lead with one contact; `(lead id, contact id)`."""
    (contact_id,) = api.add("/contacts", {"name": "Иван", "custom_fields_values": [phone("8 900 000-00-01")]})
    (lead_id,) = api.add("/leads", {"responsible_user_id": ANNA, "_embedded": {"contacts": [{"id": contact_id}]}})
    return lead_id, contact_id


def call(number="+79000000001", **more):
    return {"direction": "inbound", "duration": 61, "source": "mango", "phone": number, "uniq": "c-1", **more}


def test_a_link_is_answered_read_and_undone(api, lead):
    lead_id, contact_id = lead
    (other,) = api.add("/contacts", {"name": "Мария"})
    wish = {"to_entity_id": other, "to_entity_type": "contacts", "metadata": {"is_main": True}}
    answer = api.post(f"/leads/{lead_id}/link", [wish])
    assert answer.status_code == 200
    assert answer.json()["_embedded"]["links"] == [
        {
            "entity_id": lead_id,
            "entity_type": "leads",
            "to_entity_id": other,
            "to_entity_type": "contacts",
            "metadata": {"main_contact": True},
        }
    ]
    listed = api.get(f"/leads/{lead_id}/links").json()
    assert listed["_total_items"] == 2
    assert {row["to_entity_id"]: row["metadata"]["main_contact"] for row in listed["_embedded"]["links"]} == {
        contact_id: False,
        other: True,
    }
    undone = api.post(f"/leads/{lead_id}/unlink", [wish])
    assert (undone.status_code, undone.content) == (204, b"")
    (row,) = api.get(f"/leads/{lead_id}/links").json()["_embedded"]["links"]
    assert (row["to_entity_id"], row["metadata"]) == (contact_id, {"main_contact": True})


def test_links_in_mass_name_their_entity_and_are_listed_by_it(api, lead):
    lead_id, contact_id = lead
    (company_id,) = api.add("/companies", {"name": "ООО"})
    wish = {"entity_id": lead_id, "to_entity_id": company_id, "to_entity_type": "companies"}
    assert api.post("/leads/link", [wish]).json()["_embedded"]["links"][0]["metadata"] is None
    rows = api.get("/leads/links", **{"filter[entity_id][]": lead_id}).json()["_embedded"]["links"]
    assert [(row["entity_id"], row["to_entity_id"]) for row in rows] == [(lead_id, contact_id), (lead_id, company_id)]


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"to_entity_id": 5, "to_entity_type": "contacts"}, "to_entity_id"),
        ({"to_entity_id": 5, "to_entity_type": "leads"}, "to_entity_type"),
        ({"to_entity_id": 5, "to_entity_type": "boats"}, "to_entity_type"),
        ({"to_entity_id": 5, "to_entity_type": "contacts", "metadata": {"updated_by": GONE}}, "metadata.updated_by"),
    ],
)
def test_a_link_to_nothing_is_refused(api, lead, wish, path):
    assert api.problems(api.post(f"/leads/{lead[0]}/link", [wish]))[("0", path)] == "NotSupportedChoice"


def test_a_task_is_created_listed_completed_and_moves_the_lead_s_closest_task(api, lead):
    due = int(time.time()) + 900
    item = {
        "text": "Позвонить",
        "complete_till": due,
        "task_type_id": 2000001,
        "entity_id": lead[0],
        "entity_type": "leads",
    }
    (task_id,) = api.add("/tasks", {**item, "responsible_user_id": IVAN, "request_id": "t1"})
    assert api.get(f"/leads/{lead[0]}").json()["closest_task_at"] == due
    wanted = {"filter[entity_type]": "leads", "filter[entity_id]": lead[0], "filter[is_completed]": 0}
    (task,) = api.get("/tasks", **wanted).json()["_embedded"]["tasks"]
    assert (task["id"], task["text"], task["responsible_user_id"], task["result"]) == (task_id, "Позвонить", IVAN, [])
    answer = api.patch(f"/tasks/{task_id}", {"is_completed": True, "result": {"text": "Дозвонились"}})
    assert answer.json()["id"] == task_id
    assert api.get("/tasks", **wanted).status_code == 204
    assert api.get(f"/tasks/{task_id}").json()["result"] == {"text": "Дозвонились"}
    assert api.get(f"/leads/{lead[0]}").json()["closest_task_at"] is None


def test_tasks_are_sorted_and_filtered_by_person_and_type(api, lead):
    def task(text, due, user, kind):
        return {
            "text": text,
            "complete_till": due,
            "responsible_user_id": user,
            "task_type_id": kind,
            "entity_id": lead[0],
            "entity_type": "leads",
        }

    api.add("/tasks", task("б", 2000, ANNA, 1), task("а", 1000, ANNA, 2), task("в", 3000, IVAN, 1))

    def texts(**params):
        return [row["text"] for row in api.get("/tasks", **params).json()["_embedded"]["tasks"]]

    assert texts(**{"order[complete_till]": "asc"}) == ["а", "б", "в"]
    assert texts(**{"filter[responsible_user_id]": ANNA}) == ["б", "а"]
    assert texts(**{"filter[task_type]": 1}) == ["б", "в"]


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"text": None}, "text", "FieldMissing"),
        ({"complete_till": None}, "complete_till", "FieldMissing"),
        ({"complete_till": "завтра"}, "complete_till", "InvalidType"),
        ({"task_type_id": 9}, "task_type_id", "NotSupportedChoice"),
        ({"responsible_user_id": GONE}, "responsible_user_id", "NotSupportedChoice"),
        ({"entity_id": 5}, "entity_id", "NotSupportedChoice"),
        ({"entity_type": "boats"}, "entity_type", "NotSupportedChoice"),
        ({"entity_type": None}, "entity_type", "FieldMissing"),
    ],
)
def test_a_bad_task_is_refused_with_its_path(api, lead, change, path, code):
    item = {"text": "x", "complete_till": 1000, "entity_id": lead[0], "entity_type": "leads", **change}
    assert api.problems(api.post("/tasks", [item]))[("0", path)] == code


def test_a_task_moved_to_another_lead_is_listed_there(api, lead):
    (other,) = api.add("/leads", {})
    (task_id,) = api.add("/tasks", {"text": "x", "complete_till": 1000, "entity_id": lead[0], "entity_type": "leads"})
    api.patch("/tasks", [{"id": task_id, "entity_id": other, "entity_type": "leads"}])
    assert api.get("/tasks", **{"filter[entity_type]": "leads", "filter[entity_id]": lead[0]}).status_code == 204
    assert api.get("/tasks", **{"filter[entity_type]": "leads", "filter[entity_id]": other}).status_code == 200


NOTES = {
    "common": {"text": "Клиент просит счёт"},
    "call_in": {
        "uniq": "c",
        "duration": 60,
        "source": "mango",
        "link": "https://pbx.example.test/1.mp3",
        "phone": "+7900",
    },
    "call_out": {"uniq": "d", "duration": 0, "source": "mango", "phone": "+7900"},
    "service_message": {"service": "Проводка", "text": "Заявка принята"},
    "extended_service_message": {"service": "Проводка", "text": "Длинный текст"},
    "sms_in": {"text": "Да", "phone": "+7900"},
    "sms_out": {"text": "Готово", "phone": "+7900"},
    "geolocation": {"text": "Визит", "address": "Москва", "longitude": "37.61", "latitude": "55.75"},
    "attachment": {"file_uuid": "f", "version_uuid": "v", "file_name": "kp.pdf"},
    "message_cashier": {"status": "created", "text": "Пробить чек"},
    "invoice_paid": {"service": "Касса", "text": "Оплачен", "icon_url": "https://x.test/i.png"},
}


@pytest.mark.parametrize("note_type", NOTES)
def test_every_note_type_is_stored_and_read_back(api, lead, note_type):
    note = {"entity_id": lead[0], "note_type": note_type, "params": NOTES[note_type]}
    (note_id,) = api.add("/leads/notes", note)
    shown = api.get(f"/leads/notes/{note_id}").json()
    assert (shown["note_type"], shown["entity_id"]) == (note_type, lead[0])
    assert shown["params"].items() >= NOTES[note_type].items()
    assert shown["params"].get("is_drive_attachment") == (True if note_type == "attachment" else None)
    assert shown["created_by"] == ROP


def test_notes_of_a_card_are_added_filtered_sorted_and_edited(api, lead):
    path = f"/leads/{lead[0]}/notes"
    ids = api.add(
        path,
        {"note_type": "common", "params": {"text": "один"}},
        {"note_type": "service_message", "params": {"service": "x", "text": "два"}},
        {"note_type": "common", "params": {"text": "три"}},
    )
    found = api.get(path, **{"filter[note_type][]": "common", "order[id]": "desc"}).json()["_embedded"]["notes"]
    assert [one["id"] for one in found] == [ids[2], ids[0]]
    answer = api.patch(f"/leads/notes/{ids[0]}", {"note_type": "common", "params": {"text": "новый"}})
    assert answer.json()["entity_id"] == lead[0]
    assert api.get(f"{path}/{ids[0]}").json()["params"] == {"text": "новый"}
    assert api.get(f"/contacts/notes/{ids[0]}").status_code == 204
    api.post(f"/leads/notes/{ids[0]}/pin", {})
    assert api.get(f"/leads/notes/{ids[0]}").json()["is_pinned"] is True


@pytest.mark.parametrize(
    ("note", "path", "code"),
    [
        ({"note_type": "poem", "params": {"text": "x"}}, "note_type", "NotSupportedChoice"),
        ({"note_type": "common"}, "params", "FieldMissing"),
        ({"note_type": "sms_in", "params": {"text": "x"}}, "params.phone", "FieldMissing"),
        ({"note_type": "common", "params": {"text": "x"}, "created_by": GONE}, "created_by", "NotSupportedChoice"),
    ],
)
def test_a_bad_note_is_refused_with_its_path(api, lead, note, path, code):
    assert api.problems(api.post(f"/leads/{lead[0]}/notes", [note]))[("0", path)] == code


def test_a_note_for_a_missing_card_is_refused(api):
    assert api.post("/leads/5/notes", [{"note_type": "common", "params": {"text": "x"}}]).status_code == 404
    answer = api.post("/leads/notes", [{"entity_id": 5, "note_type": "common", "params": {"text": "x"}}])
    assert api.problems(answer) == {("0", "entity_id"): "NotSupportedChoice"}


def test_a_call_goes_to_the_only_open_lead_of_the_phone_s_owner(api, lead):
    answer = api.post("/calls", [call(link="https://pbx.example.test/1.mp3", call_status=4, request_id="r")])
    assert answer.status_code == 200
    body = answer.json()
    assert (body["_total_items"], body["errors"]) == (1, [])
    (row,) = body["_embedded"]["calls"]
    assert (row["entity_type"], row["entity_id"], row["request_id"]) == ("leads", lead[0], "r")
    (note,) = api.get(f"/leads/{lead[0]}/notes").json()["_embedded"]["notes"]
    assert note["note_type"] == "call_in"
    assert note["params"]["link"] == "https://pbx.example.test/1.mp3"


def test_with_several_or_no_open_leads_a_call_goes_to_the_contact(api, lead):
    lead_id, contact_id = lead
    api.add("/leads", {"_embedded": {"contacts": [{"id": contact_id}]}})
    (row,) = api.post("/calls", [call()]).json()["_embedded"]["calls"]
    assert (row["entity_type"], row["entity_id"]) == ("contacts", contact_id)
    api.patch("/leads", [{"id": lead_id, "status_id": LOST}])
    (row,) = api.post("/calls", [call(direction="outbound")]).json()["_embedded"]["calls"]
    assert row["entity_type"] == "leads"
    assert row["entity_id"] != lead_id


def test_a_call_from_nobody_is_263_and_is_not_stored(api, lead):
    answer = api.post("/calls", [call("+79009999999")])
    assert answer.status_code == 400
    body = answer.json()
    assert body["_total_items"] == 0
    assert (body["errors"][0]["title"], body["errors"][0]["status"]) == ("Entity not found", 263)
    assert api.stats()["objects"]["notes"] == 0


def test_a_batch_of_calls_may_be_half_stored(api, lead):
    body = api.post("/calls", [call(), call("+79009999999", request_id="lost")]).json()
    assert body["_total_items"] == 1
    assert [error["request_id"] for error in body["errors"]] == ["lost"]


def test_a_repeated_call_is_stored_again_so_that_a_client_must_know_its_uniq(api, lead):
    for _ in range(2):
        api.post("/calls", [call()])
    assert len(api.get(f"/leads/{lead[0]}/notes").json()["_embedded"]["notes"]) == 2


def test_a_call_without_a_phone_or_with_a_strange_status_is_refused(api):
    answer = api.post("/calls", [{"direction": "sideways", "duration": 1, "source": "x", "call_status": 9}])
    assert api.problems(answer) == {
        ("0", "phone"): "FieldMissing",
        ("0", "direction"): "NotSupportedChoice",
        ("0", "call_status"): "NotSupportedChoice",
    }


def test_the_log_tells_who_changed_what_with_both_values(api, lead):
    api.patch(f"/leads/{lead[0]}", {"status_id": TALKS, "responsible_user_id": IVAN, "updated_by": 0})
    api.add("/tasks", {"text": "x", "complete_till": 1000, "entity_id": lead[0], "entity_type": "leads"})
    types = [event["type"] for event in api.get("/events").json()["_embedded"]["events"]]
    assert types == ["task_added", "entity_responsible_changed", "lead_status_changed", "lead_added", "contact_added"]
    wanted = {"filter[type]": "lead_status_changed,lead_added", "filter[entity]": "lead", "filter[entity_id]": lead[0]}
    moved, added = api.get("/events", **wanted).json()["_embedded"]["events"]
    assert added["type"] == "lead_added"
    assert moved["created_by"] == 0
    assert moved["value_before"][0]["lead_status"]["id"] == 50000002
    assert moved["value_after"][0]["lead_status"] == {"id": TALKS, "pipeline_id": 5000001}
    assert moved["_embedded"]["entity"]["id"] == lead[0]
    assert api.get(f"/events/{moved['id']}").json()["id"] == moved["id"]


@pytest.mark.parametrize("names", ["pair", "brackets"])
def test_the_log_is_polled_by_time(api, lead, names):
    def during(low, high):
        if names == "pair":
            return api.get("/events", **{"filter[created_at]": f"{low},{high}"})
        return api.get("/events", **{"filter[created_at][from]": low, "filter[created_at][to]": high})

    now = int(time.time())
    assert len(during(now - 60, now + 60).json()["_embedded"]["events"]) == 2
    assert during(now + 100, now + 200).status_code == 204


def test_the_log_s_types_are_listed(api):
    rows = api.get("/events/types").json()["_embedded"]["events_types"]
    assert {"key": "lead_added", "type": 1, "lang": "Новая сделка"} in rows
