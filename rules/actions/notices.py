"""The sending half of `notify`: by a messenger, as a notice inside the CRM, or as a task."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from provodka.crm import NewTask, NoticeForm, StaffMessage, StaffNotice
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Outcome, Request
from rules.actions.base import Decided, Outside
from rules.actions.desk import Desk, unpack
from rules.actions.open_tasks import card_of
from rules.actions.targets import Target, find_targets
from rules.actions.ways import SendBy, Way

MESSENGERS: Final = ("telegram", "email")
CRM: Final = "crm"
TASK: Final = "task"


def sender(outside: Outside) -> SendBy:
    """Sends what `notify` has frozen, by any of its ways."""

    def send(way: str, some: list[tuple[Decided, Way]]) -> dict[str, Outcome]:
        return _messages(way, some, outside) if way in MESSENGERS else _in_crm(way, some, outside)

    return send


def systems(outside: Outside) -> dict[str, str]:
    """Who is spoken to by each way."""
    found = {medium: messenger.name for medium, messenger in outside.messengers.items()}
    return found if outside.crm is None else found | dict.fromkeys((CRM, TASK), outside.crm.name)


def _messages(medium: str, some: list[tuple[Decided, Way]], outside: Outside) -> dict[str, Outcome]:
    messenger = outside.messengers.get(medium)
    if messenger is None:
        raise Rejected(f"there is no channel of type {medium} any more", hint=f"Верните канал {medium} в настройки")
    requests = [
        Request(
            d.item.key,
            StaffMessage(way["to"], "\n".join(filter(None, (d.frozen["text"], d.frozen["address"])))),
            d.unsure_since,
        )
        for d, way in some
    ]
    return dict(zip((r.key for r in requests), messenger.notify(requests), strict=True))


def _in_crm(way: str, some: list[tuple[Decided, Way]], outside: Outside) -> dict[str, Outcome]:
    """A notice or a task; where a messenger was to do it, the lead is looked for only now that it has refused."""
    desk = Desk(outside)
    unknown = [d.item for d, _ in some if d.frozen["card"] is None]
    looked_up = find_targets(unknown, desk) if unknown else {}
    targets: dict[str, Target | ConnectorError] = {
        d.item.key: looked_up[d.item.key] if d.frozen["card"] is None else unpack(Target, d.frozen["card"])
        for d, _ in some
    }
    outcomes: dict[str, Outcome] = {key: one for key, one in targets.items() if isinstance(one, ConnectorError)}
    there = [(d, one) for d, _ in some if isinstance(one := targets[d.item.key], Target)]
    if way == TASK:
        tasks = [Request(d.item.key, _task(d, target, outside), d.unsure_since) for d, target in there]
        made = desk.crm.create_tasks(tasks) if tasks else []
    else:
        notices = [Request(d.item.key, _notice(d, target, outside), d.unsure_since) for d, target in there]
        made = desk.crm.notify_staff(notices) if notices else []
    keys = [d.item.key for d, _ in there]
    return {**outcomes, **dict(zip(keys, made, strict=True))}


def _task(d: Decided, target: Target, outside: Outside) -> NewTask:
    return NewTask(
        text=d.frozen["text"],
        due=datetime.fromisoformat(d.frozen["due"]),
        lead_id=target.lead_id,
        contact_id="" if target.lead_id else target.contact_id,
        responsible=outside.team.login(d.frozen["to"]),
    )


def _notice(d: Decided, target: Target, outside: Outside) -> StaffNotice:
    return StaffNotice(
        to=outside.team.login(d.frozen["to"]),
        text=d.frozen["text"],
        card=card_of(target),
        due=datetime.fromisoformat(d.frozen["due"]),
        form=NoticeForm(d.item.params.get("form", "task")),
    )
