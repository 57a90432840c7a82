"""Requests that nobody has accepted yet, and what a CRM does by itself: its bots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RequestKind(StrEnum):
    """Where a request came from."""

    FORM = "form"
    CALL = "call"
    CHAT = "chat"
    MAIL = "mail"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request that waits to be accepted; its lead and contact exist already, but are not seen among the others."""

    id: str
    kind: RequestKind
    source: str = ""
    pipeline: str = ""
    received_at: datetime | None = None
    lead_id: str = ""
    contact_id: str = ""


@dataclass(frozen=True, slots=True)
class RequestAcceptance:
    """Take a request into work: its lead goes to the named stage of its pipeline, else to the first one.

    `lead_id` is the request's own: by it a request that was accepted before is recognised.
    """

    request_id: str
    lead_id: str
    responsible: str = ""
    stage: str = ""


@dataclass(frozen=True, slots=True)
class RequestDecline:
    """Turn a request away; some CRMs delete it for good. `lead_id` as in `RequestAcceptance`."""

    request_id: str
    lead_id: str


@dataclass(frozen=True, slots=True)
class BotStart:
    """A bot (a robot, a workflow) of the CRM, by its name, to be started on a lead."""

    bot: str
    lead_id: str
