"""What the mirror tells of the cards around a card and of the staff, without a call."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.crm.account import Account
from connectors.crm.mirror import LEAD, TASK, KnownTask, load, load_lead, moment, place_mark
from connectors.crm.names import Names, plain
from provodka.crm import CardRef, LeadState, Task


class Mirrored:
    """Open tasks of cards, how the leads of contacts stand, how many open leads each of the staff has.

    None while the mirror is still being filled.
    """

    def __init__(self, account: Account, names: Names) -> None:
        self._account = account
        self._names = names

    def tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]] | None:
        """The open tasks of each of these, the next due first."""
        if not self._account.cursor("tasks:filled"):
            return None
        marks = {card: f"{card.kind.value}:{card.id}" for card in cards}
        carriers = self._carriers(TASK, list(marks.values()))
        kept = self._account.mirrored(TASK, [one for ids in carriers.values() for one in ids])
        known: dict[str, KnownTask] = {one: load(TASK, snapshot) for one, snapshot in kept.items()}
        found: dict[CardRef, list[Task]] = {}
        for card, mark in marks.items():
            opened = [known[one] for one in carriers.get(mark, ()) if one in known and not known[one].completed]
            opened.sort(key=lambda task: (task.due, int(task.id)))
            found[card] = [self._neutral(task, card) for task in opened]
        return found

    def lead_states(self, contacts: Sequence[str]) -> dict[str, dict[str, LeadState]] | None:
        """By contact, the state of each of its leads by id, newest first."""
        if not self._account.cursor("leads:filled"):
            return None
        carriers = self._carriers(LEAD, [f"contact:{one}" for one in contacts])
        kept = self._account.mirrored(LEAD, [one for ids in carriers.values() for one in ids])
        leads = {one: load_lead(snapshot) for one, snapshot in kept.items()}
        states = {one: self._names.place_of(lead.pipeline_id, lead.status_id)[2] for one, lead in leads.items()}
        return {
            one: {lead: states[lead] for lead in sorted(carriers.get(f"contact:{one}", ()), key=int, reverse=True)}
            for one in contacts
        }

    def open_lead_counts(self, logins: Sequence[str]) -> dict[str, int] | None:
        """By login; those whom the account does not know are absent.

        The mirror holds every lead, whoever made or moved it. amoCRM itself would have to be read page by page, and
        Bitrix24 asked for each person and stage.
        """
        if not self._account.cursor("leads:filled"):
            return None
        users = {plain(name): user.id for user in self._names.users() for name in (user.login, user.name)}
        ids = {login: users[plain(login)] for login in logins if plain(login) in users}
        places = [
            (pipeline.id, stage.id)
            for pipeline in self._names.pipelines()
            for stage in pipeline.stages
            if stage.state is LeadState.OPEN and not stage.incoming
        ]
        marks = {login: [place_mark(user, *place) for place in places] for login, user in ids.items()}
        carriers = self._carriers(LEAD, [mark for some in marks.values() for mark in some])
        return {login: sum(len(carriers.get(mark, ())) for mark in some) for login, some in marks.items()}

    def _carriers(self, kind: str, marks: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return self._account.store.find_snapshots(self._account.name, kind, marks) if marks else {}

    def _neutral(self, task: KnownTask, card: CardRef) -> Task:
        return Task(
            id=task.id,
            text=task.text,
            due=moment(task.due),
            card=card,
            type=task.type,
            responsible=self._names.login_of(task.responsible_id),
        )
