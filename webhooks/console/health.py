"""How the house fares, in one look that refreshes itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from provodka.journal import ActionState, EventState
from provodka.journal.brakes import trouble_of
from support.today import MANY, Attempted, Ledger, today
from support.troubles import Told, history
from webhooks.console.access import masks, parts
from webhooks.console.names import action_title
from webhooks.console.titles import account_title, channel_kind, group_of
from webhooks.console.troubles import Words, words_of
from webhooks.console.words import counted, gettext

_SOON: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class SystemLine:
    """An outside system with its last success and its last failure."""

    name: str
    last: Attempted


@dataclass(frozen=True, slots=True)
class TroubleLine:
    """A trouble in words. `key` is the same as long as it lasts; `held` is how many actions a rule that has stopped
    itself holds."""

    key: str
    words: Words
    told: Told
    lasted: timedelta
    held: int = 0


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
        troubles, now = history(house.journal), house.now()
        held = {trouble_of(one.rule): one.held for one in found.stopped}
        return render_template(
            "health_now.html" if request.headers.get("HX-Request") else "health.html",
            found=found,
            many=MANY,
            opened=[_line(one, now, held.get(one.trouble.name, 0)) for one in troubles.opened],
            past=[_line(one, now) for one in troubles.past],
            kind=lambda channel: channel_kind(channel, house.channels),
            account_title=account_title,
            often=lambda times: counted("%(num)s раз за 30 дней.", "%(num)s раза за 30 дней.", times),
            actions_count=lambda number: counted("%(num)s действие", "%(num)s действий", number),
            holds={one.account: one for one in found.holds},
            systems=_systems(found.attempted),
            tokens=_tokens(found.tokens),
            events=_events(found.ledger),
            actions=_actions(found.ledger),
            mask=masks().of(),
        )

    return pages


def _line(told: Told, now: datetime, held: int = 0) -> TroubleLine:
    key = hashlib.sha256(told.trouble.name.encode()).hexdigest()[:8]
    return TroubleLine(key, words_of(told.trouble), told, told.lasted(now), held)


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
    own = [
        TokenLine(account_title(name), until, renews=False, soon=until < soon)
        for name, until in parts().token_ends.items()
    ]
    return own + [TokenLine(account_title(name), until, renews=True, soon=False) for name, until in stored]


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
