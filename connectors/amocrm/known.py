"""What the mirror keeps of leads and contacts, and how amoCRM's answers are read into it and the neutral models."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter

from connectors.amocrm import fields as custom
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.directory import Directory
from provodka import identity
from provodka.crm import Contact
from provodka.payloads import LeadRef
from provodka.stores import Snapshot

LEAD: Final = "lead"
CONTACT: Final = "contact"
_E164_OF_RUSSIA: Final = re.compile(r"\+7[3489]\d{9}")  # what we write ourselves; reading it costs the most of a card
LOSS_REASON: Final = "Причина отказа"


@dataclass(frozen=True, slots=True)
class KnownLead:
    """The last known state of a lead, by ids, so that a renamed stage changes no lead. None: not known yet.

    `announced`: rules have been told of the lead, or never will be; `ours`: we made it. `expected` holds what a write
    of ours that is under way is about to set: an echo of it is no news.
    """

    id: str
    title: str | None = None
    pipeline_id: int | None = None
    status_id: int | None = None
    responsible_id: int | None = None
    price: int | None = None
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
    responsible_id: int | None = None
    leads: tuple[str, ...] = ()
    updated_at: int = 0

    @property
    def identities(self) -> tuple[str, ...]:
        return (*(f"phone:{p}" for p in self.phones), *(f"email:{e}" for e in self.emails))

    def neutral(self, directory: Directory) -> Contact:
        """As the rest of the house sees it."""
        return Contact(
            id=self.id,
            name=self.name,
            phones=self.phones,
            emails=self.emails,
            responsible=directory.login_of(self.responsible_id) if self.responsible_id else "",
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


def moment(seconds: object) -> datetime:
    """An aware time of amoCRM's unix seconds."""
    return datetime.fromtimestamp(int(str(seconds or 0)), UTC)


def read_lead(item: Json, directory: Directory, stamp_code: str) -> KnownLead:
    """An item of `GET /leads?with=contacts`."""
    zone = directory.account().zone
    return KnownLead(
        id=str(item["id"]),
        title=str(item.get("name") or ""),
        pipeline_id=item.get("pipeline_id"),
        status_id=item.get("status_id"),
        responsible_id=item.get("responsible_user_id"),
        price=int(item.get("price") or 0),
        tags=tuple(sorted(str(tag.get("name")) for tag in embedded(item, "tags"))),
        fields={str(row["field_id"]): custom.decode(row, zone) for row in _fields(item, stamp_code)},
        contacts=contact_ids(item),
    )


def read_contact(item: Json) -> KnownContact:
    """An item of `GET /contacts`; phones and emails that cannot be read as such stay out of the index."""
    phones = dict.fromkeys(filter(None, (_phone(value) for value in multitext(item, "PHONE"))))
    emails = dict.fromkeys(filter(None, (identity.email(value) for value in multitext(item, "EMAIL"))))
    return KnownContact(
        id=str(item["id"]),
        name=str(item.get("name") or ""),
        phones=tuple(phones),
        emails=tuple(emails),
        responsible_id=item.get("responsible_user_id"),
        leads=tuple(str(lead["id"]) for lead in embedded(item, "leads")),
        updated_at=int(item.get("updated_at") or 0),
    )


def lead_ref(item: Json, directory: Directory, account_url: str, stamp_code: str) -> LeadRef:
    """A lead as rules see it, from an item of `GET /leads?with=contacts,loss_reason`."""
    zone = directory.account().zone
    pipeline, stage, state = directory.place_of(item.get("pipeline_id"), item.get("status_id"))
    values = {str(row.get("field_name")): custom.decode(row, zone) for row in _fields(item, stamp_code)}
    if reasons := embedded(item, "loss_reason"):
        values[LOSS_REASON] = str(reasons[0].get("name") or "")
    return LeadRef(
        id=str(item["id"]),
        title=str(item.get("name") or ""),
        url=lead_url(account_url, item["id"]),
        pipeline=pipeline,
        stage=stage,
        state=state.value,
        responsible=directory.login_of(item.get("responsible_user_id")),
        price=Decimal(str(item.get("price") or 0)),
        tags=tuple(str(tag.get("name")) for tag in embedded(item, "tags")),
        fields=values,
        contacts=contact_ids(item),
        created_at=moment(item.get("created_at")),
    )


def lead_url(account_url: str, lead_id: object) -> str:
    return f"{account_url}/leads/detail/{lead_id}"


def contact_ids(item: Json) -> tuple[str, ...]:
    """The contacts of a lead, the main one first."""
    rows = sorted(embedded(item, "contacts"), key=lambda row: not row.get("is_main"))
    return tuple(str(row["id"]) for row in rows)


def multitext(item: Json, code: str) -> list[str]:
    """The values of PHONE or EMAIL as they were typed."""
    return [str(value.get("value") or "") for value in multitext_rows(item, code)]


def multitext_rows(item: Json, code: str) -> list[Json]:
    rows = item.get("custom_fields_values") or ()
    return [value for row in rows if row.get("field_code") == code for value in row.get("values") or ()]


def _phone(value: str) -> str:
    return value if _E164_OF_RUSSIA.fullmatch(value) else identity.phone(value)


def settle(lead: KnownLead, **values: Any) -> KnownLead:  # noqa: ANN401  # the members of KnownLead
    """The lead after a write of ours: the values are known now, and nothing is expected any more."""
    return replace(lead, **values, expected={})


def _fields(item: Json, stamp_code: str) -> list[Json]:
    return [row for row in item.get("custom_fields_values") or () if row.get("field_code") != stamp_code]
