"""The settings of an outgoing mailbox (`channels: post: {type: smtp, …}`)."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.addresses import is_loopback
from connectors.enclosed import FilesFolder
from provodka.settings import Strict

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


class SmtpSettings(Strict):
    """One mailbox that sends. Times are seconds.

    `security`: `starttls` begins plain and switches over (port 587), `tls` is TLS from the first byte (465), `none` is
    for loopback alone. `ca_file` is the server's own certificate (PEM) where no public authority signed it.
    Letters are from `from`, else from `user`, under `name`. `files` is the folder that rules attach from, beside the
    config. Not more than `per_minute` letters are sent: providers close mailboxes that send too many.
    """

    type: Literal["smtp"] = "smtp"
    host: str = Field(min_length=1)
    port: int = Field(default=0, ge=0, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None
    user: str = Field(min_length=1)
    password: SecretStr
    sender: str = Field(default="", alias="from")
    name: str = ""
    files: FilesFolder | None = None
    per_minute: float = Field(default=30, gt=0)
    connect_timeout: float = Field(default=10, gt=0)
    read_timeout: float = Field(default=60, gt=0)

    @model_validator(mode="after")
    def _can_send(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError(
                f"security: none would send the password in the open; only a loopback host allows it, not {self.host}"
            )
        if "@" not in self.address:
            raise ValueError(f"whom are letters from? {self.address} is no address: add from: info@…")
        return self

    @property
    def address(self) -> str:
        """Whom letters are from."""
        return self.sender or self.user

    @property
    def at(self) -> int:
        """The port."""
        return self.port or PORTS[self.security]
