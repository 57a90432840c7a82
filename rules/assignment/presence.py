"""Who is at work now: by the CRM, by their own schedule and absences, or by any of both."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rules.assignment.base import Choosing
from rules.calendar import WorkingCalendar
from rules.team import Team

Sign = Literal["crm", "schedule", "any"]


def away(person: str, sign: Sign, choosing: Choosing) -> str:
    """Why this one counts as away; empty if they are at work."""
    if sign == "schedule":
        return _by_schedule(person, choosing)
    if sign == "crm":
        return _by_crm(person, choosing)
    by_schedule = _by_schedule(person, choosing)
    return by_schedule and _by_crm(person, choosing) and by_schedule


def _by_schedule(person: str, choosing: Choosing) -> str:
    return away_by_schedule(person, choosing.team, choosing.calendar, choosing.now)


def away_by_schedule(person: str, team: Team, calendar: WorkingCalendar, now: datetime) -> str:
    """Why this one is off at a moment, by their own hours and absences and the client's calendar; empty if not."""
    member = team.member(person)
    today = calendar.local(now).date()
    for absence in member.absences if member else ():
        if absence.first <= today <= absence.until:
            return f"is absent until {absence.until:%d.%m.%Y}"
    if member and member.hours:
        calendar = calendar.with_hours(member.hours)
    return "" if calendar.is_working(now) else "is off by the schedule"


def _by_crm(person: str, choosing: Choosing) -> str:
    present = choosing.staff.present()
    if present is None:
        return "is not seen: the CRM does not tell who is at work"
    return "" if person in present else "is not at work by the CRM"
