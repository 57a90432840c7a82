"""The outside as actions are given it: the connectors, and what the journal knows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provodka.crm import Crm, Messenger
from provodka.journal import Journal, queries
from rules.actions.base import Links
from rules.assignment import Choice
from rules.calendar import WorkingCalendar
from rules.team import Team


class JournalTurns:
    """`rules.assignment.Turns`: the counters lie in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def take(self, counter: str, people: Sequence[str], action_keys: Sequence[str]) -> Mapping[str, Choice]:
        """A turn for each key; the same answer for the same key."""
        taken = self._journal.take_turns(counter, people, action_keys)
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


def _ids(prefix: str, identities: Sequence[str]) -> tuple[str, ...]:
    return tuple(i.removeprefix(prefix) for i in identities if i.startswith(prefix))


@dataclass(frozen=True, slots=True)
class Equipment:
    """What the worker is given: connectors, staff and calendar."""

    crm: Crm | None
    messengers: Mapping[str, Messenger]
    team: Team
    calendar: WorkingCalendar


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
    def messengers(self) -> Mapping[str, Messenger]:
        return self.equipment.messengers

    @property
    def team(self) -> Team:
        return self.equipment.team

    @property
    def calendar(self) -> WorkingCalendar:
        return self.equipment.calendar

    def freeze(self, decisions: Mapping[str, Mapping[str, Any]]) -> None:
        """Committed before anything is sent."""
        self.journal.freeze({key: json.dumps(value, ensure_ascii=False) for key, value in decisions.items()})
