"""The board in a browser: cards are moved by hand, what is typed stays, a phone is wide enough."""

import time

import pytest

from tests.sandbox.bitrix24_client import ANNA, phone

pytestmark = pytest.mark.browser


@pytest.fixture
def lead(b24):
    number = b24.call("crm.lead.add", fields={"TITLE": "Сайт: Мария", "PHONE": [phone("+79161234567")]})
    fields = {"TITLE": "Позвонить клиенту", "RESPONSIBLE_ID": ANNA, "UF_CRM_TASK": [f"L_{number}"]}
    b24.call("tasks.task.add", fields=fields)
    return number


@pytest.fixture
def tab(opened, b24, lead):
    return opened(f"{b24.portal.url}/")


def wait_until(check, seconds=30):
    deadline = time.monotonic() + seconds
    while not check() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert check()


def test_a_card_is_dragged_to_another_stage(tab, b24, lead):
    column = tab.locator('.column[data-stage="IN_PROCESS"]')
    tab.locator(f'.card[data-card="lead/{lead}"]').drag_to(column.locator(".cards"), force=True)
    column.locator(".card").wait_for()
    wait_until(lambda: b24.call("crm.lead.get", id=lead)["STATUS_ID"] == "IN_PROCESS")


def test_a_card_opens_at_its_own_address_and_closes_by_escape(tab, lead):
    tab.get_by_role("link", name="Сайт: Мария").press("Enter")
    dialog = tab.get_by_role("dialog", name="Сайт: Мария")
    dialog.wait_for()
    assert tab.url.endswith(f"/crm/lead/details/{lead}/")
    tab.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert tab.url.endswith("/?board=lead")
    tab.go_back()
    dialog.wait_for()


def test_a_task_is_done_in_the_open_card(tab, b24):
    tab.get_by_role("link", name="Сайт: Мария").press("Enter")
    tab.get_by_label("Результат задачи «Позвонить клиенту»").fill("Дозвонились")
    tab.get_by_role("button", name="Выполнить").click()
    tab.get_by_role("dialog").get_by_text("Выполнено", exact=True).wait_for()
    assert b24.dump()["leads"][0]["tasks"][0]["result"] == "Дозвонились"


def test_what_is_typed_survives_a_change_from_outside(tab, b24):
    tab.get_by_role("link", name="Сайт: Мария").press("Enter")
    field = tab.get_by_label("Результат задачи «Позвонить клиенту»")
    field.fill("Не дозв")
    b24.call("crm.lead.add", fields={"TITLE": "Другая"})
    tab.locator(".card", has_text="Другая").wait_for()
    assert field.input_value() == "Не дозв"


@pytest.mark.parametrize("path", ["/", "/crm/lead/details/{lead}/"])
def test_nothing_is_wider_than_a_phone_of_360_pixels(tab, b24, lead, path):
    tab.set_viewport_size({"width": 360, "height": 740})
    tab.goto(b24.portal.url + path.format(lead=lead))
    widths = "[document.documentElement, document.getElementById('panel')].map((one) => one.scrollWidth)"
    assert max(tab.evaluate(widths)) <= 360
