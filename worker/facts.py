"""The facts that rules ask of the outside, read from the CRM and the journal when first asked."""

from __future__ import annotations

import json

from provodka.crm import Crm, LeadState
from provodka.event import Event
from provodka.journal import Journal, queries
from provodka.payloads import LeadRef, TaskEvent, lead_of
from rules.actions.chain import TASK, ChainLink
from rules.facts import KnownContact


class LiveFacts:
    """`rules.facts.Facts` for one event. A ConnectorError passes through: the event is planned later."""

    def __init__(self, event: Event, journal: Journal, crm: Crm | None) -> None:
        self._event = event
        self._journal = journal
        self._crm = crm

    def contact(self) -> KnownContact | None:
        """The card of the person, by our own links first: a card that we made may not be searchable yet."""
        if self._crm is None:
            return None
        (found,) = self._crm.find_people([self._event.person])
        if found is not None:
            return KnownContact(found.contact.id, found.contact.name)
        own = [i.removeprefix("contact:") for i in self._lane() if i.startswith("contact:")]
        return KnownContact(own[0]) if own else None

    def lead(self) -> LeadRef | None:
        """The event's own lead as it is now, else the person's newest open one."""
        if self._crm is None:
            return None
        own = lead_of(self._event.payload)
        if own is not None:
            return self._crm.leads([own.id]).get(own.id)
        ids = [i.removeprefix("lead:") for i in self._lane() if i.startswith("lead:")][:5]
        read = self._crm.leads(ids) if ids else {}
        for id_ in ids:
            if id_ in read and read[id_].state == LeadState.OPEN:
                return read[id_]
        contact = self.contact()
        leads = self._crm.open_leads([contact.id]).get(contact.id, []) if contact else []
        return leads[0] if leads else None

    def chain(self) -> ChainLink | None:
        """By our own link from the task to the action that made it."""
        payload = self._event.payload
        if self._crm is None or not isinstance(payload, TaskEvent):
            return None
        system, task_id = self._crm.name, payload.task.id
        made = self._journal.read(lambda c: queries.maker_of(c, system, TASK, task_id))
        then = json.loads(made.params).get("then") if made else None
        return ChainLink(made.rule, made.key, then) if made and then else None

    def _lane(self) -> list[str]:
        identities = self._event.identities
        known = self._journal.known_identities(identities)
        return list(dict.fromkeys(i for members in known.values() for i in members))
