"""Sign-in at a provider in a real browser, which keeps to the policy that our pages come with."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.openid import OpenId
from tests.webhooks.console.desk import Desk
from tests.webhooks.console.test_console_openid import desk, provider  # noqa: F401

pytestmark = pytest.mark.browser


def test_somebody_without_a_role_comes_in_as_another_and_leaves_both(
    desk: Desk,  # noqa: F811
    provider: OpenId,  # noqa: F811
    opened: Any,
) -> None:
    page = opened(f"{desk.url}/health")
    page.get_by_role("link", name="Войти через Кровлю").click()
    page.get_by_role("link", name="Вера").click()
    page.get_by_role("heading", name="Вход есть, прав нет").wait_for()
    page.get_by_role("link", name="Войти другой учётной записью").click()
    page.get_by_role("link", name="Ольга").click()
    page.get_by_role("heading", name="Где моя заявка?").wait_for()
    page.get_by_role("button", name="Выйти").click()
    page.wait_for_url(f"{desk.url}/sign-in")
    assert provider.counts.calls["GET /leave"] == 1
