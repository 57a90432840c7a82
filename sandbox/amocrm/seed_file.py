"""The `amocrm:` section of a seed file: an account with other people, pipelines and fields than «Кровля Плюс»."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sandbox.amocrm import model
from sandbox.amocrm.fields import LISTS, TYPES
from sandbox.amocrm.seed import INCOMING, LOST_NAME, WON_NAME, Seed, bots, enums, pipeline

OWNERS = Literal["leads", "contacts", "companies", "customers"]
FIRST_USER, FIRST_PIPELINE, FIRST_STATUS = 7000001, 5000001, 50000001
FIRST_FIELD, FIRST_OPTION, FIRST_REASON, FIRST_TASK_TYPE = 300101, 310301, 600001, 2000001


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class UserPart(_Part):
    """Somebody of the company; `rights` as the API shows them, e.g. `{leads: {view: M, edit: M}}`."""

    name: str = Field(min_length=1)
    email: str = Field(pattern="@")
    admin: bool = False
    active: bool = True
    phone: str | None = None
    rights: model.Json | None = None


class PipelinePart(_Part):
    """A pipeline; `stages` are those between the incoming and the two closing ones, which may be named too."""

    name: str = Field(min_length=1)
    stages: tuple[str, ...] = Field(min_length=1, max_length=97)
    main: bool = False
    incoming: str = Field(default=INCOMING, min_length=1)
    won: str = Field(default=WON_NAME, min_length=1)
    lost: str = Field(default=LOST_NAME, min_length=1)


class FieldPart(_Part):
    """A custom field; lists need `options`."""

    name: str = Field(min_length=1)
    type: str = "text"
    code: str | None = None
    options: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> FieldPart:
        if self.type not in TYPES:
            raise ValueError(f"type {self.type} is not known; known are {', '.join(sorted(TYPES))}")
        if (self.type in LISTS) != bool(self.options):
            raise ValueError(f"options belong to lists ({', '.join(LISTS)}), and a list needs them")
        return self


class AmoCrmSection(_Part):
    """What a company puts in place of the example; what is left out stays as in the example."""

    name: str = Field(default="Кровля Плюс", min_length=1)
    subdomain: str = Field(default="krovlya", pattern=r"^[a-z0-9-]+$")
    timezone: str = "Europe/Moscow"
    users: tuple[UserPart, ...] | None = None
    pipelines: tuple[PipelinePart, ...] | None = Field(default=None, max_length=50)
    fields: dict[OWNERS, tuple[FieldPart, ...]] | None = None
    loss_reasons: tuple[str, ...] | None = None
    task_types: tuple[str, ...] | None = None
    bots: tuple[str, ...] | None = None

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("not a time zone; write one such as Europe/Moscow")
        return ZoneInfo(name).key

    @model_validator(mode="after")
    def _holds_together(self) -> AmoCrmSection:
        if self.users is not None:
            if not any(user.admin and user.active for user in self.users):
                raise ValueError("users: one of them must be an active administrator (admin: true)")
            if len({user.email for user in self.users}) < len(self.users):
                raise ValueError("users: an e-mail belongs to one user only")
        if self.pipelines is not None and sum(one.main for one in self.pipelines) > 1:
            raise ValueError("pipelines: only one of them can be main")
        return self


def read_section(section: object) -> Seed:
    """The seed of a section as YAML gives it; raises pydantic's ValidationError, which names the place."""
    wish = AmoCrmSection.model_validate(section or {})
    seed = Seed(name=wish.name, subdomain=wish.subdomain, timezone=wish.timezone)
    if wish.users is not None:
        seed.users = [_user(FIRST_USER + index, one) for index, one in enumerate(wish.users)]
        seed.token_user = next(user.email for user in seed.users if user.is_admin and user.is_active)
    if wish.pipelines:
        seed.pipelines = _pipelines(wish.pipelines)
    if wish.fields is not None:
        seed.fields = [one for one in seed.fields if one.is_predefined] + _fields(wish.fields)
    if wish.loss_reasons is not None:
        names = enumerate(wish.loss_reasons)
        seed.loss_reasons = [model.LossReason(FIRST_REASON + index, name, 10000 + index) for index, name in names]
    if wish.task_types is not None:
        own = [model.TaskType(FIRST_TASK_TYPE + index, name) for index, name in enumerate(wish.task_types)]
        seed.task_types = [one for one in seed.task_types if one.code] + own
    if wish.bots is not None:
        seed.bots = bots(wish.bots)
    return seed


def _user(user_id: int, one: UserPart) -> model.User:
    return model.User(user_id, one.name, one.email, one.admin, one.active, one.phone, one.rights)


def _pipelines(parts: tuple[PipelinePart, ...]) -> list[model.Pipeline]:
    """Numbered so that a pipeline's stages follow each other; the first is main where none says so."""
    rows, status_id = [], FIRST_STATUS
    main = next((index for index, one in enumerate(parts) if one.main), 0)
    for index, one in enumerate(parts):
        closing = (one.incoming, one.won, one.lost)
        number = FIRST_PIPELINE + index
        row = pipeline(number, one.name, one.stages, first_status=status_id, is_main=index == main, system=closing)
        rows.append(row)
        status_id += len(one.stages) + 1
    return rows


def _fields(wish: dict[OWNERS, tuple[FieldPart, ...]]) -> list[model.Field]:
    rows, option_id = [], FIRST_OPTION
    for index, (owner, one) in enumerate((owner, one) for owner, parts in wish.items() for one in parts):
        options = enums(option_id, *one.options)
        option_id += len(options)
        rows.append(model.Field(FIRST_FIELD + index, owner, one.name, one.type, one.code, enums=options))
    return rows
