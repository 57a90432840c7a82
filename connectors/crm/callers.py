"""Who calls: the name and the responsible of whoever has a telephone number, out of the mirror and without a call.

The names of staff and stages are the CRM's; whoever fills the mirror keeps them beside it, since the process that is
asked while a phone rings knows nothing else of the CRM.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.crm.account import Account
from connectors.crm.mirror import COMPANY, CONTACT, LEAD, KnownLead, KnownParty, load, load_lead
from connectors.crm.names import Id, Names
from provodka.calls import Caller
from provodka.crm import LeadState
from provodka.stores import Mirror, Snapshot

DIRECTORY: Final = "directory"
WORK: Final = "work"
FILLED: Final = ("contacts:filled", "leads:filled")
MOST: Final = 50
"""Cards looked at, the newest: a number that hundreds share is nobody's, and the phone is ringing."""


@dataclass(frozen=True, slots=True)
class _Directory:
    """The logins and names of the active users by id, and the ids of the stages that close a lead."""

    users: dict[str, list[str]]
    closed: frozenset[str]


def keep_directory(account: Account, names: Names) -> None:
    """Keep beside the mirror what `MirrorCallers` and `MirrorStanding` need of the CRM's names; written only where
    something changed."""
    users = {user.id: [user.login, user.name] for user in names.users() if user.active}
    stages = [stage for pipeline in names.pipelines() for stage in pipeline.stages]
    closed = sorted({stage.id for stage in stages if stage.state is not LeadState.OPEN})
    won = sorted({stage.id for stage in stages if stage.state is LeadState.WON})
    body = json.dumps({"users": users, "closed": closed, "won": won}, ensure_ascii=False)
    kept = account.mirrored(DIRECTORY, [WORK]).get(WORK)
    if kept is None or kept.body != body:
        account.put(DIRECTORY, [Snapshot(WORK, body, account.now())])


@dataclass(frozen=True, slots=True)
class MirrorCallers:
    """`provodka.calls.Callers` of the CRM whose mirror is kept as `system`.

    `extensions` tells, by the login or the name in the CRM, what exchanges call one of the staff by.
    """

    system: str
    store: Mirror
    extensions: Callable[[str], tuple[str, ...]]

    def who_calls(self, phone: str) -> Caller | None:
        """Of several contacts the one with an open lead, else the one changed last; a company where no contact has the
        number. The responsible is that of the newest open lead, else of the card: whoever of them works here still."""
        directory = self._directory() if phone else None
        if directory is None:
            return None
        cards = self._carriers(CONTACT, phone)
        leads = self._newest_open([card.id for card in cards], directory)
        cards = cards or self._carriers(COMPANY, phone)
        if not cards:
            return None
        card = min(cards, key=lambda one: (one.id not in leads, -one.updated_at, int(one.id)))
        lead = leads.get(card.id)
        responsible = (lead.responsible_id if lead else None, card.responsible_id)
        return Caller(card.name, self._extensions(responsible, directory))

    def _directory(self) -> _Directory | None:
        """None while the mirror is being filled."""
        if not all(self.store.cursor(f"{self.system}:{one}") for one in FILLED):
            return None
        kept = self.store.snapshots(self.system, DIRECTORY, [WORK]).get(WORK)
        if kept is None:
            return None
        told = json.loads(kept.body)
        return _Directory(told["users"], frozenset(told["closed"]))

    def _carriers(self, kind: str, phone: str) -> list[KnownParty]:
        mark = f"phone:{phone}"
        ids = self.store.find_snapshots(self.system, kind, [mark]).get(mark, ())
        return [load(kind, one) for one in self.store.snapshots(self.system, kind, _newest(ids)).values()]

    def _newest_open(self, contacts: Sequence[str], directory: _Directory) -> dict[str, KnownLead]:
        """By contact; those without an open lead are absent."""
        marks = {f"contact:{one}": one for one in contacts}
        carriers = self.store.find_snapshots(self.system, LEAD, list(marks)) if marks else {}
        found: dict[str, KnownLead] = {}
        kept = self.store.snapshots(self.system, LEAD, _newest(one for ids in carriers.values() for one in ids))
        leads = {one: load_lead(snapshot) for one, snapshot in kept.items()}
        for mark, contact in marks.items():
            opened = (one for one in carriers.get(mark, ()) if one in leads and _is_open(leads[one], directory))
            if newest := max(opened, key=int, default=""):
                found[contact] = leads[newest]
        return found

    def _extensions(self, ids: Sequence[Id | None], directory: _Directory) -> tuple[str, ...]:
        for one in ids:
            for name in directory.users.get(str(one), ()):
                if found := self.extensions(name):
                    return found
        return ()


def _newest(ids: Iterable[str]) -> list[str]:
    return sorted(set(ids), key=int, reverse=True)[:MOST]


def _is_open(lead: KnownLead, directory: _Directory) -> bool:
    return lead.status_id is not None and str(lead.status_id) not in directory.closed
