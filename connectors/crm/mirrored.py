"""What the mirror tells of the cards around a card and of the staff, without a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from connectors.crm.account import Account
from connectors.crm.mirror import (
    LEAD,
    TASK,
    KnownLead,
    KnownTask,
    load,
    load_lead,
    moment,
    place_mark,
    task_mark,
)
from connectors.crm.names import Id, Names, plain
from provodka.crm import Board, CardRef, LeadState, StaffTask, StaffWork, Task
from provodka.payloads import LeadRef

_PAGE: Final = 1000
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Mirrored:
    """Open tasks of cards, how the leads of contacts stand, what each of the staff has to do.

    None while the mirror is still being filled. `url` gives the address of a lead's card, for people.
    """

    def __init__(self, account: Account, names: Names, url: Callable[[str], str]) -> None:
        self._account = account
        self._names = names
        self._url = url

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
        return {login: len(leads) for login, leads in self._open_leads(self._users(logins)).items()}

    def staff_work(self, logins: Sequence[str]) -> dict[str, StaffWork] | None:
        """See `provodka.crm.Staff`."""
        if not (self._account.cursor("leads:filled") and self._account.cursor("tasks:filled")):
            return None
        users = self._users(logins)
        carriers = self._carriers(TASK, [task_mark(user) for user in users.values()])
        tasks: dict[str, KnownTask] = self._known(TASK, carriers.values())
        opened = self._open_leads(users)
        leads: dict[str, KnownLead] = self._known(LEAD, [*opened.values(), [task.lead for task in tasks.values()]])
        shown = self._shown(leads.values())
        found = dict.fromkeys(logins, StaffWork())
        for login, user in users.items():
            own = (tasks[one] for one in carriers.get(task_mark(user), ()) if one in tasks)
            work = [_of_staff(task, shown) for task in own if not task.completed]
            work.sort(key=lambda task: (task.due or _NEVER, int(task.id)))
            newest = sorted((one for one in opened[login] if one in shown), key=int, reverse=True)
            found[login] = StaffWork(tuple(work), tuple(shown[one] for one in newest))
        return found

    def board(self) -> Board | None:
        """See `provodka.crm.Leads`."""
        if not self._account.cursor("leads:filled"):
            return None
        places = self._places()
        wanted = {place for place, _ in places}
        leads: dict[str, LeadRef] = {}
        after = ""
        while page := self._account.store.snapshot_page(self._account.name, LEAD, after, _PAGE):
            after = page[-1].id
            known = map(load_lead, page)
            leads |= self._shown(one for one in known if (str(one.pipeline_id), str(one.status_id)) in wanted)
        newest = sorted(leads, key=int, reverse=True)
        return Board(tuple(leads[one] for one in newest), tuple(names for _, names in places))

    def _places(self) -> list[tuple[tuple[str, str], tuple[str, str]]]:
        """Where open leads may stand: the ids of pipeline and stage, and their names."""
        return [
            ((pipeline.id, stage.id), (pipeline.name, stage.name))
            for pipeline in self._names.pipelines()
            for stage in pipeline.stages
            if stage.state is LeadState.OPEN and not stage.incoming
        ]

    def _users(self, logins: Sequence[str]) -> dict[str, str]:
        """The ids of those whom the account knows, by login."""
        users = {plain(name): user.id for user in self._names.users() for name in (user.login, user.name)}
        return {login: users[plain(login)] for login in logins if plain(login) in users}

    def _open_leads(self, users: Mapping[str, str]) -> dict[str, list[str]]:
        """The ids of the open leads of each of these users."""
        marks = {login: [place_mark(user, *place) for place, _ in self._places()] for login, user in users.items()}
        carriers = self._carriers(LEAD, [mark for some in marks.values() for mark in some])
        return {login: [one for mark in some for one in carriers.get(mark, ())] for login, some in marks.items()}

    def _known(self, kind: str, ids: Iterable[Sequence[str]]) -> dict[str, Any]:
        kept = self._account.mirrored(kind, list(dict.fromkeys(one for some in ids for one in some if one)))
        return {one: load(kind, snapshot) for one, snapshot in kept.items()}

    def _shown(self, leads: Iterable[KnownLead]) -> dict[str, LeadRef]:
        """Leads as rules see them, as far as the mirror knows them, without their custom fields."""
        logins = {user.id: user.login for user in self._names.users()}
        places: dict[tuple[Id | None, Id | None], tuple[str, str, LeadState]] = {}
        found: dict[str, LeadRef] = {}
        for lead in leads:
            at = (lead.pipeline_id, lead.status_id)
            if at not in places:
                places[at] = self._names.place_of(*at)
            pipeline, stage, state = places[at]
            stands = lead.stage_since and lead.since_place == lead.place
            found[lead.id] = LeadRef(
                lead.id,
                lead.title or "",
                self._url(lead.id),
                pipeline,
                stage,
                state.value,
                logins.get(str(lead.responsible_id), ""),
                Decimal(str(lead.price or 0)),
                lead.tags or (),
                contacts=lead.contacts or (),
                stage_since=moment(lead.stage_since) if stands else None,
            )
        return found

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


def _of_staff(task: KnownTask, leads: Mapping[str, LeadRef]) -> StaffTask:
    due = moment(task.due) if task.due else None
    return StaffTask(task.id, task.text, task.type, due, leads.get(task.lead, LeadRef(task.lead)))
