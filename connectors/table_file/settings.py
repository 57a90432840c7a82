"""A table in a file (`channels: price: {type: table_file, …}`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from connectors.tables.settings import LiveSettings
from provodka.settings import Duration


class TableFileSettings(LiveSettings):
    """`path` is a file, or a folder in which those that match `files` are read; `url` an https address of a file, and
    `allow` hosts that need not be public. xlsx, xls, ods, csv and tsv are told by their content.

    `sheet`, `encoding` and `separator` are found out where they are not given.
    """

    sample: ClassVar[Mapping[str, Any]] = {"path": "/srv/provodka/tables", "key": ["Телефон"]}

    type: Literal["table_file"] = "table_file"
    path: str = ""
    files: str = Field("*", min_length=1, pattern=r"^[^/]+$")
    url: str = ""
    allow: list[str] = Field(default_factory=list)
    sheet: str = ""
    encoding: str = ""
    separator: str = Field("", max_length=1)
    poll: Duration = Field(timedelta(minutes=1), ge=timedelta(seconds=1))

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.path) == bool(self.url):
            raise ValueError("set path (a file or a folder) or url (an address of a file), one of the two")
        if self.url and (urlsplit(self.url).scheme not in ("https", "http") or not urlsplit(self.url).hostname):
            raise ValueError("url: not the address of a file")
        return self
