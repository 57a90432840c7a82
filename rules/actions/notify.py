"""`notify`: tell somebody of the staff, by Telegram where they have it, else by a task in the CRM."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from provodka.crm import NewTask, StaffMessage
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Outcome
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place
from rules.actions.desk import Desk, pack, submit, told
from rules.actions.targets import Target, event_lead, find_targets
from rules.durations import parse_duration
from rules.team import RESPONSIBLE

MESSENGER: Final = "telegram"
Way = Callable[[list[Decided], Outside], dict[str, Outcome]]
_SOON: Final = parse_duration("15m working")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class NotifyParams(Strict):
    """`to`: staff keys, or `responsible` for whoever answers for the lead. `link` puts the lead's address below."""

    to: Annotated[
        tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str]), Field(min_length=1)
    ]
    text: str = Field(min_length=1)
    link: bool = True


class Notify(Action[NotifyParams]):
    """One action for each recipient, so that one who cannot be reached does not silence the others."""

    name = "notify"
    params = NotifyParams
    templates = frozenset({"text"})
    lead = LeadUse.USES

    def parts(self, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {person: {**params, "to": person} for person in params["to"]}

    def people(self, params: NotifyParams) -> Iterator[tuple[Place, str]]:
        yield from ((("to", i), person) for i, person in enumerate(params.to) if person != RESPONSIBLE)

    def leads(self, params: NotifyParams) -> Iterator[Place]:
        yield from (("to", i) for i, person in enumerate(params.to) if person == RESPONSIBLE)

    def doubles(self, earlier: NotifyParams, later: NotifyParams) -> bool:
        return earlier.text == later.text and bool(set(earlier.to) & set(later.to))

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        to = {item.key: _recipient(item) for item in items}
        written = {item.key for item in items if to[item.key] and _chat(to[item.key], outside)}
        lost = [item for item in items if item.key not in written]
        targets = find_targets(lost, Desk(outside))
        return [
            _by_messenger(item, to[item.key], outside)
            if item.key in written
            else _by_lead(item, to[item.key], targets[item.key], outside)
            for item in items
        ]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        """By both ways; a way that is not there any more fails its own items and not those of the other."""
        outcomes = _through(_messages, [d for d in ready if "message" in d.frozen], outside)
        outcomes |= _through(_tasks, [d for d in ready if "task" in d.frozen], outside)
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _recipient(item: Delivery) -> str:
    """The staff key to write to; empty where it takes a look at the lead to know it."""
    person: str = item.params["to"]
    if person != RESPONSIBLE:
        return person
    return (item.needed or {}).get("responsible", "")


def _chat(person: str, outside: Outside) -> int | None:
    return outside.team.telegram(person) if MESSENGER in outside.messengers else None


def _by_messenger(item: Delivery, person: str, outside: Outside) -> dict[str, Any]:
    lead = event_lead(item)
    url = (item.needed or {}).get("url", "") or (lead.url if lead else "")
    text: str = item.params["text"]
    if item.params["link"] and url and url not in text:
        text = f"{text}\n{url}"
    message = StaffMessage(str(_chat(person, outside)), text)
    return {"message": pack(message), "told": {"to": person, "reason": f"{person} has {MESSENGER}"}}


def _by_lead(item: Delivery, person: str, target: Target | ConnectorError, outside: Outside) -> Decision:
    if isinstance(target, ConnectorError) and not isinstance(target, Rejected):
        return target
    if isinstance(target, Rejected):
        return Rejected(
            f"{person or RESPONSIBLE} cannot be reached by {MESSENGER}, and there is no lead to hang a task on",
            hint="Укажите сотруднику telegram в разделе staff и добавьте канал telegram",
        )
    person = person or target.responsible
    if not person:
        return Rejected(f"nobody is responsible for lead {target.lead_id}", hint="Назначьте ответственного за сделку")
    if _chat(person, outside):
        return _by_messenger(item, person, outside)
    task = NewTask(
        text=item.params["text"],
        due=outside.calendar.add(_SOON, outside.now),
        lead_id=target.lead_id,
        contact_id="" if target.lead_id else target.contact_id,
        responsible=outside.team.login(person),
    )
    return {"task": pack(task), "told": {"to": person, "reason": f"{person} has no {MESSENGER}: a task instead"}}


def _through(way: Way, some: list[Decided], outside: Outside) -> dict[str, Outcome]:
    try:
        return way(some, outside) if some else {}
    except ConnectorError as error:
        return {d.item.key: error for d in some}


def _messages(some: list[Decided], outside: Outside) -> dict[str, Outcome]:
    messenger = outside.messengers.get(MESSENGER)
    if messenger is None:
        raise Rejected(f"there is no channel of type {MESSENGER} any more", hint="Верните канал telegram в настройки")
    return submit(messenger.notify, StaffMessage, "message", some)


def _tasks(some: list[Decided], outside: Outside) -> dict[str, Outcome]:
    return submit(Desk(outside).crm.create_tasks, NewTask, "task", some)
