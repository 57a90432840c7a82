"""`log_call`: put the call into the feed of the lead, once, with its recording whenever that comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provodka.crm import NewCall, NewNote
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome
from provodka.payloads import Call, CallEvent
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside
from rules.actions.desk import Desk, pack, submit, told
from rules.actions.targets import Target, find_targets


class LogCallParams(Strict):
    """Takes none: everything is in the event."""


class LogCall(Action[LogCallParams]):
    """Logs the call; for one that was logged without its recording, adds a note with it; else does nothing.

    The values `call` and `recording` of the result are what the link book remembers of it.
    """

    name = "log_call"
    params = LogCallParams
    lead = LeadUse.NEEDS
    reads = frozenset({"call"})

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        calls = {item.key: call for item in items if (call := _call(item))}
        logged = outside.links.calls([_name(item, calls[item.key]) for item in items if item.key in calls])
        decisions: dict[str, Decision] = {}
        for item in items:
            if item.key not in calls:
                decisions[item.key] = Rejected(f"an event {item.event.type} holds no call")
            elif _is_complete(item, calls[item.key], logged):
                decisions[item.key] = Done(values={"reason": "the call is logged already"}, found=True)
        rest = [item for item in items if item.key not in decisions]
        targets = find_targets(rest, desk) if rest else {}
        for item in rest:
            call = calls[item.key]
            decisions[item.key] = _decision(item, call, targets[item.key], _name(item, call) in logged, desk)
        return [decisions[item.key] for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        crm = Desk(outside).crm
        outcomes = submit(crm.log_calls, NewCall, "call", ready) | submit(crm.add_notes, NewNote, "note", ready)
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _call(item: Delivery) -> Call | None:
    return item.event.payload.call if isinstance(item.event.payload, CallEvent) else None


def _name(item: Delivery, call: Call) -> str:
    return f"{item.event.channel}:{call.id}"


def _is_complete(item: Delivery, call: Call, logged: Mapping[str, str]) -> bool:
    recording = logged.get(_name(item, call))
    return recording is not None and (bool(recording) or not call.recording)


def _decision(item: Delivery, call: Call, target: Target | ConnectorError, logged: bool, desk: Desk) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    lead_id, contact_id = target.lead_id, "" if target.lead_id else target.contact_id
    values = {"lead_id": target.lead_id, "contact_id": target.contact_id}
    values |= {"call": _name(item, call), "recording": call.recording}
    if logged:
        note = NewNote(f"Запись разговора: {call.recording}", lead_id, contact_id)
        return {"note": pack(note), "told": values}
    team = desk.outside.team
    person = team.by_extension(call.extension) or target.responsible
    new = NewCall(call, lead_id, contact_id, responsible=team.login(person), source=item.event.channel)
    return {"call": pack(new), "told": values}
