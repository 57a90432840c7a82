"""`/leads/complex`: a lead with its contact and company in one call."""

from tests.sandbox.amocrm_client import LOST, MAIN, NEW, TALKS, email, phone


def complex_lead(name="Заявка", number="+79000000001", **more):
    contact = {"first_name": "Иван", "custom_fields_values": [phone(number), email("ivan@example.test")]}
    return {"name": name, "pipeline_id": MAIN, "status_id": NEW, "_embedded": {"contacts": [contact], **more}}


def test_the_answer_is_a_bare_array_in_the_order_of_the_items(api):
    first = {**complex_lead("Первая", companies=[{"name": "ООО Ромашка"}]), "request_id": "form-1"}
    answer = api.post("/leads/complex", [first, complex_lead("Вторая")])
    assert answer.headers["Content-Type"] == "application/hal+json"
    assert answer.json() == [
        {"id": 11000001, "contact_id": 21000001, "company_id": 22000001, "request_id": ["form-1"], "merged": False},
        {"id": 11000002, "contact_id": 21000002, "company_id": None, "request_id": ["1"], "merged": False},
    ]


def test_lead_contact_and_company_are_linked_to_each_other(api):
    api.post("/leads/complex", [complex_lead(companies=[{"name": "ООО"}], tags=[{"name": "сайт"}])])
    lead = api.get("/leads/11000001", **{"with": "contacts"}).json()
    assert [(one["id"], one["is_main"]) for one in lead["_embedded"]["contacts"]] == [(21000001, True)]
    assert lead["_embedded"]["companies"][0]["id"] == 22000001
    assert lead["_embedded"]["tags"][0]["name"] == "сайт"
    contact = api.get("/contacts/21000001", **{"with": "leads"}).json()
    assert contact["_embedded"]["leads"][0]["id"] == 11000001
    assert contact["_embedded"]["companies"][0]["id"] == 22000001


def test_an_existing_contact_and_company_are_taken_by_id(api):
    (contact_id,) = api.add("/contacts", {"name": "Старый знакомый"})
    (company_id,) = api.add("/companies", {"name": "ООО"})
    answer = api.post(
        "/leads/complex", [{"_embedded": {"contacts": [{"id": contact_id}], "companies": [{"id": company_id}]}}]
    )
    assert (answer.json()[0]["contact_id"], answer.json()[0]["company_id"]) == (contact_id, company_id)
    assert api.stats()["objects"]["contacts"] == 1


def test_errors_inside_the_contact_carry_the_path_from_the_lead(api):
    item = complex_lead()
    item["_embedded"]["contacts"][0]["responsible_user_id"] = "x"
    item["_embedded"]["contacts"][0]["custom_fields_values"][0]["values"][0]["enum_code"] = "BOAT"
    problems = api.problems(api.post("/leads/complex", [complex_lead(), {**item, "request_id": "ext-1"}]))
    assert ("ext-1", "_embedded.contacts.0.responsible_user_id") in problems
    assert ("ext-1", "_embedded.contacts.0.custom_fields_values.0.values.0.enum_code") in problems
    assert api.get("/leads").status_code == 204


def test_an_unknown_contact_id_rejects_the_batch(api):
    answer = api.post("/leads/complex", [{"_embedded": {"contacts": [{"id": 5}]}}])
    assert api.problems(answer) == {("0", "_embedded.contacts.0.id"): "NotSupportedChoice"}


def test_more_than_fifty_leads_or_one_contact_or_forty_fields_are_refused(api):
    assert api.post("/leads/complex", [complex_lead()] * 51).status_code == 400
    assert api.post("/leads/complex", [complex_lead()] * 50).status_code == 200
    two = complex_lead()
    two["_embedded"]["contacts"] *= 2
    assert api.problems(api.post("/leads/complex", [two])) == {("0", "_embedded.contacts"): "TooMany"}
    names = [{"name": f"Поле {number}", "type": "text"} for number in range(41)]
    fields = [{"field_id": one, "values": [{"value": "x"}]} for one in api.add("/leads/custom_fields", *names)]
    answer = api.post("/leads/complex", [{"custom_fields_values": fields}])
    assert api.problems(answer) == {("0", "custom_fields_values"): "TooMany"}


def test_the_call_does_not_compare_its_own_items_nor_merge_by_default(api):
    answers = api.post("/leads/complex", [complex_lead(), complex_lead()]).json()
    again = api.post("/leads/complex", [complex_lead()]).json()
    assert {one["merged"] for one in answers + again} == {False}
    assert api.stats()["doubles"] == {"open_leads": 1, "extra_leads": 2, "contacts_by_phone": 1}


def test_duplicate_control_merges_into_the_open_lead_of_the_same_person(api):
    api.control("settings", {"duplicate_control": True})
    (first,) = api.post("/leads/complex", [complex_lead()]).json()
    api.patch(f"/leads/{first['id']}", {"status_id": TALKS})
    second = {**complex_lead("Ещё раз", "8 (900) 000-00-01"), "price": 700, "request_id": "b"}
    (merged,) = api.post("/leads/complex", [second]).json()
    assert merged == {**first, "request_id": ["b"], "merged": True}
    lead = api.get(f"/leads/{first['id']}").json()
    assert (lead["price"], lead["status_id"]) == (700, TALKS)
    api.patch(f"/leads/{first['id']}", {"status_id": LOST})
    assert api.post("/leads/complex", [complex_lead()]).json()[0]["merged"] is False


def test_metadata_puts_the_lead_among_the_unsorted_and_hides_its_contact(api):
    metadata = {"category": "forms", "form_id": "order", "form_page": "https://shop.example.test/"}
    (answer,) = api.post("/leads/complex", [complex_lead(metadata=metadata)]).json()
    lead = api.get(f"/leads/{answer['id']}").json()
    stage = api.get(f"/leads/pipelines/{MAIN}/statuses/{lead['status_id']}").json()
    assert (stage["type"], stage["name"]) == (1, "Неразобранное")
    assert api.get("/contacts").status_code == 204
    assert api.get("/contacts", query="9000000001").status_code == 204
    assert api.get(f"/contacts/{answer['contact_id']}").status_code == 204
    api.patch(f"/leads/{answer['id']}", {"status_id": NEW})
    assert api.get("/contacts", query="9000000001").status_code == 200
    assert api.get("/leads/unsorted").status_code == 204


def test_doubles_count_people_joined_by_any_phone_or_email_and_only_open_leads(api):
    ids = api.add(
        "/contacts",
        {"custom_fields_values": [phone("+79000000001")]},
        {"custom_fields_values": [phone("89000000001"), email("a@b.test")]},
        {"custom_fields_values": [email("A@b.test")]},
    )
    leads = api.add("/leads", *({"_embedded": {"contacts": [{"id": one}]}} for one in ids))
    assert api.stats()["doubles"] == {"open_leads": 1, "extra_leads": 2, "contacts_by_phone": 1}
    api.patch("/leads", [{"id": one, "status_id": LOST} for one in leads[:2]])
    assert api.stats()["doubles"]["open_leads"] == 0
