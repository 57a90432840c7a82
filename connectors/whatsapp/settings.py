"""Settings of a number of WhatsApp Business (`channels: wa: {type: whatsapp, …}`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connectors.graph import GraphSettings


class WhatsappSettings(GraphSettings):
    """One number. `phone_id` is its id at Meta (no telephone number), `account_id` that of the WhatsApp Business
    account; with it `check` sees whether the app hears of the account's messages.

    `language` is that of the templates that rules name without one. `per_second` is how many messages go at most.
    """

    type: Literal["whatsapp"] = "whatsapp"
    phone_id: str = Field(pattern=r"\d+")
    account_id: str = Field("", pattern=r"\d*")
    language: str = Field("ru", min_length=2)
    per_second: float = Field(20.0, gt=0, le=80)
