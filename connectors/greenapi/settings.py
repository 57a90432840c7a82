"""Settings of an instance of Green-API (`channels: wa: {type: greenapi, …}`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.talks.settings import TalkSettings


class GreenApiSettings(TalkSettings):
    """One instance, which is one account of WhatsApp.

    `receive: webhook`: Green-API calls us, and is known by the `secret` at the end of our address or by `webhook_token`
    in Authorization. `receive: polling`: we ask for notices ourselves. `pause` is the least number of seconds between
    two messages of ours: WhatsApp blocks accounts that write as machines do. `check_numbers` asks before the first
    message to a number whether it has WhatsApp at all.
    """

    sample: ClassVar[Mapping[str, Any]] = {"secret": None}

    type: Literal["greenapi"] = "greenapi"
    instance: str = Field(pattern=r"\d+")
    token: SecretStr = Field(min_length=1)
    receive: Literal["webhook", "polling"] = "webhook"
    secret: SecretStr | None = Field(None, min_length=1)
    webhook_token: SecretStr | None = Field(None, min_length=1)
    pause: float = Field(2.0, ge=0.5)
    check_numbers: bool = True
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.green-api.com"
    media_url: Annotated[str, AfterValidator(check_base_url)] = "https://media.green-api.com"
    read_timeout: float = Field(20.0, gt=6)

    @model_validator(mode="after")
    def _can_be_told_from_others(self) -> Self:
        if self.receive == "webhook" and self.secret is None and self.webhook_token is None:
            raise ValueError("anybody could send to this channel: give secret, webhook_token, or receive: polling")
        return self
