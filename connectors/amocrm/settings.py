"""Settings of an amoCRM account (`crm: {type: amocrm, …}`)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.amocrm.chat_settings import ChatSettings
from provodka.settings import Strict


class OAuthSettings(Strict):
    """An OAuth integration. `code` (valid for 20 minutes, once) or `refresh_token` starts it; later pairs are kept in
    the journal, so both may stay in the config or go."""

    client_id: str
    client_secret: SecretStr
    redirect_uri: str
    code: SecretStr | None = None
    refresh_token: SecretStr | None = None


class AmocrmSettings(Strict):
    """One account: `token` is a long-lived token of a private integration (the simplest way), else `oauth`.

    The vendor allows 7 calls a second per integration. At most `burst` go in any burst / per_second seconds, so that 7
    and 6 leave 167 ms for what delays a call on its way. `stamp_*` name the service field of leads by which an earlier
    attempt is recognised; `inn_field` and `kpp_field` are the fields of companies that hold the taxpayer's numbers.
    """

    type: Literal["amocrm"]
    url: Annotated[str, AfterValidator(check_base_url)]
    token: SecretStr | None = None
    oauth: OAuthSettings | None = None
    hook_secret: SecretStr | None = None
    chats: ChatSettings | None = None
    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=20.0, gt=0)
    per_second: float = Field(default=6.0, gt=0)
    burst: int = Field(default=7, ge=1)
    batch: int = Field(default=50, ge=1, le=50)
    settle_seconds: float = Field(default=3.0, ge=0)
    stamp_field: str = "Provodka ID"
    inn_field: str = "ИНН"
    kpp_field: str = "КПП"
    stamp_code: str = Field(default="PROVODKA_ID", pattern=r"^[A-Z][A-Z0-9_]*$")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.token is None) == (self.oauth is None):
            raise ValueError("give either token (a long-lived token) or oauth, not both")
        return self

    def card_url(self, kind: str, card_id: str) -> str:
        """The address of a `lead` or `contact`, for people."""
        return f"{self.url}/{kind}s/detail/{card_id}"
