"""What the mirror keeps of leads and contacts, in the ids of their CRM."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter

from connectors.crm.names import Id, Names
from provodka import identity
from provodka.crm import Contact, ContactAddition
from provodka.stores import Snapshot

LEAD: Final = "lead"
CONTACT: Final = "contact"
TASK: Final = "task"
_E164_OF_RUSSIA: Final = re.compile(r"\+7[3489]\d{9}")  # what we write ourselves; reading it costs the most of a card


@dataclass(frozen=True, slots=True)
class KnownLead:
    """The last known state of a lead, by ids, so that a renamed stage changes no lead. None: not known yet.

    `announced`: rules have been told of the lead, or never will be; `ours`: we made it. `expected` holds what a write
    of ours that is under way is about to set: an echo of it is no news.
    """

    id: str
    title: str | None = None
    pipeline_id: Id | None = None
    status_id: Id | None = None
    responsible_id: Id | None = None
    price: Id | None = None
    tags: tuple[str, ...] | None = None
    fields: dict[str, str] | None = None
    contacts: tuple[str, ...] | None = None
    announced: bool = True
    ours: bool = False
    expected: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownContact:
    """The last known state of a contact; `updated_at` in unix seconds."""

    id: str
    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible_id: Id | None = None
    leads: tuple[str, ...] = ()
    updated_at: int = 0

    @property
    def identities(self) -> tuple[str, ...]:
        return (*(f"phone:{p}" for p in self.phones), *(f"email:{e}" for e in self.emails))

    def neutral(self, names: Names) -> Contact:
        """As the rest of the house sees it."""
        return Contact(
            id=self.id,
            name=self.name,
            phones=self.phones,
            emails=self.emails,
            responsible=names.login_of(self.responsible_id) if self.responsible_id else "",
            leads=self.leads,
            updated_at=moment(self.updated_at) if self.updated_at else None,
        )


_LEAD: Final = TypeAdapter(KnownLead)
_CONTACT: Final = TypeAdapter(KnownContact)


def lead_snapshot(lead: KnownLead, updated_at: datetime, before: str | None = None) -> Snapshot:
    return Snapshot(lead.id, _LEAD.dump_json(lead, exclude_none=True).decode(), updated_at, before=before)


def contact_snapshot(contact: KnownContact) -> Snapshot:
    return Snapshot(contact.id, _CONTACT.dump_json(contact).decode(), moment(contact.updated_at), contact.identities)


def load_lead(snapshot: Snapshot) -> KnownLead:
    return _LEAD.validate_json(snapshot.body)


def load_contact(snapshot: Snapshot) -> KnownContact:
    return _CONTACT.validate_json(snapshot.body)


def stranger(lead_id: str) -> KnownLead:
    """A lead that the mirror does not hold yet."""
    return KnownLead(lead_id, announced=False)


def settle(lead: KnownLead, **values: Any) -> KnownLead:  # noqa: ANN401  # the members of KnownLead
    """The lead after a write of ours: the values are known now, and nothing is expected any more."""
    return replace(lead, **values, expected={})


def moment(seconds: object) -> datetime:
    """An aware time of unix seconds."""
    return datetime.fromtimestamp(int(str(seconds or 0)), UTC)


def phones_of(values: list[str]) -> tuple[str, ...]:
    """The phones among these texts, E.164, once each; what cannot be read as one stays out."""
    found = (value if _E164_OF_RUSSIA.fullmatch(value) else identity.phone(value) for value in values)
    return tuple(dict.fromkeys(filter(None, found)))


def emails_of(values: list[str]) -> tuple[str, ...]:
    """The addresses among these texts, lower-case, once each."""
    return tuple(dict.fromkeys(filter(None, map(identity.email, values))))


def lacking(known: KnownContact, additions: Iterable[ContactAddition]) -> tuple[list[str], list[str]]:
    """The phones and emails of the additions that a contact has not yet, once each."""
    wanted = list(additions)
    phones = dict.fromkeys(phone for one in wanted for phone in one.phones)
    emails = dict.fromkeys(email for one in wanted for email in one.emails)
    return [one for one in phones if one not in known.phones], [one for one in emails if one not in known.emails]


def clean_tags(tags: tuple[str, ...]) -> list[str]:
    """Each once, without those that a template left empty."""
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
