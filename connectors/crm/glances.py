"""The cards of the mirror as rules see them, as far as it knows them: all can be looked at without a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.crm.account import Account
from connectors.crm.mirror import LEAD, KnownCompany, KnownContact, KnownLead, KnownTask, load, moment
from connectors.crm.names import Id, Names
from provodka.crm import Glance, LeadState
from provodka.payloads import CompanyRef, ContactRef, LeadRef, TaskRef


def glances(account: Account, names: Names, kind: str, after: str, most: int) -> list[Glance]:
    """The next cards of a kind beyond an id."""
    page = _Page(names, kind)
    rows = account.store.snapshot_page(account.name, kind, after, most)
    return [page.glance(load(kind, row)) for row in rows]


class _Page:
    """Names of the account by id, looked up once for all cards of a page."""

    def __init__(self, names: Names, kind: str) -> None:
        self._names = names
        self._kind = kind
        self._places: dict[tuple[Id | None, Id | None], tuple[str, str, LeadState]] = {}

    @cached_property
    def _logins(self) -> Mapping[str, str]:
        return {user.id: user.login for user in self._names.users()}

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        if self._kind == LEAD:
            return {str(one.id): one.name for one in self._names.fields()}
        return self._names.labels(self._kind)

    @cached_property
    def _fields(self) -> frozenset[str]:
        """Those of one meaning: two fields may bear the same name."""
        return frozenset(name for name, count in Counter(self._labels.values()).items() if count == 1)

    def glance(self, known: KnownLead | KnownContact | KnownCompany | KnownTask) -> Glance:
        match known:
            case KnownLead():
                return self._lead(known)
            case KnownTask():
                return self._task(known)
        members = self._shared(known) | {"name": known.name, "phones": known.phones, "emails": known.emails}
        if known.created_at:
            members["created_at"] = moment(known.created_at)
        card = (ContactRef if isinstance(known, KnownContact) else CompanyRef)(known.id, **members)
        return self._seen(card, members, known.fields is not None)

    def _lead(self, known: KnownLead) -> Glance:
        members = self._shared(known)
        if known.title is not None:
            members["title"] = known.title
        if known.price is not None:
            members["price"] = Decimal(str(known.price))
        if known.created_at:
            members["created_at"] = moment(known.created_at)
        if known.contacts is not None:
            members["contacts"] = known.contacts
        if known.stage_since and known.since_place == known.place:  # else it was moved, and not read since
            members["stage_since"] = moment(known.stage_since)
        state = LeadState.OPEN
        if known.pipeline_id is not None and known.status_id is not None:
            members["pipeline"], members["stage"], state = self._place(known.pipeline_id, known.status_id)
            members["state"] = state.value
        return self._seen(LeadRef(known.id, **members), members, known.fields is not None, state is LeadState.OPEN)

    def _task(self, known: KnownTask) -> Glance:
        members: dict[str, Any] = {
            "text": known.text,
            "completed": known.completed,
            "contact": known.contact,
            "company": known.company,
            "due": moment(known.due) if known.due else None,
        }
        if known.responsible_id is not None:
            members["responsible"] = self._logins.get(str(known.responsible_id), "")
        return self._seen(TaskRef(known.id, **members), members, False, not known.completed)

    def _shared(self, known: KnownLead | KnownContact | KnownCompany) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if known.responsible_id is not None:
            members["responsible"] = self._logins.get(str(known.responsible_id), "")
        if known.tags is not None:
            members["tags"] = known.tags
        if known.fields is not None:
            labels = self._labels
            members["fields"] = {labels.get(one, one): value for one, value in known.fields.items()}
        return members

    def _place(self, pipeline: Id, status: Id) -> tuple[str, str, LeadState]:
        found = self._places.get((pipeline, status))
        if found is None:
            found = self._places[pipeline, status] = self._names.place_of(pipeline, status)
        return found

    def _seen(self, card: Any, members: dict[str, Any], has_fields: bool, is_open: bool = True) -> Glance:  # noqa: ANN401
        return Glance(
            card, frozenset({"id", *members} - {"fields"}), self._fields if has_fields else frozenset(), is_open
        )
