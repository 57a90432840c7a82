"""The whole config of a client: its sections, and the check of what they say together."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from pydantic import Field, TypeAdapter

from cli.beside import TESTS, placed, read_beside, same_names
from connectors.kinds import Kind
from connectors.registry import ACCOUNTINGS, CHANNELS, CRMS
from connectors.web.settings import WebSettings
from provodka.errors import Problem
from provodka.payloads import EventType
from provodka.settings import (
    Finding,
    JournalSettings,
    Parsed,
    Section,
    Sections,
    Server,
    Strict,
    Timezone,
    did_you_mean,
    one_of_kinds,
    read_config,
)
from provodka.veil import Veil
from provodka.yaml_marks import Document
from rules.actions import REGISTRY
from rules.beside import Beside
from rules.calendar import WorkingCalendar
from rules.check import RuleProblem
from rules.check import check as check_rules
from rules.dictionaries import DICTIONARY, Dictionary
from rules.schema import BrakeSetting, Calendar, Rule, RuleTest, Staff
from rules.team import RESERVED, Team
from rules.testing import mistakes
from rules.warnings import warnings as rule_warnings
from webhooks.console.settings import ConsoleSettings

DEFAULT_HOURS: Final = {"hours": "пн-пт 09:00-18:00", "holidays": "RU"}


class Alerts(Strict):
    """Who is told of troubles: staff keys whose `telegram` is known."""

    to: tuple[str, ...] = Field(default=(), min_length=0)


SECTIONS: Final[Sections] = {
    "client": Section(TypeAdapter(str), required=True),
    "timezone": Section(TypeAdapter(Timezone), absent="Europe/Moscow"),
    "calendar": Section(TypeAdapter(Calendar), absent=DEFAULT_HOURS),
    "server": Section(TypeAdapter(Server), absent={}),
    "journal": Section(TypeAdapter(JournalSettings), absent={}),
    "console": Section(TypeAdapter(ConsoleSettings), absent={}),
    "crm": Section(one_of_kinds({name: kind.model for name, kind in CRMS.items()}), noun="crm"),
    "accounting": Section(
        one_of_kinds({name: kind.model for name, kind in ACCOUNTINGS.items()}),
        noun="accounting",
    ),
    "staff": Section(TypeAdapter(Staff), each="mapping", noun="staff member"),
    "teams": Section(TypeAdapter(Annotated[tuple[str, ...], Field(min_length=1)]), each="mapping", noun="team"),
    "channels": Section(
        one_of_kinds({name: kind.model for name, kind in CHANNELS.items()}), each="mapping", noun="channel"
    ),
    "alerts": Section(TypeAdapter(Alerts), absent={}),
    "brake": Section(TypeAdapter(BrakeSetting), absent={}, noun="brake"),
    "http": Section(TypeAdapter(WebSettings), absent={}),
    "plans": Section(TypeAdapter(Decimal), each="mapping", noun="plan"),
    "dictionaries": Section(DICTIONARY, each="mapping", noun="dictionary"),
    "rules": Section(TypeAdapter(Rule), each="list", noun="rule"),
    "tests": TESTS,
}


@dataclass(frozen=True, slots=True)
class Config:
    """A config without mistakes. `tests` are those of the files beside it too; `test_places` says where each stands;
    `document` is the file as it was read, `taken` by name what stands in it of the environment."""

    path: Path
    client: str
    timezone: str
    calendar: WorkingCalendar
    server: Server
    journal_url: str = field(repr=False)
    console: ConsoleSettings
    crm: Any
    accounting: Any
    staff: Mapping[str, Staff]
    team: Team
    channels: Mapping[str, Any]
    alerts: Alerts
    brake: BrakeSetting
    http: WebSettings
    beside: Beside
    rules: tuple[Rule, ...]
    tests: tuple[RuleTest, ...]
    test_places: tuple[str, ...]
    document: Document = field(repr=False)
    taken: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)


def parse(path: Path, environ: Mapping[str, str] | None = None) -> Parsed:
    """The config as far as it can be read, with every mistake that can be known offline.

    Secrets come from the environment, and from a file `.env` beside the config for what the environment lacks. The
    value of `tests` holds those of the files beside the config too, by their places.
    """
    environ = environment(path) if environ is None else environ
    parsed = read_config(path, SECTIONS, environ)
    parsed.report(meaning(parsed))
    add_tests(parsed, read_beside(path, environ))
    return parsed


def environment(path: Path) -> dict[str, str]:
    """What a config at this path may take by name."""
    beside = {name: value for name, value in dotenv_values(path.parent / ".env").items() if value is not None}
    return {**beside, **os.environ}


def add_tests(parsed: Parsed, beside: Sequence[Parsed]) -> None:
    """Read and check the tests of all files together."""
    files = [parsed, *beside]
    zone = ZoneInfo(parsed.values["timezone"] or "UTC")
    team = Team(parsed.values["staff"])
    for one in files:
        for index, test in one.values["tests"].items():
            one.report(Finding(("tests", index, *at), text) for at, text in mistakes(test, REGISTRY, team, zone))
    for one, finding in same_names(files):
        one.report([finding])
    parsed.problems = sorted({problem for one in files for problem in one.problems})
    parsed.values["tests"] = {place: test for one in files for place, test in placed(one).items()}


def read(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """The config, or ConfigError with all its mistakes."""
    parsed = parse(path, environ)
    parsed.settle()
    return settled(path, parsed)


def settled(path: Path, parsed: Parsed) -> Config:
    """A parsed config that has no mistakes."""
    values = parsed.values
    return Config(
        path=path,
        client=values["client"],
        timezone=values["timezone"],
        calendar=working_calendar(values["calendar"], values["timezone"]),
        server=values["server"],
        journal_url=values["journal"].url,
        console=values["console"],
        crm=values["crm"],
        accounting=values["accounting"],
        staff=values["staff"],
        team=Team(values["staff"], values["teams"]),
        channels=values["channels"],
        alerts=values["alerts"],
        brake=values["brake"],
        http=values["http"],
        beside=beside(parsed),
        rules=tuple(values["rules"].values()),
        tests=tuple(values["tests"].values()),
        test_places=tuple(values["tests"]),
        document=parsed.document,
        taken={name: text for some in parsed.named.values() for name, text in some.items()},
        secrets=parsed.secrets,
    )


def working_calendar(calendar: Calendar, timezone: str) -> WorkingCalendar:
    """The client's working time."""
    return WorkingCalendar(
        ZoneInfo(timezone),
        calendar.hours,
        holidays=calendar.holidays,
        days_off=calendar.days_off,
        working_days=calendar.working_days,
    )


def beside(parsed: Parsed) -> Beside:
    """What stands beside the rules in a config, as far as it could be read."""
    values = parsed.values
    crm = CRMS[values["crm"].type] if values["crm"] is not None else None
    channels = [(name, one, CHANNELS[one.type]) for name, one in values["channels"].items()]
    unread = set(_written(parsed, "channels")).difference(values["channels"])  # who knows what they would be able to do
    return Beside(
        dictionaries={name: Dictionary.of(words) for name, words in values["dictionaries"].items()},
        plans=values["plans"],
        crm=crm.title if crm else "",
        lacks=crm.lacks if crm else {},
        talks=any(getattr(values["crm"], name, None) is not None for name in ("chats", "talks")),
        public=values["server"] is not None and values["server"].public_url is not None,
        accounting=values["accounting"] is not None or "accounting" in _sections(parsed),
        diallers=unread.union(name for name, one, kind in channels if kind.has("dialler", one)),
        readers=unread.union(name for name, one, kind in channels if kind.reads_texts and kind.has("dialler", one)),
        cashiers=unread.union(name for name, one, kind in channels if kind.has("cashier", one)),
        lacking={name: found for name, one, kind in channels if (found := kind.lacking("dialler", one))},
        pages=unread.union(name for name, _, kind in channels if kind.personal),
        allowed_hosts=frozenset(values["http"].allow if values["http"] is not None else ()),
        veil=Veil(
            {name: text for path, some in parsed.named.items() if path[0] == "rules" for name, text in some.items()}
        ),
    )


def meaning(parsed: Parsed) -> Iterator[Finding]:
    """What is wrong between the sections."""
    values = parsed.values
    # what stands in the config but could not be read is known by name all the same: one mistake is not two
    staff = {name: Staff(crm=name) for name in _written(parsed, "staff")} | values["staff"]
    channels = values["channels"]
    if values["alerts"] is not None:
        for i, key in enumerate(values["alerts"].to):
            if key not in staff:
                yield Finding(("alerts", "to", i), f'unknown staff key "{key}"', did_you_mean(key, staff))
            elif key in values["staff"] and staff[key].telegram is None:
                yield Finding(("alerts", "to", i), f'"{key}" has no telegram', f"add staff.{key}.telegram")
    yield from _teams(parsed, staff)
    yield from _sign_in(parsed)
    yield from _exchange(parsed)
    yield from _beside(parsed)
    yields: dict[str, frozenset[EventType] | None] = dict.fromkeys(_written(parsed, "channels"))
    yields |= {name: CHANNELS[settings.type].told(settings) for name, settings in channels.items()}
    known = beside(parsed)
    written = {name: Dictionary({}) for name in _written(parsed, "dictionaries")}
    plans = dict.fromkeys(_written(parsed, "plans"), Decimal(0))
    known = replace(known, dictionaries=written | dict(known.dictionaries), plans=plans | dict(known.plans))
    rules: dict[int, Rule] = values["rules"]
    teams, senders = _written(parsed, "teams"), None
    if len(channels) == len(yields):
        senders = [word for name, one in channels.items() for word in _senders(name, one, CHANNELS[one.type])]
    for problem in check_rules(list(rules.values()), REGISTRY, staff, yields, known, teams=teams, senders=senders):
        yield _finding(problem, rules)


def _teams(parsed: Parsed, staff: Mapping[str, Staff]) -> Iterator[Finding]:
    for name, members in parsed.values["teams"].items():
        if name in staff or name in RESERVED:
            yield Finding(("teams", name), f'"{name}" is a staff key, or a word of its own', "choose another name")
        for i, key in enumerate(members):
            if key not in staff:
                yield Finding(("teams", name, i), f'unknown staff key "{key}"', did_you_mean(key, staff))


def _sign_in(parsed: Parsed) -> Iterator[Finding]:
    """A provider sends people back to an address of ours."""
    console, server = parsed.values["console"], parsed.values["server"]
    if console is not None and console.openid is not None and server is not None and not server.public_url:
        text = "nobody could come back from the provider: there is no server.public_url"
        yield Finding(("console", "openid"), text, "set server.public_url, the address of the proxy", key=True)


def _exchange(parsed: Parsed) -> Iterator[Finding]:
    """1C is told how long a piece of a file may be: the door must let it in."""
    accounting, server = parsed.values["accounting"], parsed.values["server"]
    longest = getattr(accounting, "file_limit", 0)
    if server is not None and longest > server.body_limit:
        text = f"longer than the server lets in ({longest} bytes, server.body_limit is {server.body_limit})"
        yield Finding(("accounting", "file_limit"), text, "lower it, or raise server.body_limit")


def _beside(parsed: Parsed) -> Iterator[Finding]:
    """Call tracking names the exchanges beside which it stands."""
    channels: Mapping[str, Any] = parsed.values["channels"]
    unread = set(_written(parsed, "channels")) - channels.keys()
    exchanges = [name for name, one in channels.items() if EventType.CALL_FINISHED in CHANNELS[one.type].told(one)]
    for name, settings in channels.items():
        for i, other in enumerate(getattr(settings, "beside", ())):
            if other not in exchanges and other not in unread:
                what = "is no channel of telephony" if other in channels else "is no channel"
                hint = did_you_mean(other, exchanges) if exchanges else "add the exchange, or leave beside out"
                yield Finding(("channels", name, "beside", i), f'"{other}" {what}', hint)


def _senders(name: str, settings: Strict, kind: Kind) -> tuple[str, ...]:
    """What a rule may call a channel that can write to clients: its name, or the medium of all of its sort."""
    return (name, kind.medium) if kind.has("messenger", settings) else ()


def warnings(parsed: Parsed) -> list[Problem]:
    """What should be looked at in a config without mistakes."""
    rules: dict[int, Rule] = parsed.values["rules"]
    of_rules = (_finding(one, rules) for one in rule_warnings(list(rules.values()), REGISTRY, beside(parsed)))
    return parsed.placed([*_unreachable(parsed), *of_rules])


def _unreachable(parsed: Parsed) -> Iterator[Finding]:
    """Pages that only this machine could open."""
    server = parsed.values["server"]
    for name, settings in parsed.values["channels"].items():
        if CHANNELS[settings.type].has("page", settings) and server is not None and not server.public_url:
            text = f"nobody outside can open its page /f/{name}"
            yield Finding(("channels", name), text, "set server.public_url, the address of the proxy")


def _finding(problem: RuleProblem, rules: Mapping[int, Rule]) -> Finding:
    """With the number that the rule has in the file: a rule that could not be read has left a gap."""
    path = problem.path
    if path[0] == "rules" and isinstance(path[1], int):
        path = ("rules", list(rules)[path[1]], *path[2:])
    return Finding(path, problem.text, problem.hint)


def _sections(parsed: Parsed) -> Collection[str]:
    """The sections that the file has, right or wrong."""
    data = parsed.document.data
    return data if isinstance(data, dict) else ()


def _written(parsed: Parsed, section: str) -> list[str]:
    """The names that a mapping section has in the file, right or wrong."""
    data = parsed.document.data
    found = data.get(section) if isinstance(data, dict) else None
    return [str(name) for name in found] if isinstance(found, dict) else []
