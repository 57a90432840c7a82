"""The settings of an outgoing mailbox (`channels: post: {type: smtp, …}`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from connectors.addresses import is_loopback
from connectors.enclosed import FilesFolder
from connectors.mail.providers import PROVIDERS
from connectors.mail.sent import SentFolder
from connectors.mail.settings import MailAccount

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


class SmtpSettings(MailAccount):
    """One mailbox that sends. Times are seconds.

    `security`: `starttls` begins plain and switches over (port 587), `tls` is TLS from the first byte (465), `none` is
    for loopback alone; a `provider` has its own. Letters are from `from`, else from `user`, under `name`. `files` is
    the folder that rules attach from, beside the config. Not more than `per_minute` letters are sent: providers close
    mailboxes that send too many.

    `subject_tag` puts the lead's number into the subject, `[#17]`, for clients whose mail programs lose the thread.
    `unsubscribe` is where who wants no more mailings is sent (`https://…`, `mailto:…`). `sent` is the folder of sent
    letters: a letter whose answer was lost is looked for there.
    """

    serves: ClassVar[Literal["imap_host", "smtp_host"]] = "smtp_host"

    sample: ClassVar[Mapping[str, Any]] = {"user": "info@example.ru", "provider": "yandex", "password": None}

    type: Literal["smtp"] = "smtp"
    port: int = Field(default=0, ge=0, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = Field(default="", alias="from")
    name: str = ""
    files: FilesFolder | None = None
    per_minute: float = Field(default=30, gt=0)
    subject_tag: bool = False
    unsubscribe: str = ""
    sent: SentFolder | None = None
    connect_timeout: float = Field(default=10, gt=0)
    read_timeout: float = Field(default=60, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _ways_of_the_provider(cls, given: Any) -> Any:  # noqa: ANN401  # whatever the config holds
        known = PROVIDERS.get(given.get("provider")) if isinstance(given, Mapping) else None  # type: ignore[arg-type]
        if known is None:
            return given
        security = "starttls" if known.smtp_starttls else "tls"
        usual = {} if given.get("host") else {"security": security, "port": known.smtp_port}
        sent = given.get("sent")
        if isinstance(sent, Mapping) and not sent.get("host"):
            usual["sent"] = {**sent, "host": known.imap_host}
        return {**usual, **{name: value for name, value in given.items() if name != "sent" or "sent" not in usual}}

    @field_validator("unsubscribe")
    @classmethod
    def _an_address(cls, given: str) -> str:
        if given and not given.startswith(("https://", "mailto:")):
            raise ValueError("unsubscribe is an address: https://… or mailto:…")
        return given

    @model_validator(mode="after")
    def _can_send(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError(
                f"security: none would send the password in the open; only a loopback host allows it, not {self.host}"
            )
        if "@" not in self.address:
            raise ValueError(f"whom are letters from? {self.address} is no address: add from: info@…")
        if self.sent is not None and not self.sent.host:
            raise ValueError("where are the sent letters? Write sent.host (IMAP), or the provider")
        if self.sent is not None and self.sent.tls is False and not is_loopback(self.sent.host):
            raise ValueError("sent.tls: false would send the password in the open; only a loopback host allows it")
        return self

    @property
    def address(self) -> str:
        """Whom letters are from."""
        return self.sender or self.user

    @property
    def at(self) -> int:
        """The port."""
        return self.port or PORTS[self.security]
