"""`notify`: tell somebody of the staff, by the first way that they have: Telegram, email, the CRM, else a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Postponed
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place, Planning
from rules.actions.desk import Desk, pack, told
from rules.actions.notices import MESSENGERS, TASK, sender, systems
from rules.actions.open_tasks import open_tasks
from rules.actions.targets import Target, event_lead, find_targets
from rules.actions.ways import Way, by_ways
from rules.calendar import WorkingCalendar
from rules.durations import Duration, parse_duration
from rules.team import RESPONSIBLE, WHO

DEFAULT: Final = ("telegram", TASK)
_SOON: Final = parse_duration("15m working")
_AT_WORK: Final = Duration("0s working", working=True)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Ways = Annotated[
    tuple[Literal["telegram", "email", "crm", "task"], ...],
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]


class NotifyParams(Strict):
    """`to`: staff keys, teams, `responsible` for whoever answers for the lead, or `who` for whom the event is about
    where it is about one of the staff (`each: person`). `link` puts the lead's address below.

    `by` are the ways in their order; `crm` is a notice inside the CRM (in one without notices a task, or with
    `form: note` a note), `task` a task on the lead. `when_working`: not before the person's next working time.
    """

    to: Annotated[
        tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str]), Field(min_length=1)
    ]
    text: str = Field(min_length=1)
    link: bool = True
    by: Ways = DEFAULT
    form: Literal["task", "note"] = "task"
    when_working: bool = False


class Notify(Action[NotifyParams]):
    """One action for each recipient, so that one who cannot be reached does not silence the others.

    Planned parameters that no config has: `at`, not before that moment; `while_open`, only while the task of the action
    that it needs is open (`hand_over` reminds by these).
    """

    name = "notify"
    params = NotifyParams
    templates = frozenset({"text"})
    lead = LeadUse.USES
    takes_teams = frozenset({"to"})
    takes_who = frozenset({"to"})

    def plan(self, planning: Planning[NotifyParams]) -> dict[str, Any]:
        to = (planning.who if one == WHO else one for one in planning.params.to)
        return {**planning.rendered, "to": list(planning.team.expand(to))}

    def parts(self, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {person: {**params, "to": person} for person in params["to"]}

    def people(self, params: NotifyParams) -> Iterator[tuple[Place, str]]:
        yield from ((("to", i), person) for i, person in enumerate(params.to) if person != RESPONSIBLE)

    def leads(self, params: NotifyParams) -> Iterator[Place]:
        yield from (("to", i) for i, person in enumerate(params.to) if person == RESPONSIBLE)

    def doubles(self, earlier: NotifyParams, later: NotifyParams) -> bool:
        return earlier.text == later.text and bool(set(earlier.to) & set(later.to))

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        decisions: dict[str, Decision] = {}
        for item in items:
            if (later := _later(item, outside)) is not None:
                decisions[item.key] = later
        decisions |= _not_wanted_any_more([item for item in items if item.key not in decisions], desk)
        left = [item for item in items if item.key not in decisions]
        to = {item.key: _recipient(item) for item in left}
        lost = [item for item in left if not to[item.key] or not _by_messenger(item, to[item.key], outside)]
        targets = find_targets(lost, desk) if lost else {}
        decisions |= {item.key: _decision(item, to[item.key], targets.get(item.key), outside) for item in left}
        return [decisions[item.key] for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = by_ways(ready, sender(outside), systems(outside))
        return [told(one := outcomes[d.item.key], {"to": d.frozen["to"], "reason": _why(d, one)}) for d in ready]


def _later(item: Delivery, outside: Outside) -> Postponed | None:
    """Until when it has to wait: for its moment, or for the working time of whoever is told."""
    at = item.params.get("at")
    if at and outside.now < (moment := datetime.fromisoformat(at)):
        return Postponed(moment, "its time has not come yet")
    if not item.params.get("when_working"):
        return None
    calendar = _calendar(_recipient(item), outside)
    if calendar.is_working(outside.now):
        return None
    return Postponed(calendar.add(_AT_WORK, outside.now), "outside of working time")


def _calendar(person: str, outside: Outside) -> WorkingCalendar:
    member = outside.team.member(person)
    return outside.calendar.with_hours(member.hours) if member and member.hours else outside.calendar


def _not_wanted_any_more(items: Sequence[Delivery], desk: Desk) -> dict[str, Decision]:
    """Those that are only for while the task of the action they need is open, and it is not."""
    waiting = [item for item in items if item.params.get("while_open")]
    targets: dict[str, Target | ConnectorError] = {item.key: _handed(item) for item in waiting}
    tasks = open_tasks(targets, desk) if targets else {}
    return {
        item.key: Done(values={"reason": "the task is not open any more: nobody has to be reminded"})
        for item in waiting
        if (item.needed or {}).get("remote_id") not in [task.id for task in tasks[item.key]]
    }


def _handed(item: Delivery) -> Target:
    needed = item.needed or {}
    return Target(needed.get("lead_id", ""), needed.get("contact_id", ""))


def _recipient(item: Delivery) -> str:
    """The staff key to write to; empty where it takes a look at the lead to know it."""
    person: str = item.params["to"]
    if person != RESPONSIBLE:
        return person
    return (item.needed or {}).get("responsible", "")


def _by_messenger(item: Delivery, person: str, outside: Outside) -> bool:
    """Whether the first way that there is for this person needs no card."""
    ways = _ways(item, person, outside)
    return bool(ways) and ways[0]["by"] in MESSENGERS


def _ways(item: Delivery, person: str, outside: Outside) -> list[Way]:
    """The ways that there are; what those of the CRM take is known when the lead is."""
    found: list[Way] = []
    for by in item.params.get("by") or DEFAULT:
        if by not in MESSENGERS:
            found.append({"by": by})
        elif address := _address(by, person, outside):
            found.append({"by": by, "to": address})
    return found


def _address(medium: str, person: str, outside: Outside) -> str:
    if medium not in outside.messengers:
        return ""
    chat = outside.team.telegram(person)
    return outside.team.email(person) if medium == "email" else "" if chat is None else str(chat)


def _decision(item: Delivery, person: str, target: Target | ConnectorError | None, outside: Outside) -> Decision:
    if isinstance(target, ConnectorError) and not isinstance(target, Rejected):
        return target
    if isinstance(target, Target):
        person = person or target.responsible
        if not person:
            reason = f"nobody is responsible for lead {target.lead_id}"
            return Rejected(reason, hint="Назначьте ответственного за сделку")
    ways = _ways(item, person, outside)
    if isinstance(target, Rejected):  # there is no card to write to
        ways = [way for way in ways if way["by"] in MESSENGERS] if person else []
    if not ways:
        wanted = ", ".join(item.params.get("by") or DEFAULT)
        return Rejected(
            f"{person or RESPONSIBLE} cannot be reached by {wanted}, and there is no lead to hang a task on",
            hint="Укажите сотруднику telegram в разделе staff и добавьте канал telegram",
        )
    return {
        "ways": ways,
        "text": item.params["text"],
        "address": _url(item),
        "card": pack(target) if isinstance(target, Target) else None,
        "due": outside.calendar.add(_SOON, outside.now).isoformat(),
        "to": person,
    }


def _why(d: Decided, outcome: Outcome) -> str:
    """Why they were told in this way: those before it are not there for them, or have refused."""
    if not isinstance(outcome, Done):
        return ""
    there = [way["by"] for way in d.frozen["ways"]]
    absent = [by for by in d.item.params.get("by") or DEFAULT if by not in there]
    parts = [f"{d.frozen['to']} has no {', '.join(absent)}" if absent else "", outcome.values.get("reason", "")]
    return "; ".join((*filter(None, parts), f"told by {outcome.values['by']}"))


def _url(item: Delivery) -> str:
    """The address of the lead, where it is to stand below."""
    lead = event_lead(item)
    url = (item.needed or {}).get("url", "") or (lead.url if lead else "")
    return url if item.params.get("link", True) and url not in item.params["text"] else ""
