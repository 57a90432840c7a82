"""Leads, contacts and companies: shapes, searches, filters, pages, and what is refused."""

import pytest

from tests.sandbox.amocrm_client import ANNA, GONE, IVAN, LOST, MAIN, NEW, ROP, TALKS, WON, Api, email, phone


def test_without_a_token_every_call_is_401_with_the_vendor_s_words(crm):
    answer = Api(crm, token="wrong").get("/leads")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "title": "Unauthorized",
        "type": "https://httpstatus.es/401",
        "status": 401,
        "detail": "Неверный логин или пароль",
    }


def test_an_unknown_address_is_404_and_a_wrong_method_405_as_problems(api):
    for answer, status in ((api.get("/nothing"), 404), (api.delete("/leads"), 405)):
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_an_empty_list_and_a_missing_card_are_204_without_a_body(api):
    for path in ("/leads", "/contacts", "/companies", "/tasks", "/events", "/leads/1", "/contacts/1", "/leads/notes"):
        answer = api.get(path)
        assert (answer.status_code, answer.content) == (204, b""), path


def test_created_leads_come_back_with_ids_and_request_ids_in_order(api):
    answer = api.post("/leads", [{"name": "Первая", "request_id": "form-17"}, {"name": "Вторая"}])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/hal+json"
    first, second = answer.json()["_embedded"]["leads"]
    assert (first["id"], first["request_id"]) == (11000001, "form-17")
    assert (second["id"], second["request_id"]) == (11000002, "1")
    assert first["_links"]["self"]["href"] == f"{api.crm.url}/api/v4/leads/11000001"


def test_a_lead_with_nothing_said_stands_in_the_first_stage_of_the_main_pipeline(api):
    (lead_id,) = api.add("/leads", {})
    lead = api.get(f"/leads/{lead_id}").json()
    assert (lead["pipeline_id"], lead["status_id"]) == (MAIN, NEW)
    assert lead["name"] == f"Сделка #{lead_id}"
    assert (lead["price"], lead["custom_fields_values"], lead["closed_at"]) == (0, None, None)
    assert lead["responsible_user_id"] == lead["created_by"] == ROP
    assert lead["account_id"] == 31000001


def test_robot_zero_may_create_and_update(api):
    (lead_id,) = api.add("/leads", {"created_by": 0})
    assert api.patch(f"/leads/{lead_id}", {"price": 5, "updated_by": 0}).status_code == 200
    lead = api.get(f"/leads/{lead_id}").json()
    assert (lead["created_by"], lead["updated_by"], lead["price"]) == (0, 0, 5)


def test_with_contacts_names_the_main_one(api):
    ids = api.add("/contacts", {"name": "Иван"}, {"name": "Мария"})
    (lead_id,) = api.add("/leads", {"_embedded": {"contacts": [{"id": ids[0]}, {"id": ids[1], "is_main": True}]}})
    shown = api.get(f"/leads/{lead_id}", **{"with": "contacts,loss_reason,catalog_elements"}).json()["_embedded"]
    assert [(one["id"], one["is_main"]) for one in shown["contacts"]] == [(ids[0], False), (ids[1], True)]
    assert (shown["loss_reason"], shown["catalog_elements"]) == ([], [])
    assert "contacts" not in api.get(f"/leads/{lead_id}").json()["_embedded"]


def test_a_contact_s_name_and_its_parts_follow_each_other(api):
    api.add("/contacts", {"first_name": "Иван", "last_name": "Петров"}, {"name": "Мария Сидорова"})
    first, second = api.get("/contacts").json()["_embedded"]["contacts"]
    assert first["name"] == "Иван Петров"
    assert second["first_name"] == "Мария Сидорова"


def test_phones_and_emails_are_kept_as_typed_with_their_enum(api):
    (contact_id,) = api.add(
        "/contacts", {"custom_fields_values": [phone("8 900 000-00-01", "WORK"), email("A@B.test")]}
    )
    phones, emails = api.get(f"/contacts/{contact_id}").json()["custom_fields_values"]
    assert (phones["field_code"], phones["field_type"]) == ("PHONE", "multitext")
    assert phones["values"] == [{"value": "8 900 000-00-01", "enum_id": 310101, "enum_code": "WORK"}]
    assert emails["values"][0]["value"] == "A@B.test"


def test_a_patch_changes_only_what_it_names_and_replaces_a_field_s_whole_list(api):
    (contact_id,) = api.add(
        "/contacts", {"name": "Иван", "custom_fields_values": [phone("1234567890"), email("a@b.test")]}
    )
    answer = api.patch(f"/contacts/{contact_id}", {"custom_fields_values": [phone("0987654321")]})
    assert answer.json()["name"] == "Иван"
    fields = api.get(f"/contacts/{contact_id}").json()["custom_fields_values"]
    assert [[value["value"] for value in field["values"]] for field in fields] == [["0987654321"], ["a@b.test"]]


def test_null_values_clear_a_field_and_null_tags_clear_the_set(api):
    (lead_id,) = api.add(
        "/leads",
        {"custom_fields_values": [{"field_id": 300102, "values": [{"value": "x"}]}], "tags_to_add": [{"name": "сайт"}]},
    )
    body = {"custom_fields_values": [{"field_id": 300102, "values": None}], "_embedded": {"tags": None}}
    assert api.patch(f"/leads/{lead_id}", body).status_code == 200
    lead = api.get(f"/leads/{lead_id}").json()
    assert lead["custom_fields_values"] is None
    assert lead["_embedded"]["tags"] == []


def test_tags_are_added_and_deleted_without_touching_the_others(api):
    (lead_id,) = api.add("/leads", {"tags_to_add": [{"name": "сайт"}, {"name": "yandex"}]})
    api.patch(
        f"/leads/{lead_id}",
        {"tags_to_add": [{"name": "VIP"}, {"name": "сайт"}], "tags_to_delete": [{"name": "yandex"}]},
    )
    tags = api.get(f"/leads/{lead_id}").json()["_embedded"]["tags"]
    assert [tag["name"] for tag in tags] == ["сайт", "VIP"]
    listed = api.get("/leads/tags", query="vi").json()["_embedded"]["tags"]
    assert [tag["name"] for tag in listed] == ["VIP"]


def test_list_and_date_fields_take_every_spelling_the_vendor_takes(api):
    def lead(source, date):
        fields = [{"field_id": 300101, "values": [source]}, {"field_id": 300103, "values": [{"value": date}]}]
        return {"custom_fields_values": fields}

    ids = api.add(
        "/leads",
        lead({"value": "Звонок"}, 1767571200),
        lead({"enum_id": 310002}, "2026-01-05T03:00:00+03:00"),
    )
    for lead_id in ids:
        source, date = api.get(f"/leads/{lead_id}").json()["custom_fields_values"]
        assert source["values"] == [{"value": "Звонок", "enum_id": 310002, "enum_code": None}]
        assert date["values"] == [{"value": 1767571200}]


@pytest.mark.parametrize(
    ("item", "path", "code"),
    [
        ({"responsible_user_id": 1}, "responsible_user_id", "NotSupportedChoice"),
        ({"responsible_user_id": GONE}, "responsible_user_id", "NotSupportedChoice"),
        ({"responsible_user_id": 0}, "responsible_user_id", "NotSupportedChoice"),
        ({"created_by": GONE}, "created_by", "NotSupportedChoice"),
        ({"pipeline_id": 1}, "pipeline_id", "NotSupportedChoice"),
        ({"status_id": 1}, "status_id", "NotSupportedChoice"),
        ({"pipeline_id": 5000002, "status_id": NEW}, "status_id", "NotSupportedChoice"),
        ({"name": 5}, "name", "InvalidType"),
        ({"price": "много"}, "price", "InvalidType"),
        ({"loss_reason_id": 1, "status_id": LOST}, "loss_reason_id", "NotSupportedChoice"),
        (
            {"custom_fields_values": [{"field_id": 1, "values": []}]},
            "custom_fields_values.0.field_id",
            "NotSupportedChoice",
        ),
        (
            {"custom_fields_values": [{"field_code": "X", "values": []}]},
            "custom_fields_values.0.field_code",
            "NotSupportedChoice",
        ),
        (
            {"custom_fields_values": [{"field_id": 300101, "values": [{"value": "Космос"}]}]},
            "custom_fields_values.0.values.0.value",
            "NotSupportedChoice",
        ),
        (
            {"custom_fields_values": [{"field_id": 300101, "values": [{"enum_id": 1}]}]},
            "custom_fields_values.0.values.0.enum_id",
            "NotSupportedChoice",
        ),
        (
            {"custom_fields_values": [{"field_id": 300103, "values": [{"value": "завтра"}]}]},
            "custom_fields_values.0.values.0.value",
            "InvalidDateTime",
        ),
        ({"_embedded": {"contacts": [{"id": 1}]}}, "_embedded.contacts.0.id", "NotSupportedChoice"),
        ({"_embedded": {"contacts": [{"id": []}]}}, "_embedded.contacts.0.id", "NotSupportedChoice"),
        ({"tags_to_add": [{}]}, "tags_to_add.0", "FieldMissing"),
    ],
)
def test_a_bad_value_is_refused_with_its_path(api, item, path, code):
    answer = api.post("/leads", [item])
    assert api.problems(answer)[("0", path)] == code
    assert answer.json()["detail"] == "Request validation failed"


def test_a_value_of_the_wrong_type_is_named_twice_as_the_vendor_does(api):
    rows = api.post("/leads", [{"responsible_user_id": "anna"}]).json()["validation-errors"][0]["errors"]
    assert [row["code"] for row in rows] == ["InvalidType", "NotSupportedChoice"]
    assert rows[0]["detail"] == "This value should be of type int."


def test_one_bad_item_rejects_the_whole_batch(api):
    answer = api.post("/leads", [{"name": "Хорошая"}, {"price": "x", "request_id": "bad-one"}])
    assert api.problems(answer) == {("bad-one", "price"): "InvalidType"}
    assert api.get("/leads").status_code == 204


def test_an_old_author_echoed_back_in_a_patch_is_refused(api):
    (lead_id,) = api.add("/leads", {})
    answer = api.patch(f"/leads/{lead_id}", {"name": "x", "created_by": GONE})
    assert api.problems(answer) == {("0", "created_by"): "NotSupportedChoice"}


@pytest.mark.parametrize("body", [{}, "text", [], [1], None])
def test_a_body_that_is_no_array_of_objects_is_refused(api, body):
    assert api.post("/leads", body).status_code == 400


def test_a_loss_reason_outside_143_is_refused_by_entity_id(api):
    (lead_id,) = api.add("/leads", {})
    answer = api.patch("/leads", [{"id": lead_id, "loss_reason_id": 600001}])
    assert answer.status_code == 400
    assert answer.json()["errors"] == {str(lead_id): "Loss reason can be specified only for lost lead"}
    assert answer.json()["detail"] == "Invalid request body"


def test_closing_and_reopening_sets_and_clears_the_closing_members(api):
    (lead_id,) = api.add("/leads", {})
    api.patch(f"/leads/{lead_id}", {"status_id": LOST, "loss_reason_id": 600002})
    lost = api.get(f"/leads/{lead_id}", **{"with": "loss_reason"}).json()
    assert lost["closed_at"] >= lost["created_at"]
    assert lost["_embedded"]["loss_reason"] == [{"id": 600002, "name": "Спам"}]
    api.patch(f"/leads/{lead_id}", {"status_id": TALKS})
    again = api.get(f"/leads/{lead_id}").json()
    assert (again["closed_at"], again["loss_reason_id"]) == (None, None)


def test_a_lead_moves_to_another_pipeline_only_with_both_ids(api):
    (lead_id,) = api.add("/leads", {})
    assert api.problems(api.patch(f"/leads/{lead_id}", {"status_id": 50000012})) == {
        ("0", "status_id"): "NotSupportedChoice"
    }
    assert api.patch(f"/leads/{lead_id}", {"pipeline_id": 5000002, "status_id": 50000012}).status_code == 200
    lead = api.get(f"/leads/{lead_id}").json()
    assert (lead["pipeline_id"], lead["status_id"]) == (5000002, 50000012)


def test_142_stands_in_every_pipeline(api):
    (lead_id,) = api.add("/leads", {"pipeline_id": 5000002, "status_id": WON})
    assert api.get(f"/leads/{lead_id}").json()["pipeline_id"] == 5000002


def test_patching_a_missing_card_is_404_and_in_a_batch_400(api):
    assert api.patch("/leads/5", {"name": "x"}).status_code == 404
    (lead_id,) = api.add("/leads", {"name": "Старое"})
    answer = api.patch("/leads", [{"id": lead_id, "name": "Новое"}, {"id": 5, "name": "x"}])
    assert answer.status_code == 400
    assert "5" in answer.json()["errors"]
    assert api.get(f"/leads/{lead_id}").json()["name"] == "Старое"


def test_a_query_finds_a_phone_by_its_last_ten_digits_however_it_was_typed(api):
    ids = api.add(
        "/contacts",
        {"name": "С плюсом", "custom_fields_values": [phone("+79000000001")]},
        {"name": "С пробелами", "custom_fields_values": [phone("8 900 000-00-01")]},
        {"name": "Другой", "custom_fields_values": [phone("+79000000002")]},
    )
    found = api.get("/contacts", query="9000000001").json()["_embedded"]["contacts"]
    assert [one["id"] for one in found] == ids[:2]
    assert api.get("/contacts", query="9990000000").status_code == 204


def test_a_query_also_hits_foreign_fields_so_that_a_client_must_verify(api):
    (contact_id,) = api.add("/contacts", {"custom_fields_values": [email("order-9000000001@example.test")]})
    found = api.get("/contacts", query="9000000001").json()["_embedded"]["contacts"]
    assert [one["id"] for one in found] == [contact_id]


def test_a_query_is_a_substring_in_any_case_of_names_emails_and_lead_fields(api):
    (contact_id,) = api.add(
        "/contacts", {"name": "Мария СИДОРОВА", "custom_fields_values": [email("Maria@Example.test")]}
    )
    for query in ("сидор", "maria@example.TEST"):
        assert api.get("/contacts", query=query).json()["_embedded"]["contacts"][0]["id"] == contact_id
    (lead_id,) = api.add("/leads", {"custom_fields_values": [{"field_id": 300102, "values": [{"value": "key-417"}]}]})
    assert api.get("/leads", query="key-417").json()["_embedded"]["leads"][0]["id"] == lead_id


def test_a_phone_that_was_replaced_is_no_longer_found(api):
    (contact_id,) = api.add("/contacts", {"custom_fields_values": [phone("+79000000001")]})
    api.patch(f"/contacts/{contact_id}", {"custom_fields_values": [phone("+79000000005")]})
    assert api.get("/contacts", query="9000000001").status_code == 204
    assert api.get("/contacts", query="9000000005").status_code == 200


def test_an_indexing_delay_hides_new_cards_from_the_query_only(api):
    api.control("settings", {"search_delay": 60})
    api.add("/contacts", {"name": "Свежий"})
    assert api.get("/contacts", query="свежий").status_code == 204
    assert api.get("/contacts").status_code == 200


def test_pages_link_to_each_other_and_end_in_204(api):
    api.add("/leads", *({"name": str(number)} for number in range(5)))
    seen, address = [], f"{api.crm.url}/api/v4/leads?limit=2"
    while address:
        body = api.session.get(address, timeout=30).json()
        seen += [lead["name"] for lead in body["_embedded"]["leads"]]
        address = body["_links"].get("next", {}).get("href")
    assert seen == ["0", "1", "2", "3", "4"]
    assert body["_page"] == 3
    assert "prev" in body["_links"]
    assert "_total_items" not in body
    assert api.get("/leads", limit=2, page=4).status_code == 204


def test_a_next_link_keeps_the_filter_and_the_order(api):
    ids = api.add("/leads", *({"price": 10} for _ in range(3)), {"price": 5})
    body = api.get("/leads", limit=2, **{"filter[price][from]": 6, "order[id]": "desc"}).json()
    rest = api.session.get(body["_links"]["next"]["href"], timeout=30).json()
    found = [lead["id"] for lead in body["_embedded"]["leads"] + rest["_embedded"]["leads"]]
    assert found == [ids[2], ids[1], ids[0]]


def test_filters_find_by_id_stage_responsible_time_and_custom_field(api):
    source = [{"field_id": 300101, "values": [{"value": "Сайт"}]}]
    first, second, third = api.add(
        "/leads",
        {"responsible_user_id": ANNA, "created_at": 1000, "custom_fields_values": source},
        {"responsible_user_id": IVAN, "created_at": 2000, "status_id": TALKS},
        {"responsible_user_id": IVAN, "created_at": 3000, "status_id": WON},
    )

    def found(**params):
        answer = api.get("/leads", **params)
        return [lead["id"] for lead in answer.json()["_embedded"]["leads"]] if answer.status_code == 200 else []

    assert found(**{"filter[id][]": [first, third]}) == [first, third]
    assert found(**{"filter[id]": second}) == [second]
    assert found(**{"filter[statuses][0][pipeline_id]": MAIN, "filter[statuses][0][status_id]": TALKS}) == [second]
    assert found(**{"filter[responsible_user_id][]": IVAN}) == [second, third]
    assert found(**{"filter[created_at][from]": 1500, "filter[created_at][to]": 2500}) == [second]
    assert found(**{"filter[custom_fields_values][300101][]": "Сайт"}) == [first]
    assert found(**{"order[created_at]": "desc"}) == [third, second, first]


def test_unknown_filters_and_field_codes_are_ignored_without_a_word(api):
    api.add("/leads", {}, {})
    for name in ("filter[status_id]", "filter[custom_fields_values][PHONE]", "filter[colour]"):
        assert len(api.get("/leads", **{name: "142"}).json()["_embedded"]["leads"]) == 2


def test_an_account_without_api_filtering_gives_back_everything(api):
    first, second = api.add("/leads", {}, {})
    api.control("settings", {"api_filter": False})
    found = api.get("/leads", **{"filter[id]": first}).json()["_embedded"]["leads"]
    assert [lead["id"] for lead in found] == [first, second]
    account = api.get("/account", **{"with": "is_api_filter_enabled"}).json()
    assert account["is_api_filter_enabled"] is False


def test_x_context_user_id_acts_as_that_user(api):
    api.session.headers["X-Context-User-ID"] = str(ANNA)
    (lead_id,) = api.add("/leads", {})
    assert api.get(f"/leads/{lead_id}").json()["created_by"] == ANNA
    api.session.headers["X-Context-User-ID"] = str(GONE)
    assert api.get("/leads").status_code == 403
