"""The board: what a person sees of the pipeline, and what moving a lead by hand does."""

import re
import threading
import time

import pytest
import requests

from sandbox.amocrm.board_view import leads_word, money
from sandbox.pages.links import safe_link
from sandbox.pages.times import duration
from tests.sandbox.amocrm_client import ANNA, MAIN, NEW, TALKS, email, phone


def page(crm, path="/"):
    answer = requests.get(f"{crm.url}{path}", timeout=30)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


@pytest.fixture
def lead(api):
    """A lead as a form leaves it, with a task, a note and a call."""
    contact = {
        "name": "Мария Кузнецова",
        "custom_fields_values": [phone("+7 916 123-45-67"), email("maria@example.test")],
    }
    item = {
        "name": "Сайт: Мария",
        "price": 15000,
        "responsible_user_id": ANNA,
        "custom_fields_values": [{"field_id": 300103, "values": [{"value": 1767571200}]}],
        "_embedded": {"contacts": [contact], "tags": [{"name": "сайт"}]},
    }
    (row,) = api.post("/leads/complex", [item]).json()
    task = {"text": "Позвонить клиенту", "complete_till": 1000, "entity_id": row["id"], "entity_type": "leads"}
    api.add("/tasks", {**task, "task_type_id": 2000001})
    api.add(f"/leads/{row['id']}/notes", {"note_type": "common", "params": {"text": "Просит <b>смету</b>"}})
    call = {"direction": "inbound", "duration": 148, "source": "mango", "phone": "+79161234567", "uniq": "u"}
    api.post("/calls", [{**call, "link": "https://pbx.example.test/rec/1.mp3", "call_status": 4}])
    return row["id"]


def test_the_first_page_is_the_main_pipeline_in_russian_and_needs_nothing_from_outside(crm):
    text = page(crm)
    assert '<html lang="ru">' in text
    stages = re.findall(r'<h2 id="stage-\d+"[^>]*>([^<]+)</h2>', text)
    assert stages[:2] == ["Неразобранное", "Новый лид"]
    assert len(stages) == 6
    assert "Сделок пока нет" in text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    policy = requests.get(crm.url, timeout=30).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")


def test_a_card_shows_name_person_responsible_tags_price_and_task(crm, lead):
    text = page(crm)
    for wanted in ("Сайт: Мария", "+7 916 123-45-67", "Анна Смирнова", "сайт", "15\u202f000\u00a0₽", "Просрочена"):
        assert wanted in text
    assert "Сделок пока нет" not in text
    assert "Сайт: Мария" not in page(crm, "/?pipeline=5000002")


def test_the_opened_card_tells_everything_at_amocrm_s_own_address(crm, lead):
    text = page(crm, f"/leads/detail/{lead}")
    for wanted in ("Мария Кузнецова", "mailto:maria@example.test", "Позвонить клиенту", "5 янв 2026", "2 мин 28 с"):
        assert wanted in text
    assert '<a href="https://pbx.example.test/rec/1.mp3"' in text
    assert "Просит &lt;b&gt;смету&lt;/b&gt;" in text
    missing = requests.get(f"{crm.url}/leads/detail/5", timeout=30)
    assert (missing.status_code, missing.text) == (404, "Такой сделки нет")


def test_a_recording_that_is_no_web_address_is_not_a_link(crm, api, lead):
    call = {"uniq": "x", "duration": 1, "source": "x", "phone": "1", "link": "javascript:alert(1)"}
    api.add(f"/leads/{lead}/notes", {"note_type": "call_in", "params": call})
    assert "javascript:" not in page(crm, f"/leads/detail/{lead}")


def test_a_moment_in_milliseconds_and_a_broken_link_leave_the_board_as_it_is(crm, api, lead):
    task = {"text": "Когда?", "complete_till": 1764500000000, "entity_id": lead, "entity_type": "leads"}
    api.add("/tasks", {**task, "task_type_id": 2000001})
    api.add(f"/leads/{lead}/notes", {"note_type": "common", "params": {"text": "Давно"}, "created_at": -(10**15)})
    call = {"uniq": "x", "duration": 1, "source": "x", "phone": "1", "link": "http://[x"}
    api.add(f"/leads/{lead}/notes", {"note_type": "call_in", "params": call})
    text = page(crm, f"/leads/detail/{lead}")
    assert "До: 1764500000000" in text
    assert "http://[x" not in text


def test_a_lead_moved_by_hand_is_moved_by_the_administrator_and_announced(crm, api, lead, receiver):
    api.post("/webhooks", {"destination": f"{receiver.url}/hook", "settings": ["status_lead"]})
    requests.post(f"{crm.url}/board/leads/{lead}/move", json={"status_id": TALKS}, timeout=30).raise_for_status()
    (form,) = receiver.wait(1)
    assert (form["leads[status][0][status_id]"], form["leads[status][0][old_status_id]"]) == (str(TALKS), str(NEW))
    assert form["leads[status][0][modified_user_id]"] == "7000003"
    assert api.get(f"/leads/{lead}").json()["updated_by"] == 7000003


@pytest.mark.parametrize("status", [1, "x", None])
def test_a_move_to_nowhere_changes_nothing(crm, api, lead, status):
    requests.post(f"{crm.url}/board/leads/{lead}/move", json={"status_id": status}, timeout=30)
    assert api.get(f"/leads/{lead}").json()["status_id"] == NEW


def test_a_form_of_a_foreign_page_moves_nothing(crm, api, lead):
    answer = requests.post(f"{crm.url}/board/leads/{lead}/move", data={"status_id": TALKS}, timeout=30)
    assert answer.status_code == 400
    assert api.get(f"/leads/{lead}").json()["status_id"] == NEW


def test_a_task_is_completed_with_its_result(crm, api, lead):
    (task,) = api.get("/tasks").json()["_embedded"]["tasks"]
    answer = requests.post(f"{crm.url}/board/tasks/{task['id']}/complete", json={"text": "Дозвонились"}, timeout=30)
    assert answer.status_code == 200
    done = api.get(f"/tasks/{task['id']}").json()
    assert (done["is_completed"], done["result"]) == (True, {"text": "Дозвонились"})
    assert requests.post(f"{crm.url}/board/tasks/5/complete", json={}, timeout=30).status_code == 404


def test_a_waiting_browser_hears_of_a_change_at_once(crm, api):
    revision = api.stats()["revision"]
    heard = []

    def wait():
        answer = requests.get(f"{crm.url}/board/wait", params={"since": revision}, timeout=30)
        heard.append(answer.json()["revision"])

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    assert heard == []
    api.add("/leads", {})
    thread.join(timeout=30)
    assert heard[0] > revision


def test_too_many_waiting_browsers_leave_threads_for_the_api(crm, api):
    revision = api.stats()["revision"]
    crowd = [
        threading.Thread(target=requests.get, args=(f"{crm.url}/board/wait?since={revision}",), kwargs={"timeout": 30})
        for _ in range(12)
    ]
    for thread in crowd:
        thread.start()
    deadline = time.monotonic() + 20
    while sum(thread.is_alive() for thread in crowd) > 8 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sum(thread.is_alive() for thread in crowd) == 8
    assert api.add("/leads", {})
    for thread in crowd:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in crowd)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (leads_word(1), "1 сделка"),
        (leads_word(2), "2 сделки"),
        (leads_word(11), "11 сделок"),
        (leads_word(14), "14 сделок"),
        (leads_word(121), "121 сделка"),
        (money(1350000), "1\u202f350\u202f000\u00a0₽"),
        (duration(148), "2 мин 28 с"),
        (duration(9), "9 с"),
        (duration(None), ""),
        (safe_link("javascript:alert(1)"), ""),
        (safe_link("http://[x"), ""),
        (safe_link("https://a.test/1.mp3"), "https://a.test/1.mp3"),
    ],
)
def test_words_and_figures_read_well(made, text):
    assert made == text


@pytest.fixture
def tab(opened, crm):
    return opened(f"{crm.url}/")


def column(tab, status):
    return tab.locator(f'.column[data-stage="{status}"]')


def wait_until(check, seconds=30):
    deadline = time.monotonic() + seconds
    while not check() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert check()


@pytest.mark.browser
def test_a_new_lead_appears_without_a_reload(tab, api):
    tab.evaluate("window.stillHere = true")
    api.add("/leads", {"name": "Только что"})
    tab.get_by_role("link", name="Только что").wait_for()
    assert tab.evaluate("window.stillHere") is True


@pytest.mark.browser
def test_a_card_is_dragged_to_another_stage(tab, api, lead):
    tab.reload()  # the lead was made meanwhile: no news is to come in the middle of the drag
    card = column(tab, NEW).locator(".card")
    card.drag_to(column(tab, TALKS).locator("header"))
    column(tab, TALKS).get_by_role("link", name="Сайт: Мария").wait_for()
    wait_until(lambda: api.get(f"/leads/{lead}").json()["status_id"] == TALKS)


@pytest.mark.browser
def test_a_card_is_moved_by_keyboard_alone(tab, api, lead):
    tab.get_by_role("link", name="Сайт: Мария").focus()
    tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowDown")
    column(tab, TALKS).get_by_role("link", name="Сайт: Мария").wait_for()
    wait_until(lambda: api.get(f"/leads/{lead}").json()["status_id"] == TALKS)


@pytest.mark.browser
def test_a_card_opens_at_its_own_address_and_closes_by_escape_and_by_back(tab, lead):
    tab.get_by_role("link", name="Сайт: Мария").press("Enter")
    dialog = tab.get_by_role("dialog", name="Сайт: Мария")
    dialog.wait_for()
    assert tab.url.endswith(f"/leads/detail/{lead}")
    tab.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert tab.url.endswith(f"/?pipeline={MAIN}")
    tab.go_back()
    dialog.wait_for()
    tab.go_back()
    dialog.wait_for(state="hidden")


@pytest.mark.browser
def test_a_task_is_completed_in_the_open_card(tab, api, lead):
    tab.get_by_role("link", name="Сайт: Мария").click()
    tab.get_by_label("Результат задачи «Позвонить клиенту»").fill("Дозвонились")
    tab.get_by_role("button", name="Выполнить").click()
    tab.get_by_text("Выполнена", exact=True).wait_for()
    assert api.get("/tasks").json()["_embedded"]["tasks"][0]["result"] == {"text": "Дозвонились"}


@pytest.mark.browser
def test_what_is_typed_survives_a_change_from_outside(tab, api, lead):
    tab.get_by_role("link", name="Сайт: Мария").click()
    field = tab.get_by_label("Результат задачи «Позвонить клиенту»")
    field.fill("Не дозв")
    api.add("/leads", {"name": "Другая"})
    tab.locator(".card", has_text="Другая").wait_for()
    assert field.input_value() == "Не дозв"


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/", "/leads/detail/{lead}"])
def test_nothing_is_wider_than_a_phone_of_360_pixels(tab, crm, lead, path):
    tab.set_viewport_size({"width": 360, "height": 740})
    tab.goto(crm.url + path.format(lead=lead))
    widths = "[document.documentElement, document.getElementById('panel')].map((one) => one.scrollWidth)"
    assert max(tab.evaluate(widths)) <= 360
