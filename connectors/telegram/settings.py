"""Settings of a Telegram bot (`channels: bot: {type: telegram, …}`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from provodka.settings import Strict


class TelegramSettings(Strict):
    """A bot that writes to the staff. Each of them has to open the bot and press Start once."""

    type: Literal["telegram"]
    token: SecretStr
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.telegram.org"
    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=20.0, gt=0)
