"""How the calls of a Beeline exchange are received, asked for and made."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from connectors.calls.settings import CallSettings
from connectors.settings import ApiSettings
from provodka.settings import Duration


class BeelineSettings(CallSettings, ApiSettings):
    """Beeline's cloud exchange. Its events go to `…/hooks/<channel>/<secret>`, where a subscription sends them.

    `token` is the key of its portal. We subscribe ourselves, for `subscribed_for` each time, to the events of one
    employee (`pattern`: a number or a user's id) or of everybody. The statistics are read every `poll`;
    `duration_unit` is that of their lengths (unverified). A call whose end was never told is soon believed to be over:
    no event is about the whole of a call, and of the releases of its legs one may be lost.
    """

    type: Literal["beeline"] = "beeline"
    secret: SecretStr = Field(min_length=1)
    token: SecretStr = Field(min_length=1)
    pattern: str = ""
    subscription: Literal["BASIC_CALL", "ADVANCED_CALL"] = "BASIC_CALL"
    subscribed_for: Duration = Field(timedelta(days=1), ge=timedelta(minutes=10), le=timedelta(days=30))
    poll: Duration = Field(timedelta(minutes=2), ge=timedelta(seconds=30))
    duration_unit: Literal["ms", "s"] = "ms"
    lost_after: Duration = Field(timedelta(hours=1))
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://cloudpbx.beeline.ru/apis/portal"
