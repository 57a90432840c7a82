"""The settings of a mailbox channel."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.addresses import is_loopback
from provodka.settings import Strict

IMAPS_PORT = 993


class ImapSettings(Strict):
    """One mailbox. Times are seconds, sizes bytes.

    `tls`: true is TLS from the first byte (port 993), `starttls` begins plain and switches over (port 143), false is
    for loopback alone. `ca_file` is the server's own certificate (PEM) where no public authority signed it.
    IDLE watches the first folder; the others are looked into every `poll` seconds.
    Of a letter over `max_size` the headers and the text are kept, and the attachments by name only.
    The first start takes only what arrives from then on; `first_sync_days` reaches back.
    `own_addresses` are the company's addresses and domains: a letter from there is written for somebody else
    (a site's form), so that Reply-To or the form's lines tell who the person is.
    """

    type: Literal["imap"] = "imap"
    host: str = Field(min_length=1)
    port: int = Field(default=IMAPS_PORT, ge=1, le=65535)
    tls: bool | Literal["starttls"] = True
    ca_file: Path | None = None
    user: str = Field(min_length=1)
    password: SecretStr
    folders: tuple[str, ...] = Field(default=("INBOX",), min_length=1)
    poll: float = Field(default=60, ge=1)
    idle: bool = True
    max_size: int = Field(default=25 * 1024 * 1024, ge=1024)
    first_sync_days: int = Field(default=0, ge=0)
    own_addresses: tuple[str, ...] = ()

    @field_validator("own_addresses")
    @classmethod
    def _lower(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(address.strip().lower().removeprefix("@") for address in given)

    @field_validator("folders")
    @classmethod
    def _once_each(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(given))

    @model_validator(mode="after")
    def _safe_on_the_wire(self) -> Self:
        if self.tls is False and not is_loopback(self.host):
            raise ValueError(
                f"tls: false would send the password in the open; only a loopback host allows it, not {self.host}"
            )
        if self.tls == "starttls" and self.port == IMAPS_PORT:
            raise ValueError("tls: starttls begins plain, usually on port 143; port 993 speaks TLS at once (tls: true)")
        return self

    def is_own(self, address: str) -> bool:
        """Whether an address (lower-case) is the mailbox itself or one of `own_addresses` or their domains.

        `info+17@` is `info@` (RFC 5233).
        """
        address = re.sub(r"\+[^@]*@", "@", address)
        domain = address.rpartition("@")[2]
        return bool(address) and (
            address == self.user.lower() or address in self.own_addresses or domain in self.own_addresses
        )
