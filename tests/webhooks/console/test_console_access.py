"""Signing in, and what is shown to whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.webhooks.console.desk import Desk, on
from webhooks.console.settings import Role


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    journal = on(tmp_path)
    desk = Desk(journal)
    yield desk
    desk.close()
    journal.close()


def test_nobody_reads_without_signing_in(desk: Desk) -> None:
    answer = requests.get(f"{desk.url}/", timeout=30)
    assert "Вход в консоль" in answer.text
    assert "Где моя заявка" not in answer.text


def test_the_right_password_opens_the_search(desk: Desk) -> None:
    answer = desk.sign_in().answer
    assert "Где моя заявка?" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_wrong_password_opens_nothing(desk: Desk) -> None:
    visitor = desk.sign_in(password="неверный")
    assert visitor.answer.status_code == 401
    assert "Имя или пароль не подошли" in visitor.answer.text
    assert "Вход в консоль" in visitor.get("/").text


def test_a_form_from_elsewhere_is_refused(desk: Desk) -> None:
    visitor = desk.sign_in(Role.OPERATE)
    answer = visitor.session.post(f"{desk.url}/sign-out", timeout=30)
    assert answer.status_code == 400
    assert "Где моя заявка?" in visitor.get("/").text, "the session goes on"


def test_whoever_signs_out_has_to_sign_in_again(desk: Desk) -> None:
    visitor = desk.sign_in()
    assert "Вход в консоль" in visitor.post("/sign-out", "/").text
    assert "Вход в консоль" in visitor.get("/").text


def test_what_is_kept_by_browsers_has_its_content_in_its_address(desk: Desk) -> None:
    page = desk.sign_in().answer.text
    assert "static/console.css?" in page
    assert requests.get(f"{desk.url}/static/console.css", timeout=30).status_code == 200


def test_an_unknown_page_says_so(desk: Desk) -> None:
    answer = desk.sign_in().get("/nothing")
    assert answer.status_code == 404
    assert "Такой страницы нет" in answer.text
