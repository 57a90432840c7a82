"""How a MANGO OFFICE exchange is listened to, asked and ordered about."""

from __future__ import annotations

from datetime import timedelta
from string import Formatter
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator

from connectors.addresses import is_loopback
from connectors.calls.settings import CallSettings
from provodka.settings import Duration

LINK_FIELDS: Final = frozenset({"api_url", "recording_id", "entry_id", "api_key", "expires", "sign"})
VENDOR_LINK: Final = "{api_url}/queries/recording/link/{recording_id}/play/{api_key}/{expires}/{sign}"


class MangoSettings(CallSettings):
    """A MANGO OFFICE exchange (VPBX API). In its cabinet the address of the outside system is `…/hooks/<channel>`.

    `recording_url` is the address that a recording gets in the CRM; the default is the vendor's own signed link, which
    MANGO has off by default: have access by link switched on. It works for `recording_days` days. The file itself can
    be attached without it.
    Every `poll` the statistics are asked for calls that no notice told; `statistics: false` leaves that out. SMS to
    clients are written in the name of the employee with the extension `sms_from`, and come from the agreed name
    `sms_sender`, if there is one; without `sms_from` the channel writes none.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    type: Literal["mango"] = "mango"
    api_key: SecretStr = Field(min_length=1)
    salt: SecretStr = Field(min_length=1)
    api_url: str = "https://app.mango-office.ru/vpbx"
    recording_url: str = VENDOR_LINK
    recording_days: int = Field(365, ge=1, le=3650)
    statistics: bool = True
    poll: Duration = Field(timedelta(minutes=5), ge=timedelta(seconds=10))
    sms_from: str = Field("", pattern=r"^\d*$")
    sms_sender: str = ""
    connect_timeout: float = Field(5, gt=0)
    read_timeout: float = Field(20, gt=0)

    @field_validator("api_url")
    @classmethod
    def _is_encrypted(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError("must begin with https:// (http:// only for this machine itself)")
        return url.rstrip("/")

    @field_validator("recording_url")
    @classmethod
    def _names_known_fields(cls, template: str) -> str:
        names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        if unknown := names - LINK_FIELDS:
            raise ValueError(f"knows no {sorted(unknown)}, only {sorted(LINK_FIELDS)}")
        template.format(**dict.fromkeys(LINK_FIELDS, ""))
        return template
