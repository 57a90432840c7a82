"""Settings of a Bitrix24 portal (`crm: {type: bitrix24, …}`)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.bitrix24.talk_settings import TalkSettings
from provodka.settings import Strict

_HOOK: Final = re.compile(r"/rest/\d+/[^/]+")
_WANTED: Final = "https://ПОРТАЛ.bitrix24.ru/rest/1/КОД/"


class Entity(StrEnum):
    """Which cards of the portal are its leads."""

    LEAD = "lead"
    DEAL = "deal"


def _portal(url: SecretStr) -> SecretStr:
    """The address without its last slash. Its errors never show it: an inbound webhook is a password."""
    parts = urlsplit(url.get_secret_value().strip())
    try:
        address = check_base_url(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        cure = "give the https address of the portal, or the whole inbound webhook"
        raise ValueError(f"not the address of a portal: {cure}, {_WANTED}") from None
    path = parts.path.rstrip("/")
    if (path and not _HOOK.fullmatch(path)) or parts.query or parts.fragment:
        raise ValueError(f"copy the inbound webhook as Bitrix24 shows it, without a method at its end: {_WANTED}")
    return SecretStr(address + path)


class OAuthSettings(Strict):
    """A local application. `code` (it lives for 30 seconds) or `refresh_token` starts it, or the portal itself brings
    the first pair with its event ONAPPINSTALL to our hook; later pairs are kept in the journal."""

    client_id: str
    client_secret: SecretStr
    code: SecretStr | None = None
    refresh_token: SecretStr | None = None
    server: Annotated[str, AfterValidator(check_base_url)] = "https://oauth.bitrix24.tech"


class BitrixSettings(Strict):
    """One portal: `url` is an inbound webhook (the simplest way), or the bare address of the portal with `oauth`.

    `entity`: whether leads or deals are what rules call leads; without it the portal's mode decides. `deal_pipeline` is
    where the deal goes that a won lead becomes (the main funnel by default). `tags_field` is the user field (a string)
    that holds the tags; `inn_field` and `kpp_field` are user fields of companies with ИНН and КПП where the client does
    not keep them in requisites. `loss_field` is the user field with the reasons why leads are lost; without it the
    lost stages are the reasons. `talks` shows messengers inside the card. `hook_secret` is the secret in the address of
    our hook, and `application_token` what the portal shows for its outbound webhook: with it every event must carry it.

    The vendor's bucket holds 50 calls and drains 2 a second, counted per portal and outgoing address (250 and 5 on
    Enterprise). `operating_seconds` is what one method may work in ten minutes: at 80 % of it the method slows down.
    """

    type: Literal["bitrix24"]
    url: Annotated[SecretStr, AfterValidator(_portal)]
    oauth: OAuthSettings | None = None
    entity: Entity | None = None
    deal_pipeline: str = ""
    tags_field: str = Field(default="Теги", min_length=1)
    inn_field: str = ""
    kpp_field: str = ""
    loss_field: str = ""
    originator: str = Field(default="provodka", max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")
    talks: TalkSettings | None = None
    hook_secret: SecretStr | None = None
    application_token: SecretStr | None = None
    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=70.0, gt=0)
    per_second: float = Field(default=2.0, gt=0)
    burst: int = Field(default=40, ge=1)
    batch: int = Field(default=25, ge=1, le=25)
    settle_seconds: float = Field(default=65.0, ge=0)
    operating_seconds: float = Field(default=480.0, gt=0)
    look_back: int = Field(default=60, ge=0)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        has_hook = bool(urlsplit(self.url.get_secret_value()).path)
        if has_hook and self.oauth is not None:
            raise ValueError("with oauth give the bare address of the portal, without /rest/…")
        if not has_hook and self.oauth is None:
            raise ValueError(f"give the whole inbound webhook as url ({_WANTED}), or oauth")
        if self.talks is not None and self.oauth is None:
            raise ValueError("talks work for a local application only: give oauth")
        return self

    @property
    def portal(self) -> str:
        """The address of the portal; it holds no secret."""
        parts = urlsplit(self.url.get_secret_value())
        return f"{parts.scheme}://{parts.netloc}"

    def card_url(self, kind: str, card_id: str) -> str:
        """The address of a `lead` or `contact`, for people; empty for a lead where only the portal knows whether that
        is a lead or a deal."""
        name = self.entity if kind == "lead" else kind
        return f"{self.portal}/crm/{name}/details/{card_id}/" if name else ""

    @property
    def account(self) -> str:
        """The portal in the journal: its pace and its tokens."""
        return f"bitrix24:{self.portal}"
