"""What stands around the cards: bots, sources, buttons, templates, widgets; changing and deleting the furniture."""

import pytest
import requests

from tests.sandbox.amocrm_client import ANNA, GONE, MAIN, NEW, ROP, TALKS, phone


def rows(answer):
    assert answer.status_code == 200, answer.text
    return next(iter(answer.json()["_embedded"].values()))


def codes(answer):
    assert answer.status_code == 400, answer.text
    errors = [error for row in answer.json()["validation-errors"] for error in row["errors"]]
    return {error["path"]: error["code"] for error in errors}


def test_a_salesbot_is_run_by_either_version_of_the_api(crm, api):
    (lead,) = api.add("/leads", {})
    run = [{"bot_id": 91001, "entity_id": lead, "entity_type": 2}]
    answer = api.session.post(f"{crm.url}/api/v2/salesbot/run", json=run, timeout=30)
    assert (answer.status_code, answer.json()["success"]) == (202, True)
    assert api.post("/bots/91001/run", {"entity_id": lead, "entity_type": "leads"}).status_code == 202
    many = [{"bot_id": 91002, "entity_id": lead, "entity_type": "leads"}]
    assert api.post("/bots/run", many).status_code == 202
    assert api.post("/bots/91002/stop", {"entity_id": lead, "entity_type": "leads"}).status_code == 202
    first, second = api.control("bots", method="GET")
    assert [run["entity_id"] for run in first["runs"]] == [lead, lead]
    assert second["runs"][0]["state"] == "stopped"
    wrong = [{"bot_id": 5, "entity_id": lead, "entity_type": 9}]
    refused = api.session.post(f"{crm.url}/api/v2/salesbot/run", json=wrong, timeout=30)
    assert codes(refused) == {"bot_id": "NotSupportedChoice", "entity_type": "NotSupportedChoice"}


def test_bots_are_listed_under_items_and_carry_on_when_answered(api):
    body = api.get("/bots").json()
    assert [bot["name"] for bot in body["_embedded"]["items"]] == ["Приветствие", "Опрос о качестве"]
    assert api.get("/bots/91001").json()["settings"] == {"active": True}
    assert api.get("/bots/5").status_code == 404
    assert api.post("/salesbot/91001/continue/7", {"data": {"status": "ok"}}).status_code == 202
    assert api.control("bots", method="GET")[0]["answers"][0]["continue_id"] == 7


def test_a_source_is_known_by_its_external_id_and_one_is_the_default(api):
    first, second = api.add(
        "/sources",
        {"name": "Telegram", "external_id": "tg", "default": True},
        {"name": "WhatsApp", "external_id": "wa", "default": True},
    )
    assert [row["default"] for row in rows(api.get("/sources"))] == [False, True]
    (found,) = rows(api.get("/sources", **{"filter[external_id]": "tg"}))
    assert (found["id"], found["pipeline_id"]) == (first, MAIN)
    again = api.post("/sources", [{"name": "Ещё", "external_id": "tg"}])
    assert codes(again) == {"external_id": "NotUnique"}
    assert codes(api.post("/sources", [{"external_id": "x"}])) == {"name": "FieldMissing"}
    assert api.patch(f"/sources/{second}", {"name": "WA"}).json()["name"] == "WA"
    assert api.delete(f"/sources/{second}").status_code == 204
    assert api.get(f"/sources/{second}").status_code == 404


def test_a_lead_keeps_the_source_it_came_from(api):
    (source,) = api.add("/sources", {"name": "Сайт", "external_id": "site-main"})
    wish = {"_embedded": {"source": {"type": "widget", "external_id": "site-main"}}}
    (lead,) = api.add("/leads", wish)
    shown = api.get(f"/leads/{lead}", **{"with": "source,source_id"}).json()
    assert (shown["source_id"], shown["_embedded"]["source"]["name"]) == (source, "Сайт")


def test_a_website_button_is_made_in_its_own_time_and_takes_more_sites(api):
    made = api.post("/website_buttons", {"pipeline_id": MAIN, "trusted_websites": ["shop.example.test"]})
    assert made.status_code == 202
    path = f"/website_buttons/{made.json()['source_id']}"
    shown = api.get(path, **{"with": "scripts"}).json()
    assert (shown["creation_status"], shown["script"][:8]) == ("created", "<script>")
    changed = api.patch(path, {"trusted_websites": {"add": ["two.example.test"]}}).json()
    assert changed["trusted_websites"] == ["shop.example.test", "two.example.test"]
    assert api.post(f"{path}/online_chat", {}).status_code == 204
    assert codes(api.patch(path, {})) == {"trusted_websites.add": "FieldMissing"}


def test_short_links_are_made_for_contacts(api):
    (contact,) = api.add("/contacts", {"name": "Иван"})
    wish = {"url": "https://shop.example.test/promo", "metadata": {"entity_type": "contacts", "entity_id": contact}}
    (row,) = rows(api.post("/short_links", [wish]))
    assert row["url"].startswith("https://amo.sh/")
    wrong = {**wish, "metadata": {"entity_type": "contacts", "entity_id": 5}}
    assert codes(api.post("/short_links", [wrong])) == {"metadata.entity_id": "NotSupportedChoice"}


def test_chat_templates_are_kept_and_reviewed(api):
    (template,) = api.add("/chats/templates", {"name": "Привет", "content": "Здравствуйте, {{contact.name}}"})
    (review,) = rows(api.post(f"/chats/templates/{template}/review", {}))
    path = f"/chats/templates/{template}/review/{review['id']}"
    assert api.patch(path, {"status": "approved"}).json()["status"] == "approved"
    assert api.get(f"/chats/templates/{template}").json()["review_status"] == "approved"
    assert api.delete("/chats/templates", [{"id": template}]).status_code == 204
    assert api.get("/chats/templates").status_code == 204


def test_a_widget_is_installed_with_its_settings_and_taken_off(api):
    (widget,) = rows(api.get("/widgets"))
    assert widget["is_installed"] is False
    assert api.post(f"/widgets/{widget['code']}", {"login": "x"}).json()["settings"] == {"login": "x"}
    assert api.delete(f"/widgets/{widget['code']}").status_code == 204
    assert api.get("/widgets/none").status_code == 404


def test_currencies_and_subscribers_are_listed(api):
    assert [row["code"] for row in rows(api.get("/currencies"))][:2] == ["RUB", "USD"]
    (lead,) = api.add("/leads", {"responsible_user_id": ANNA})
    assert rows(api.get(f"/leads/{lead}/subscriptions")) == [{"subscriber_id": ANNA, "type": "user"}]


def test_a_pipeline_is_renamed_made_main_and_deleted_when_it_is_empty(api):
    (opt,) = api.add("/leads/pipelines", {"name": "Опт"})
    assert api.patch(f"/leads/pipelines/{opt}", {"name": "Опт 2", "is_main": True}).json()["is_main"] is True
    assert api.get(f"/leads/pipelines/{MAIN}").json()["is_main"] is False
    assert api.delete(f"/leads/pipelines/{opt}").status_code == 422
    api.patch(f"/leads/pipelines/{MAIN}", {"is_main": True})
    (lead,) = api.add("/leads", {"pipeline_id": opt})
    assert api.delete(f"/leads/pipelines/{opt}").status_code == 422
    stage = {"pipeline_id": MAIN, "status_id": NEW}
    api.patch(f"/leads/{lead}", stage)
    assert api.delete(f"/leads/pipelines/{opt}").status_code == 204
    assert api.get(f"/leads/pipelines/{opt}").status_code == 404


def test_a_stage_with_leads_stays_an_empty_one_goes_and_a_missing_one_is_400(api):
    path = f"/leads/pipelines/{MAIN}/statuses"
    api.add("/leads", {"pipeline_id": MAIN, "status_id": TALKS})
    assert api.delete(f"{path}/{TALKS}").status_code == 422
    assert api.delete(f"{path}/142").status_code == 422
    assert api.delete(f"{path}/5").status_code == 400
    (stage,) = api.add(path, {"name": "Замер", "sort": 35})
    assert api.patch(f"{path}/{stage}", {"name": "Замер 2", "color": "#ffffff"}).json()["name"] == "Замер 2"
    assert api.delete(f"{path}/{stage}").status_code == 204
    assert rows(api.get(path, **{"with": "descriptions"}))[0]["descriptions"] == []


def test_a_deleted_loss_reason_leaves_the_leads_that_named_it(api):
    (lead,) = api.add("/leads", {"pipeline_id": MAIN, "status_id": 143, "loss_reason_id": 600001})
    assert (
        api.get(f"/leads/{lead}", **{"with": "loss_reason"}).json()["_embedded"]["loss_reason"][0]["name"] == "Дорого"
    )
    assert api.delete("/leads/loss_reasons/600001").status_code == 204
    assert api.get(f"/leads/{lead}").json()["loss_reason_id"] is None


def test_options_of_a_field_are_added_renamed_and_taken_away(api):
    (field,) = api.add(
        "/leads/custom_fields", {"name": "Цвет", "type": "select", "enums": [{"value": "а"}, {"value": "б"}]}
    )
    first, _ = api.get(f"/leads/custom_fields/{field}").json()["enums"]
    wish = {"enums": [{"id": first["id"], "value": "красный"}, {"value": "синий"}]}
    enums = api.patch(f"/leads/custom_fields/{field}", wish).json()["enums"]
    assert [one["value"] for one in enums] == ["красный", "синий"]
    assert enums[0]["id"] == first["id"]


def test_a_field_keeps_its_group_and_the_stages_that_require_it(api):
    (group,) = api.add("/leads/custom_fields/groups", {"name": "Замер", "sort": 5})
    assert group.startswith("leads_")
    needed = [{"pipeline_id": MAIN, "status_id": TALKS}]
    wish = {"name": "Площадь", "type": "numeric", "group_id": group, "required_statuses": needed}
    (field,) = api.add("/leads/custom_fields", wish)
    shown = api.get(f"/leads/custom_fields/{field}").json()
    assert (shown["group_id"], shown["required_statuses"]) == (group, needed)
    assert api.get("/contacts/custom_fields/groups").status_code == 204
    assert api.delete(f"/leads/custom_fields/groups/{group}").status_code == 204


def test_lists_segments_and_customers_have_fields_of_their_own(api):
    for owner in ("customers", "customers/segments", "catalogs/4010"):
        (field,) = api.add(f"/{owner}/custom_fields", {"name": "Код", "type": "text", "code": "OWN"})
        found = rows(api.get(f"/{owner}/custom_fields"))
        assert field in [row["id"] for row in found]
    (item,) = api.add(
        "/catalogs/4010/elements",
        {"name": "x", "custom_fields_values": [{"field_code": "OWN", "values": [{"value": "1"}]}]},
    )
    own = next(row["id"] for row in rows(api.get("/catalogs/4010/custom_fields")) if row["code"] == "OWN")
    assert api.delete(f"/catalogs/4010/custom_fields/{own}").status_code == 204
    assert api.get(f"/catalogs/4010/elements/{item}").json()["custom_fields_values"] is None


def test_the_log_tells_of_every_change_of_a_card(api):
    (lead,) = api.add("/leads", {"name": "Крыша", "price": 1})
    text = [{"field_id": 300102, "values": [{"value": "Звонить"}]}]
    api.patch(
        f"/leads/{lead}", {"name": "Крыша 2", "price": 5, "custom_fields_values": text, "tags_to_add": [{"name": "a"}]}
    )
    events = {
        event["type"]: event for event in rows(api.get("/events", **{"filter[entity]": "lead", "with": "lead_name"}))
    }
    assert {
        "name_field_changed",
        "sale_field_changed",
        "custom_field_300102_value_changed",
        "entity_tag_added",
    } <= set(events)
    assert events["sale_field_changed"]["value_before"] == [{"sale_field_value": {"sale": 1}}]
    assert events["lead_added"]["_embedded"]["entity"]["name"] == "Крыша 2"
    found = rows(api.get("/events", **{"filter[value_after][sale_field_value]": "5"}))
    assert [event["type"] for event in found] == ["sale_field_changed"]


def test_the_log_tells_of_a_task_s_changes_and_of_a_note_with_its_text(api):
    (lead,) = api.add("/leads", {})
    (task,) = api.add("/tasks", {"text": "a", "complete_till": 5, "entity_id": lead, "entity_type": "leads"})
    change = {"text": "b", "complete_till": 6, "task_type_id": 2, "is_completed": True, "result": {"text": "да"}}
    api.patch(f"/tasks/{task}", change)
    kinds = {event["type"] for event in rows(api.get("/events", **{"filter[entity]": "task"}))}
    assert kinds == {
        *("task_added", "task_completed", "task_text_changed"),
        *("task_deadline_changed", "task_type_changed", "task_result_added"),
    }
    api.add(f"/leads/{lead}/notes", {"note_type": "common", "params": {"text": "Ждёт"}})
    (event,) = rows(api.get("/events", **{"filter[type]": "common_note_added", "with": "note"}))
    assert event["value_after"][0]["note"]["params"]["text"] == "Ждёт"


def test_leads_are_found_by_their_next_task_and_tasks_by_the_stage_of_their_lead(api):
    first, second = api.add(
        "/leads", {"pipeline_id": MAIN, "status_id": NEW}, {"pipeline_id": MAIN, "status_id": TALKS}
    )
    for lead, due in ((first, 100), (second, 200)):
        api.add("/tasks", {"text": "x", "complete_till": due, "entity_id": lead, "entity_type": "leads"})
    assert [row["id"] for row in rows(api.get("/leads", **{"filter[closest_task_at][from]": 150}))] == [second]
    stage = {"filter[lead_statuses][0][pipeline_id]": MAIN, "filter[lead_statuses][0][status_id]": NEW}
    assert [row["entity_id"] for row in rows(api.get("/tasks", **stage))] == [first]


def test_a_sip_call_can_bring_its_call_with_it(api):
    metadata = {
        "phone": "+79000000001",
        "uniq": "u1",
        "duration": 35,
        "service_code": "pbx",
        "is_call_event_needed": True,
    }
    item = {"source_uid": "u1", "source_name": "АТС", "metadata": {**metadata, "link": "https://pbx.test/1.mp3"}}
    (row,) = rows(api.post("/leads/unsorted/sip", [item]))
    lead = row["_embedded"]["leads"][0]["id"]
    (note,) = rows(api.get(f"/leads/{lead}/notes"))
    assert (note["note_type"], note["params"]["uniq"], note["params"]["source"]) == ("call_in", "u1", "pbx")


def test_the_consent_page_leads_back_with_a_code_that_opens_the_account(crm, api):
    entry = api.control("oauth", method="GET")
    query = {"client_id": entry["client_id"], "state": "s1", "mode": "popup"}
    back = requests.get(f"{crm.url}/oauth", params=query, allow_redirects=False, timeout=30)
    assert back.status_code == 302
    place = requests.utils.urlparse(back.headers["Location"])
    given = dict(part.split("=") for part in place.query.split("&"))
    assert back.headers["Location"].startswith(entry["redirect_uri"])
    assert given["state"] == "s1"
    body = {
        **{key: entry[key] for key in ("client_id", "client_secret", "redirect_uri")},
        "grant_type": "authorization_code",
        "code": given["code"],
    }
    assert requests.post(f"{crm.url}/oauth2/access_token", json=body, timeout=30).status_code == 200
    assert requests.get(f"{crm.url}/oauth", params={"client_id": "x"}, timeout=30).status_code == 400


def test_users_are_added_and_only_active_ones_can_be_responsible(api):
    (user,) = api.add("/users", {"name": "Новый", "email": "new@krovlya.ru"})
    assert codes(api.post("/users", [{"name": "x", "email": "new@krovlya.ru"}])) == {"email": "NotUnique"}
    assert api.post("/leads", [{"responsible_user_id": user}]).status_code == 200
    api.post("/users/deactivate", [{"id": user}])
    assert codes(api.post("/leads", [{"responsible_user_id": user}])) == {"responsible_user_id": "NotSupportedChoice"}
    assert codes(api.post("/users/activate", [{"id": 5}])) == {"id": "NotSupportedChoice"}
    assert api.get(f"/users/{GONE}").json()["rights"]["is_active"] is False
    assert api.get(f"/users/{ROP}", **{"with": "amojo_id"}).json()["amojo_id"]


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies", "customers"])
def test_every_kind_of_card_has_tags_notes_files_and_links(api, kind):
    (card,) = api.add(f"/{kind}", {"name": "x", "tags_to_add": [{"name": "a"}]})
    assert [tag["name"] for tag in rows(api.get(f"/{kind}/tags"))] == ["a"]
    api.add(f"/{kind}/{card}/notes", {"note_type": "common", "params": {"text": "x"}})
    assert len(rows(api.get(f"/{kind}/{card}/notes"))) == 1
    assert api.get(f"/{kind}/{card}/links").json()["_total_items"] == 0
    assert api.get(f"/{kind}/{card}/files").status_code == 204


def test_the_counts_tell_what_was_stored_twice_among_purchases_and_elements(api):
    (contact,) = api.add("/contacts", {"custom_fields_values": [phone("+79000000001")]})
    first, _ = api.add("/customers", *({"name": "x", "_embedded": {"contacts": [{"id": contact}]}} for _ in range(2)))
    for _ in range(2):
        api.post(f"/customers/{first}/transactions", [{"price": 5, "external_id": "1c-1"}])
        api.add(
            "/catalogs/4001/elements",
            {"name": "Насос", "custom_fields_values": [{"field_code": "EXTERNAL_ID", "values": [{"value": "1c"}]}]},
        )
    stats = api.stats()
    assert (stats["objects"]["customers"], stats["objects"]["elements"], stats["objects"]["transactions"]) == (2, 2, 2)
    doubles = stats["doubles"]
    assert (doubles["customers"], doubles["transactions"], doubles["elements"]) == (1, 1, 1)


@pytest.mark.parametrize("body", [b"", b"[]"])
def test_an_incoming_lead_is_accepted_and_declined_without_any_wish(crm, api, body):
    items = [{"source_uid": uid, "source_name": "Сайт", "metadata": {"form_id": "1"}} for uid in ("a", "b")]
    first, second = (row["uid"] for row in rows(api.post("/leads/unsorted/forms", items)))
    path = f"{crm.url}/api/v4/leads/unsorted"
    assert api.session.post(f"{path}/{first}/accept", data=body, timeout=30).status_code == 200
    assert api.session.delete(f"{path}/{second}/decline", data=body, timeout=30).status_code == 200
    assert api.get("/leads/unsorted/summary").json()["declined"] == 1
