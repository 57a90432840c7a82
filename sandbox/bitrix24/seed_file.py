"""The section `bitrix24:` of a seed file: a portal of one's own in place of «Кровля Плюс»."""

from __future__ import annotations

import dataclasses
from typing import Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sandbox.bitrix24.seed import LOST, SCOPES, WON, Funnel, Seed, UserField
from sandbox.bitrix24.settings import MODE_CLASSIC, MODE_SIMPLE

PLAIN = (
    *("name", "domain", "timezone", "client_id", "client_secret", "redirect_uri"),
    *("app_user", "board_user", "lead_stages", "lead_won", "lead_lost"),
)
NAME = r"^UF_CRM_[A-Z0-9_]+$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserRow(_Strict):
    """A person; `access` is what CRM cards of others he sees."""

    id: int = Field(ge=1)
    name: str
    last_name: str = ""
    email: str
    admin: bool = False
    active: bool = True
    inner: str = ""
    mobile: str = ""
    position: str = "Менеджер"
    access: Literal["all", "own"] = "all"


class FunnelRow(_Strict):
    """A deal funnel with its stages in work; winning and losing ones may be named too."""

    name: str
    stages: list[str] = Field(min_length=1)
    won: str = WON
    lost: tuple[str, ...] = Field(default=(LOST,), min_length=1)


class FieldRow(_Strict):
    """A user field of leads, deals, contacts or companies."""

    entity: Literal["lead", "deal", "contact", "company"]
    name: str = Field(pattern=NAME, max_length=50)
    type: Literal["string", "integer", "double", "boolean", "datetime", "date", "money", "url", "enumeration", "file"]
    title: str
    options: list[str] = []
    multiple: bool = False

    @model_validator(mode="after")
    def _options_fit(self) -> FieldRow:
        if (self.type == "enumeration") != bool(self.options):
            raise ValueError("options belong to an enumeration, and an enumeration needs them")
        return self


class SourceRow(_Strict):
    """Where a lead comes from; the code is what calls of REST say."""

    code: str = Field(min_length=1)
    name: str


class WebhookRow(_Strict):
    """An inbound webhook: `/rest/<user>/<secret>/`."""

    user: int
    secret: str = Field(min_length=1, pattern=r"^[A-Za-z0-9]+$")
    scopes: list[str] = list(SCOPES)


class Section(_Strict):
    """Everything may be left out; a list that is given stands in place of the seed's own."""

    name: str | None = None
    domain: str | None = None
    timezone: str | None = None
    crm_mode: Literal["classic", "simple"] | None = None
    client_id: str | None = None
    client_secret: str | None = None
    redirect_uri: str | None = None
    app_user: int | None = None
    board_user: int | None = None
    users: list[UserRow] | None = Field(default=None, min_length=1)
    funnels: list[FunnelRow] | None = Field(default=None, min_length=1)
    lead_stages: list[str] | None = Field(default=None, min_length=1)
    lead_won: str | None = None
    lead_lost: tuple[str, ...] | None = Field(default=None, min_length=1)
    sources: list[SourceRow] | None = None
    fields: list[FieldRow] | None = None
    webhooks: list[WebhookRow] | None = Field(default=None, min_length=1)

    @field_validator("timezone")
    @classmethod
    def _zone_is_known(cls, name: str | None) -> str | None:
        if name is not None and name not in available_timezones():
            raise ValueError(f"{name} is no time zone, Europe/Moscow is one")
        return name

    @model_validator(mode="after")
    def _people_are_there(self) -> Section:
        """Whoever is named by number must be among the users."""
        seed = Seed()
        known = {row.id for row in self.users} if self.users else {row["id"] for row in seed.users}
        named = {"app_user": self.app_user or seed.app_user, "board_user": self.board_user or seed.board_user}
        hooks = [row.user for row in self.webhooks] if self.webhooks else [row["user_id"] for row in seed.webhooks]
        named |= {f"webhooks.{place}.user": number for place, number in enumerate(hooks)}
        for place, number in named.items():
            if number not in known:
                raise ValueError(f"{place} is user {number}, whom `users` does not have; known are {sorted(known)}")
        return self


def read_section(section: object) -> Seed:
    """The portal a section describes; raises pydantic's ValidationError."""
    wanted = Section.model_validate(section)
    values = wanted.model_dump(exclude_none=True, include=set(PLAIN))
    if wanted.crm_mode is not None:
        values["crm_mode"] = MODE_CLASSIC if wanted.crm_mode == "classic" else MODE_SIMPLE
    if wanted.users is not None:
        values["users"] = [row.model_dump() for row in wanted.users]
    if wanted.funnels is not None:
        rows = enumerate(wanted.funnels)
        values["funnels"] = [Funnel(place, row.name, row.stages, row.won, row.lost) for place, row in rows]
    if wanted.sources is not None:
        values["sources"] = tuple((row.code, row.name) for row in wanted.sources)
    if wanted.fields is not None:
        values["fields"] = [UserField(**row.model_dump()) for row in wanted.fields]
    if wanted.webhooks is not None:
        values["webhooks"] = [
            {"user_id": row.user, "secret": row.secret, "scopes": row.scopes} for row in wanted.webhooks
        ]
    return dataclasses.replace(Seed(), **values)
