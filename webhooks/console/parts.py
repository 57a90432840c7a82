"""What the console is given of the house: what it may ask and do, without knowing how the house is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from provodka.journal import Journal, PlanRecord, StoredEvent
from rules.assignment.distributions import Distribution
from rules.calendar import WorkingCalendar
from rules.team import Team
from support.saving import Saved
from support.trial import Outcome, Tell, Trial
from webhooks.console.settings import ConsoleSettings


def _no_card(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule of the config: its text as it stands there, without secrets, in which line of which file; the types of
    event that it starts on, and the channels that it listens to (none: to all)."""

    name: str
    text: str
    file: str
    line: int
    triggers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """`evaluate` plans an event anew by today's rules and writes nothing. `lead_url` and `contact_url` give the address
    of a card in the CRM, empty where there is none. `channels` are the kinds of the config's channels by their names,
    `crm` and `accounting` what those systems are called (empty for none). `token_ends` are the ends of tokens that do
    not renew themselves, by what they open. `secure` where people come by https, `proxied` where they come through a
    proxy of ours, that tells whose request it was. `rules` are those of the config; `try_config` holds another one
    against the journal, beside us and within limits (ClosedError where we end first); `save_test` makes a test of an
    event, to be put into `tests_file`. `team` and `calendar` are the client's, `distributions` the queues by which its
    rules deal leads. `public_url` is where people find us, without `/console`; empty for nowhere."""

    journal: Journal
    settings: ConsoleSettings
    client: str
    zone: ZoneInfo
    now: Callable[[], datetime]
    evaluate: Callable[[StoredEvent], PlanRecord]
    try_config: Callable[[Trial, Tell], Outcome]
    save_test: Callable[[StoredEvent], Saved]
    lead_url: Callable[[str], str] = _no_card
    contact_url: Callable[[str], str] = _no_card
    channels: Mapping[str, str] = field(default_factory=dict)
    crm: str = ""
    accounting: str = ""
    token_ends: Mapping[str, datetime] = field(default_factory=dict)
    secure: bool = False
    proxied: bool = False
    rules: Sequence[WrittenRule] = ()
    tests_file: str = ""
    team: Team = field(default_factory=lambda: Team({}))
    calendar: WorkingCalendar = field(default_factory=lambda: WorkingCalendar.around_the_clock(ZoneInfo("UTC")))
    distributions: Sequence[Distribution] = ()
    public_url: str = ""
