"""The past of a large client, written straight into the tables of a journal: as its last two years would have left it.

It is written in the oldest schema that has all of it, and then brought to the newest by the migrations, as the journal
of a client is who has not updated for long.
"""

from __future__ import annotations

import json
import random
import time
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bench.bulk import bulk
from bench.past_events import KINDS, RULES, Kind, email, lead, name, payload_of, phone, trace_of
from provodka.event import Event
from provodka.journal.inbox import event_row
from provodka.journal.migrate import upgrade
from provodka.journal.schema import AT_ONCE, microseconds
from provodka.payloads import EventType, Person
from rules.plan import action_key, rule_slug

SCHEMA: Final = "0004"
HEAVY: Final = 500  # events of the first person
DEEDS: Final = 50_000
_YEARS: Final = timedelta(days=730)
_CHUNK: Final = 5_000
_AT_ONCE: Final = microseconds(AT_ONCE)
CAUSES: Final = (
    ("rejected", "нет этапа «В работе {}» [400 NotSupportedChoice]"),
    ("rejected", "контакт {} удалён [404]"),
    ("rejected", "не указан ответственный [400]"),
    ("exhausted", "503 Service Unavailable, {} с"),
    ("exhausted", "read timeout"),
    ("outcome_unknown", "ответ не пришёл: запрос {}"),
)


def make(url: str, count: int) -> dict[str, float]:
    """Make the journal at `url` with so many events; how many seconds it took to write, and to migrate."""
    began = time.monotonic()
    upgrade(url, SCHEMA)
    with bulk(url) as into:
        for tables in Past(count).chunks():
            for table, rows in tables.items():
                into.put(table, _COLUMNS[table], rows)
    wrote = time.monotonic() - began
    began = time.monotonic()
    upgrade(url)
    migrated = time.monotonic() - began
    with bulk(url) as into:
        into.put("audit", ("at", "login", "what", "about", "told", "address"), _deeds(datetime.now(UTC)))
    return {"written": wrote, "migrated": migrated}


def _deeds(until: datetime) -> Iterator[Sequence[Any]]:
    """What three people did in the console, every twenty minutes."""
    for number in range(DEEDS):
        at = microseconds(until - timedelta(minutes=20) * (DEEDS - number))
        login, what = ("bench", "olga", "ivan")[number % 3], ("sign_in", "open", "resend")[number % 7 % 3]
        yield at, login, what, f"event:{number:024x}", "{}", "10.0.•abcdefgh"


class Past:
    """All rows, in portions: by table, in the order of `_COLUMNS`."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.people = max(2, count * 3 // 10)
        self._random = random.Random(8)
        self._first = array("q", [0]) * self.people
        self._until = datetime.now(UTC)
        self._step = _YEARS / count
        self._action = 0

    def chunks(self) -> Iterator[dict[str, list[Sequence[Any]]]]:
        """A few thousand events each, with all that belongs to them."""
        kinds = self._random.choices(KINDS, [one.share for one in KINDS], k=self.count)
        traces = {one.channel: trace_of(one) for one in KINDS}
        heavy = max(1, self.count // HEAVY)
        tables = _empty()
        for n, kind in enumerate(kinds):
            who = 0 if n % heavy == 0 else self._random.randrange(1, self.people)
            self._event(tables, n + 1, kind, who, traces[kind.channel])
            if n % _CHUNK == _CHUNK - 1:
                yield tables
                tables = _empty()
        self._around(tables)
        yield tables

    def _event(self, tables: dict[str, list[Sequence[Any]]], seq: int, kind: Kind, who: int, trace: str) -> None:
        at = self._until - self._step * (self.count - seq)
        id_ = f"{int(at.timestamp() * 1000):012x}{self._random.getrandbits(48):012x}"
        known = kind.type is not EventType.UNREADABLE
        person = Person(name(who), (phone(who),), (email(who),)) if known else Person()
        event = Event(
            id_, kind.type, kind.channel, f"{seq}", at, at, person, payload_of(kind.type, seq, who), b"x" * 200
        )
        if known and not self._first[who]:
            self._first[who] = seq
            mine = (*event.person.identities, f"lead:{lead(who)}", f"contact:{22_000_000 + who}")
            tables["identities"] += [(one, seq, microseconds(at)) for one in mine]
        lane = self._first[who] if known else seq
        waits = seq > self.count - 30
        failed = seq % 1000 == 500
        state = "received" if waits else "failed" if failed else "planned"
        error = f"RuleError: нет поля utm.{seq % 7}" if failed else None
        row = event_row(event) | {
            "seq": seq, "lane": None if waits else lane, "state": state, "error": error,
            "planned_at": None if waits or failed else at,
        }  # fmt: skip
        tables["events"].append([_plain(row[column]) for column in _COLUMNS["events"]])
        if state == "planned":
            tables["plans"].append((seq, 1, microseconds(at), "event", trace.replace("@ID@", id_)))
            self._actions(tables, event, seq, kind, who, lane)

    def _actions(
        self, tables: dict[str, list[Sequence[Any]]], event: Event, seq: int, kind: Kind, who: int, lane: int
    ) -> None:
        created = microseconds(event.received_at)
        rule = RULES[KINDS.index(kind)]
        for index, what in enumerate(kind.actions):
            self._action += 1
            number = self._action
            dead = number % 100 == 7
            reason, error = CAUSES[number // 100 % len(CAUSES)] if dead else (None, "")
            waits = seq > self.count - 60
            state = "ready" if waits else "dead" if dead else "done"
            made = {"lead_id": lead(who), "contact_id": str(22_000_000 + who), "created": "yes", "responsible": "anna"}
            result = made if what == "intake" else {"remote_id": str(number)}
            ended = None if waits else created + 800_000
            tables["actions"].append(
                (
                    number, action_key(event.id, rule_slug(rule), index), seq, rule, what, lane, 0,
                    json.dumps({"title": f"Сайт: {name(who)}", "text": "Позвонить клиенту"}, ensure_ascii=False),
                    None, state, _AT_ONCE, 1, None if state != "done" else json.dumps(result),
                    reason, error.format(number) or None, created, ended,
                )
            )  # fmt: skip
            if not waits:
                outcome = "done" if state == "done" else "rejected" if reason == "rejected" else "retryable"
                tables["attempts"].append((number, 1, created + 300_000, ended, outcome, error or None, _CALLS, "w"))
            if what == "intake" and lane == seq:
                tables["links"].append(("amocrm", "lead", lead(who), number, created))

    def _around(self, tables: dict[str, list[Sequence[Any]]]) -> None:
        """What else a house writes down: timers that are pending, and troubles."""
        now = microseconds(self._until)
        for n in range(2_000):
            self._action += 1
            row = (self._action, f"timer:{n}", n + 1, RULES[3], "wait", None, 0, "{}", None, "waiting", now + n * 10**6)
            tables["actions"].append((*row, 0, None, None, None, now, None))
        for n in range(25):
            ended = now if n > 3 else None
            tables["troubles"].append((f"door of «{n}»", "чужой ключ", "проверьте секрет", now, now, 3, ended, 1))


_CALLS: Final = json.dumps(
    [{"method": "POST", "path": "/api/v4/leads", "status": 200, "milliseconds": 84.5, "request_summary": "[{…}]" * 20}]
)
_COLUMNS: Final = {
    table: tuple(columns.split())
    for table, columns in {
        "events": "seq id type channel external_id occurred_at received_at person payload raw identities lane state "
        "not_before planned_at error",
        "plans": "event_seq number at cause trace",
        "actions": "id key event_seq rule kind lane priority params needs state not_before attempts result reason "
        "error created_at finished_at",
        "attempts": "action_id number started_at finished_at outcome error calls owner",
        "links": "system kind remote_id action_id at",
        "identities": "identity lane seen_at",
        "troubles": "name cause cure since last_at times ended_at alerted",
    }.items()
}


def _empty() -> dict[str, list[Sequence[Any]]]:
    return {table: [] for table in _COLUMNS}


def _plain(value: object) -> object:
    return microseconds(value) if isinstance(value, datetime) else value
