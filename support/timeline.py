"""A person's story as one timeline: what came, newest first, and what each led to, masked. What an event and an action
are in full, `support/story.py` tells."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from provodka.journal import Journal, StoredAction, StoredEvent, people, queries
from provodka.journal.records import WAIT
from provodka.payloads import (
    EmailReceived,
    EmailSent,
    FormSubmitted,
    InvoiceEvent,
    LeadEvent,
    Payload,
    PaymentEvent,
    RowAdded,
    TaskEvent,
)
from support.diagnosis import Case, Finding, Grade, cases, findings
from support.masking import Mask, Masks, ShownPerson
from support.story import says
from support.waiting import Mend, Surroundings, Wait, mends, waits


@dataclass(frozen=True, slots=True)
class Step:
    """An action in short. `seconds` passed from the event's receipt to its end; `what` is its text or title.

    `lead` is the id of the lead that it found or made (`is_new`), `url` the address of what it made.
    """

    id: int
    kind: str
    state: str
    rule: str
    what: str
    seconds: float | None
    lead: str
    is_new: bool
    url: str
    responsible: str
    waits: tuple[Wait, ...]
    reason: str
    error: str
    hint: str
    mends: tuple[Mend, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in short with what it led to. `about` is its own title: of a form, of a letter, of a deal; `findings`
    say what went otherwise than its people expect, worst first."""

    seq: int
    id: str
    type: str
    channel: str
    about: str
    says: str
    person: ShownPerson
    state: str
    error: str
    occurred_at: datetime
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def is_bad(self) -> bool:
        """Whether it, or something that it led to, needs a person."""
        return any(one.grade is Grade.BAD for one in self.findings)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of entries, newest first. `earlier` is the number that the next page begins before; none on the last.

    `bad` are those of the whole story, not of the page alone, that need a person.
    """

    entries: tuple[Entry, ...]
    bad: tuple[Entry, ...]
    earlier: int | None


PAGE = 50
WORST = 20


def timeline(journal: Journal, masks: Masks, *, lane: int | None, who: str = "", before: int | None = None) -> Timeline:
    """The story of a lane: what was received before the event of that number, or the newest with what still lies in the
    inbox and names `who`."""

    def read(connection: Connection) -> tuple[list[StoredEvent], list[StoredEvent]]:
        page = [] if lane is None else people.page_of(connection, lane, before, PAGE + 1)
        bad = [] if lane is None or before is not None else people.broken_of(connection, lane, WORST)
        if who and before is None:
            found = {event.seq: event for event in (*queries.not_planned_yet(connection, who), *page)}
            page = [found[seq] for seq in sorted(found, reverse=True)][: PAGE + 1]
        return page, bad

    page, bad = journal.read(read)
    shown = page[:PAGE]
    told = {one.seq: one for one in entries(journal, {e.seq: e for e in (*shown, *bad)}.values(), masks)}
    return Timeline(
        entries=tuple(told[event.seq] for event in shown),
        bad=tuple(told[event.seq] for event in bad),
        earlier=shown[-1].seq if len(page) > PAGE else None,
    )


def needs_a_look(journal: Journal, masks: Masks, limit: int) -> list[Entry]:
    """The last events that need a person."""
    return entries(journal, journal.read(lambda c: people.last_broken(c, limit)), masks)


def entries(journal: Journal, stored: Iterable[StoredEvent], masks: Masks, *, closely: bool = True) -> list[Entry]:
    """These events with what they led to, in the same order; one reading for all of them. Not `closely`: without what
    an action waits behind, which takes a question for each, and without findings."""
    found = cases(journal, list(stored), closely=closely)
    mask = masks.of(one.event.event.person for one in found)
    around = Surroundings.of(journal, [action for one in found for action in one.actions] if closely else [])
    return [_entry(one, around, mask, closely=closely) for one in found]


def _entry(case: Case, around: Surroundings, mask: Mask, *, closely: bool) -> Entry:
    stored, event = case.event, case.event.event
    return Entry(
        seq=stored.seq,
        id=event.id,
        type=event.type.value,
        channel=event.channel,
        about=mask.text(about(event.payload)),
        says=mask.text(says(event.payload)),
        person=mask.person(event.person),
        state=stored.state.value,
        error=mask.text(stored.error),
        occurred_at=event.occurred_at,
        steps=tuple(_step(action, event.received_at, around, mask) for action in case.actions),
        findings=findings(case, mask) if closely else (),
    )


def about(payload: Payload) -> str:
    """What an event is called by whoever sent it; empty where it has no title."""
    match payload:
        case FormSubmitted(form=form):
            return form.name
        case EmailReceived(message=message) | EmailSent(message=message):
            return message.subject
        case LeadEvent(lead=lead):
            return lead.title or lead.id
        case TaskEvent(text=text):
            return text
        case InvoiceEvent(invoice=invoice):
            return invoice.number
        case PaymentEvent(payment=payment):
            return payment.order
        case RowAdded(row=row):
            return row.sheet
    return ""


def _step(action: StoredAction, received: datetime, around: Surroundings, mask: Mask) -> Step:
    params, result = json.loads(action.params), json.loads(action.result or "{}")
    values: Mapping[str, Any] = result if isinstance(result, dict) else {}
    ended = action.finished_at if action.kind != WAIT else None
    return Step(
        id=action.id,
        kind=action.kind,
        state=action.state.value,
        rule=action.rule,
        what=mask.text(_what(params)),
        seconds=None if ended is None else (ended - received).total_seconds(),
        lead=str(values.get("lead_id") or ""),
        is_new=values.get("created") == "yes",
        url=str(values.get("url") or ""),
        responsible=str(values.get("responsible") or ""),
        waits=tuple(replace(one, why=mask.text(one.why)) for one in waits(action, around)),
        reason=action.reason or "",
        error=mask.text(action.error),
        hint=mask.text(action.hint),
        mends=mends(action),
    )


def _what(params: object) -> str:
    """The text that a person knows an action by."""
    if not isinstance(params, dict):
        return ""
    return next((value for name in ("title", "text", "stage") if isinstance(value := params.get(name), str)), "")
