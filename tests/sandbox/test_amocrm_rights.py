"""A token that is no administrator's sees and changes only what its user's rights allow."""

import pytest

from tests.sandbox.amocrm_client import ANNA, IVAN, MAIN, NEW, ROP, TALKS, Api

OWN = {
    "leads": {"view": "M", "edit": "M", "add": "A", "delete": "D", "export": "D"},
    "contacts": {"view": "A", "edit": "M", "add": "A", "delete": "D", "export": "D"},
    "tasks": {"edit": "M", "delete": "M"},
}
FORBIDDEN = 403


@pytest.fixture
def as_anna(crm, api):
    """Calls with a token of Anna's own, with the rights given."""
    opened = []

    def enter(rights, user_id=ANNA):
        crm.store.users[user_id].rights = rights
        email = crm.store.users[user_id].email
        token = api.control(f"oauth?user={email}", method="GET")["access_token"]
        opened.append(Api(crm, token))
        return opened[-1]

    yield enter
    for one in opened:
        one.session.close()


def ids(answer):
    assert answer.status_code in (200, 204), answer.text
    return [row["id"] for row in next(iter(answer.json()["_embedded"].values()))] if answer.content else []


def test_a_manager_sees_his_own_leads_only(api, as_anna):
    mine, his = api.add("/leads", {"responsible_user_id": ANNA}, {"responsible_user_id": IVAN})
    anna = as_anna(OWN)
    assert anna.get("/account").json()["current_user_id"] == ANNA
    assert ids(anna.get("/leads")) == [mine]
    assert anna.get(f"/leads/{mine}").status_code == 200
    assert anna.get(f"/leads/{his}").status_code == FORBIDDEN
    assert ids(api.get("/leads")) == [mine, his]


def test_what_he_may_see_he_may_not_always_change(api, as_anna):
    mine, his = api.add("/contacts", {"responsible_user_id": ANNA}, {"responsible_user_id": IVAN})
    anna = as_anna(OWN)
    assert ids(anna.get("/contacts")) == [mine, his]
    assert anna.patch(f"/contacts/{mine}", {"name": "Иван"}).status_code == 200
    assert anna.patch(f"/contacts/{his}", {"name": "Иван"}).status_code == FORBIDDEN
    both = anna.patch("/contacts", [{"id": mine, "name": "Пётр"}, {"id": his, "name": "Пётр"}])
    assert both.status_code == FORBIDDEN
    assert api.get(f"/contacts/{mine}").json()["name"] == "Иван"


def test_who_may_not_add_leads_is_refused_with_the_vendors_code(api, as_anna):
    anna = as_anna({**OWN, "leads": {**OWN["leads"], "add": "D"}})
    for path in ("/leads", "/leads/complex"):
        refused = anna.post(path, [{"name": "x"}])
        assert (refused.status_code, "244" in refused.json()["detail"]) == (400, True)
    assert api.get("/leads").status_code == 204


def test_rights_of_the_group_reach_the_colleagues_of_the_group(crm, api, as_anna):
    crm.store.users[IVAN].group_id = 0
    crm.store.users[ROP].group_id = 410001
    colleague, other = api.add("/leads", {"responsible_user_id": IVAN}, {"responsible_user_id": ROP})
    anna = as_anna({"leads": {"view": "G", "edit": "G"}})
    assert ids(anna.get("/leads")) == [colleague]
    assert anna.get(f"/leads/{other}").status_code == FORBIDDEN


def test_a_right_of_a_stage_goes_before_the_right_of_the_kind(api, as_anna):
    first, second = api.add(
        "/leads",
        {"responsible_user_id": IVAN, "pipeline_id": MAIN, "status_id": NEW},
        {"responsible_user_id": IVAN, "pipeline_id": MAIN, "status_id": TALKS},
    )
    stage = {"entity_type": "leads", "pipeline_id": MAIN, "status_id": NEW, "rights": {"view": "A", "edit": "D"}}
    anna = as_anna({**OWN, "status_rights": [stage]})
    assert ids(anna.get("/leads")) == [first]
    assert anna.patch(f"/leads/{first}", {"price": 5}).status_code == FORBIDDEN
    assert anna.get(f"/leads/{second}").status_code == FORBIDDEN


def test_notes_links_events_and_tasks_follow_the_card_they_hang_on(api, as_anna):
    mine, his = api.add("/leads", {"responsible_user_id": ANNA}, {"responsible_user_id": IVAN})
    for lead in (mine, his):
        api.add(f"/leads/{lead}/notes", {"note_type": "common", "params": {"text": "x"}})
        api.add("/tasks", {"text": "x", "complete_till": 1, "entity_id": lead, "entity_type": "leads"})
    anna = as_anna(OWN)
    assert len(ids(anna.get("/leads/notes"))) == 1
    assert len(ids(anna.get("/tasks"))) == 1
    assert anna.get(f"/leads/{his}/notes").status_code == FORBIDDEN
    assert anna.get(f"/leads/{his}/links").status_code == FORBIDDEN
    note = {"note_type": "common", "params": {"text": "x"}}
    assert anna.post(f"/leads/{his}/notes", [note]).status_code == FORBIDDEN
    seen = anna.get("/events", **{"filter[entity]": "lead"}).json()["_embedded"]["events"]
    assert {event["entity_id"] for event in seen} == {mine}
    (task,) = [one for one in ids(api.get("/tasks")) if one not in ids(anna.get("/tasks"))]
    assert anna.get(f"/tasks/{task}").status_code == FORBIDDEN
    assert anna.patch(f"/tasks/{task}", {"is_completed": True}).status_code == FORBIDDEN


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/users", None),
        ("get", "/webhooks", None),
        ("post", "/webhooks", {"destination": "http://127.0.0.1:1/x", "settings": ["add_lead"]}),
        ("post", "/leads/custom_fields", [{"name": "x", "type": "text"}]),
        ("post", "/leads/pipelines", [{"name": "x"}]),
        ("post", "/roles", [{"name": "x", "rights": {}}]),
        ("post", "/catalogs", [{"name": "x"}]),
        ("patch", "/customers/mode", {"mode": "segments", "is_enabled": True}),
    ],
)
def test_what_administrators_may_others_may_not(as_anna, method, path, body):
    anna = as_anna(None)
    answer = getattr(anna, method)(path) if body is None else getattr(anna, method)(path, body)
    assert (answer.status_code, answer.json()["title"]) == (FORBIDDEN, "Forbidden")


def test_a_role_gives_its_rights_to_whoever_has_it(api):
    (role,) = api.add("/roles", {"name": "Менеджер", "rights": OWN})
    body = {"name": "Новый", "email": "new@krovlya.ru", "rights": {"role_id": role, "group_id": 0}}
    (user,) = api.add("/users", body)
    (shown,) = api.get("/roles", **{"with": "users"}).json()["_embedded"]["roles"]
    assert shown["_embedded"]["users"] == [{"id": user}]
    described = api.get(f"/users/{user}", **{"with": "role,group"}).json()
    assert described["rights"]["leads"]["view"] == "M"
    assert described["_embedded"]["roles"] == [{"id": role, "name": "Менеджер"}]
    (lead,) = api.add("/leads", {"responsible_user_id": IVAN})
    api.session.headers["X-Context-User-ID"] = str(user)
    assert api.get(f"/leads/{lead}").status_code == FORBIDDEN


def test_a_deactivated_user_s_token_opens_nothing_any_more(api, as_anna):
    anna = as_anna(OWN)
    assert api.post("/users/deactivate", [{"id": ANNA}]).status_code == 204
    assert anna.get("/account").status_code == 401
    assert api.post("/users/activate", [{"id": ANNA}]).status_code == 204
    assert anna.get("/account").status_code == 200


def test_lists_are_closed_to_whom_they_are_denied(as_anna):
    anna = as_anna({**OWN, "catalog_access": False})
    assert anna.get("/catalogs").status_code == FORBIDDEN
    assert anna.get("/catalogs/4001/elements").status_code == FORBIDDEN


def test_an_unpaid_account_answers_402_and_a_denied_address_403_with_its_code(api):
    api.control("settings", {"unpaid": True})
    assert (api.get("/leads").status_code, api.get("/leads").json()["title"]) == (402, "Payment Required")
    api.control("settings", {"ip_denied": True})
    assert (api.get("/leads").status_code, api.get("/leads").json()["status"]) == (403, 113)
