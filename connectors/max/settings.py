"""Settings of a bot of MAX (`channels: max: {type: max, …}`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.talks.settings import TalkSettings
from provodka.settings import Finding, Mistakes

_SECRET: Final = re.compile(r"[A-Za-z0-9-]{5,256}")


class MaxSettings(TalkSettings):
    """A bot of MAX. `receive: webhook`: MAX calls `/hooks/<channel>` and proves itself by `secret`. `receive: polling`:
    it asks by itself, which MAX allows only while a bot is being developed. `not_ready` are the pauses, in seconds,
    after which a message with a file is tried again that MAX has not digested yet.
    """

    sample: ClassVar[Mapping[str, Any]] = {"secret": None}

    type: Literal["max"] = "max"
    token: SecretStr = Field(min_length=1)
    receive: Literal["webhook", "polling"] = "webhook"
    secret: SecretStr | None = None
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://platform-api2.max.ru"
    per_second: float = Field(20.0, gt=0)
    not_ready: tuple[float, ...] = (1.0, 2.0, 4.0)

    @model_validator(mode="after")
    def _secret_fits(self) -> Self:
        if self.receive == "webhook" and self.secret is None:
            raise Mistakes(Finding(("secret",), "a webhook without a secret", "add any long random text"))
        if self.secret is not None and not _SECRET.fullmatch(self.secret.get_secret_value()):
            raise Mistakes(Finding(("secret",), "not what MAX takes for a secret", "5 to 256 of A-Z, a-z, 0-9 and -"))
        return self

    @property
    def account(self) -> str:
        """A name of the bot that is no secret: MAX tells its number only to those who ask."""
        return sha256(self.token.get_secret_value().encode()).hexdigest()[:12]
