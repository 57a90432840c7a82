"""How the calls of a MANGO OFFICE exchange are received."""

from __future__ import annotations

from string import Formatter
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator

from provodka import identity
from provodka.settings import Strict

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
LINK_FIELDS: Final = frozenset({"api_url", "recording_id", "entry_id", "api_key", "expires", "sign"})
VENDOR_LINK: Final = "{api_url}/queries/recording/link/{recording_id}/play/{api_key}/{expires}/{sign}"


class MangoSettings(Strict):
    """A MANGO OFFICE exchange (VPBX API). In its cabinet the address of the outside system is `…/hooks/<channel>`.

    `lines` names the company's numbers (`"+74950003344": yandex`): a call to such a line carries the name as
    `utm.source`, as in static call tracking. An incoming talk shorter than `min_talk` seconds counts as missed: a
    voice menu or an answering robot "answers" too. `recording_url` is the address that a recording gets in the CRM;
    the default is the vendor's own signed link, which MANGO has off by default: have access by link switched on. It
    works for `recording_days` days.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    type: Literal["mango"] = "mango"
    api_key: SecretStr = Field(min_length=1)
    salt: SecretStr = Field(min_length=1)
    lines: dict[str, str] = Field(default_factory=dict)
    min_talk: int = Field(0, ge=0)
    api_url: str = "https://app.mango-office.ru/vpbx"
    recording_url: str = VENDOR_LINK
    recording_days: int = Field(365, ge=1, le=3650)

    @field_validator("lines")
    @classmethod
    def _lines_in_e164(cls, lines: dict[str, str]) -> dict[str, str]:
        known = {}
        for number, name in lines.items():
            if not (phone := identity.phone(number)):
                raise ValueError(f"{number!r} is not a telephone number")
            known[phone] = name
        return known

    @field_validator("api_url")
    @classmethod
    def _is_encrypted(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
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
