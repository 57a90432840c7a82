"""Cards get deleted and merged: what becomes of a lead whose contact is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from connectors.crm.people import PeopleIndex
from provodka.crm import NewContact, NewLead
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Person

Attempt = Callable[[Sequence[Request[NewLead]]], list[Outcome]]


def with_other_card(people: PeopleIndex, request: Request[NewLead], refusal: Rejected, attempt: Attempt) -> Outcome:
    """The person's other card takes the place of the one that is gone, else a new one like the old."""
    gone = request.params.contact_id
    lost = people.known([gone]).get(gone)
    if lost is None:
        return refusal
    people.forget([gone])
    try:
        [card] = people.find([Person(lost.name, lost.phones, lost.emails)])
        again = NewContact(lost.name, lost.phones, lost.emails)
        use = {"contact_id": card.contact.id} if card else {"contact_id": "", "contact": again}
        outcome = attempt([replace(request, params=replace(request.params, **use))])[0]
    except ConnectorError as error:
        outcome = error
    if not isinstance(outcome, Done):
        people.remember([lost])  # or the next attempt would not know who it was
    return outcome
