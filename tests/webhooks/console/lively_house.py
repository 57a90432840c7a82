"""The house of «Кровля Плюс» and its CRM, made up: rules are read and planned for real, the other sides'
answers are given by hand, and the time passes as it is told to."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from cli.config import read
from provodka.crm import Contact
from provodka.event import Event, build_payload
from provodka.journal import ActionState, DeadReason, Finished, StoredAction
from provodka.journal.schema import turns
from provodka.payloads import Change, EventType, LeadEvent, LeadRef, Payload, Person
from rules.actions import REGISTRY
from rules.brake import brakes_of
from rules.engine import Engine
from tests.cli.playing import Clock, call
from tests.rules.world import FakeCrm
from tests.webhooks.console.desk import on
from worker.planner import Planner

CONFIG: Final = Path(__file__).with_name("lively.yaml")
NOW: Final = datetime(2026, 9, 17, 11, 42, 8, tzinfo=ZoneInfo("Europe/Moscow"))  # a Thursday
KEY: Final = bytes.fromhex("6b726f766c79612d706c7573")  # so that masks look the same each time

Fate = Callable[[StoredAction], dict[str, Any]]


class LivelyHouse:
    """`later` puts something on the agenda, `live` lets it happen in its order. `ids` are the events that have a mark,
    `fates` how actions end, by the mark of their event and their kind; all others end well."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.random = Clock(), random.Random(8)
        self.clock.now = NOW.astimezone(UTC) - timedelta(days=47)
        self.journal = on(folder, self.clock)
        self.journal.key = KEY
        self.path = folder / "config.yaml"
        self.path.write_text(CONFIG.read_text("utf-8"), "utf-8")
        self.environ = {
            name: f"made-up-{name.lower()}" for name in re.findall(r"\$\{(\w+)\}", self.path.read_text("utf-8"))
        }
        self.environ |= {"JOURNAL": f"sqlite:///{folder}/journal.sqlite", "TELEGRAM_TOKEN": "1:made-up"}
        self.config = read(self.path, self.environ)
        self.crm = FakeCrm()
        engine = Engine(self.config.rules, REGISTRY, self.config.team, self.config.calendar, self.config.client)
        brakes = brakes_of(self.config.rules, REGISTRY, self.config.brake)
        self.planner = Planner(self.journal, engine, self.crm, None, brakes)  # type: ignore[arg-type]
        self.fates: dict[tuple[str, str], Fate] = {}
        self.ids: dict[str, str] = {}
        self._numbers, self._leads = itertools.count(1), itertools.count(21_000_101)
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []

    def later(self, at: datetime, happen: Callable[[], None]) -> None:
        """Nothing happens that lies ahead of now."""
        if at < NOW:
            heapq.heappush(self._agenda, (at, next(self._numbers), happen))

    def live(self) -> None:
        """Until now."""
        while self._agenda:
            at, _, happen = heapq.heappop(self._agenda)
            self._wait(at)
            happen()
        self._wait(NOW)

    def happen(self, at: datetime, kind: str, channel: str, who: Person, payload: Any, mark: str = "") -> None:
        """An event comes at that time."""

        def come() -> None:
            self.event(EventType(kind), channel, who, payload, mark)

        self.later(at, come)

    def event(self, type_: EventType, channel: str, who: Person, payload: Any, mark: str = "") -> Event:
        number, now = next(self._numbers), self.clock()
        id_ = f"{int(now.timestamp() * 1000):012x}{number * 0x9E3779B97F4A % 2**48:012x}"
        body: Payload = build_payload(type_, payload) if isinstance(payload, dict) else payload
        occurred = now - timedelta(seconds=1.2)
        event = Event(id_, type_, channel, mark or f"{channel}:{number}", occurred, now, who, body, b"raw")
        if mark:
            self.ids[mark] = id_
        self.journal.accept([event])
        if mark == "failed":
            error = "UndefinedError: 'form' has no attribute 'phone2'"
            self.journal.fail_event(self.journal.claim_events(1)[0].seq, error)
        if mark != "moving":
            self._work()
        return event

    def _work(self) -> None:
        self.clock.forward(seconds=0.2)
        while self.planner.plan_once() or self._deliver():
            pass

    def _wait(self, until: datetime) -> None:
        """The time passes, and with it the rules' own waits."""
        while self.clock() < until.astimezone(UTC):
            left = until.astimezone(UTC) - self.clock()
            self.clock.now += min(left, timedelta(hours=6))
            while self.planner.run_timers():
                self._work()

    def _deliver(self) -> int:
        claimed = self.journal.claim_actions(1)
        for action in claimed:
            event = self.journal.events([action.event_seq])[action.event_seq].event
            self.clock.forward(seconds=round(self.random.uniform(0.2, 0.6), 2))
            fate = self.fates.get((event.external_id, action.kind))
            ending = fate(action) if fate else self._done(action, event)
            self.journal.finish([Finished(action.id, action.attempt, **ending)], "amocrm")
        return len(claimed)

    def _done(self, action: StoredAction, event: Event) -> dict[str, Any]:
        path, made = "/api/v4/tasks", {"remote_id": str(30_000_000 + action.id)}
        ending: dict[str, Any] = {"outcome": "done", "state": ActionState.DONE}
        if action.kind == "intake":
            path, made, ending = "/api/v4/leads/complex", self._lead(action, event), dict(ending)
            if made["created"] == "yes":
                ending["made"] = (("lead", made["lead_id"]), ("contact", made["contact_id"]))
        elif action.kind in ("notify", "note", "log_call"):
            path = {"notify": "/sendMessage", "note": "/api/v4/leads/notes"}.get(action.kind, "/api/v4/calls")
        calls = [call(path, 200, request_summary=action.params, answer_summary=json.dumps(made))]
        return {**ending, "result": json.dumps(made), "calls": json.dumps(calls)}

    def _lead(self, action: StoredAction, event: Event) -> dict[str, str]:
        who = event.person
        known = self.crm.find_people([who])[0]
        mine = self.crm.open_leads([known.contact.id]).get(known.contact.id, []) if known else []
        if mine and known:
            key = mine[0].responsible.partition("@")[0]
            return {"lead_id": mine[0].id, "contact_id": known.contact.id, "created": "no", "responsible": key}
        params = json.loads(action.params)
        number = next(self._leads)
        dealt = self.random.choices(("anna", "ivan"), (55, 45))[0]
        given = params.get("responsible")
        key = given if isinstance(given, str) and given in ("anna", "ivan") else dealt
        if not isinstance(given, str):
            self._dealt(action, key)
        id_, contact = str(number), str(number + 1_000_000)
        url = f"https://krovlya.amocrm.ru/leads/detail/{id_}"
        login, price = f"{key}@krovlya.ru", Decimal(self.random.randrange(9, 60) * 10_000)
        lead = LeadRef(id_, params["title"], url, "Кровля", "Новый лид", responsible=login, price=price)
        card = known.contact if known else Contact(contact, who.name, who.phones, who.emails)
        self.crm.know(card, lead)
        self._follow(self.crm.lead_cards[id_], who)
        return {"lead_id": id_, "contact_id": card.id, "created": "yes", "responsible": key}

    def _dealt(self, action: StoredAction, key: str) -> None:
        row = {"action_key": action.key, "counter": "Заявка с сайта: intake", "person": key, "reason": ""}
        self.journal.write(lambda c: c.execute(insert(turns), [{**row, "at": self.clock()}]))

    def _follow(self, lead: LeadRef, who: Person) -> None:
        """What the staff make of a new lead: taken after some minutes, measured, won or lost."""
        now, pick = self.clock(), self.random
        owner = replace(who, name=self.crm.contact_cards[lead.contacts[0]].name)
        self.happen(now + timedelta(seconds=4), "lead.created", "amocrm", owner, LeadEvent(lead))
        steps = ["В работе"] if pick.random() < 0.92 else []
        steps += ["Замер назначен"] if steps and pick.random() < 0.5 else []
        steps += [pick.choice(("won", "lost", "lost"))] if len(steps) > 1 and pick.random() < 0.6 else []
        stage, at = "Новый лид", now
        for step in steps:
            quick = timedelta(minutes=round(pick.expovariate(1 / 9)) + 1)
            at += quick if step == "В работе" else timedelta(hours=pick.randrange(20, 90))
            self.later(at, lambda old=stage, new=step: self._moved(lead.id, owner, old, new))  # type: ignore[misc]
            stage = step

    def _moved(self, id_: str, who: Person, old: str, new: str) -> None:
        kinds = {"won": EventType.LEAD_WON, "lost": EventType.LEAD_LOST}
        state = new if new in kinds else "open"
        stage = {"won": "Успешно реализовано", "lost": "Закрыто и не реализовано"}.get(new, new)
        self.crm.lead_cards[id_] = lead = replace(self.crm.lead_cards[id_], stage=stage, state=state)
        told = LeadEvent(lead, Change("stage", old, stage, by="anna"))
        self.event(kinds.get(new, EventType.LEAD_STAGE_CHANGED), "amocrm", who, told)


def _ending(reason: DeadReason, outcome: str, error: str, hint: str, made: dict[str, Any]) -> dict[str, Any]:
    ending = {"outcome": outcome, "state": ActionState.DEAD, "reason": reason, "error": error, "hint": hint}
    return {**ending, "calls": json.dumps([made])}


def refused(action: StoredAction) -> dict[str, Any]:
    hint = "В amoCRM нет типа задачи «Звонок». Похожие: «Связаться», «Встреча»."
    made = call("/api/v4/account", 200, answer_summary='{"task_types": ["Связаться", "Встреча"]}')
    return _ending(DeadReason.REJECTED, "rejected", "no task type «Звонок» in the account", hint, made)


def exhausted(action: StoredAction) -> dict[str, Any]:
    made = call("/api/v4/leads/notes", 503, request_summary=action.params, error_kind="retryable")
    return _ending(DeadReason.EXHAUSTED, "retryable", "503 Service Unavailable", "", made)


def unanswered(action: StoredAction) -> dict[str, Any]:
    made = call("/api/v4/leads/complex", None, request_summary=action.params, error_kind="ambiguous")
    return _ending(DeadReason.OUTCOME_UNKNOWN, "ambiguous", "read timeout", "", made)
