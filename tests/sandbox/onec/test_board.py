"""The accountant's desk, by plain requests and in a browser."""

import threading

import pytest
import requests

from sandbox.onec.base import Base
from tests.sandbox.onec.onec_client import INVOICE, at


def page(api, path="/"):
    answer = requests.get(f"{api.onec.url}{path}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text.replace("\u00a0", " ")


def test_the_desk_shows_documents_with_their_state(api):
    assert "Счетов пока нет" in page(api)
    ref = api.invoice(Комментарий="<b>срочно</b>")
    api.act("pay", document=ref, amount="1000")
    api.act("ship", document=ref, lines={"1": "1"})
    text = page(api)
    for needed in ("Светлый дом ООО", "№ 1", "15.07.2026", "Ромашка-Трейд ООО", "13 028,00", "Проведён"):
        assert needed in text
    assert "Оплачено 1 000,00" in text
    assert "Отгружен частично" in text
    opened = page(api, f"/document/{ref}")
    for needed in ("&lt;b&gt;срочно", "Оплата № 1", "Отгрузка № 1", "KAB-3x2.5", 'value="99"', 'value="12 028,00"'):
        assert needed in opened
    assert "7701999111" in page(api, "/?tab=counterparty")
    assert requests.get(f"{api.onec.url}/document/нет", timeout=30).status_code == 404


def test_the_desk_of_trade_shows_the_goods_of_the_order_under_its_invoice(api):
    api.configure("ut")
    from tests.sandbox.onec.test_accountant import issued

    invoice = issued(api.onec.base)
    api.act("ship", document=invoice.ref)
    text = page(api, f"/document/{invoice.ref}")
    for needed in ("Управление торговлей", "Кабель ВВГнг", "Заказ № 1", "Отгрузка № 1", "Отгружен"):
        assert needed in text
    assert "Заказы" in page(api)


def test_a_foreign_page_cannot_act_and_a_refusal_is_told(api):
    ref = api.invoice()
    address = f"{api.onec.url}/board/act"
    body = f'{{"act": "delete", "document": "{ref}"}}'
    assert requests.post(address, data=body, headers={"Content-Type": "text/plain"}, timeout=30).status_code == 400
    assert api.get(at(INVOICE, ref))["DeletionMark"] is False
    told = requests.post(address, json={"act": "order", "document": ref}, timeout=30)
    assert (told.status_code, "нет документа" in told.json()["error"]) == (409, True)
    policy = requests.get(api.onec.url, timeout=30).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy


def test_a_waiting_browser_hears_of_a_change_at_once(api):
    known, heard = api.onec.base.revision, []

    def wait():
        heard.append(requests.get(f"{api.onec.url}/board/wait?since={known}", timeout=30).json()["revision"])

    waiting = threading.Thread(target=wait)
    waiting.start()
    api.counterparty()
    waiting.join(timeout=30)
    assert heard
    assert heard[0] > known


@pytest.fixture
def tab(opened, api):
    return opened(api.onec.url)


@pytest.mark.browser
def test_an_invoice_appears_is_paid_in_parts_and_shipped_by_clicks(tab, api):
    ref = api.invoice()
    tab.get_by_role("link", name="№ 1").press("Enter")
    panel = tab.get_by_role("dialog")
    panel.get_by_label("Сумма, ₽").fill("28")
    panel.get_by_role("button", name="Оплатить часть").click()
    panel.locator(".sheet-head").get_by_text("Оплачено 28,00").wait_for()
    panel.get_by_role("button", name="Оплатить", exact=True).click()
    panel.locator(".sheet-head").get_by_text("Оплачен", exact=True).wait_for()
    for name in ("Розетка двойная с заземлением", "Доставка по городу"):
        panel.get_by_label(f"Отгрузить: {name}").fill("0")
    panel.get_by_role("button", name="Отгрузить часть").click()
    panel.get_by_text("Отгружен частично").wait_for()
    panel.get_by_role("button", name="Отгрузить всё").click()
    panel.locator(".sheet-head").get_by_text("Отгружен", exact=True).wait_for()
    panel.get_by_role("button", name="Отгрузить всё").click()
    tab.get_by_text("отгружать нечего").wait_for()
    kinds = [(one["kind"], one["sum"]) for one in api.control("documents") if one["ref"] != ref]
    assert sorted(kinds) == [
        ("payment", "13000.00"),
        ("payment", "28.00"),
        ("shipment", "4488.00"),
        ("shipment", "8540.00"),
    ]


@pytest.mark.browser
def test_a_payment_is_given_back_and_an_invoice_unposted_and_marked(tab, api):
    api.act("pay", document=api.invoice())
    tab.get_by_role("link", name="№ 1").click()
    panel = tab.get_by_role("dialog")
    panel.get_by_role("button", name="Возврат").click()
    panel.get_by_text("Не оплачен").first.wait_for()
    panel.get_by_role("button", name="Распровести").click()
    panel.get_by_role("button", name="Провести", exact=True).click()
    panel.get_by_role("button", name="Пометить на удаление").click()
    panel.get_by_role("button", name="Снять пометку удаления").wait_for()
    tab.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    tab.get_by_role("link", name="Возвраты 1").click()
    tab.get_by_role("row", name="№ 1").wait_for()
    assert {one["kind"] for one in api.control("documents")} == {"invoice", "payment", "refund"}


def test_who_waits_for_a_change_is_let_go_when_the_1c_ends():
    base = Base()
    page = threading.Thread(target=base.wait_for_change, args=(base.revision, 60.0), daemon=True)
    page.start()
    base.leave()
    page.join(30)
    assert not page.is_alive()
