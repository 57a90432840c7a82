"""The strict base of every settings model and the settings that every client has; the reading is in `config.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from provodka.config import DIRECTORY, Parsed, Section, Sections, json_schema, load, one_of_kinds, read_config
from provodka.mistakes import Finding, Mistakes
from provodka.units import Duration, Size, Timezone
from provodka.wording import did_you_mean

__all__ = [
    "Duration",
    "Finding",
    "JournalSettings",
    "Mistakes",
    "Parsed",
    "Section",
    "Sections",
    "Server",
    "Size",
    "Strict",
    "Timezone",
    "did_you_mean",
    "json_schema",
    "load",
    "one_of_kinds",
    "read_config",
]

_SQLITE: Final = re.compile(r"sqlite(?:\+pysqlite)?:///(?P<file>.*)")
_POSTGRES: Final = re.compile(r"postgresql(?:\+psycopg)?://.+")


class Strict(BaseModel):
    """A part of the config: unknown keys are mistakes, values do not change after reading, and mistakes
    do not show what was written: it may be a secret."""

    sample: ClassVar[Mapping[str, Any]] = {}
    """What a first config says of a channel of this kind besides its required settings, each with an example; None for
    a secret, and for what only the client knows."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        defer_build=True,  # until the first config that has such a part: most have few
    )


def is_bare_address(parts: SplitResult) -> bool:
    """Whether it is a web address of a host and perhaps a path, without a user, a query or a fragment."""
    web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return web and not (parts.query or parts.fragment or "@" in parts.netloc)


def _public_url(url: str) -> str:
    """Without its last slash. Only an address of this machine may do without https: no CRM sends to any other."""
    parts = urlsplit(url.strip().rstrip("/"))
    if not is_bare_address(parts):
        raise Mistakes(Finding((), "no address that others could call", "write https://crm-hooks.example.ru"))
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise Mistakes(Finding((), "an address without https", "CRMs send to https only: put a reverse proxy in front"))
    return parts.geturl()


class Server(Strict):
    """Where the product serves. `body_limit` is in bytes; a larger delivery is refused. `threads` answer requests.

    `public_url` is where others reach it: the address of the reverse proxy, without `/hooks`.
    """

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8080, ge=1, le=65535)
    body_limit: Size = Field(2 * 1024 * 1024, ge=1024)
    threads: int = Field(8, ge=1, le=256)
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None


def _journal_url(url: str, info: ValidationInfo) -> str:
    if found := _SQLITE.fullmatch(url):
        if found["file"] in ("", ":memory:"):
            raise Mistakes(Finding((), "a journal in memory would be lost", "name a file: sqlite:///provodka.sqlite"))
        directory = (info.context or {}).get(DIRECTORY, Path.cwd())
        return f"sqlite:///{Path(directory) / found['file']}"
    if _POSTGRES.fullmatch(url):
        return url
    known = "sqlite:///provodka.sqlite or postgresql://user:password@host/database"
    raise Mistakes(Finding((), "no address of a journal", f"write {known}"))


class JournalSettings(Strict):
    """Where the journal is kept. A relative file is relative to the config; `url` may hold a password."""

    url: Annotated[str, AfterValidator(_journal_url)] = Field(
        "sqlite:///provodka.sqlite", validate_default=True, repr=False
    )
