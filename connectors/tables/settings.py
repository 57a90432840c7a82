"""How the rows of a table are understood, wherever they come from."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connectors.visit import Target
from provodka.settings import Duration, Strict

Column = Annotated[str, Field(min_length=1)]


class RowSettings(Strict):
    """`map` says in which column something stands where the heading does not tell (`name: Заказчик`), `aliases` give
    more headings for the same (`phone: [Моб., Раб.]`).

    `key` names the columns that make a row what it is. Without it that is the moment of a row and its person, and for
    tables without a date all cells. `header_row` counts from 1.
    """

    map: dict[Target, Column] = Field(default_factory=dict)
    aliases: dict[Target, list[Column]] = Field(default_factory=dict)
    key: list[Column] = Field(default_factory=list)
    header_row: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        if "id" in self.map or "id" in self.aliases:
            raise ValueError("a row has no id: write key: [column] instead")
        return self


class LiveSettings(RowSettings):
    """The table is looked at every `poll`. `first_rows: all` takes what stands in it at the very first look, too."""

    poll: Duration = Field(timedelta(seconds=30), ge=timedelta(seconds=1))
    first_rows: Literal["new", "all"] = "new"
