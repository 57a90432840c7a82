"""Who is at work now: by the CRM, by their own schedule and absences, or by any of both."""

from __future__ import annotations

from typing import Literal

from rules.assignment.base import Choosing

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
    member = choosing.team.member(person)
    calendar = choosing.calendar
    today = calendar.local(choosing.now).date()
    for absence in member.absences if member else ():
        if absence.first <= today <= absence.until:
            return f"is absent until {absence.until:%d.%m.%Y}"
    if member and member.hours:
        calendar = calendar.with_hours(member.hours)
    return "" if calendar.is_working(choosing.now) else "is off by the schedule"


def _by_crm(person: str, choosing: Choosing) -> str:
    present = choosing.staff.present()
    if present is None:
        return "is not seen: the CRM does not tell who is at work"
    return "" if person in present else "is not at work by the CRM"
