"""The client's staff: the keys that the config uses, and what the CRM, telephony and messengers know them by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from provodka import identity
from provodka.settings import Strict
from rules.hours import parse_hours

KEEP: Final = "keep"
RESPONSIBLE: Final = "responsible"
WHO: Final = "who"
RESERVED: Final = frozenset({KEEP, RESPONSIBLE, WHO})
"""Words that the config uses where a staff key could stand, so that nobody may be called so."""


class Absence(Strict):
    """Days away, both included; without `to` the one day."""

    first: date = Field(alias="from")
    last: date | None = Field(default=None, alias="to")

    @property
    def until(self) -> date:
        return self.last or self.first

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.first:
            raise ValueError(f"ends on {self.until} before it begins on {self.first}")
        return self


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_as_tuple, json_schema_input_type=str | list[str]),
]


class Staff(Strict):
    """One member of the staff: `crm` is the login, `telegram` the chat id, `extension` the internal number, or whatever
    an exchange calls them by (a login, a name, a mobile number); with several exchanges a list of them.

    `email` is where letters to them go; without it the login, where that is an address.

    `hours` are their own working hours, where they differ from the client's, and `absences` the days they are away:
    for strategies that ask who is present by `schedule`.
    """

    crm: str = Field(min_length=1)
    extension: Names = ()
    telegram: int | None = None
    email: str = ""
    hours: str = ""
    absences: tuple[Absence, ...] = ()

    @field_validator("hours")
    @classmethod
    def _readable(cls, text: str) -> str:
        if text:
            parse_hours(text)
        return text


class Team:
    """All of the staff, and the teams that the config names. Logins are compared without regard to case."""

    def __init__(self, members: Mapping[str, Staff], teams: Mapping[str, Sequence[str]] | None = None) -> None:
        self._members = dict(members)
        self._teams = dict(teams or {})
        self._keys = {m.crm.casefold(): key for key, m in self._members.items()}
        self._extensions = {_folded(one): key for key, m in self._members.items() for one in m.extension}

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __getitem__(self, key: str) -> Staff:
        return self._members[key]

    def member(self, key: str) -> Staff | None:
        """The member of this staff key, if there is one."""
        return self._members.get(key)

    def key(self, login: str) -> str:
        """The staff key of a login; whoever is not of the staff stays as given (a key stays a key)."""
        return self._keys.get(login.casefold(), login)

    def login(self, key: str) -> str:
        """The CRM's login of a staff key; anything else stays as given."""
        member = self._members.get(key)
        return member.crm if member else key

    def telegram(self, key: str) -> int | None:
        member = self._members.get(key)
        return member.telegram if member else None

    def email(self, key: str) -> str:
        """Where letters to a member go; empty where that is not known."""
        member = self._members.get(key)
        if member is None:
            return ""
        return member.email or (member.crm if "@" in member.crm else "")

    def expand(self, keys: Iterable[str]) -> tuple[str, ...]:
        """The keys with the members of a team in its place, each once."""
        return tuple(dict.fromkeys(one for key in keys for one in self._teams.get(key, (key,))))

    def by_extension(self, extension: str) -> str:
        """The staff key of whom an exchange calls so, or an empty string."""
        return self._extensions.get(_folded(extension), "")

    def extensions(self, login_or_key: str) -> tuple[str, ...]:
        """What exchanges call a member by, who is told by their login or staff key; empty where nothing is known."""
        member = self._members.get(self.key(login_or_key))
        return member.extension if member else ()


def _folded(extension: str) -> str:
    """As they are compared: without regard to case, and telephone numbers however they are written."""
    return identity.phone(extension) or extension.strip().casefold()
