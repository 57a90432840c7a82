"""Settings of an account of Wazzup24 (`channels: wz: {type: wazzup, …}`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.talks.settings import TalkSettings


class WazzupSettings(TalkSettings):
    """One account brings the messages of all its channels; we write by `channel_id`, whose messenger is `chat_type`.

    What Wazzup sends is known by `crm_key` (where the integration has one), or by the `secret` at the end of our
    address.
    """

    sample: ClassVar[Mapping[str, Any]] = {"secret": None}

    type: Literal["wazzup"] = "wazzup"
    api_key: SecretStr = Field(min_length=1)
    crm_key: SecretStr | None = Field(None, min_length=1)
    secret: SecretStr | None = Field(None, min_length=1)
    channel_id: str = Field(min_length=1, pattern="[^/]+")
    chat_type: Literal["whatsapp", "viber", "instagram", "telegram", "vk", "avito", "max"] = "whatsapp"
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.wazzup24.com"
    per_second: float = Field(10.0, gt=0)

    @model_validator(mode="after")
    def _can_be_told_from_others(self) -> Self:
        if self.crm_key is None and self.secret is None:
            raise ValueError("anybody could send to this channel: give crm_key, or a secret for the address")
        return self
