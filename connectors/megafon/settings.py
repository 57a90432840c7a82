"""How a virtual exchange of MegaFon or of its relatives is connected."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.calls.settings import CallSettings
from connectors.settings import ApiSettings
from provodka.settings import Duration

HOME: Final = "megapbx.ru"


class Api(StrEnum):
    """`rest` is today's API of the exchange, `form` the older one: a single address for forms with `cmd`."""

    REST = "rest"
    FORM = "form"


_PATHS: Final = {Api.REST: "/crmapi/v1", Api.FORM: "/sys/crm_api.wcgp"}


class MegafonSettings(CallSettings, ApiSettings):
    """The exchange posts to `…/hooks/<channel>` with `crm_token`, the key that we issue to it.

    For calls made by rules, recordings and the net: `domain` of the exchange (`krovlya` or `krovlya.megapbx.ru`; for
    its relatives the whole host, or the address as `url`) and its `api_key`. `api: form` speaks to it as before 2021.
    `route: true` has incoming calls put through to whoever is responsible for the caller; without it the exchange is
    told only the caller's name. Every `poll` the history is asked for calls that no notice told of.
    """

    type: Literal["megafon"] = "megafon"
    crm_token: SecretStr = Field(min_length=8)
    domain: str = Field("", pattern=r"^$|^[\w-]+(\.[\w-]+)*$")
    url: Annotated[str, AfterValidator(lambda url: check_base_url(url) if url else "")] = ""
    api_key: SecretStr | None = Field(None, min_length=1)
    api: Api = Api.REST
    route: bool = False
    poll: Duration = Field(timedelta(minutes=5), ge=timedelta(seconds=30))

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.domain and self.url:
            raise ValueError("write either domain or url")
        if self.api_key is not None and not (self.domain or self.url):
            raise ValueError("api_key needs the address of the exchange: domain: krovlya")
        return self

    @property
    def base_url(self) -> str:
        """Where its API is; a `url` that has a path is taken as it is."""
        host = self.domain if "." in self.domain else f"{self.domain}.{HOME}"
        url = self.url or f"https://{host}"
        return url if "/" in url.partition("://")[2] else url + _PATHS[self.api]
