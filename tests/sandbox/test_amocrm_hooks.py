"""Webhooks: subscriptions, the form keys with their quirks, and the ladder of deliveries."""

import time

import pytest
import requests

from sandbox.amocrm.hooks import retry_after
from tests.sandbox.amocrm_client import ANNA, IVAN, LOST, MAIN, NEW, ROP, TALKS, WON, phone

ALL = [
    "add_lead",
    "update_lead",
    "status_lead",
    "responsible_lead",
    "note_lead",
    "add_contact",
    "update_contact",
    "add_company",
    "update_company",
    "note_contact",
    "add_task",
    "update_task",
    "responsible_task",
]


def subscribe(api, receiver, *settings):
    answer = api.post("/webhooks", {"destination": f"{receiver.url}/hook", "settings": list(settings), "sort": 10})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_subscription_is_made_updated_found_and_ended(api):
    wish = {"destination": "http://127.0.0.1:9/hooks/amocrm?token=abc", "settings": ["add_lead"]}
    first = api.post("/webhooks", wish)
    assert first.status_code == 201
    assert first.json()["disabled"] is False
    again = api.post("/webhooks", {**wish, "settings": ["status_lead", "add_task"]})
    assert again.json()["id"] == first.json()["id"]
    found = api.get("/webhooks", **{"filter[destination]": wish["destination"]}).json()
    assert (found["_total_items"], found["_embedded"]["webhooks"][0]["settings"]) == (1, ["status_lead", "add_task"])
    assert api.get("/webhooks", **{"filter[destination]": "http://other.test/"}).status_code == 204
    assert api.delete("/webhooks", {"destination": wish["destination"]}).status_code == 204
    assert api.delete("/webhooks", {"destination": wish["destination"]}).status_code == 404
    assert api.get("/webhooks").status_code == 204


def test_a_bad_destination_is_422_and_a_bad_setting_400(api):
    assert api.post("/webhooks", {"destination": "ftp://x", "settings": ["add_lead"]}).status_code == 422
    answer = api.post("/webhooks", {"destination": "http://x.test/", "settings": ["add_lead", "add_boat"]})
    assert api.problems(answer) == {("0", "settings.1"): "NotSupportedChoice"}


def test_a_new_lead_is_posted_as_a_form_of_bracket_keys(api, receiver):
    subscribe(api, receiver, "add_lead")
    fields = [
        {"field_id": 300101, "values": [{"value": "Сайт"}]},
        {"field_id": 300103, "values": [{"value": 1767571200}]},
    ]
    item = {"name": "Заявка", "price": 15000, "responsible_user_id": ANNA, "created_by": 0, "created_at": 1767225600}
    (lead_id,) = api.add("/leads", {**item, "tags_to_add": [{"name": "сайт"}], "custom_fields_values": fields})
    (form,) = receiver.wait(1)
    assert form == {
        "leads[add][0][id]": str(lead_id),
        "leads[add][0][name]": "Заявка",
        "leads[add][0][status_id]": str(NEW),
        "leads[add][0][price]": "15000",
        "leads[add][0][responsible_user_id]": str(ANNA),
        "leads[add][0][last_modified]": "1767225600",
        "leads[add][0][modified_user_id]": "0",
        "leads[add][0][created_user_id]": "0",
        "leads[add][0][date_create]": "1767225600",
        "leads[add][0][pipeline_id]": str(MAIN),
        "leads[add][0][account_id]": "31000001",
        "leads[add][0][created_at]": "1767225600",
        "leads[add][0][updated_at]": "1767225600",
        "leads[add][0][tags][0][id]": "900001",
        "leads[add][0][tags][0][name]": "сайт",
        "leads[add][0][custom_fields][0][id]": "300101",
        "leads[add][0][custom_fields][0][name]": "Источник",
        "leads[add][0][custom_fields][0][values][0][value]": "Сайт",
        "leads[add][0][custom_fields][0][values][0][enum]": "310001",
        "leads[add][0][custom_fields][1][id]": "300103",
        "leads[add][0][custom_fields][1][name]": "Дата доставки",
        "leads[add][0][custom_fields][1][values][0]": "1767571200",
        "account[id]": "31000001",
        "account[subdomain]": "krovlya",
        "account[_links][self]": api.crm.url,
    }


def test_a_stage_change_names_the_old_stage_and_a_new_responsible_the_old_one(api, receiver):
    (lead_id,) = api.add("/leads", {"responsible_user_id": ANNA})
    subscribe(api, receiver, "status_lead", "responsible_lead")
    api.patch(f"/leads/{lead_id}", {"status_id": WON, "responsible_user_id": IVAN})
    (form,) = receiver.wait(1)
    assert form["leads[status][0][status_id]"] == "142"
    assert form["leads[status][0][old_status_id]"] == str(NEW)
    assert form["leads[status][0][old_pipeline_id]"] == str(MAIN)
    assert form["leads[status][0][modified_user_id]"] == str(ROP)
    assert form["leads[responsible][0][responsible_user_id]"] == str(IVAN)
    assert form["leads[responsible][0][old_responsible_user_id]"] == str(ANNA)


def test_one_post_may_carry_several_entities_and_indices(api, receiver):
    subscribe(api, receiver, *ALL)
    contact = {"name": "Иван", "custom_fields_values": [phone("+79000000001")]}
    api.post("/leads/complex", [{"name": name, "_embedded": {"contacts": [contact]}} for name in ("А", "Б")])
    (form,) = receiver.wait(1)
    assert form["leads[add][0][name]"] == "А"
    assert form["leads[add][1][name]"] == "Б"
    assert form["contacts[add][1][type]"] == "contact"
    assert form["contacts[add][0][custom_fields][0][code]"] == "PHONE"


def test_linked_leads_are_a_map_keyed_by_lead_id(api, receiver):
    (contact_id,) = api.add("/contacts", {"name": "Иван"})
    ids = api.add("/leads", *({"_embedded": {"contacts": [{"id": contact_id}]}} for _ in range(2)))
    subscribe(api, receiver, "update_contact")
    api.patch(f"/contacts/{contact_id}", {"name": "Пётр"})
    (form,) = receiver.wait(1)
    for lead_id in ids:
        assert form[f"contacts[update][0][linked_leads_id][{lead_id}][ID]"] == str(lead_id)


def test_a_company_travels_under_contacts_with_its_type(api, receiver):
    (company_id,) = api.add("/companies", {"name": "ООО"})
    (contact_id,) = api.add("/contacts", {"name": "Иван", "_embedded": {"companies": [{"id": company_id}]}})
    subscribe(api, receiver, "update_company", "update_contact")
    api.patch(f"/companies/{company_id}", {"name": "ООО Ромашка"})
    api.patch(f"/contacts/{contact_id}", {"name": "Пётр"})
    company, contact = receiver.wait(2)
    assert company["contacts[update][0][type]"] == "company"
    assert contact["contacts[update][0][company_name]"] == "ООО Ромашка"
    assert contact["contacts[update][0][linked_company_id]"] == str(company_id)


def test_tasks_are_singular_and_tell_whether_they_are_done(api, receiver):
    (lead_id,) = api.add("/leads", {})
    subscribe(api, receiver, "add_task", "update_task")
    item = {"text": "Позвонить", "complete_till": 1767229200, "entity_id": lead_id, "entity_type": "leads"}
    (task_id,) = api.add("/tasks", item)
    api.patch(f"/tasks/{task_id}", {"is_completed": True})
    added, done = receiver.wait(2)
    assert added["task[add][0][element_id]"] == str(lead_id)
    assert (added["task[add][0][element_type]"], added["task[add][0][status]"]) == ("2", "0")
    assert added["task[add][0][complete_till]"] == "1767229200"
    assert done["task[update][0][status]"] == "1"


def test_notes_are_nested_and_a_call_s_text_is_json(api, receiver):
    (lead_id,) = api.add("/leads", {})
    subscribe(api, receiver, "note_lead")
    call = {
        "uniq": "pbx-1",
        "duration": 148,
        "source": "mango",
        "link": "https://pbx.example.test/1.mp3",
        "phone": "+7900",
    }
    common = {"note_type": "common", "params": {"text": "Просит счёт"}, "created_at": 1767225600}
    api.add(f"/leads/{lead_id}/notes", common, {"note_type": "call_in", "params": call})
    (form,) = receiver.wait(1)
    assert form["leads[note][0][note][note_type]"] == "4"
    assert form["leads[note][0][note][text]"] == "Просит счёт"
    assert form["leads[note][0][note][timestamp_x]"] == "2026-01-01 03:00:00"
    assert form["leads[note][1][note][note_type]"] == "10"
    assert '"UNIQ": "pbx-1"' in form["leads[note][1][note][text]"]


def test_nothing_is_posted_for_what_nobody_subscribed_to_nor_for_a_refused_write(api, receiver):
    subscribe(api, receiver, "status_lead")
    (lead_id,) = api.add("/leads", {})
    api.patch(f"/leads/{lead_id}", {"price": 5})
    assert api.patch(f"/leads/{lead_id}", {"status_id": 1}).status_code == 400
    api.patch(f"/leads/{lead_id}", {"status_id": TALKS})
    (form,) = receiver.wait(1)
    assert form["leads[status][0][status_id]"] == str(TALKS)


def test_a_cut_after_the_work_still_sends_the_webhook(api, receiver):
    subscribe(api, receiver, "add_lead")
    api.control("faults", {"next": 1, "kind": "cut_after"})
    with pytest.raises(requests.ConnectionError):
        api.post("/leads", [{}])
    receiver.wait(1)


def test_a_bad_answer_is_tried_again_up_the_ladder(api, receiver):
    receiver.statuses += [500, 404]
    subscribe(api, receiver, "add_lead")
    api.add("/leads", {})
    forms = receiver.wait(3)
    assert forms[0] == forms[1] == forms[2]
    deadline = time.monotonic() + 30
    while api.stats()["webhooks"].get("delivered") != 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    deliveries = api.control("webhooks", method="GET")
    assert [(one["attempt"], one["status"]) for one in deliveries] == [(1, 500), (2, 404), (3, 200)]


@pytest.mark.parametrize(
    ("attempt", "status", "wait"),
    [
        (1, 404, 300),
        (2, 302, 900),
        (3, 404, None),
        (3, 500, 900),
        (4, 499, 3600),
        (5, 500, None),
        (1, 0, 300),
        (3, 0, None),
    ],
)
def test_the_ladder_is_longer_for_5xx_and_499(attempt, status, wait):
    assert retry_after(attempt, status) == wait


def test_more_than_a_hundred_bad_answers_switch_the_subscription_off(api, receiver):
    receiver.statuses += [404] * 400
    hook = subscribe(api, receiver, "add_lead")
    for _ in range(40):
        api.add("/leads", {})
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        (shown,) = api.get("/webhooks").json()["_embedded"]["webhooks"]
        if shown["disabled"]:
            break
        time.sleep(0.05)
    assert shown["disabled"] is True
    assert len(receiver.forms) >= 101
    receiver.statuses.clear()
    assert subscribe(api, receiver, "add_lead")["id"] == hook["id"]
    assert api.get("/webhooks").json()["_embedded"]["webhooks"][0]["disabled"] is False


def test_dropped_doubled_and_delayed_deliveries(api, receiver):
    subscribe(api, receiver, "add_lead")
    api.control("webhook_faults", {"drop": 1})
    api.add("/leads", {"name": "пропадёт"})
    api.control("webhook_faults", {"double": 1})
    api.add("/leads", {"name": "дважды"})
    forms = receiver.wait(2)
    assert [form["leads[add][0][name]"] for form in forms] == ["дважды", "дважды"]
    started = time.monotonic()
    api.control("webhook_faults", {"delay": 0.3})
    api.add("/leads", {"name": "позже"})
    receiver.wait(3)
    assert time.monotonic() - started >= 0.3
    counts = api.stats()["webhooks"]
    assert (counts["dropped"], counts["doubled"]) == (1, 1)


def test_a_reordered_delivery_is_overtaken_by_the_next(api, receiver):
    subscribe(api, receiver, "add_lead")
    api.control("webhook_faults", {"reorder": 1})
    api.add("/leads", {"name": "первая"})
    api.control("webhook_faults", {})
    api.add("/leads", {"name": "вторая"})
    forms = receiver.wait(2)
    assert [form["leads[add][0][name]"] for form in forms] == ["вторая", "первая"]


def test_faults_of_webhooks_that_make_no_sense_are_refused(crm):
    answer = requests.post(f"{crm.url}/_sandbox/webhook_faults", json={"drop": 2}, timeout=30)
    assert answer.status_code == 400


def test_a_declined_incoming_lead_is_announced(api, receiver):
    subscribe(api, receiver, "add_lead", "status_lead")
    item = {
        "source_uid": "form-1",
        "source_name": "Сайт",
        "metadata": {"form_id": "order"},
        "_embedded": {"leads": [{"name": "Заказ"}], "contacts": [{"name": "Иван"}]},
    }
    (row,) = api.post("/leads/unsorted/forms", [item]).json()["_embedded"]["unsorted"]
    api.delete(f"/leads/unsorted/{row['uid']}/decline", {"user_id": ROP})
    added, declined = receiver.wait(2)
    assert added["unsorted[add][0][uid]"] == row["uid"]
    assert added["unsorted[add][0][data][leads][0][name]"] == "Заказ"
    assert declined["unsorted[delete][0][action]"] == "decline"
    assert declined["leads[status][0][status_id]"] == str(LOST)
