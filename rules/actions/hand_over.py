"""`hand_over`: give the lead to somebody who has to accept it, remind them, and tell others where they do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from provodka.crm import LeadChange, Need, NewTask
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Part, Place, Planning
from rules.actions.desk import Desk, pack, submit, told
from rules.actions.notify import DEFAULT, Ways
from rules.actions.targets import Target, find_targets
from rules.assignment import Responsible, people_of, with_counter
from rules.durations import DurationText
from rules.faults import RuleError
from rules.team import KEEP, RESPONSIBLE

MOST: Final = 50
_OFTEN: Final = f"that would be more than {MOST} reminders"


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class HandOverParams(Strict):
    """`to` gets the lead and a task (`task`, without it `text`); completing it means that they accept.

    Every `remind` until `accept_within` is over they are reminded, then `escalate_to` (staff keys, teams) are told. All
    of that goes by the ways `by`, as in `notify`, and ends as soon as the task is not open any more.
    """

    to: Responsible
    text: str = Field(min_length=1)
    task: str = ""
    type: str = ""
    accept_within: DurationText
    remind: DurationText | None = None
    escalate_to: Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])] = ()
    by: Ways = DEFAULT

    @model_validator(mode="after")
    def _somebody_and_not_too_often(self) -> Self:
        if self.to == KEEP:
            raise ValueError("keep hands nothing over: name a staff key or a strategy")
        every, most = self.remind, self.accept_within
        if every is not None and every.clock is None and every.days * 86400 + every.seconds == 0:
            raise ValueError(f"remind: 0 is no pause; {_OFTEN}")
        plain = every is not None and most.clock is None and every.clock is None and every.working == most.working
        if plain and every is not None and most.days == every.days == 0 and most.seconds > MOST * every.seconds:
            raise ValueError(f"remind is too often for {most.text}: {_OFTEN}")
        return self


class HandOver(Action[HandOverParams]):
    """Assigns and makes the task; telling, reminding and escalating are actions `notify` that wait for its result."""

    name = "hand_over"
    params = HandOverParams
    templates = frozenset({"text", "task"})
    lead = LeadUse.NEEDS
    takes_teams = frozenset({"escalate_to"})

    def plan(self, planning: Planning[HandOverParams]) -> dict[str, Any]:
        params, add = planning.params, planning.calendar.add
        due, moments = add(params.accept_within, planning.now), []
        at = planning.now
        while params.remind is not None and (at := add(params.remind, at)) < due:
            moments.append(at.isoformat())
            if len(moments) > MOST:
                raise RuleError(f"hand_over: {_OFTEN}")
        return {
            **planning.rendered,
            "to": with_counter(planning.rendered["to"], f"{planning.rule}: hand_over"),
            "task": planning.rendered["task"] or planning.rendered["text"],
            "due": due.isoformat(),
            "reminders": moments,
            "escalate_to": list(planning.team.expand(params.escalate_to)),
        }

    def parts(self, params: dict[str, Any]) -> dict[str, Part]:
        text, by = params["text"], params["by"]
        found = {"": Part(params), "told": _notice(RESPONSIBLE, text, by)}
        for n, at in enumerate(params["reminders"], 1):
            found[f"remind{n}"] = _notice(RESPONSIBLE, f"Напоминание: {text}", by, at)
        for person in params["escalate_to"]:
            found[f"escalate:{person}"] = _notice(person, f"Не принято вовремя: {text}", by, params["due"])
        return found

    def people(self, params: HandOverParams) -> Iterator[tuple[Place, str]]:
        yield from ((("to", *place), person) for place, person in people_of(params.to))
        yield from ((("escalate_to", i), person) for i, person in enumerate(params.escalate_to))

    def needs(self, params: HandOverParams) -> Iterator[tuple[Place, Need]]:
        if params.type:
            yield ("type",), Need("task_type", params.type)

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = find_targets(items, desk)
        return [_decision(item, targets[item.key], desk) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        """The lead first: that may be repeated, and the task is looked for before it is made again."""
        crm = Desk(outside).crm
        outcomes = submit(crm.update_leads, LeadChange, "change", ready)
        given = [d for d in ready if isinstance(outcomes[d.item.key], Done)]
        outcomes |= submit(crm.create_tasks, NewTask, "request", given)
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _notice(to: str, text: str, by: Sequence[str], at: str = "") -> Part:
    """What `notify` plans; with a moment, a reminder that is only for while the task is open."""
    params = {"to": to, "text": text, "link": True, "by": list(by), "form": "task", "when_working": False}
    later = {"at": at, "while_open": True} if at else {}
    return Part({**params, **later}, kind="notify", after="")


def _decision(item: Delivery, target: Target | ConnectorError, desk: Desk) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    if not target.lead_id:
        hint = "У клиента нет открытой сделки: поставьте перед этим действием intake"
        return Rejected(f"contact {target.contact_id} has no open lead", hint=hint)
    try:
        person = desk.choose(item, item.params["to"], target.responsible).person
    except ConnectorError as error:
        return error
    login = desk.outside.team.login(person)
    task = NewTask(
        text=item.params["task"],
        due=datetime.fromisoformat(item.params["due"]),
        lead_id=target.lead_id,
        type=item.params["type"],
        responsible=login,
    )
    values = {"lead_id": target.lead_id, "contact_id": target.contact_id, "responsible": person}
    values |= {"url": (item.needed or {}).get("url", ""), "reason": desk.reasons.get(item.key, "")}
    return {
        "change": pack(LeadChange(target.lead_id, responsible=login)),
        "request": pack(task),
        "told": {name: value for name, value in values.items() if value},
    }
