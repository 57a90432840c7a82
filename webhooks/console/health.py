"""How the house fares, in one look that refreshes itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from provodka.journal import ActionState, EventState
from support.today import Attempted, Ledger, today
from webhooks.console import troubles
from webhooks.console.access import masks, parts
from webhooks.console.names import action_title
from webhooks.console.systems import group_of
from webhooks.console.words import gettext

_SOON: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class SystemLine:
    """An outside system with its last success and its last failure."""

    name: str
    last: Attempted


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token and when it ends. One that `renews` itself needs nobody."""

    name: str
    until: datetime
    renews: bool
    soon: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger."""

    title: str
    number: int


def blueprint() -> Blueprint:
    """`/console/health`."""
    pages = Blueprint("health", __name__)

    @pages.get("/health")
    def page() -> ResponseReturnValue:
        house = parts()
        local = house.now().astimezone(house.zone)
        found = today(house.journal, local.replace(hour=0, minute=0, second=0, microsecond=0))
        return render_template(
            "health_now.html" if request.headers.get("HX-Request") else "health.html",
            found=found,
            kinds=house.channels,
            holds={one.account: one for one in found.holds},
            systems=_systems(found.attempted),
            tokens=_tokens(found.tokens),
            events=_events(found.ledger),
            actions=_actions(found.ledger),
            mask=masks().of(),
            told=troubles.told,
            place=troubles.place,
        )

    return pages


def _systems(attempted: Iterable[Attempted]) -> list[SystemLine]:
    """What was attempted, by whom it was asked of; a failure is told with what had been tried."""
    found: dict[str, Attempted] = {}
    for one in attempted:
        name = group_of(one.kind)
        before = found.get(name)
        told = replace(one, why=f"{action_title(one.kind)}: {one.why}") if one.bad_at else one
        found[name] = told if before is None else _later(before, told)
    return [SystemLine(name, last) for name, last in sorted(found.items())]


def _later(one: Attempted, other: Attempted) -> Attempted:
    good = max(filter(None, (one.good_at, other.good_at)), default=None)
    bad = max((last for last in (one, other) if last.bad_at), key=lambda last: str(last.bad_at), default=one)
    return Attempted(one.kind, good, bad.bad_at, bad.why)


def _tokens(stored: Iterable[tuple[str, datetime]]) -> list[TokenLine]:
    soon = parts().now() + _SOON
    own = [TokenLine(name, until, renews=False, soon=until < soon) for name, until in parts().token_ends.items()]
    return own + [TokenLine(name, until, renews=True, soon=False) for name, until in stored]


def _events(ledger: Ledger) -> tuple[Entry, ...]:
    count = ledger.events.get
    return (
        Entry(gettext("разобрано по правилам"), count(EventState.PLANNED, 0)),
        Entry(gettext("ждёт разбора"), count(EventState.RECEIVED, 0) + count(EventState.PLANNING, 0)),
        Entry(gettext("правила споткнулись"), count(EventState.FAILED, 0)),
    )


def _actions(ledger: Ledger) -> tuple[Entry, ...]:
    count = ledger.actions.get
    return (
        Entry(gettext("сделано"), count(ActionState.DONE, 0)),
        Entry(gettext("в пути"), count(ActionState.READY, 0) + count(ActionState.RUNNING, 0)),
        Entry(gettext("ждёт своего часа или другого действия"), count(ActionState.WAITING, 0)),
        Entry(gettext("придержано"), count(ActionState.HELD, 0)),
        Entry(gettext("не сделано"), count(ActionState.DEAD, 0)),
        Entry(gettext("отменено"), count(ActionState.CANCELLED, 0)),
    )
