"""Settings of a Telegram bot (`channels: bot: {type: telegram, …}`)."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.enclosed import FilesFolder
from connectors.settings import ApiSettings
from provodka.settings import Finding, Mistakes

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")


def _yaml_off(value: object) -> object:
    """YAML reads a bare `off` as false."""
    return "off" if value is False else value


class TelegramSettings(ApiSettings):
    """A bot. Each of the staff to whom it is to write has to open it and press Start once; so does a client.

    `receive` says how it hears what people write: by `webhook` (`secret` is what Telegram then proves itself by), by
    `polling` (needs no address of ours), or not at all. `groups` says that it is to hear all that is written in its
    groups, which Telegram allows only to a bot without privacy mode. `files` is the folder that rules attach from,
    beside the config. Times are seconds.
    """

    type: Literal["telegram"]
    token: SecretStr
    receive: Annotated[Literal["off", "webhook", "polling"], BeforeValidator(_yaml_off)] = "off"
    secret: SecretStr | None = None
    groups: bool = False
    files: FilesFolder | None = None
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.telegram.org"
    upload_timeout: float = Field(60.0, gt=0)

    @model_validator(mode="after")
    def _secret_fits(self) -> Self:
        if self.receive == "webhook" and self.secret is None:
            raise Mistakes(Finding(("secret",), "a webhook without a secret", "add any long random text"))
        if self.secret is not None and not _SECRET.fullmatch(self.secret.get_secret_value()):
            raise Mistakes(
                Finding(("secret",), "not what Telegram takes for a secret", "1 to 256 of A-Z, a-z, 0-9, _ and -")
            )
        return self

    @property
    def bot_id(self) -> str:
        """The number of the bot, which is no secret: the token begins with it."""
        return self.token.get_secret_value().partition(":")[0]
