"""How an exchange of Zadarma or Novofon is connected."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator

from connectors.addresses import check_base_url
from connectors.calls.settings import CallSettings
from connectors.settings import ApiSettings
from provodka.settings import Duration, Timezone


class ZadarmaSettings(CallSettings, ApiSettings):
    """The exchange posts to `…/hooks/<channel>`, signed with the `secret` of the API.

    `key` is needed for calls made by rules, SMS, recordings and the net. Novofon: `base_url: https://api.novofon.com`.
    `timezone` is the one chosen in the cabinet, where it is not the client's: the exchange tells times without a zone.
    `route: true` has incoming calls put through to the extension of whoever is responsible for the caller, and after
    `return_timeout` seconds without an answer go on by the scenario (0: they stay there); without it the exchange is
    told only the caller's name. `sms_from` is the sender of SMS: a number of ours or an agreed name. Every `poll` the
    statistics are asked for calls that no notice told of.
    """

    type: Literal["zadarma"] = "zadarma"
    secret: SecretStr = Field(min_length=1)
    key: SecretStr | None = Field(None, min_length=1)
    base_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.zadarma.com"
    timezone: Timezone | None = None
    route: bool = False
    return_timeout: int = Field(20, ge=0, le=600)
    sms_from: str = ""
    poll: Duration = Field(timedelta(minutes=5), ge=timedelta(minutes=1))

    @field_validator("return_timeout")
    @classmethod
    def _is_possible(cls, seconds: int) -> int:
        if seconds in (1, 2):
            raise ValueError("the exchange takes 0 or at least 3 seconds")
        return seconds
