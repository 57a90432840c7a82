"""A house that plays its part: events come, rules speak, a CRM answers; and a view that keeps what it was shown."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from cli.show import View
from provodka.event import Event, new_event_id
from provodka.journal import ActionState, DeadReason, Finished, Journal, NewAction, PlanRecord, StoredEvent
from provodka.payloads import EventType, Form, FormSubmitted, Payload, Person, Utm
from rules.plan import ConditionTrace, PlanTrace, RuleOutcome, RuleTrace, action_key, dump_trace, rule_slug, timer_key

PHONE = "+79160001122"
EMAIL = "maria@example.test"
NAME = "Мария Иванова"
RULE = "Заявка с сайта"


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **kwargs: float) -> None:
        self.now += timedelta(**kwargs)


@dataclass
class Seen:
    """A view whose two outputs are kept."""

    width: int = 160
    _out: StringIO = field(default_factory=StringIO)
    _err: StringIO = field(default_factory=StringIO)

    def view(self, *, as_json: bool = False, opened: bool = False, zone: str = "Europe/Moscow") -> View:
        out, err = (Console(file=file, width=self.width) for file in (self._out, self._err))
        return View(out, err, as_json, opened, ZoneInfo(zone))

    @property
    def text(self) -> str:
        return self._out.getvalue()

    @property
    def error(self) -> str:
        return self._err.getvalue()

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def has(self, *words: str) -> None:
        """All of the words stand in the output, in this order."""
        at = 0
        for word in words:
            assert word in self.text[at:], f"no «{word}» after «{self.text[:at][-80:]}» in:\n{self.text}"
            at = self.text.index(word, at) + len(word)

    def is_masked(self) -> None:
        """Even where a line was broken in the middle of a number."""
        joined = re.sub(r"[\s│├└─]", "", self.text + self.error)
        for secret in (PHONE[2:], "916)000-11-22", EMAIL, NAME.replace(" ", "")):
            assert secret not in joined


class House:
    """What planner and worker would do to the journal."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.journal = journal
        self.clock = clock

    def event(self, number: str = "1", **changes: Any) -> Event:
        """A form that arrived two seconds after it was sent."""
        made = {
            "id": new_event_id(self.clock()),
            "type": EventType.FORM_SUBMITTED,
            "channel": "site",
            "external_id": f"tilda:{number}",
            "occurred_at": self.clock() - timedelta(seconds=2),
            "received_at": self.clock(),
            "person": Person(name=NAME, phones=(PHONE,), emails=(EMAIL,)),
            "payload": payload(),
            "raw": f"Name={NAME}&Phone=8 (916) 000-11-22&token=tilda-token-1".encode(),
        } | changes
        event = Event(**made)
        self.journal.accept([event])
        return event

    def plan(self, event: Event, *rules: RuleTrace, actions: tuple[NewAction, ...], facts: Any = None) -> StoredEvent:
        """The rules make these actions of the event, three seconds later."""
        self.clock.forward(seconds=3)
        stored = next(s for s in self.journal.claim_events(100) if s.event.id == event.id)
        trace = dump_trace(PlanTrace(self.clock(), rules, facts or {})).decode()
        assert stored.lane is not None
        self.journal.write_plans([PlanRecord(stored.seq, stored.lane, "event", trace, actions)])
        return stored

    def usual(self, event: Event) -> tuple[NewAction, ...]:
        """An intake and the task that needs its result."""
        return (
            action(event, 0, "intake", {"title": f"Сайт: {NAME}", "pipeline": "Кровля", "tags": ["сайт"]}),
            action(event, 1, "task", {"text": f"Позвонить {PHONE}"}, needs=action_key(event.id, rule_slug(RULE), 0)),
        )

    def planned(self, number: str = "1", **changes: Any) -> Event:
        """An event with the usual actions."""
        event = self.event(number, **changes)
        self.plan(event, actions=self.usual(event))
        return event

    def attempt(self, *, takes: float = 0.25, calls: tuple[dict[str, Any], ...] = (), **ending: Any) -> int:
        """Carry the next ready action out; how it ends is what `Finished` says. Returns its id."""
        (claimed,) = self.journal.claim_actions(1)
        self.clock.forward(seconds=takes)
        self.journal.finish([Finished(claimed.id, claimed.attempt, calls=json.dumps(list(calls)), **ending)], "amocrm")
        return claimed.id

    def done(self, **values: str) -> int:
        """Carry the next ready action out with this result."""
        return self.attempt(outcome="done", state=ActionState.DONE, result=json.dumps(values))

    def dead(self, reason: DeadReason, error: str = "нет такого этапа [400 NotSupportedChoice]", **more: Any) -> int:
        """The next ready action dies."""
        outcome = {DeadReason.REJECTED: "rejected", DeadReason.EXHAUSTED: "retryable"}.get(reason, "ambiguous")
        more = {"hint": "Проверьте название этапа в правиле"} | more
        return self.attempt(outcome=outcome, state=ActionState.DEAD, reason=reason, error=error, **more)


def payload(**form: Any) -> Payload:
    return FormSubmitted(form=Form(name="Замер", comment=f"Перезвоните: {PHONE}", **form), utm=Utm(source="yandex"))


def action(event: Event, index: int, kind: str, params: dict[str, Any], **more: Any) -> NewAction:
    key = action_key(event.id, rule_slug(RULE), index)
    return NewAction(key, RULE, kind, json.dumps(params, ensure_ascii=False), **more)


def timer(event: Event, rule: str, due: datetime) -> NewAction:
    key = timer_key(event.id, rule_slug(rule))
    return NewAction(key, rule, "wait", json.dumps({"rule": rule}, ensure_ascii=False), due=due)


def matched(event: Event, *conditions: ConditionTrace, steps: int = 2) -> RuleTrace:
    keys = tuple(action_key(event.id, rule_slug(RULE), i) for i in range(steps))
    return RuleTrace(RULE, RuleOutcome.MATCHED, conditions, keys)


def call(path: str, status: int | None = 200, **more: Any) -> dict[str, Any]:
    blank = {"request_summary": "", "answer_summary": "", "error_kind": ""}
    return {"method": "POST", "path": path, "status": status, "milliseconds": 84.5} | blank | more
