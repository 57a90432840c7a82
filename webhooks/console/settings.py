"""Who may open the console, in the config."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import is_loopback
from connectors.openid.client import Client
from provodka.mistakes import Finding, Mistakes
from provodka.settings import Strict, is_bare_address
from provodka.units import Duration, Size
from rules.durations import DurationText

HASH: Final = "$argon2id$"
LONGEST: Final = timedelta(days=7)
"""No session is older."""
_LEAST_MEMORY: Final = 128 * 1024 * 1024


class Role(StrEnum):
    """What somebody may do. Each may what those before it may: look; replay, resend and settle; see who did what."""

    VIEW = "view"
    OPERATE = "operate"
    ADMINISTER = "administer"

    def may(self, needed: Role) -> bool:
        """Whether it is enough."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


def _hash(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(HASH):
        raise Mistakes(Finding((), "no hash of a password", "make one with: provodka password"))
    return value


class User(Strict):
    """One person. `password` is its hash, as `provodka password` prints it."""

    password: Annotated[SecretStr, AfterValidator(_hash)]
    role: Role = Role.VIEW
    name: str = ""


def _issuer(url: str) -> str:
    parts = urlsplit(url)
    if not is_bare_address(parts):
        raise Mistakes(Finding((), "no address of a provider", "write https://id.example.ru"))
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise Mistakes(Finding((), "a provider without https", "anybody on the way could sign in: use https"))
    if "/.well-known/" in parts.path:
        raise Mistakes(Finding((), "the address of its document", f"write {url.partition('/.well-known/')[0]}"))
    return url


def _somebody(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise Mistakes(Finding((), "a role that nobody has", "name somebody, or leave the role out"))
    if "" in names:
        raise Mistakes(Finding((names.index(""),), "an empty name", "write an e-mail, @domain or a group"))
    return names


Names = Annotated[tuple[str, ...], AfterValidator(_somebody)]


def _age(length: timedelta) -> timedelta:
    if not timedelta() < length <= LONGEST:
        raise Mistakes(Finding((), "no age of a sign-in", "write up to 7d: 12h"))
    return length


class OpenIdRoles(Strict):
    """Who may what: e-mails, whole domains (`@example.ru`), and values of the claim."""

    view: Names | None = None
    operate: Names | None = None
    administer: Names | None = None

    def each(self) -> Iterator[tuple[Role, tuple[str, ...]]]:
        """The roles that somebody has, the highest first."""
        for role in reversed(Role):
            if names := getattr(self, role.value):
                yield role, names

    @model_validator(mode="after")
    def _anybody(self) -> Self:
        if not any(self.each()):
            raise Mistakes(Finding((), "nobody could sign in", "name somebody: view, operate or administer"))
        return self


class OpenId(Strict):
    """Sign-in at a provider of OpenID Connect. `title` stands on the button. `claim` names the claim of the provider
    that tells groups (a name with points leads inside: `realm_access.roles`); without it only e-mails decide, and only
    those that the provider has verified. `contact` is told to whoever has no role. A sign-in older than `max_age` is
    over, however busy: what the provider has taken away since is seen at the next one."""

    issuer: Annotated[str, AfterValidator(_issuer)]
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    title: str = Field("Войти через учётную запись компании", min_length=1, max_length=60)
    roles: OpenIdRoles
    claim: str = ""
    contact: str = Field("", max_length=200)
    max_age: Annotated[Duration, AfterValidator(_age)] = Field("12h", validate_default=True)

    @model_validator(mode="after")
    def _known(self) -> Self:
        wrong = [
            Finding(("roles", role.value, i), f'"{name}" is no e-mail, and no claim tells groups', "add claim: groups")
            for role, names in self.roles.each()
            for i, name in enumerate(names)
            if "@" not in name and not self.claim
        ]
        if wrong:
            raise Mistakes(*wrong)
        return self

    def client(self) -> Client:
        """How the provider knows us."""
        return Client(self.issuer, self.client_id, self.client_secret.get_secret_value(), self.claim)

    def named(self, email: str, groups: Collection[str]) -> list[str]:
        """Those of the names under `roles` that somebody answers to. `email` is one that was proved to be theirs."""
        mail = email.casefold()
        own = {mail, f"@{mail.rpartition('@')[2]}"} if "@" in mail else set()
        every = {name for _, names in self.roles.each() for name in names}
        return sorted(name for name in every if name in groups or name.casefold() in own)

    def role_of(self, names: Collection[str]) -> Role | None:
        """The highest role that one of these names has; None where none has any."""
        return next((role for role, some in self.roles.each() if not set(some).isdisjoint(names)), None)


def _room(memory: int) -> int:
    if memory < _LEAST_MEMORY:
        raise Mistakes(Finding((), "too little memory to read a config in", "write 128MB at least; usual is 512MB"))
    return memory


def _while(time: timedelta) -> timedelta:
    if time < timedelta(seconds=1):
        raise Mistakes(Finding((), "too little time to read a config in", "write 1s at least; usual is 5m"))
    return time


class WhatIf(Strict):
    """What a config that somebody tries may take at most: `time` of the processor, and `memory` (bytes)."""

    time: Annotated[Duration, AfterValidator(_while)] = Field("5m", validate_default=True)
    memory: Annotated[Size, AfterValidator(_room)] = Field("512MB", validate_default=True)


class ConsoleSettings(Strict):
    """`users` by the name that they sign in with; `openid` lets others in by a provider's word. `session` is for how
    long a quiet session holds (never longer than a week in all), `open` who may open personal data. A new lead that
    nobody touches within `answer_within` is told by the figures. `what_if` are the limits of a config that is tried."""

    users: dict[str, User] = Field(default_factory=dict)
    openid: OpenId | None = None
    session: Duration = Field("12h", validate_default=True)
    open: Role = Role.VIEW
    language: Literal["ru", "en"] = "ru"
    answer_within: DurationText = Field("15m working", validate_default=True)
    what_if: WhatIf = Field(default_factory=WhatIf)
