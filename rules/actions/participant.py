"""`participant`: another person of the lead, beside its main contact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

from pydantic import model_validator

from provodka import identity
from provodka.crm import CardKind, CardLink, CardRef, Contact, ContactAddition, NewContact
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.operation import Done, Outcome
from provodka.payloads import Person
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Planning
from rules.actions.desk import Desk, pack, submit, told
from rules.actions.intake_decision import lacking
from rules.actions.lead import NO_LEAD
from rules.actions.linking import linked, unfinished
from rules.actions.targets import Target, find_targets
from rules.team import Team


class ParticipantParams(Strict):
    """Without phone and email a person could not be recognised later, so that there is nobody to add.

    `emails` is a text with any number of addresses (a letter's copies), each of somebody of their own; left out
    are those of the staff, and the addresses and domains of `skip`.
    """

    name: str = ""
    phone: str = ""
    email: str = ""
    emails: str = ""
    skip: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _recognisable(self) -> Self:
        if not self.phone and not self.email and not self.emails:
            raise ValueError("names neither phone nor email: nobody could recognise the person later")
        if self.emails and (self.name or self.phone or self.email):
            raise ValueError("emails are people of their own: write name, phone and email of another in a second step")
        if self.skip and not self.emails:
            raise ValueError("skip leaves out some of emails: without emails there is nothing to leave out")
        return self


class Participant(Action[ParticipantParams]):
    """Finds the contact or creates it, and links it to the lead; the main contact stays. One action for each person.

    Values of the result: participant_id, created, reason.
    """

    name = "participant"
    params = ParticipantParams
    templates = frozenset({"name", "phone", "email", "emails"})
    lead = LeadUse.NEEDS

    def plan(self, planning: Planning[ParticipantParams]) -> dict[str, Any]:
        given = planning.rendered
        return {
            "name": " ".join(given["name"].split()),
            "phone": identity.phone(given["phone"]),
            "email": identity.email(given["email"]),
            "others": others_of(given["emails"], planning.team, planning.params.skip),
        }

    def parts(self, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        one = {name: params[name] for name in ("name", "phone", "email")}
        others = {email: {"name": "", "phone": "", "email": email} for email in params["others"]}
        return {"": one} if one["phone"] or one["email"] else others

    def deliver(self, items: Sequence[Delivery], outside: Outside) -> list[Outcome]:
        """One batch at a time: the same person may join the leads of two lanes, and both would find nobody."""
        with outside.alone(self.name):
            return super().deliver(items, outside)

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        decisions: dict[str, Decision] = {item.key: _there() for item in items if _is_known(item)}
        decisions |= _one_at_a_time([item for item in items if item.key not in decisions])
        left = [item for item in items if item.key not in decisions]
        targets = find_targets(left, desk) if left else {}
        found = desk.crm.find_people([_person(item) for item in left]) if left else []
        for item, hit in zip(left, found, strict=True):
            target = targets[item.key]
            if isinstance(target, ConnectorError):
                decisions[item.key] = target
            elif not target.lead_id:
                decisions[item.key] = Rejected(f"contact {target.contact_id} has no open lead", hint=NO_LEAD)
            else:
                decisions[item.key] = _decision(item, target, hit.contact if hit else None, desk)
        return [decisions[item.key] for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        """What the card lacks goes last: its refusal costs neither the person nor the link."""
        crm = Desk(outside).crm
        outcomes: dict[str, Outcome] = {d.item.key: Done(d.frozen["told"].get("participant_id", "")) for d in ready}
        outcomes |= submit(crm.create_contacts, NewContact, "create", ready)
        outcomes = linked(crm, outcomes, {d.item.key: _links(outcomes[d.item.key], d) for d in ready})
        left = [d for d in ready if isinstance(outcomes[d.item.key], Done)]
        for key, added in submit(crm.add_to_contacts, ContactAddition, "addition", left).items():
            if not isinstance(added, Done | Rejected):
                outcomes[key] = unfinished(added)
        return [_named(told(outcomes[d.item.key], d.frozen["told"])) for d in ready]


def others_of(text: str, team: Team, skip: Sequence[str]) -> list[str]:
    """The addresses of a text that are not our own, each once. `skip`: more addresses and domains of ours."""
    ours = {team.email(key).casefold() for key in team} | {one.casefold() for one in skip}
    return [one for one in identity.emails_in(text) if not {one, one.partition("@")[2]} & ours]


def _is_known(item: Delivery) -> bool:
    """Whether whoever has looked at the card before (`log_letter`) says that this one is on it."""
    return bool(item.params["email"]) and item.params["email"] in (item.needed or {}).get("known", "").split(", ")


def _there() -> Done:
    return Done(values={"created": "no", "reason": "is on the card already"}, found=True)


def _one_at_a_time(items: Sequence[Delivery]) -> Iterator[tuple[str, Decision]]:
    """Two of a batch about one person would both find nobody."""
    seen: set[str] = set()
    for item in items:
        identities = set(_person(item).identities)
        if seen & identities:
            yield item.key, Retryable("the same person is being looked for by another action of this batch", wait=1)
        seen |= identities


def _person(item: Delivery) -> Person:
    name, phone, email = (item.params[part] for part in ("name", "phone", "email"))
    return Person(name, (phone,) if phone else (), (email,) if email else ())


def _decision(item: Delivery, target: Target, card: Contact | None, desk: Desk) -> Decision:
    person = _person(item)
    values = {"lead_id": target.lead_id}
    if card is None:
        login = desk.outside.team.login(target.responsible)
        new = NewContact(person.name or person.phone or person.email, person.phones, person.emails, login)
        return {"create": pack(new), "told": {**values, "created": "yes", "reason": "new person"}}
    known = {**values, "participant_id": card.id, "created": "no"}
    if card.id == target.contact_id:
        return Done(card.id, {**known, "reason": "is the lead's own contact"}, found=True)
    added = lacking(person, card)
    return {
        "create": None,
        "addition": pack(added) if added else None,
        "told": {**known, "reason": f"known contact {card.id}"},
    }


def _links(outcome: Outcome, decided: Decided) -> list[CardLink]:
    if not isinstance(outcome, Done):
        return []
    lead = CardRef(CardKind.LEAD, decided.frozen["told"]["lead_id"])
    return [CardLink(CardRef(CardKind.CONTACT, outcome.remote_id), lead)]


def _named(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Done):
        outcome.values.setdefault("participant_id", outcome.remote_id)
    return outcome
