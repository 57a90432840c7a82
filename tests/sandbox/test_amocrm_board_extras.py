"""A lead's page with all that hangs on it: products, the client's purchases, files, and a chat that can be answered."""

import pytest
import requests

from sandbox.amocrm.board_extras import size
from tests.sandbox.amocrm_client import phone
from tests.sandbox.test_amocrm_chats import CLIENT, Channel
from tests.sandbox.test_amocrm_files import Drive
from tests.sandbox.test_amocrm_sales import PRODUCTS, PUMP, link_to


@pytest.fixture
def tab(opened, crm):
    return opened(f"{crm.url}/")


@pytest.fixture
def lead(crm, api):
    (contact,) = api.add("/contacts", {"name": "Иван Петров", "custom_fields_values": [phone("+79000000001")]})
    (lead_id,) = api.add("/leads", {"name": "Скважина под ключ", "_embedded": {"contacts": [{"id": contact}]}})
    (pump,) = api.add(f"/catalogs/{PRODUCTS}/elements", PUMP)
    api.post(f"/leads/{lead_id}/link", [link_to(pump, PRODUCTS, 2.5)])
    (buyer,) = api.add("/customers", {"name": "Постоянный клиент", "_embedded": {"contacts": [{"id": contact}]}})
    api.post(f"/customers/{buyer}/transactions", [{"price": 15000}])
    uuid = Drive(api).upload(name="смета № 5.pdf").json()["uuid"]
    api.session.put(f"{crm.url}/api/v4/leads/{lead_id}/files", json=[{"file_uuid": uuid}], timeout=30)
    channel = Channel(crm)
    channel.connect()
    channel.say("Когда приедете? <b>", sender=CLIENT)
    return lead_id


def page(crm, lead_id):
    answer = requests.get(f"{crm.url}/board/leads/{lead_id}", timeout=30)
    assert answer.status_code == 200
    return answer.text


def test_the_card_shows_products_purchases_files_and_the_chat(crm, lead):
    shown = page(crm, lead)
    for words in ("Насос", "× 2,5", "18\u202f750\u00a0₽", "Постоянный клиент", "15\u202f000\u00a0₽", "смета № 5.pdf"):
        assert words in shown
    assert "Когда приедете? &lt;b&gt;" in shown
    link = shown.partition('href="/download')[2].partition('"')[0]
    assert requests.get(f"{crm.url}/download{link}", timeout=30).headers["Content-Type"] == "application/pdf"


def test_a_manager_answers_from_the_card_and_sees_what_became_of_it(crm, api, lead):
    (talk,) = api.get("/talks").json()["_embedded"]["talks"]
    path = f"{crm.url}/board/talks/{talk['talk_id']}/say"
    assert requests.post(path, json={"text": "Завтра в 10"}, timeout=30).status_code == 200
    assert requests.post(path, json={"text": " "}, timeout=30).status_code == 400
    assert requests.post(f"{crm.url}/board/talks/5/say", json={"text": "x"}, timeout=30).status_code == 404
    assert 'class="mine"' in page(crm, lead)
    chat = crm.store.chats[talk["chat_id"]]
    status = {"msgid": chat.messages[-1].id, "delivery_status": 2}
    Channel(crm).send("POST", f"/{chat.scope_id}/{chat.messages[-1].id}/delivery_status", status)
    assert "прочитано" in page(crm, lead)


def test_a_deleted_lead_leaves_the_board_and_comes_back(crm, api, lead):
    api.control("delete", {"entity": "leads", "id": lead})
    assert "Скважина" not in requests.get(f"{crm.url}/board/columns", timeout=30).text
    assert requests.get(f"{crm.url}/board/leads/{lead}", timeout=30).status_code == 404
    assert api.get(f"/leads/{lead}").status_code == 204
    assert [row["id"] for row in api.get("/leads", **{"with": "only_deleted"}).json()["_embedded"]["leads"]] == [lead]
    api.control("delete", {"entity": "leads", "id": lead, "back": True})
    assert api.get(f"/leads/{lead}").status_code == 200
    kinds = [event["type"] for event in api.get("/events").json()["_embedded"]["events"]]
    assert kinds[:2] == ["lead_restored", "lead_deleted"]


@pytest.mark.parametrize(("count", "words"), [(900, "900 Б"), (204_800, "200,0 КБ"), (1_500_000, "1,4 МБ")])
def test_sizes_read_well(count, words):
    assert size(count) == words


@pytest.mark.browser
def test_the_answer_is_written_in_the_open_card(tab, crm, lead):
    tab.goto(f"{crm.url}/leads/detail/{lead}")
    field = tab.get_by_label("Ответ клиенту: Иван Петров")
    field.fill("Завтра в 10")
    field.press("Enter")
    tab.get_by_text("Завтра в 10").wait_for()
    tab.get_by_text("Сообщение отправлено").wait_for()


def test_a_manager_sends_a_picture_from_the_card_and_it_leads_nowhere_but_to_a_page(crm, api, lead):
    (talk,) = api.get("/talks").json()["_embedded"]["talks"]
    path = f"{crm.url}/board/talks/{talk['talk_id']}/say"
    for address in ("https://files.example.ru/roof.png", "javascript:alert(1)"):
        assert requests.post(path, json={"text": "", "picture": address}, timeout=30).status_code == 200
    shown = page(crm, lead)
    assert '<a href="https://files.example.ru/roof.png" rel="noreferrer">roof.png</a>' in shown
    assert 'href="javascript:' not in shown
