"""How the rows of a table are understood, wherever they come from."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from connectors.visit import Target
from provodka.settings import Strict

Column = Annotated[str, Field(min_length=1)]


class RowSettings(Strict):
    """`map` says in which column something stands where the heading does not tell (`name: Заказчик`), `aliases` give
    more headings for the same (`phone: [Моб., Раб.]`).

    `key` names the columns that make a row what it is. Without it that is the moment of a row and its person, and for
    rows without an hour all their cells. `header_row` counts from 1.
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
