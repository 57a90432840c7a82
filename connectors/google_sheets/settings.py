"""A spreadsheet of Google (`channels: table: {type: google_sheets, …}`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.settings import ApiSettings
from connectors.tables.settings import LiveSettings

_IN_ADDRESS: Final = re.compile(r"/spreadsheets/d/([\w-]+)")
_SHEET_ID: Final = re.compile(r"[#?&]gid=(\d+)")
_ID: Final = re.compile(r"[\w-]{10,}")


def _id_of(written: str) -> str:
    found = _IN_ADDRESS.search(written)
    return found[1] if found else written


def _is_table(written: str) -> str:
    if written and not _ID.fullmatch(_id_of(written)):
        raise ValueError("neither the address of a Google table (docs.google.com/spreadsheets/d/…) nor the id in it")
    return written


class GoogleSheetsSettings(LiveSettings, ApiSettings):
    """`spreadsheet` is the address of the table, or the id in it. `account` is the key of a service account (JSON) to
    which the table is shared; without it the table is read by its link, which everybody who has it can. `sheets` are
    the names of its sheets, the first without them.

    `secret` lets the Apps Script of the docs bring each answer of a form at once. `mark` is a column into which we
    write that a row was taken. `per_minute` is the quota that Google gives an account.
    """

    sample: ClassVar[Mapping[str, Any]] = {
        "spreadsheet": "https://docs.google.com/spreadsheets/d/1AbCdEfGhIjKlMnOp/edit#gid=0"
    }

    type: Literal["google_sheets"] = "google_sheets"
    spreadsheet: Annotated[str, AfterValidator(_is_table)] = ""
    account: SecretStr | None = None
    sheets: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)
    secret: SecretStr | None = Field(None, min_length=8)
    mark: str = ""
    per_minute: int = Field(60, ge=1)
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://sheets.googleapis.com"
    link_url: Annotated[str, AfterValidator(check_base_url)] = "https://docs.google.com"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.spreadsheet and self.secret is None:
            raise ValueError("set spreadsheet (to look at it), secret (to be told by a script) or both")
        if self.account is None and (self.sheets or self.mark):
            raise ValueError("sheets and mark need the key of a service account: set account")
        return self

    @property
    def id(self) -> str:
        """The id of the spreadsheet."""
        return _id_of(self.spreadsheet)

    @property
    def sheet_id(self) -> str:
        """The id of the sheet that the address leads to; that of a table's first sheet is 0."""
        found = _SHEET_ID.search(self.spreadsheet)
        return found[1] if found else "0"
