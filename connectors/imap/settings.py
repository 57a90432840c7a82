"""The settings of a mailbox channel."""

from __future__ import annotations

import re
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from connectors.addresses import is_loopback
from connectors.mail.settings import MailAccount
from provodka import identity
from provodka.payloads import MailRole

IMAPS_PORT = 993
USES: Final = ("\\Inbox", "\\Sent", "\\Junk", "\\Archive", "\\All", "\\Drafts", "\\Trash", "\\Flagged")
"""What folders are for (RFC 6154), whatever they are called."""


class ImapSettings(MailAccount):
    """One mailbox. Times are seconds, sizes bytes.

    `tls`: true is TLS from the first byte (port 993), `starttls` begins plain and switches over (port 143), false is
    for loopback alone.
    IDLE watches the first folder; the others are asked for news every few seconds, all are looked into every `poll`.
    A folder may be named by its use, whatever its name is (`\\Junk`); `sent` watches the one for sent letters, too.
    Of an attachment over `max_size` only the name is kept.
    The first start takes only what arrives from then on; `first_sync_days` reaches back.
    `role`: new requests come to a `source` alone; of the others the letters of people we know are of interest, and a
    `personal` box keeps no text of strangers. What one of ours forwards to `card_address` is of interest in any.
    `own_addresses` are the company's addresses and domains: a letter from there is written for somebody else
    (a site's form), so that Reply-To or the form's lines tell who the person is.
    """

    type: Literal["imap"] = "imap"
    port: int = Field(default=IMAPS_PORT, ge=1, le=65535)
    tls: bool | Literal["starttls"] = True
    folders: tuple[str, ...] = Field(default=("INBOX",), min_length=1)
    poll: float = Field(default=60, ge=1)
    idle: bool = True
    sent: bool = False
    role: MailRole = MailRole.SOURCE
    card_address: str = ""
    max_size: int = Field(default=40 * 1024 * 1024, ge=1024)
    first_sync_days: int = Field(default=0, ge=0)
    own_addresses: tuple[str, ...] = ()

    @field_validator("own_addresses")
    @classmethod
    def _lower(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(address.strip().lower().removeprefix("@") for address in given)

    @field_validator("card_address")
    @classmethod
    def _is_address(cls, given: str) -> str:
        if given and identity.email(given) != given.strip().lower():
            raise ValueError(f"{given} is no address: write it as sales+card@example.ru")
        return given.strip().lower()

    @field_validator("folders")
    @classmethod
    def _once_each(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if strange := [name for name in given if name.startswith("\\") and name not in USES]:
            raise ValueError(f"no folder has the use {strange[0]}; there are: {', '.join(USES)}")
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
