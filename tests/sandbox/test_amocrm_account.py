"""The account's furniture: users, pipelines, fields, loss reasons, incoming leads; keeping all that between runs."""

import time

import pytest

from sandbox.amocrm import AmoCrm, Limit, Seed
from tests.sandbox.amocrm_client import ANNA, GONE, MAIN, NEW, ROP, TALKS, Api, phone


def names(rows):
    return [row["name"] for row in rows]


def test_the_account_is_the_roofing_company_and_shows_what_with_asks_for(api):
    plain = api.get("/account").json()
    assert (plain["name"], plain["subdomain"], plain["current_user_id"]) == ("Кровля Плюс", "krovlya", ROP)
    assert "is_api_filter_enabled" not in plain
    wanted = "amojo_id,uuid,version,drive_url,is_api_filter_enabled,users_groups,task_types,datetime_settings"
    full = api.get("/account", **{"with": wanted}).json()
    assert full["is_api_filter_enabled"] is True
    types = full["_embedded"]["task_types"]
    assert [(one["id"], one["name"], one["code"]) for one in types] == [
        (1, "Связаться", "FOLLOW_UP"),
        (2, "Встреча", "MEETING"),
        (2000001, "Звонок", ""),
    ]
    assert full["_embedded"]["datetime_settings"]["timezone"] == "Europe/Moscow"
    assert full["_embedded"]["datetime_settings"]["timezone_offset"] == "+03:00"


def test_users_are_listed_with_the_deactivated_one_marked(api):
    body = api.get("/users", **{"with": "group,role,uuid"}).json()
    assert (body["_total_items"], body["_page_count"]) == (4, 1)
    users = {user["email"]: user for user in body["_embedded"]["users"]}
    assert names(users.values()) == ["Анна Смирнова", "Иван Петров", "Ольга Ропова", "Старый Менеджер"]
    assert users["old@krovlya.ru"]["rights"]["is_active"] is False
    assert users["rop@krovlya.ru"]["rights"]["is_admin"] is True
    assert api.get(f"/users/{ANNA}").json()["email"] == "anna@krovlya.ru"
    assert api.get("/users/5").status_code == 404


def test_pipelines_carry_their_stages_with_the_three_system_ones(api):
    body = api.get("/leads/pipelines").json()
    assert body["_total_items"] == 2
    main, service = body["_embedded"]["pipelines"]
    assert (main["name"], main["is_main"], service["name"], service["is_main"]) == ("Кровля", True, "Сервис", False)
    stages = main["_embedded"]["statuses"]
    assert names(stages) == [
        "Неразобранное",
        "Новый лид",
        "Переговоры",
        "Счёт выставлен",
        "Успешно реализовано",
        "Закрыто и не реализовано",
    ]
    assert [stage["type"] for stage in stages] == [1, 0, 0, 0, 0, 0]
    assert [stage["id"] for stage in stages][-2:] == [142, 143]
    assert names(service["_embedded"]["statuses"])[-2:] == ["Успешно реализовано", "Закрыто и не реализовано"]


def test_a_wrong_pipeline_is_404_with_the_vendor_s_words(api):
    answer = api.get("/leads/pipelines/5/statuses")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Pipeline not found")


def test_a_new_stage_and_a_new_pipeline_take_leads(api):
    (status_id,) = api.add(f"/leads/pipelines/{MAIN}/statuses", {"name": "Замер", "sort": 25})
    assert names(api.get(f"/leads/pipelines/{MAIN}/statuses").json()["_embedded"]["statuses"])[2] == "Замер"
    pipeline = {"name": "Опт", "sort": 30, "_embedded": {"statuses": [{"name": "Запрос"}]}}
    (pipeline_id,) = api.add("/leads/pipelines", pipeline)
    ids = api.add("/leads", {"pipeline_id": MAIN, "status_id": status_id}, {"pipeline_id": pipeline_id})
    assert len(ids) == 2


def test_loss_reasons_are_listed_and_added(api):
    api.add("/leads/loss_reasons", {"name": "Передумал"})
    body = api.get("/leads/loss_reasons").json()
    assert names(body["_embedded"]["loss_reasons"])[0] == "Дорого"
    assert names(body["_embedded"]["loss_reasons"])[-1] == "Передумал"
    assert body["_total_items"] == 4


def test_custom_fields_are_listed_with_the_standard_ones(api):
    body = api.get("/contacts/custom_fields").json()
    assert [field["code"] for field in body["_embedded"]["custom_fields"]] == ["PHONE", "EMAIL", "POSITION"]
    phones = body["_embedded"]["custom_fields"][0]
    assert [one["value"] for one in phones["enums"]] == ["WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"]
    leads = api.get("/leads/custom_fields").json()["_embedded"]["custom_fields"]
    assert names(leads) == ["Источник", "Комментарий", "Дата доставки"]
    assert [field["is_api_only"] for field in leads] == [False, False, False]


def test_custom_fields_come_fifty_a_page_whatever_the_limit(api):
    api.add("/leads/custom_fields", *({"name": f"Поле {number}", "type": "text"} for number in range(60)))
    body = api.get("/leads/custom_fields", limit=250).json()
    assert (body["_total_items"], body["_page_count"], len(body["_embedded"]["custom_fields"])) == (63, 2, 50)
    assert len(api.get("/leads/custom_fields", page=2).json()["_embedded"]["custom_fields"]) == 13


def test_a_service_field_is_made_with_a_code_and_then_written_by_it(api):
    wish = {"name": "Внешний ID", "type": "text", "code": "MW_EXT_ID", "sort": 510, "is_api_only": True}
    answer = api.post("/leads/custom_fields", [wish])
    (field,) = answer.json()["_embedded"]["custom_fields"]
    assert {key: field[key] for key in wish} == wish
    assert (field["is_deletable"], field["entity_type"], field["request_id"]) == (True, "leads", "0")
    (lead_id,) = api.add(
        "/leads", {"custom_fields_values": [{"field_code": "MW_EXT_ID", "values": [{"value": "form-17"}]}]}
    )
    (shown,) = api.get(f"/leads/{lead_id}").json()["custom_fields_values"]
    assert (shown["field_id"], shown["field_code"], shown["values"]) == (
        field["id"],
        "MW_EXT_ID",
        [{"value": "form-17"}],
    )
    assert api.problems(api.post("/leads/custom_fields", [wish])) == {("0", "code"): "NotUnique"}


def test_a_field_of_an_unknown_type_or_a_list_without_options_is_refused(api):
    answer = api.post("/leads/custom_fields", [{"name": "x", "type": "hologram"}, {"name": "y", "type": "select"}, {}])
    assert api.problems(answer) == {
        ("0", "type"): "NotSupportedChoice",
        ("1", "enums"): "FieldMissing",
        ("2", "name"): "FieldMissing",
        ("2", "type"): "FieldMissing",
    }


def test_a_deleted_field_poisons_a_write_that_names_it(api):
    (field_id,) = api.add("/leads/custom_fields", {"name": "Поле", "type": "select", "enums": [{"value": "да"}]})
    value = [{"field_id": field_id, "values": [{"value": "да"}]}]
    (lead_id,) = api.add("/leads", {"custom_fields_values": value})
    assert api.delete(f"/leads/custom_fields/{field_id}").status_code == 204
    assert api.get(f"/leads/{lead_id}").json()["custom_fields_values"] is None
    answer = api.patch(f"/leads/{lead_id}", {"name": "x", "custom_fields_values": value})
    assert api.problems(answer) == {("0", "custom_fields_values.0.field_id"): "NotSupportedChoice"}


def test_a_tag_made_twice_is_one_tag(api):
    first = api.post("/leads/tags", [{"name": "VIP", "color": "FFC8C8", "request_id": "t1"}]).json()
    assert first["_embedded"]["tags"] == [{"id": 900001, "name": "VIP", "color": "FFC8C8", "request_id": "t1"}]
    assert api.add("/leads/tags", {"name": "VIP"}) == [900001]
    assert api.get("/contacts/tags").status_code == 204


INCOMING = {
    "request_id": "r",
    "source_uid": "form-19",
    "source_name": "Сайт",
    "pipeline_id": MAIN,
    "metadata": {"form_id": "order", "form_name": "Заказ"},
    "_embedded": {
        "leads": [{"name": "Заказ с сайта", "price": 5000}],
        "contacts": [{"name": "Иван", "custom_fields_values": [phone("+79000000001")]}],
    },
}


def test_an_incoming_lead_waits_hidden_until_it_is_accepted(api):
    (row,) = api.post("/leads/unsorted/forms", [INCOMING]).json()["_embedded"]["unsorted"]
    assert (len(row["uid"]), row["request_id"]) == (40, "r")
    assert api.get("/contacts", query="9000000001").status_code == 204
    (waiting,) = api.get("/leads/unsorted", **{"filter[category][]": "forms"}).json()["_embedded"]["unsorted"]
    assert (waiting["source_uid"], waiting["metadata"]["form_name"]) == ("form-19", "Заказ")
    answer = api.post(f"/leads/unsorted/{row['uid']}/accept", {"user_id": ANNA, "status_id": TALKS})
    lead_id = answer.json()["_embedded"]["leads"][0]["id"]
    lead = api.get(f"/leads/{lead_id}").json()
    assert (lead["status_id"], lead["responsible_user_id"]) == (TALKS, ANNA)
    assert api.get("/contacts", query="9000000001").status_code == 200
    assert api.get("/leads/unsorted/summary").json()["accepted"] == 1
    assert api.post(f"/leads/unsorted/{row['uid']}/accept", {}).status_code == 404


def test_the_same_incoming_lead_cannot_be_added_twice(api):
    assert api.post("/leads/unsorted/forms", [INCOMING]).status_code == 200
    assert api.problems(api.post("/leads/unsorted/forms", [INCOMING])) == {("r", "source_uid"): "NotUnique"}
    assert api.stats()["objects"]["leads"] == 1


def test_accepting_for_a_deactivated_user_is_refused(api):
    (row,) = api.post("/leads/unsorted/forms", [INCOMING]).json()["_embedded"]["unsorted"]
    answer = api.post(f"/leads/unsorted/{row['uid']}/accept", {"user_id": GONE})
    assert api.problems(answer) == {("0", "responsible_user_id"): "NotSupportedChoice"}


def test_the_dump_tells_names_in_place_of_ids(api):
    contact = {"name": "Иван", "custom_fields_values": [phone("+79000000001")]}
    item = {
        "name": "Заявка",
        "responsible_user_id": ANNA,
        "_embedded": {"contacts": [contact], "tags": [{"name": "сайт"}]},
    }
    (lead,) = api.post("/leads/complex", [item]).json()
    task = {"text": "Позвонить", "complete_till": 2000000000, "entity_id": lead["id"], "entity_type": "leads"}
    api.add("/tasks", {**task, "task_type_id": 2000001})
    api.add(f"/leads/{lead['id']}/notes", {"note_type": "common", "params": {"text": "Примечание"}})
    api.post(
        "/calls", [{"direction": "inbound", "duration": 5, "source": "mango", "phone": "89000000001", "uniq": "u"}]
    )
    (shown,) = api.dump()
    assert (shown["responsible"], shown["pipeline"], shown["status"]) == ("Анна Смирнова", "Кровля", "Новый лид")
    assert (shown["tags"], shown["contacts"][0]["phones"]) == (["сайт"], ["+79000000001"])
    assert [(one["text"], one["type"], one["is_completed"]) for one in shown["tasks"]] == [
        ("Позвонить", "Звонок", False)
    ]
    assert [one["text"] for one in shown["notes"]] == ["Примечание"]
    assert [one["uniq"] for one in shown["calls"]] == ["u"]


def test_stats_count_calls_by_plain_addresses_and_objects_by_kind(api):
    (lead_id,) = api.add("/leads", {})
    api.get(f"/leads/{lead_id}")
    api.get("/contacts/5")
    stats = api.stats()
    assert stats["calls"] == {"POST /api/v4/leads": 1, "GET /api/v4/leads/<id>": 1, "GET /api/v4/contacts/<id>": 1}
    assert (stats["objects"]["leads"], stats["objects"]["contacts"]) == (1, 0)


def fill(api):
    contact = {"name": "Иван", "custom_fields_values": [phone("+79000000001")]}
    company = {"name": "ООО"}
    tags = [{"name": "сайт"}]
    item = {"name": "Заявка", "_embedded": {"contacts": [contact], "companies": [company], "tags": tags}}
    (lead,) = api.post("/leads/complex", [item]).json()
    api.add("/tasks", {"text": "x", "complete_till": 2000000000, "entity_id": lead["id"], "entity_type": "leads"})
    api.add(f"/leads/{lead['id']}/notes", {"note_type": "common", "params": {"text": "да"}})
    api.add("/leads/custom_fields", {"name": "Ключ", "type": "text", "code": "KEY"})
    api.add(f"/leads/pipelines/{MAIN}/statuses", {"name": "Замер"})
    api.post("/webhooks", {"destination": "http://127.0.0.1:9/", "settings": ["add_talk"]})
    api.post("/leads/unsorted/forms", [INCOMING])
    return lead["id"]


PATHS = ("/leads", "/contacts", "/companies", "/tasks", "/leads/notes", "/leads/tags", "/events", "/webhooks")
KEPT = (*PATHS, "/leads/custom_fields", "/leads/pipelines", "/leads/unsorted")


def everything(crm, api):
    texts = [api.get(path, limit=250).text.replace(crm.url, "") for path in KEPT]
    return [*texts, api.dump()]


def test_a_stopped_account_goes_on_where_it_was(tmp_path):
    path = tmp_path / "account.sqlite"
    with AmoCrm(path, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        lead_id = fill(api)
        before = everything(crm, api)
        entry = api.control("oauth", method="GET")
    with AmoCrm(path, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        assert everything(crm, api) == before
        assert api.get("/contacts", query="9000000001").status_code == 200
        assert Api(crm, entry["access_token"]).get("/account").status_code == 200
        assert api.patch(
            f"/leads/{lead_id}", {"custom_fields_values": [{"field_code": "KEY", "values": [{"value": "1"}]}]}
        ).ok
        assert api.add("/leads", {}) == [lead_id + 2]


def test_a_change_is_on_disk_within_half_a_second_without_a_stop(tmp_path):
    path = tmp_path / "account.sqlite"
    with AmoCrm(path, limit=Limit(per_second=None)) as crm:
        Api(crm).add("/leads", {"name": "Успела"})
        deadline = time.monotonic() + 30
        seen = []
        while not seen and time.monotonic() < deadline:
            time.sleep(0.05)
            other = AmoCrm(path)
            seen = [lead.name for lead in other.store.leads.values()]
        assert seen == ["Успела"]


def test_a_reset_clears_the_file_too(tmp_path):
    path = tmp_path / "account.sqlite"
    with AmoCrm(path, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        fill(api)
        api.delete("/leads/custom_fields/300102")
        time.sleep(0.4)
        api.control("reset")
        assert api.get("/leads/custom_fields/300102").status_code == 200
        api.delete("/leads/custom_fields/300103")
        assert api.add("/leads", {"name": "Первая"}) == [11000001]
    with AmoCrm(path, limit=Limit(per_second=None)) as crm:
        (lead,) = Api(crm).dump()
        assert lead["name"] == "Первая"
        assert names(Api(crm).get("/leads/custom_fields").json()["_embedded"]["custom_fields"]) == [
            "Источник",
            "Комментарий",
        ]
        assert Api(crm).stats()["objects"]["contacts"] == 0


@pytest.mark.parametrize("subdomain", ["other"])
def test_an_account_of_one_s_own_is_a_seed(subdomain):
    with AmoCrm(seed=Seed(name="Окна", subdomain=subdomain), limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        assert api.get("/account").json()["subdomain"] == subdomain
        api.add("/leads/loss_reasons", {"name": "x"})
        api.control("reset")
        assert api.get("/leads/loss_reasons").json()["_total_items"] == 3
        api.add("/leads", {})
        assert api.get("/leads").json()["_embedded"]["leads"][0]["status_id"] == NEW
