"""How we enter a mailbox: the settings that reading and sending share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.mail.providers import OWN, PROVIDERS, Provider, ProviderName
from provodka.settings import Strict


class MailOAuth(Strict):
    """Entering by tokens (XOAUTH2) in place of a password.

    `client_id` and `client_secret` are those of the application that was registered with the provider, `refresh_token`
    what the owner of the mailbox has allowed it. With `service` the application of the organisation needs no such
    permission: Yandex 360 (a service application) and Exchange Online. `tenant` is the directory of Microsoft.
    """

    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr | None = None
    token_url: str = ""
    tenant: str = "organizations"
    service: bool = False

    @model_validator(mode="after")
    def _can_ask(self) -> Self:
        if self.service == (self.refresh_token is not None):
            raise ValueError("oauth needs either refresh_token or service: true")
        if self.token_url:
            check_base_url(self.token_url)
        return self


class MailAccount(Strict):
    """A mailbox at a provider or on a server of one's own. With a `provider` its hosts need not be written.

    `ca_file` is the server's own certificate (PEM) where no public authority signed it. The way in is either
    `password` (at the big providers that of an application) or `oauth`.
    """

    serves: ClassVar[Literal["imap_host", "smtp_host"]] = "imap_host"

    provider: ProviderName | None = None
    host: str = ""
    ca_file: Path | None = None
    user: str = Field(min_length=1)
    password: SecretStr | None = None
    oauth: MailOAuth | None = None

    @model_validator(mode="before")
    @classmethod
    def _hosts_of_the_provider(cls, given: Any) -> Any:  # noqa: ANN401  # whatever the config holds
        if not isinstance(given, Mapping) or given.get("host"):
            return given
        known = PROVIDERS.get(given.get("provider"))  # type: ignore[arg-type]  # an unknown name is told by its field
        return {**given, "host": getattr(known, cls.serves)} if known else given

    @model_validator(mode="after")
    def _has_a_way_in(self) -> Self:
        if not self.host:
            raise ValueError(f"where is the mailbox? Write host, or provider: {' | '.join(PROVIDERS)}")
        if (self.password is None) == (self.oauth is None):
            raise ValueError("the way into the mailbox is either password or oauth")
        if self.oauth is None:
            return self
        if not (self.oauth.token_url or self.at_provider.token_url):
            raise ValueError("oauth of an own server needs token_url, or write the provider")
        if self.oauth.service and not self.at_provider.service:
            able = " | ".join(name for name, one in PROVIDERS.items() if one.service)
            raise ValueError(f"oauth.service is for provider: {able}")
        return self

    @property
    def at_provider(self) -> Provider:
        """The provider, or what is said of any other server."""
        return PROVIDERS[self.provider] if self.provider else OWN
