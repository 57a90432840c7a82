"""`customer`: make a regular customer of the lead's contact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from provodka.crm import Crm, NewCustomer, Write
from provodka.errors import Rejected
from provodka.operation import Done
from provodka.settings import Strict
from rules.actions.base import Decision, Delivery, Outside, Place, Planning
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.sums import sum_of
from rules.actions.targets import Target, find_targets
from rules.assignment import Responsible, people_of, with_counter
from rules.durations import DurationText
from rules.team import KEEP


class CustomerParams(Strict):
    """`next_purchase` counts from the moment of planning, `expected` is the sum of that purchase."""

    name: str = Field(min_length=1)
    next_purchase: DurationText | None = None
    expected: str | int | float | None = None
    responsible: Responsible = KEEP
    tags: tuple[str, ...] = ()


class CustomerAction(LeadAction[CustomerParams, NewCustomer]):
    """A contact that is a regular customer already stays the one that it is."""

    name = "customer"
    params = CustomerParams
    templates = frozenset({"name", "expected", "tags"})
    operations = frozenset({"create_customers"})
    request = NewCustomer
    contact_will_do = True

    def plan(self, planning: Planning[CustomerParams]) -> dict[str, Any]:
        given, due = planning.rendered, planning.params.next_purchase
        return {
            **given,
            "next_purchase": planning.calendar.add(due, planning.now).isoformat() if due else None,
            "expected": sum_of(given["expected"], "expected"),
            "responsible": with_counter(given["responsible"], f"{planning.rule}: customer"),
        }

    def people(self, params: CustomerParams) -> Iterator[tuple[Place, str]]:
        yield from ((("responsible", *place), person) for place, person in people_of(params.responsible))

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = find_targets(items, desk)
        contacts = {t.contact_id for t in targets.values() if isinstance(t, Target) and t.contact_id}
        there = desk.crm.customers(sorted(contacts)) if contacts else {}
        decisions: list[Decision] = []
        for item in items:
            target = targets[item.key]
            known = there.get(target.contact_id) if isinstance(target, Target) else None
            if known:
                decisions.append(Done(known[0].id, {"reason": "is a regular customer already"}, found=True))
            else:
                decisions.append(self._decision(item, target, desk))
        return decisions

    def build(self, item: Delivery, target: Target, desk: Desk) -> NewCustomer:
        if not target.contact_id:
            raise Rejected(
                f"lead {target.lead_id} has no contact", hint="Укажите у сделки контакт: покупатель — человек"
            )
        params, wanted = item.params, item.params["responsible"]
        person = target.responsible if wanted == KEEP else desk.choose(item, wanted, target.responsible).person
        due, expected = params["next_purchase"], params["expected"]
        return NewCustomer(
            name=params["name"],
            contact_id=target.contact_id,
            responsible=desk.outside.team.login(person),
            next_purchase=datetime.fromisoformat(due) if due else None,
            expected=None if expected is None else Decimal(expected),
            tags=tuple(params["tags"]),
        )

    def write(self, crm: Crm) -> Write[NewCustomer]:
        return crm.create_customers
