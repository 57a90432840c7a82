"""A generated call in MANGO's own words: its notices, and the lines of its report."""

from __future__ import annotations

from typing import Any

from connectors.mango.statistics import FIELDS
from provodka.payloads import CallOutcome, Direction
from sandbox.senders.mango_report import report, rows_of
from sandbox.senders.mango_script import Notice, employee
from sandbox.senders.mango_script import Script as Pen
from tests.connectors.calls.generated import LINE, Does, Script, Step

STATES = {Does.MENU: "Appeared", Does.RING: "Appeared", Does.ANSWER: "Connected", Does.LEAVE: "Disconnected"}
DIRECTIONS = {Direction.INTERNAL: 0, Direction.IN: 1, Direction.OUT: 2}
NORMAL = 1100


def notices(script: Script) -> list[Notice]:
    """As MANGO tells of it: each leg, the summary, and the files that come after it."""
    marks = {"command_id": script.order} if script.order else {}
    pen = Pen(script.phone, LINE, script.start, script.key, marks)
    seqs: dict[int, int] = {}
    menus = {step.leg for step in script.steps if step.does is Does.MENU}
    for step in script.steps:
        if step.does is Does.RECORDED:
            continue
        seqs[step.leg] = seqs.get(step.leg, 0) + 1
        reason = NORMAL if step.does is Does.LEAVE else None
        sides = _sides(script, step, in_menu=step.leg in menus)
        pen.leg(step.leg, seqs[step.leg], STATES[step.does], step.after, sides, reason)
    pen.summary(DIRECTIONS[script.direction], _ends(script), _times(script), NORMAL)
    for recording in script.recordings:
        told = {"entry_id": script.key, "recording_id": recording, "timestamp": pen.at(script.ended + 50)}
        pen.notices.append(Notice("/events/record/added", told))
    return pen.notices


def lines(scripts: list[Script]) -> bytes:
    """The report that holds these calls."""
    rows = [row for script in scripts for row in rows_of(notices(script))]
    return report(rows, FIELDS).encode()


def _sides(script: Script, step: Step, *, in_menu: bool) -> dict[str, Any]:
    customer = {"number": script.phone} if script.phone else {}
    own = {**employee(step.employee), "line_number": LINE}
    if in_menu:
        return {"location": "ivr", "from": customer, "to": {"number": LINE, "line_number": LINE}}
    if step.inside:
        return {"location": "abonent", "from": employee("109"), "to": own}
    if step.transfer:
        return {"location": "abonent", "from": {**customer, "was_transferred": True}, "to": own}
    if script.direction is Direction.OUT:
        return {"location": "abonent", "from": employee(step.employee), "to": {**customer, "line_number": LINE}}
    return {"location": "abonent", "from": customer, "to": own}


def _ends(script: Script) -> tuple[dict[str, Any], dict[str, Any]]:
    customer = {"number": script.phone} if script.phone else {}
    who = employee(script.truth.first) if script.truth.outcome is not CallOutcome.MENU else {}
    if script.direction is Direction.INTERNAL:
        return employee("109"), who
    return (who, customer) if script.direction is Direction.OUT else (customer, who)


def _times(script: Script) -> tuple[float | None, ...]:
    return 0.0, None, script.answered, script.ended
