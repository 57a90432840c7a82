"""Settings of an Avito account (`channels: avito: {type: avito, …}`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from connectors.talks.settings import TalkSettings
from provodka.settings import Duration


class AvitoSettings(TalkSettings):
    """An account of Avito. `user_id` is the number of its profile; `client_id` and `client_secret` open the API.

    Notices come to `/hooks/<channel>/<secret>`; without `secret` there is no receiver, and the talks are only looked
    into every `poll`. `refresh_token` is for an application that works for somebody else's account. `mark_read`:
    a talk in which we answer is marked as read.
    """

    type: Literal["avito"] = "avito"
    user_id: int = Field(gt=0)
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    refresh_token: SecretStr | None = Field(None, min_length=1)
    secret: SecretStr | None = Field(None, min_length=1)
    poll: Duration = Field(timedelta(minutes=1), ge=timedelta(seconds=1))
    mark_read: bool = False
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.avito.ru"
    per_second: float = Field(5.0, gt=0)

    @property
    def account(self) -> str:
        """How events name the account."""
        return str(self.user_id)

    @property
    def quoted_secret(self) -> str:
        """The secret as it stands in an address; empty where none is agreed."""
        return quote(self.secret.get_secret_value(), safe="") if self.secret else ""
