"""Settings of a Viber bot (`channels: viber: {type: viber, …}`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from connectors.talks.settings import TalkSettings


class ViberSettings(TalkSettings):
    """A bot of Viber. Its notices come to `/hooks/<channel>`, signed with `token`.

    `name` is from whom people see messages (28 characters at most). `welcome` is what who opens the chat reads at once:
    Viber takes it out of our answer, and before that person has written or subscribed nothing else can be sent.
    """

    type: Literal["viber"] = "viber"
    token: SecretStr = Field(min_length=1)
    name: str = Field(min_length=1, max_length=28)
    welcome: str = Field("", max_length=7000)
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://chatapi.viber.com"
    per_second: float = Field(20.0, gt=0)
