"""How a MANGO OFFICE exchange is listened to, asked and ordered about."""

from __future__ import annotations

from datetime import timedelta
from string import Formatter
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator

from connectors.addresses import check_base_url
from connectors.calls.settings import CallSettings
from connectors.settings import ApiSettings
from provodka.settings import Duration

LINK_FIELDS: Final = frozenset({"api_url", "recording_id", "entry_id", "api_key", "expires", "sign"})
VENDOR_LINK: Final = "{api_url}/queries/recording/link/{recording_id}/play/{api_key}/{expires}/{sign}"


class MangoSettings(CallSettings, ApiSettings):
    """A MANGO OFFICE exchange (VPBX API). In its cabinet the address of the outside system is `…/hooks/<channel>`.

    `recording_url` is the address that a recording gets in the CRM; the default is the vendor's own signed link, which
    MANGO has off by default: have access by link switched on. It works for `recording_days` days. The file itself can
    be attached without it.
    Every `poll` the statistics are asked for calls that no notice told; `statistics: false` leaves that out. SMS to
    clients are written in the name of the employee with the extension `sms_from`, and come from the agreed name
    `sms_sender`, if there is one; without `sms_from` the channel writes none.
    """

    type: Literal["mango"] = "mango"
    api_key: SecretStr = Field(min_length=1)
    salt: SecretStr = Field(min_length=1)
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://app.mango-office.ru/vpbx"
    recording_url: str = VENDOR_LINK
    recording_days: int = Field(365, ge=1, le=3650)
    statistics: bool = True
    poll: Duration = Field(timedelta(minutes=5), ge=timedelta(seconds=10))
    sms_from: str = Field("", pattern=r"^\d*$")
    sms_sender: str = ""

    @field_validator("recording_url")
    @classmethod
    def _names_known_fields(cls, template: str) -> str:
        names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        if unknown := names - LINK_FIELDS:
            raise ValueError(f"knows no {sorted(unknown)}, only {sorted(LINK_FIELDS)}")
        template.format(**dict.fromkeys(LINK_FIELDS, ""))
        return template
