"""What an integrator does with an account before the start: see whether it is ready, and connect it.

The rest of a CRM's account is in `provodka.crm`; what is here is asked by `check --online`, `connect` and `sandbox`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from provodka.errors import ConnectorError, RateLimited, Retryable

T = TypeVar("T")

PATIENCE: Final = 3  # times that a part is done again
LONGEST_WAIT: Final = 5.0  # seconds


class Weight(StrEnum):
    """What a remark means for the start: the config is wrong, the account is not ready, the config should be looked at
    again, or it is only worth knowing."""

    CONFIG = "error"
    ACCOUNT = "problem"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about an account. `path` leads on from the account's own section; the cure is in Russian."""

    path: tuple[str | int, ...]
    text: str
    cure: str = ""
    weight: Weight = Weight.ACCOUNT


class HookState(StrEnum):
    """How the account tells of changes. `UNKNOWN`: it cannot be asked, a person has set it up or has not."""

    REGISTERED = "registered"
    INCOMPLETE = "incomplete"
    DISABLED = "disabled"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Hooks:
    """What is registered in the account.

    `lacking` are the events that it does not tell of. `former` are other addresses that carry our secret: those of an
    earlier `server.public_url`. `by_hand` says in Russian what a person has to do where the state is unknown.
    """

    state: HookState
    lacking: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    by_hand: str = ""


Look = Callable[[], Iterable[Remark]]
"""One part of looking at an account; may raise `ConnectorError`."""


class AccountSetup(Protocol):
    """One account before the start. Everything may raise `ConnectorError`."""

    def looks(self) -> Sequence[Look]:
        """Rights, tokens, limits, service fields: everything but names and hooks. Each stands for itself."""

    def lacking_fields(self) -> list[str]:
        """Names of the service fields that the account does not have; `Crm.check(…, create=True)` makes them."""

    def hooks(self, destination: str) -> Hooks:
        """How hints come to this address; without one, to any address with our secret."""

    def unsubscribe(self, destination: str) -> bool:
        """Take the registration of this address back; whether there was one."""

    def probe(self, destination: str) -> str:
        """Cause a harmless event that goes through the hooks; the entity that its hint will name (`task:17`)."""

    def end_probe(self, destination: str, sign: str) -> None:
        """Put away what the probe has left."""

    def structure(self) -> dict[str, Any]:
        """The account as the sandbox's seed file describes one; no people but the staff, and no leads."""


def looked(looks: Iterable[Look], sleep: Callable[[float], None] = time.sleep) -> list[Remark]:
    """What all of them remark. A part that the account does not show is a remark itself, told once.

    Where there is no connection the others are not tried: each would wait for it in vain.
    """
    found: dict[Remark, None] = {}
    for look in looks:
        try:
            found.update(dict.fromkeys(patient(look, sleep)))
        except ConnectorError as error:
            found[Remark((), error.reason, error.hint)] = None
            if isinstance(error, Retryable):
                break
    return list(found)


def patient(work: Callable[[], Iterable[T]], sleep: Callable[[float], None] = time.sleep) -> list[T]:
    """What the work gives, done again where the account was asked too fast: nobody else will do it later."""
    for _ in range(PATIENCE):
        try:
            return list(work())
        except RateLimited as error:
            if (error.wait or 1.0) > LONGEST_WAIT:
                raise
            sleep(error.wait or 1.0)
    return list(work())


def days(seconds: float) -> str:
    """A span for people."""
    whole = int(seconds // 86400)
    return f"{whole} day{'' if whole == 1 else 's'}"


def same_hook(address: str, destination: str, secret: str) -> bool:
    """Whether a registered address is this destination; without one, whether it carries our secret."""
    return address == destination if destination else is_ours(address, secret)


def is_ours(address: str, secret: str) -> bool:
    """Whether an address is one of our CRM hooks, at whatever host."""
    return bool(secret) and address.partition("?")[0].rstrip("/").endswith(f"/hooks/crm/{secret}")


def former(addresses: Sequence[str], destination: str, secret: str) -> tuple[str, ...]:
    """Our own addresses among these that are not the destination."""
    return tuple(dict.fromkeys(one for one in addresses if destination and one != destination and is_ours(one, secret)))
