"""How a page with a form is described."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from connectors.pages.fields import FormSettings
from provodka.settings import Duration


class PageSettings(FormSettings):
    """A form at `/f/<channel>`.

    The personal link of a deal, `{{ pages.<channel> }}` in rules, leads to the same form, and its answers to that deal;
    it holds for `valid`. With `personal` there is nothing at the plain address.
    """

    type: Literal["page"] = "page"
    personal: bool = False
    valid: Duration = timedelta(days=90)
