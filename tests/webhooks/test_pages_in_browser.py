"""Our pages in a real browser: a phone's width, a keyboard alone, mistakes mended, and no script anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.config import read
from cli.house import House
from provodka.journal import queries
from webhooks.server import WebServer

pytestmark = pytest.mark.browser

CONFIG = """
client: Кровля Плюс
journal: {url: "sqlite:///pages.sqlite"}
channels:
  zamer:
    type: page
    title: Заявка на замер
    at_least: 0s
    consent: {link: "https://krovlya.ru/privacy"}
    fields:
      - {label: Как вас зовут, name: Имя, means: name, required: true}
      - {label: Телефон, kind: phone, required: true, hint: Позвоним один раз}
      - {label: Кровля, kind: choice, options: [Профнастил, Черепица], required: true}
      - {label: Комментарий, kind: long, means: comment}
  partners:
    type: partner
    title: Заявка клиента
    at_least: 0s
    fields: [{label: Имя, means: name, required: true}, {label: Телефон, kind: phone}]
    partners: {romashka: {title: Ромашка, per_day: 1}}
"""


class Shown:
    """The product with its pages, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        path = folder / "config.yaml"
        path.write_text(CONFIG)
        self.house = House(read(path, {}))
        self.server: WebServer = self.house.web(port=0)
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}"

    def events(self) -> list[Any]:
        lines = self.house.journal.read(lambda c: queries.list_events(c))
        return [line.event.event for line in lines]


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    made = Shown(tmp_path)
    yield made
    made.server.stop()
    made.house.close()


def wide(page: Any) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def test_a_form_is_filled_in_on_a_telephone_with_a_mistake_on_the_way(shown: Shown, opened: Any) -> None:
    page = opened(f"{shown.url}/f/zamer?utm_source=yandex")
    page.set_viewport_size({"width": 360, "height": 640})
    assert wide(page) <= 360
    page.get_by_label("Как вас зовут").fill("Мария <b>")
    page.get_by_label("Телефон").fill("12")
    page.get_by_role("button", name="Отправить").click()
    page.get_by_role("alert").wait_for()
    assert wide(page) <= 360
    assert page.title().startswith("Ошибка: ")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.get_by_role("link", name="Телефон: это не похоже на номер").click()
    assert page.evaluate("document.activeElement.name") == "Телефон"
    described = page.get_by_label("Телефон").get_attribute("aria-describedby").split()
    assert [page.locator(f"#{one}").inner_text().split(":")[0] for one in described] == ["Позвоним один раз", "Ошибка"]
    assert page.get_by_label("Как вас зовут").input_value() == "Мария <b>"
    page.get_by_label("Телефон").fill("8 916 000-11-22")
    page.get_by_label("Черепица").check()
    page.get_by_label("Согласен на обработку").check()
    page.get_by_role("button", name="Отправить").click()
    page.get_by_role("heading", name="Отправлено").wait_for()
    assert wide(page) <= 360
    (event,) = shown.events()
    assert (event.person.name, event.person.phone) == ("Мария <b>", "+79160001122")
    assert event.payload.form.fields == {"Кровля": "Черепица"}
    assert event.payload.utm.source == "yandex"


def test_a_form_is_filled_in_by_the_keyboard_alone_in_the_order_of_its_fields(shown: Shown, opened: Any) -> None:
    page = opened(f"{shown.url}/f/zamer")
    keys = page.keyboard
    for typed in ("Мария", "8 916 000-11-22"):
        keys.press("Tab")
        keys.type(typed)
    keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")
    keys.type("Дом у реки")
    keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")  # the link to the policy
    assert page.evaluate("document.activeElement.tagName") == "A"
    keys.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # who goes by the keyboard sees where they are
    keys.press("Enter")
    page.get_by_role("heading", name="Отправлено").wait_for()
    (event,) = shown.events()
    assert (event.payload.form.fields, event.payload.form.comment) == ({"Кровля": "Профнастил"}, "Дом у реки")


def test_a_partner_sends_a_request_sees_it_and_is_held_politely_to_the_limit(shown: Shown, opened: Any) -> None:
    path = shown.house.pages["partners"].links()["romashka"]  # type: ignore[attr-defined]
    page = opened(f"{shown.url}{path}")
    page.set_viewport_size({"width": 360, "height": 640})
    page.emulate_media(color_scheme="dark")
    assert "Пока ни одной" in page.get_by_role("region", name="Ваши заявки").inner_text()
    page.get_by_label("Имя").fill("Мария Петрова")
    page.get_by_label("Телефон").fill("8 916 000-11-22")
    page.get_by_role("button", name="Отправить").click()
    page.get_by_role("link", name="Отправить ещё одну заявку").click()
    mine = page.get_by_role("region", name="Ваши заявки").inner_text()
    assert "Мария П., +7 ••• ••-22" in mine
    assert "принято" in mine
    assert wide(page) <= 360
    page.get_by_label("Имя").fill("Анна")
    page.get_by_role("button", name="Отправить").click()
    page.get_by_role("heading", name="На сегодня всё").wait_for()
    assert len(shown.events()) == 1
