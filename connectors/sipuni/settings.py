"""How the calls of a Sipuni account are received, asked for and made."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.calls.settings import CallSettings
from connectors.settings import ApiSettings
from provodka.settings import Duration, Timezone


class Column(StrEnum):
    """What is read from the table of the statistics."""

    KIND = "kind"
    TIME = "time"
    FROM = "from"
    TO = "to"
    ANSWERED_BY = "answered_by"
    TALK = "talk"
    CALL = "call"
    TAGS = "tags"
    RECORDED = "recorded"


COLUMNS: Final = {
    Column.KIND: "Тип",
    Column.TIME: "Время",
    Column.FROM: "Откуда",
    Column.TO: "Куда",
    Column.ANSWERED_BY: "Кто ответил",
    Column.TALK: "Длительность разговора",
    Column.CALL: "ID записи",
    Column.TAGS: "Теги",
    Column.RECORDED: "Запись существует",
}
"""The heads of the columns as the cabinet shows them; a head may go on («…, сек»). Unverified."""


class SipuniSettings(CallSettings, ApiSettings):
    """Sipuni. Its events go to `…/hooks/<channel>/<secret>`, by GET or POST.

    `user` and `key` are the account's number and its integration key: with them the statistics are read every `poll`,
    recordings are fetched and calls are made; `tree` is the scheme through which those go, where there is to be one.
    `hash_case` says in what case values are signed: Sipuni describes it one way and clients do it another (unverified).
    `timezone` is the account's time zone, where it is not the client's. `columns` renames columns of the statistics.
    """

    type: Literal["sipuni"] = "sipuni"
    secret: SecretStr = Field(min_length=1)
    user: str = ""
    key: SecretStr | None = Field(None, min_length=1)
    hash_case: Literal["as_is", "lower"] = "as_is"
    tree: str = ""
    timezone: Timezone | None = None
    poll: Duration = Field(timedelta(minutes=5), ge=timedelta(minutes=1))
    columns: dict[Column, str] = Field(default_factory=dict)
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://sipuni.com/api"

    @model_validator(mode="after")
    def _key_has_its_user(self) -> Self:
        if (self.key is None) != (not self.user):
            raise ValueError("user and key come together: the account's number and its integration key")
        return self
