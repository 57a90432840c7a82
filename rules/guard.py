"""Guards: rules whose match is a violation, counted for somebody in the discipline report."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from provodka.event import Event
from provodka.payloads import PAYLOADS, StaffChecked, lead_of
from provodka.settings import Strict
from rules.facts import Scope
from rules.plan import Violation

Who = Literal["responsible", "author"]

_OWN: Final = ("task", "contact", "company")
_FIELDS: Final = {cls: frozenset(one.name for one in dataclasses.fields(cls)) for cls in set(PAYLOADS.values())}


class Guard(Strict):
    """A match of the rule is a violation of this `name`.

    It is counted for the `responsible` (of the task, contact or company that the event is about, else of the lead), or
    for the `author` of the change. An event about one of the staff counts for them.
    """

    name: str = Field(min_length=1)
    who: Who = "responsible"


def _read(value: Any) -> Any:  # noqa: ANN401 -- whatever YAML gave
    """`guard: Задача без результата` is short for its name."""
    return {"name": value} if isinstance(value, str) else value


GuardText = Annotated[Guard, BeforeValidator(_read, json_schema_input_type=str | Guard)]


def violation(guard: Guard, event: Event, scope: Scope, *, resumed: bool) -> Violation:
    """What a match of this guard's rule is: by whom, and of which lead. After a wait it is of this very moment."""
    own = lead_of(event.payload)
    if own is not None or isinstance(event.payload, StaffChecked):
        lead = own.id if own is not None else ""
    else:
        lead = scope.read(("lead", "id"))
    at = scope.clock.now if resumed else event.occurred_at
    return Violation(guard.name, _whose(guard, event, scope), str(lead or ""), at)


def _whose(guard: Guard, event: Event, scope: Scope) -> str:
    """A staff key, the CRM's login where staff has none, or nobody."""
    if isinstance(event.payload, StaffChecked):
        return event.payload.who.key
    if guard.who == "author":
        return str(scope.read(("change", "by")) or "")
    fields = _FIELDS[type(event.payload)]
    for card in (one for one in _OWN if one in fields):
        if whose := scope.read((card, "responsible")):
            return str(whose)
    return str(scope.read(("lead", "responsible")) or "")
