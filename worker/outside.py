"""The outside as actions are given it: the connectors, and what the journal knows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Protocol, runtime_checkable

from provodka.accounting import Accounting
from provodka.calls import Dialler, Recordings
from provodka.cashier import Cashier
from provodka.channel import PublicFiles
from provodka.crm import CountsLeads, Crm, LeadState, Messenger, Presence, StaffReply
from provodka.event import Event, new_event_id
from provodka.journal import ActionState, DeadReason, Journal, queries, said, turns
from provodka.messages import ClientMessenger
from provodka.payloads import AccountingHint, Attachment, EventType, Person, ReplyWritten
from provodka.turns import Pick
from provodka.web import Web
from rules.actions.base import Fate, Links
from rules.actions.reply import answer_mark
from rules.assignment import Choice, Loads
from rules.calendar import WorkingCalendar
from rules.team import Team
from worker.figures import Results


class JournalTurns:
    """`rules.assignment.Turns`: the counters lie in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def take(self, counter: str, action_keys: Sequence[str], pick: Pick) -> Mapping[str, Choice]:
        """A turn for each key; the same answer for the same key."""
        taken = self._journal.take_turns(counter, action_keys, pick)
        return {key: Choice(person, reason) for key, (person, reason) in taken.items()}


class JournalLinks:
    """`rules.actions.base.LinkBook`: what our own actions made or used."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def of(self, identities: Sequence[str]) -> Links:
        """The lane's identities carry the ids: `lead:17`, `contact:4`, newest first."""
        return Links(contact_ids=_ids("contact:", identities), lead_ids=_ids("lead:", identities))

    def calls(self, ids: Sequence[str]) -> Mapping[str, str]:
        """The calls that were logged, with their recordings."""
        found = self._journal.read(lambda c: queries.results_of_made(c, "call", ids))
        return {id_: json.loads(result).get("recording", "") for id_, result in found.items()}

    def shown_messages(self, ids: Sequence[str]) -> frozenset[str]:
        """By the name that `log_message` left of each."""
        return frozenset(self._journal.read(lambda c: queries.results_of_made(c, "logged", ids)))

    def fate(self, key: str) -> Fate:
        """Cancelled is as dead as dead for whoever waits for an answer."""
        action = self._journal.read(lambda c: queries.action_by_key(c, key))
        if action is None or action.state not in (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED):
            return Fate()
        if action.state is ActionState.DONE:
            return Fate("done")
        return Fate("dead", action.hint or action.error, action.reason == DeadReason.OUTCOME_UNKNOWN)

    def answered(self, channel: str, sent_id: str) -> StaffReply | None:
        """By what the `reply` that sent it has left."""
        made = self._journal.read(lambda c: queries.doer_of(c, "answer", answer_mark(channel, sent_id)))
        payload = self._journal.events([made.event_seq])[made.event_seq].event.payload if made else None
        return payload.reply if isinstance(payload, ReplyWritten) else None

    def reported(self, marks: Sequence[str]) -> frozenset[str]:
        """By what `report` left of each."""
        return frozenset(self._journal.read(lambda c: queries.results_of_made(c, "reported", marks)))

    def last_heard(self, identities: Sequence[str], channel: str) -> datetime | None:
        """By the events of the lane."""
        return self._journal.read(lambda c: said.last_received(c, identities, channel))

    def last_message(self, identities: Sequence[str], series: str) -> datetime | None:
        """The newest of the lane's done messages that say in their result that they are of this series."""
        found = self._journal.read(lambda c: queries.results_in_lane(c, identities, "message"))
        moments = (
            at for at, result in found if (said := json.loads(result)).get("series") == series and said.get("by")
        )
        return max(moments, default=None)


@runtime_checkable
class TellsPresence(Protocol):
    """A CRM that knows who is at work."""

    def presence(self, logins: Sequence[str]) -> Mapping[str, Presence]:
        """See `provodka.crm.Staff`."""


class LiveStaff:
    """`rules.assignment.StaffFacts`: what the CRM tells, else what the journal knows."""

    def __init__(self, equipment: Equipment, journal: Journal) -> None:
        self._crm = equipment.crm
        self._team = equipment.team
        self._results = equipment.results
        self._journal = journal

    def present(self) -> frozenset[str] | None:
        """By the CRM; None where it does not tell of anybody."""
        if not isinstance(self._crm, TellsPresence):
            return None
        told = self._crm.presence([self._team.login(key) for key in self._team])
        if all(presence is Presence.UNKNOWN for presence in told.values()):
            return None
        return frozenset(self._team.key(login) for login, presence in told.items() if presence is Presence.AT_WORK)

    def open_leads(self, people: Sequence[str]) -> Loads:
        """As the CRM counts them, else those of the newest that we gave; and what is on its way to the CRM."""
        at = self._journal.now()
        counted = self._counted(people)
        rows = self._journal.read(lambda c: turns.given(c, people, _LOOK_BACK))
        counts = Counter(person for person, settled, _ in rows if not settled)
        if counted is not None:
            counts.update({self._team.key(login): count for login, count in counted.items()})
        elif self._crm is not None:
            ids = tuple(dict.fromkeys(values["lead_id"] for _, _, values in rows if values.get("lead_id")))
            leads = self._crm.leads(ids).values() if ids else ()
            counts.update(self._team.key(lead.responsible) for lead in leads if lead.state == LeadState.OPEN)
        return Loads(at, counts)

    def results(self, period: str, measure: str) -> Mapping[str, int]:
        """By the events of the journal."""
        return self._results.of(self._journal, period, measure)

    def _counted(self, people: Sequence[str]) -> Mapping[str, int] | None:
        if not isinstance(self._crm, CountsLeads):
            return None
        return self._crm.open_lead_counts([self._team.login(person) for person in people])


_LOOK_BACK: Final = 500
"""How many of the newest turns are looked at where the CRM does not count."""


def _ids(prefix: str, identities: Sequence[str]) -> tuple[str, ...]:
    return tuple(i.removeprefix(prefix) for i in identities if i.startswith(prefix))


@dataclass(frozen=True)
class Equipment:
    """What the worker is given: connectors, staff and calendar."""

    crm: Crm | None
    messengers: Mapping[str, Messenger]
    team: Team
    calendar: WorkingCalendar
    web: Web
    correspondents: Mapping[str, ClientMessenger] = field(default_factory=dict)
    accounting: Accounting | None = None
    diallers: Mapping[str, Dialler] = field(default_factory=dict)
    recordings: Mapping[str, Recordings] = field(default_factory=dict)
    files: PublicFiles | None = None
    cashiers: Mapping[str, Cashier] = field(default_factory=dict)

    @cached_property
    def results(self) -> Results:
        """What the staff has sold."""
        return Results(self.team, self.calendar)


@dataclass(frozen=True, slots=True)
class JournalOutside:
    """`rules.actions.base.Outside` for one batch."""

    equipment: Equipment
    journal: Journal
    turns: JournalTurns
    links: JournalLinks
    now: datetime

    @property
    def crm(self) -> Crm | None:
        return self.equipment.crm

    @property
    def accounting(self) -> Accounting | None:
        return self.equipment.accounting

    @property
    def staff(self) -> LiveStaff:
        return LiveStaff(self.equipment, self.journal)

    @property
    def messengers(self) -> Mapping[str, Messenger]:
        return self.equipment.messengers

    @property
    def correspondents(self) -> Mapping[str, ClientMessenger]:
        return self.equipment.correspondents

    @property
    def recordings(self) -> Mapping[str, Recordings]:
        return self.equipment.recordings

    @property
    def files(self) -> PublicFiles | None:
        return self.equipment.files

    @property
    def diallers(self) -> Mapping[str, Dialler]:
        return self.equipment.diallers

    @property
    def cashiers(self) -> Mapping[str, Cashier]:
        return self.equipment.cashiers

    @property
    def web(self) -> Web:
        return self.equipment.web

    @property
    def team(self) -> Team:
        return self.equipment.team

    @property
    def calendar(self) -> WorkingCalendar:
        return self.equipment.calendar

    def alone(self, name: str) -> AbstractContextManager[None]:
        """A lock of the journal: a lease, so that whoever is killed inside lets go in time."""
        return self.journal.store.lock(f"alone:{name}")

    def hint(self, entities: Mapping[str, str]) -> None:
        """Into the inbox, where the planner takes it up; durable on return."""
        name = self.equipment.accounting.name if self.equipment.accounting else ""
        self.journal.accept([_hint(name, key, entity, self.journal.now()) for key, entity in entities.items()])

    def keep(self, name: str, body: bytes) -> Attachment:
        """A blob of the journal."""
        return Attachment(name, "application/pdf", len(body), self.journal.store.keep_blob(body))

    def freeze(self, decisions: Mapping[str, Mapping[str, Any]]) -> None:
        """Committed before anything is sent."""
        self.journal.freeze({key: json.dumps(value, ensure_ascii=False) for key, value in decisions.items()})


def _hint(channel: str, key: str, entity: str, now: datetime) -> Event:
    return Event(
        id=new_event_id(now),
        type=EventType.ACCOUNTING_HINT,
        channel=channel,
        external_id=f"made:{key}",
        occurred_at=now,
        received_at=now,
        person=Person(),
        payload=AccountingHint((entity,)),
    )
