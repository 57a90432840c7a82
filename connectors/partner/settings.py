"""How partners are described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.pages.fields import FormSettings
from provodka.own_pages import Partner
from provodka.settings import Finding, Mistakes, Strict, did_you_mean

_KEY: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")


def _address(text: str) -> str:
    """An address, or `@domain` for all of it."""
    before, at, domain = text.strip().casefold().rpartition("@")
    if not at or "." not in domain or " " in before:
        raise Mistakes(Finding((), f"no address: «{text}»", "write orders@partner.ru, or @partner.ru for all of it"))
    return text.strip().casefold()


class PartnerSettings(Strict):
    """One partner.

    `source` is where the leads come from (by default the title), `fields` those of the channel's fields that this
    partner fills in (by default all), `per_day` how many requests a day are taken. `mail`: letters from there are
    requests of this partner. `secret` lets a program send requests as JSON. Another `revision` makes the link another.
    """

    title: str = Field(min_length=1, max_length=200)
    source: str = Field("", max_length=200)
    fields: tuple[str, ...] = ()
    per_day: int = Field(100, ge=1, le=100_000)
    mail: tuple[Annotated[str, AfterValidator(_address)], ...] = ()
    secret: SecretStr | None = Field(None, min_length=1)
    revision: int = Field(1, ge=1)

    def named(self, key: str) -> Partner:
        """As rules see the partner."""
        return Partner(key, self.title, self.source or self.title)


class PartnersSettings(FormSettings):
    """The partners of a client, who all fill in one form, at `/f/<channel>/<key>-<signature>`.

    `shows`: whether a partner sees there what has become of the requests.
    """

    sample: ClassVar[Mapping[str, Any]] = {
        **FormSettings.sample,
        "partners": {"partner_1": {"title": "Первый партнёр"}},
    }

    type: Literal["partner"] = "partner"
    thanks: str = Field("Заявка принята. Что с ней, видно на этой странице.", min_length=1, max_length=2000)
    partners: dict[str, PartnerSettings] = Field(min_length=1)
    shows: bool = True
    per_address: int = Field(200, ge=1, le=10_000)  # a whole office may sit behind one address

    @model_validator(mode="after")
    def _fits(self) -> PartnersSettings:
        found: list[Finding] = []
        known, mails, secrets = [one.key for one in self.fields], dict[str, str](), dict[str, str]()
        for key, partner in self.partners.items():
            if not _KEY.fullmatch(key):
                found.append(
                    Finding(("partners", key), f"no key of a partner: «{key}»", "letters a-z, digits, _", True)
                )
            for at, name in enumerate(partner.fields):
                if name not in known:
                    place = ("partners", key, "fields", at)
                    found.append(Finding(place, f"there is no field «{name}»", did_you_mean(name, known)))
            for at, address in enumerate(partner.mail):
                if mails.setdefault(address, key) != key:
                    place = ("partners", key, "mail", at)
                    found.append(Finding(place, f"{mails[address]} has this address, too"))
            secret = partner.secret.get_secret_value() if partner.secret else ""
            if secret and (first := secrets.setdefault(secret, key)) != key:
                same = f"partners.{first}.secret is the same: nobody could tell whose program has sent a request"
                cure = f"give {first} and {key} a secret each: openssl rand -hex 24"
                found.append(Finding(("partners", key, "secret"), same, cure))
        if found:
            raise Mistakes(*found)
        return self
