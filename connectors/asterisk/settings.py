"""How calls of the client's own Asterisk are followed (`channels: phone: {type: asterisk, …}`)."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from connectors.addresses import is_near
from connectors.calls.settings import CallSettings
from provodka.settings import Duration, Strict, Timezone

LINK_FIELDS: Final = frozenset({"file", "year", "month", "day", "uniqueid"})
_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_TABLE: Final = re.compile(rf"(?:{_COLUMN.pattern}\.)?{_COLUMN.pattern}")


class CdrColumns(Strict):
    """The columns of the CDR, as FreePBX calls them. An empty name: there is no such column."""

    calldate: str = "calldate"
    src: str = "src"
    dst: str = "dst"
    did: str = "did"
    channel: str = "channel"
    dstchannel: str = "dstchannel"
    lastapp: str = "lastapp"
    duration: str = "duration"
    billsec: str = "billsec"
    disposition: str = "disposition"
    uniqueid: str = "uniqueid"
    linkedid: str = "linkedid"
    recordingfile: str = "recordingfile"

    @field_validator("*")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if name and not _COLUMN.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a column")
        return name

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        wanted = ("calldate", "src", "dst", "channel", "dstchannel", "duration", "billsec", "disposition", "uniqueid")
        if missing := [one for one in wanted if not getattr(self, one)]:
            raise ValueError(f"without {', '.join(missing)} no call can be told")
        return self


MASTER: Final = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "calldate",
    "answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield",
)  # fmt: skip
"""The fields of Master.csv in their order, with loguniqueid and loguserfield on."""


class CdrSettings(Strict):
    """The records of calls that Asterisk keeps: what happened while nobody listened is found there.

    `url` is a database as SQLAlchemy writes it (`mysql+pymysql://cdr:password@10.0.0.5/asteriskcdrdb`), `file` the path
    of Master.csv; `fields` are that file's, in their order. `timezone` is that of the records, where it is not the
    client's. They are read every `poll`.
    """

    url: SecretStr | None = None
    file: Path | None = None
    table: str = "cdr"
    columns: CdrColumns = CdrColumns()
    fields: tuple[str, ...] = Field(MASTER, min_length=1)
    timezone: Timezone | None = None
    poll: Duration = Field(timedelta(minutes=1), ge=timedelta(seconds=1))

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.url is None) == (self.file is None):
            raise ValueError("name either the url of a database or the file Master.csv")
        if self.url is not None:
            try:
                make_url(self.url.get_secret_value())
            except ArgumentError:
                raise ValueError("url is no address of a database: mysql+pymysql://user:password@host/name") from None
        if not _TABLE.fullmatch(self.table):
            raise ValueError(f"{self.table!r} is no name of a table")
        return self


class OriginateSettings(Strict):
    """How a call is made: `channel` rings the employee (`{extension}` is theirs), who is then put into `context` as if
    they had dialled the client's number with `prefix` before it. `caller` is what the employee's telephone and the
    dialplan get for the caller's number."""

    channel: str = "Local/{extension}@from-internal/n"
    context: str = "from-internal"
    prefix: str = ""
    caller: str = "{extension}"
    timeout: Duration = Field(timedelta(seconds=30), ge=timedelta(seconds=5), le=timedelta(minutes=2))
    digits: Literal["8", "7", "+7"] = "8"

    @field_validator("channel", "context", "prefix", "caller")
    @classmethod
    def _is_one_line(cls, text: str) -> str:
        if any(ord(sign) < ord(" ") for sign in text):
            raise ValueError("must be one line")
        try:
            text.format(extension="", phone="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"knows {{extension}} and {{phone}}, not {error}") from error
        return text


class AsteriskSettings(CallSettings):
    """A manager of AMI (`manager.conf`): `user` and `secret`, with `read = call,cdr,agent` and, where rules make calls,
    `write = originate,system`. AMI shows its secret to whoever is on the way, so that without `tls` the host must be in
    the client's own network.

    `internal` is a pattern of internal numbers: what fits it is an employee, anything else a client. `recording` is the
    address of a recording's file, with {file}, {year}, {month}, {day} (of the call's beginning) and {uniqueid}. `ping`
    is how often a silent connection is tried.
    """

    type: Literal["asterisk"] = "asterisk"
    host: str = Field(min_length=1)
    port: int = Field(5038, ge=1, le=65535)
    tls: bool = False
    user: str = Field(min_length=1)
    secret: SecretStr = Field(min_length=1)
    internal: str = r"\d{2,5}"
    cdr: CdrSettings | None = None
    recording: str = ""
    originate: OriginateSettings | None = None
    ping: Duration = Field(timedelta(seconds=15), ge=timedelta(milliseconds=50), le=timedelta(minutes=5))

    @field_validator("internal")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"no pattern: {error}") from error
        return pattern

    @field_validator("recording")
    @classmethod
    def _is_a_link(cls, template: str) -> str:
        names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        if unknown := names - LINK_FIELDS:
            raise ValueError(f"knows no {sorted(unknown)}, only {sorted(LINK_FIELDS)}")
        if template and not template.startswith(("https://", "http://")):
            raise ValueError("is the address by which the web server of the exchange gives the files out: https://…")
        return template

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if not self.tls and not is_near(self.host):
            raise ValueError("AMI over the internet would show its secret: set tls, or come through a VPN")
        if any(ord(sign) < ord(" ") for sign in self.user + self.secret.get_secret_value()):
            raise ValueError("user and secret must be one line each")
        return self
