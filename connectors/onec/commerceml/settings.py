"""Settings of the exchange in which 1C is the client (`accounting: {type: commerceml, …}`)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, WithJsonSchema

from connectors.onec.settings import BooksSettings
from provodka.mistakes import Finding, Mistakes
from provodka.units import Size

Version = Literal["2.05", "2.06", "2.07", "2.08", "2.09", "2.10"]
_VERSIONS: Final = ("2.05", "2.06", "2.07", "2.08", "2.09", "2.10")


def _version(written: object) -> object:
    """YAML reads 2.10 without quotes as a number, and there is no version 2.1."""
    return f"{written:.2f}" if isinstance(written, float) else written


def _login(text: str) -> str:
    if ":" in text:
        raise Mistakes(Finding((), "a login must not hold a colon", "1C sends login and password as one, with a colon"))
    return text


VersionText = Annotated[
    Version, BeforeValidator(_version), WithJsonSchema({"enum": [*_VERSIONS, *(float(one) for one in _VERSIONS)]})
]
Login = Annotated[str, Field(min_length=1), AfterValidator(_login)]
RequisiteName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
RequisiteValue = Annotated[str, StringConstraints(max_length=1000)]


class CommerceMLSettings(BooksSettings):
    """1C calls `/exchange/1c` with this login, which is only for it; both may be Cyrillic.

    `file_limit` is the longest piece of a file that 1C is told to send, and no longer than `server.body_limit`; `zip`
    whether it may pack files. `version` and `encoding` are those of the files that we write; read is whatever comes.
    `operation` is what a document of ours is to 1C. `requisites` go with each: УТ takes «Организация», «Склад» and
    «Соглашение» from there, by the names in its own mapping. With `take_foreign` documents that were made in 1C itself
    are kept too.
    """

    type: Literal["commerceml"]
    user: Login
    password: SecretStr = Field(min_length=1)
    zip: bool = True
    file_limit: Size = Field(1024 * 1024, ge=16 * 1024, le=64 * 1024 * 1024)
    version: VersionText = "2.08"
    encoding: Literal["utf-8", "windows-1251"] = "utf-8"
    operation: Literal["Заказ товара", "Счет на оплату"] = "Заказ товара"
    requisites: dict[RequisiteName, RequisiteValue] = Field(default_factory=dict[Any, Any])
    take_foreign: bool = False
