"""Who may open the console, in the config."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from provodka.mistakes import Finding, Mistakes
from provodka.settings import Strict
from provodka.units import Duration
from rules.durations import DurationText

HASH: Final = "$argon2id$"


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


class ConsoleSettings(Strict):
    """`users` by the name that they sign in with. `session` is for how long a quiet session holds (never longer than a
    week in all), `open` who may open personal data. A new lead that nobody touches within `answer_within` is told by
    the figures."""

    users: dict[str, User] = Field(default_factory=dict)
    session: Duration = Field("12h", validate_default=True)
    open: Role = Role.VIEW
    language: str = Field("ru", pattern="^(ru|en)$")
    answer_within: DurationText = Field("15m working", validate_default=True)
