"""The console on a house at work, in a browser: support's minute, from a phone number to the lead that is there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.crm.names import Names
from provodka.journal import ActionState, DeadReason, queries
from tests.browsing import browser, opened  # noqa: F401 -- fixtures
from tests.cli.playing import Clock, House
from tests.end_to_end.company import Company, until
from tests.webhooks.console.desk import HASH, PASSWORD, Desk, on
from webhooks.console.settings import Role

PIPELINE = 5000001  # «Кровля» of the emulator
STAGE = "Замер назначен"
FOUR_WAYS = ("+7 916 000-00-01", "8 (916) 000 00 01", "9160000001", "7.916.000.00.01")


def sign_in(tab: Any, login: str, password: str = PASSWORD) -> None:
    tab.get_by_label("Имя").fill(login)
    tab.get_by_label("Пароль").fill(password)
    tab.get_by_role("button", name="Войти").click()
    tab.get_by_role("heading", name="Где моя заявка?").wait_for()


def search(tab: Any, wanted: str) -> None:
    with tab.expect_navigation():
        tab.keyboard.press("/")
        tab.keyboard.type(wanted)
        tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="История: телефон").wait_for()


def test_a_lost_request_is_found_by_a_phone_typed_four_ways_and_turns_done_before_ones_eyes(
    closed: Company,
    opened: Callable[[str], Any],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refresh = Names.refresh  # of any age: the browser is quicker than any person
    monkeypatch.setattr(Names, "refresh", lambda mine, least_age=0.0: refresh(mine, 0.0))
    user = json.dumps({"password": HASH, "role": "operate", "name": "Ольга"})
    closed.rewritten = lambda text: (
        text.replace("stage: Новый лид", f"stage: {STAGE}") + f"\nconsole: {{users: {{olga: {user}}}}}\n"
    )
    closed.open()
    closed.form("+79160000001", name="Первая")
    until(lambda: [one for one in closed.actions() if one.state == "dead"], "a dead action", 15)

    tab = opened(f"{closed.url}/console/")
    sign_in(tab, "olga")
    for phone in FOUR_WAYS:
        search(tab, phone)
        assert STAGE in tab.locator(".card.bad").first.inner_text(), phone
    tab.locator(".card.bad a").first.click()
    assert STAGE in tab.locator(".card.bad").first.inner_text()
    assert "79160000001" not in tab.content()

    pipeline = f"{closed.office.emulator.url}/api/v4/leads/pipelines/{PIPELINE}/statuses"
    made = requests.post(
        pipeline, json=[{"name": STAGE, "sort": 25}], headers={"Authorization": "Bearer sandbox"}, timeout=30
    )
    assert made.ok, made.text
    tab.get_by_role("button", name="Разобрать заново: показать, что изменится").click()
    tab.get_by_role("heading", name="Разобрать заново по нынешним правилам?").wait_for()
    tab.get_by_role("link", name="Нет, вернуться").click()
    tab.get_by_role("button", name="Отправить снова").click()
    tab.locator("details[id^=given]").first.locator("summary").click()
    tab.locator(".road").get_by_text("Доставлено", exact=True).wait_for()
    assert tab.locator("article .state", has_text="сделано").count() == 3
    assert tab.locator("details[id^=given]").first.get_attribute("open") is not None, "what was unfolded stays so"
    assert tab.locator("#story[hx-get]").count() == 0, "it does not look again once all is over"
    assert len(closed.leads()) == 1
    search(tab, FOUR_WAYS[0])
    tab.get_by_text(re.compile("Лид создан за")).first.wait_for()


def test_a_viewer_finds_no_button_a_forged_form_is_refused_and_a_guesser_is_locked_out(
    tmp_path: Path,
    opened: Callable[[str], Any],  # noqa: F811
) -> None:
    journal = on(tmp_path)
    desk = Desk(journal)
    try:
        played = House(journal, Clock())
        played.planned("0")
        dead = played.dead(DeadReason.REJECTED)
        viewer = opened(f"{desk.url}/")
        sign_in(viewer, Role.VIEW)
        viewer.locator(".card.bad a").first.click()
        viewer.get_by_text("Другая сторона отказала").first.wait_for()
        assert viewer.get_by_role("button", name="Отправить снова").count() == 0
        answer = viewer.goto(f"{desk.url}/needs/resend?cause=x")
        assert answer.status == 403
        viewer.get_by_text("Вам это не разрешено").wait_for()

        operator = opened(f"{desk.url}/")
        sign_in(operator, Role.OPERATE)
        operator.locator(".card.bad a").first.click()
        operator.locator("input[name=csrf_token]").evaluate_all("all => all.forEach(one => one.value = 'forged')")
        operator.get_by_role("button", name="Отправить снова").click()
        operator.get_by_text("запрос пришёл не с неё").wait_for()
        stored = journal.read(lambda c: queries.action_by_id(c, dead))
        assert stored is not None
        assert stored.state is ActionState.DEAD

        guesser = opened(f"{desk.url}/")
        for number in range(6):
            with guesser.expect_navigation():
                guesser.get_by_label("Имя").fill(Role.ADMINISTER)
                guesser.get_by_label("Пароль").fill(f"догадка {number}")
                guesser.keyboard.press("Enter")
        guesser.get_by_text("Слишком много неудачных попыток").wait_for()
    finally:
        desk.close()
        journal.close()
