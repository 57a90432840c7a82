"""A lead of a form: from what Meta gives by its id to the event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from connectors.talks.reading import Fields, moment, parts_of, word
from connectors.visit import form_submitted
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, FormSubmitted, Person, Unreadable, Utm

FIELDS: Final = "id,created_time,form_id,ad_id,field_data"


def key_of(lead: str) -> str:
    """The key of its notice, and of its event."""
    return f"lead:{lead}"


def id_of(key: str) -> str:
    """The lead's id out of its key."""
    return key.removeprefix("lead:")


def lead_event(channel: str, lead: Fields, notice: Fields, forms: Mapping[str, str], now: datetime) -> Event:
    """`form.submitted`. `notice` is what told of it, empty where we found it ourselves; `forms` are names by id."""
    answers = {word(one.get("name")): _values(one.get("values")) for one in parts_of(lead.get("field_data"))}
    found = form_submitted({name: said for name, said in answers.items() if name})
    form_id = word(lead.get("form_id")) or word(notice.get("form_id"))
    advert = word(lead.get("ad_id")) or word(notice.get("ad_id"))
    form = found.payload.form
    payload = FormSubmitted(
        form=replace(form, name=forms.get(form_id, ""), id=form_id),
        utm=Utm(source="meta", medium="lead_form", campaign=word(notice.get("adgroup_id")), content=advert),
    )
    at = created_at(lead) or moment(notice.get("created_time")) or now
    return _event(channel, key_of(word(lead.get("id"))), EventType.FORM_SUBMITTED, at, now, found.person, payload, lead)


def lost_event(channel: str, key: str, notice: Fields, why: str, now: datetime) -> Event:
    """A lead that nobody can fetch, so that its notice has an end that support can see."""
    at = moment(notice.get("created_time")) or now
    return _event(channel, key, EventType.UNREADABLE, at, now, Person(), Unreadable(why), notice)


def created_at(lead: Fields) -> datetime | None:
    """`2025-12-01T07:59:58+0000`, or Unix seconds."""
    text = word(lead.get("created_time"))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return moment(text)
    return found if found.tzinfo is not None else None


def _values(value: object) -> str:
    return ", ".join(filter(None, map(word, value))) if isinstance(value, list) else word(value)


def _event(
    channel: str,
    key: str,
    kind: EventType,
    at: datetime,
    now: datetime,
    person: Person,
    payload: FormSubmitted | Unreadable,
    raw: Fields,
) -> Event:
    return Event(
        id=new_event_id(now),
        type=kind,
        channel=channel,
        external_id=key,
        occurred_at=min(at, now),
        received_at=now,
        person=person,
        payload=payload,
        raw=json.dumps(dict(raw), ensure_ascii=False).encode(),
    )
