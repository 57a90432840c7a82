"""How amoCRM's answers are read into the mirror and the neutral models."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.amocrm import fields as custom
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.directory import Directory
from connectors.crm.mirror import KnownCompany, KnownContact, KnownLead, KnownTask, emails_of, moment, phones_of
from provodka.crm import LeadState
from provodka.payloads import CompanyRef, ContactRef, LeadRef, TaskRef


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
        tags=_tags(item),
        fields={str(row["field_id"]): custom.decode(row, zone) for row in _fields(item, stamp_code)},
        contacts=contact_ids(item),
        created_at=int(item.get("created_at") or 0),
    )


def read_contact(item: Json, zone: ZoneInfo) -> KnownContact:
    """An item of `GET /contacts`; phones and emails that cannot be read as such stay out of the index."""
    return KnownContact(**_party(item, zone), leads=tuple(str(lead["id"]) for lead in embedded(item, "leads")))


def read_company(item: Json, zone: ZoneInfo) -> KnownCompany:
    """An item of `GET /companies`."""
    return KnownCompany(**_party(item, zone))


def _party(item: Json, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": str(item["id"]),
        "name": str(item.get("name") or ""),
        "phones": phones_of(multitext(item, "PHONE")),
        "emails": emails_of(multitext(item, "EMAIL")),
        "responsible_id": item.get("responsible_user_id"),
        "tags": _tags(item),
        "fields": {str(row["field_id"]): custom.decode(row, zone) for row in _own_fields(item)},
        "created_at": int(item.get("created_at") or 0),
        "updated_at": int(item.get("updated_at") or 0),
    }


def read_task(item: Json, directory: Directory) -> KnownTask:
    """An item of `GET /tasks`."""
    entity, one = str(item.get("entity_type") or ""), str(item.get("entity_id") or "")
    completed = bool(item.get("is_completed"))
    return KnownTask(
        id=str(item["id"]),
        text=str(item.get("text") or ""),
        due=int(item.get("complete_till") or 0),
        completed=completed,
        closed_at=int(item.get("updated_at") or 0) if completed else 0,
        responsible_id=item.get("responsible_user_id"),
        lead=one if entity == "leads" else "",
        contact=one if entity == "contacts" else "",
        company=one if entity == "companies" else "",
        type=directory.account().task_types.get(str(item.get("task_type_id")), ""),
    )


def result_of(raw: object) -> str:
    """The text of a task's result: amoCRM gives null, an empty list or `{text}`."""
    return str(raw.get("text") or "") if isinstance(raw, dict) else ""


def task_ref(item: Json, directory: Directory) -> TaskRef:
    """A task as rules see it."""
    known = read_task(item, directory)
    return TaskRef(
        id=known.id,
        text=known.text,
        type=known.type,
        due=moment(known.due) if known.due else None,
        responsible=directory.login_of(known.responsible_id),
        completed=known.completed,
        contact=known.contact,
        company=known.company,
        created_at=moment(item.get("created_at")),
    )


def contact_ref(item: Json, directory: Directory, account_url: str) -> ContactRef:
    """A contact as rules see it."""
    return ContactRef(**_seen(item, directory), url=f"{account_url}/contacts/detail/{item['id']}")


def company_ref(item: Json, directory: Directory, account_url: str, inn: str, kpp: str) -> CompanyRef:
    """A company as rules see it."""
    url = f"{account_url}/companies/detail/{item['id']}"
    return CompanyRef(**_seen(item, directory), url=url, inn=inn, kpp=kpp)


def _seen(item: Json, directory: Directory) -> dict[str, Any]:
    zone = directory.account().zone
    known = read_company(item, zone)
    return {
        "id": known.id,
        "name": known.name,
        "phones": known.phones,
        "emails": known.emails,
        "responsible": directory.login_of(known.responsible_id),
        "tags": tuple(str(tag.get("name")) for tag in embedded(item, "tags")),
        "fields": {str(row.get("field_name")): custom.decode(row, zone) for row in _own_fields(item)},
        "created_at": moment(item.get("created_at")),
    }


def lead_ref(item: Json, directory: Directory, account_url: str, stamp_code: str) -> LeadRef:
    """A lead as rules see it, from an item of `GET /leads?with=contacts,loss_reason`."""
    zone = directory.account().zone
    pipeline, stage, state = directory.place_of(item.get("pipeline_id"), item.get("status_id"))
    reasons, closed_at = embedded(item, "loss_reason"), item.get("closed_at")
    return LeadRef(
        id=str(item["id"]),
        title=str(item.get("name") or ""),
        url=card_url(account_url, "leads", item["id"]),
        pipeline=pipeline,
        stage=stage,
        state=state.value,
        responsible=directory.login_of(item.get("responsible_user_id")),
        price=Decimal(str(item.get("price") or 0)),
        tags=tag_names(item),
        fields=named_fields(item, zone, (stamp_code,)),
        contacts=contact_ids(item),
        created_at=moment(item.get("created_at")),
        company=first_company(item),
        updated_at=moment(item.get("updated_at")),
        closed_at=moment(closed_at) if closed_at and state is not LeadState.OPEN else None,
        loss_reason=str(reasons[0].get("name") or "") if reasons else "",
    )


def contact_ids(item: Json) -> tuple[str, ...]:
    """The contacts of a lead, the main one first."""
    rows = sorted(embedded(item, "contacts"), key=lambda row: not row.get("is_main"))
    return tuple(str(row["id"]) for row in rows)


def card_url(account_url: str, entity: str, card_id: object) -> str:
    return f"{account_url}/{entity}/detail/{card_id}"


def first_company(item: Json) -> str:
    """The company of a lead or contact; amoCRM knows at most one."""
    return next((str(row["id"]) for row in embedded(item, "companies")), "")


def tag_names(item: Json) -> tuple[str, ...]:
    return tuple(str(tag.get("name")) for tag in embedded(item, "tags"))


def named_fields(item: Json, zone: ZoneInfo, without: Container[str] = ()) -> dict[str, str]:
    """The custom fields of a card by their names, but those with these codes."""
    rows = (row for row in item.get("custom_fields_values") or () if row.get("field_code") not in without)
    return {str(row.get("field_name")): custom.decode(row, zone) for row in rows}


def multitext(item: Json, code: str) -> list[str]:
    """The values of PHONE or EMAIL as they were typed."""
    return [str(value.get("value") or "") for value in multitext_rows(item, code)]


def multitext_rows(item: Json, code: str) -> list[Json]:
    rows = item.get("custom_fields_values") or ()
    return [value for row in rows if row.get("field_code") == code for value in row.get("values") or ()]


def _fields(item: Json, stamp_code: str) -> list[Json]:
    return [row for row in item.get("custom_fields_values") or () if row.get("field_code") != stamp_code]


def _own_fields(item: Json) -> list[Json]:
    """The custom fields of a person's or a firm's card, besides those that the mirror has members for."""
    return [row for row in item.get("custom_fields_values") or () if row.get("field_code") not in ("PHONE", "EMAIL")]


def _tags(item: Json) -> tuple[str, ...]:
    return tuple(sorted(str(tag.get("name")) for tag in embedded(item, "tags")))
