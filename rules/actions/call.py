"""`call`: have the telephone exchange connect one of the staff with the client, or read a text to the client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from provodka.calls import CallOrder
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request
from provodka.settings import Strict
from provodka.wording import did_you_mean
from rules.actions.addresses import Addresses, addresses_of, known_to_crm
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place
from rules.actions.desk import Desk, pack, told, unpack
from rules.actions.quiet import Quiet, postponed
from rules.actions.targets import Target, find_targets
from rules.beside import Beside
from rules.team import RESPONSIBLE

NO_PHONE: Final = "У клиента нет телефона: добавьте его в карточку."
NO_EXTENSION: Final = "Неизвестно, как АТС называет сотрудника {who}: добавьте staff.{who}.extension."
NO_DIALLER: Final = "Ни один канал настроек не умеет звонить: добавьте канал телефонии с доступом к её командам."
CANNOT_READ: Final = "Канал {by} не умеет зачитывать текст: уберите text или назовите в by другой канал."


class CallParams(Strict):
    """`by` is the channel of telephony, needed where there are several. `employee` is a staff key, or `responsible`:
    their telephone rings first. With `text` nobody of the staff is rung: it is read to the client. `line` is our number
    to call from. In the hours `quiet` nobody is called."""

    by: str = ""
    employee: str = RESPONSIBLE
    text: str = ""
    line: str = ""
    quiet: Quiet = Field("")


class CallAction(Action[CallParams]):
    """Values of its result: by, call_id, to, employee. That call's events have the action's key as `call.order`."""

    name = "call"
    params = CallParams
    templates = frozenset({"text"})
    lead = LeadUse.USES

    def people(self, params: CallParams) -> Iterator[tuple[Place, str]]:
        if params.employee != RESPONSIBLE and not params.text:
            yield ("employee",), params.employee

    def beside(self, params: CallParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:
        known = sorted(beside.diallers)
        if lacking := beside.lacking.get(params.by, ()):
            cure = f"write channels.{params.by}.{' and .'.join(lacking)}"
            yield ("by",), f"the channel «{params.by}» cannot make calls yet", cure
        elif not known:
            yield (), "no channel of the config makes calls", "add one of telephony, with the keys of its commands"
        elif params.by and params.by not in beside.diallers:
            yield ("by",), f"«{params.by}» is no channel that makes calls", did_you_mean(params.by, known)
        elif not params.by and len(known) > 1:
            yield (), "several channels make calls", f"say by which: by: {' or '.join(known)}"
        if params.text and (silent := {params.by or known[0]} - beside.readers if known else set()):
            yield ("text",), f"the channel «{silent.pop()}» cannot read a text to anybody", "leave text out"

    def doubles(self, earlier: CallParams, later: CallParams) -> bool:
        return earlier == later

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        lacking = [item for item in items if not _phones(addresses_of(item))]
        known = known_to_crm(lacking, desk) if outside.crm is not None else {}
        ask = [item for item in items if item.params["employee"] == RESPONSIBLE and not item.params["text"]]
        targets = find_targets(ask, desk) if ask and outside.crm is not None else {}
        return [_decision(item, known.get(item.key), targets, outside) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes: dict[str, Outcome] = {}
        for by in dict.fromkeys(d.frozen["told"]["by"] for d in ready):
            some = [d for d in ready if d.frozen["told"]["by"] == by]
            dialler = outside.diallers.get(by)
            if dialler is None:
                error = Rejected(f"there is no channel {by} any more", hint="Верните канал в настройки")
                outcomes |= {d.item.key: error for d in some}
                continue
            requests = [Request(d.item.key, unpack(CallOrder, d.frozen["order"]), d.unsure_since) for d in some]
            outcomes |= dict(zip((r.key for r in requests), dialler.dial(requests), strict=True))
        return [_told(outcomes[d.item.key], d) for d in ready]


def _decision(
    item: Delivery,
    known: Addresses | ConnectorError | None,
    targets: Mapping[str, Target | ConnectorError],
    outside: Outside,
) -> Decision:
    if (later := postponed(item.params["quiet"], outside)) is not None:
        return later
    phones = _phones(addresses_of(item))
    if not phones and isinstance(known, ConnectorError):
        return known
    phones = phones or (_phones(known) if isinstance(known, Addresses) else ())
    if not phones:
        return Rejected("the person has no phone", hint=NO_PHONE)
    by = item.params["by"] or next(iter(outside.diallers), "")
    dialler = outside.diallers.get(by)
    if dialler is None:
        return Rejected("no channel makes calls", hint=NO_DIALLER)
    values = {"by": by, "to": phones[0]}
    if text := item.params["text"]:
        if not dialler.reads_texts:
            return Rejected(f"{by} reads no texts", hint=CANNOT_READ.format(by=by))
        return {"order": pack(CallOrder(phones[0], line=item.params["line"], text=text)), "told": values}
    who = item.params["employee"]
    if who == RESPONSIBLE:
        target = targets.get(item.key, Target())
        if isinstance(target, ConnectorError):
            return target
        who = target.responsible
    extensions = outside.team.extensions(who)
    if not extensions:
        return Rejected(f"{who or 'the responsible'} has no extension", hint=NO_EXTENSION.format(who=who or "…"))
    order = CallOrder(phones[0], extensions[0], item.params["line"], others=extensions[1:])
    return {"order": pack(order), "told": {**values, "employee": who}}


def _phones(addresses: Addresses) -> tuple[str, ...]:
    return tuple(one.removeprefix("phone:") for one in addresses.identities if one.startswith("phone:"))


def _told(outcome: Outcome, d: Decided) -> Outcome:
    values: dict[str, Any] = dict(d.frozen["told"])
    if isinstance(outcome, Done) and outcome.remote_id:
        values["call_id"] = outcome.remote_id
    return told(outcome, values)
