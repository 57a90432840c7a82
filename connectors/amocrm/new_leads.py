"""Making leads together with their contacts: one call for up to fifty, recognisable afterwards by our stamp."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.amocrm.additions import added_values
from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json
from connectors.amocrm.directory import Directory
from connectors.amocrm.known import contact_ids
from connectors.amocrm.leads import Leads
from connectors.amocrm.patching import LONGEST_NAME, ROBOT, number, values_of
from connectors.amocrm.people import People
from connectors.amocrm.problems import CONTACT_GONE, STALE_IDS
from connectors.amocrm.room import Room
from connectors.amocrm.stamp import Stamp
from connectors.crm.account import earliest
from connectors.crm.batching import among, build, with_fresh_names
from connectors.crm.making import Making
from connectors.crm.mirror import LEAD, KnownContact, KnownLead, clean_tags, lead_snapshot
from connectors.crm.other_card import with_other_card
from connectors.http import Reply
from provodka.crm import NewContact, NewLead
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

NewLeadRequest = Request[NewLead]
Attempt = Callable[[Sequence[NewLeadRequest]], list[Outcome]]


class NewLeads:
    """`create_leads` of one account."""

    def __init__(self, room: Room, leads: Leads, people: People) -> None:
        self._room = room
        self._leads = leads
        self._people = people
        self._stamp = Stamp(room)
        self._making = Making(room)

    def create(self, requests: Sequence[NewLeadRequest]) -> list[Outcome]:
        began = self._room.now()

        def attempt(part: Sequence[NewLeadRequest]) -> list[Outcome]:
            self._stamp.ensure()
            outcomes = self._create(part, began)
            if any(isinstance(one, Rejected) and "custom_fields_values" in one.reason for one in outcomes):
                self._stamp.doubt()
            return outcomes

        outcomes = with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)
        for i, outcome in enumerate(outcomes):
            if isinstance(outcome, Rejected) and outcome.code == CONTACT_GONE and requests[i].params.contact_id:
                outcomes[i] = with_other_card(self._people, requests[i], outcome, attempt)
        return outcomes

    def find(self, requests: Sequence[NewLeadRequest]) -> list[Done | None]:
        """By our stamp among the newest leads: one look-up for all, free of the search index."""
        return self._room.settled(requests, self._look(requests, earliest(requests)))

    def _create(self, requests: Sequence[NewLeadRequest], began: datetime) -> list[Outcome]:
        logins: dict[str, str] = {}
        bodies, outcomes = build(requests, lambda request: self._body(request, logins))
        order = list(bodies)
        client = self._room.client
        contacts = {i: card for i in order if (card := _new_contact(requests[i])) is not None}
        self._making.begin(list(contacts.values()))
        made = deliver(
            [bodies[index] for index in order],
            send=lambda items: client.write("POST", "/leads/complex", items, accept=(400,)),
            answers=_answers,
            already=among(lambda part: self._look(part, began), [requests[i] for i in order]),
            size=self._room.settings.batch,
        )
        outcomes.update(zip(order, made, strict=True))
        done = [(requests[i], one) for i, one in outcomes.items() if isinstance(one, Done) and not one.found]
        self._remember(done, {requests[i].key: body for i, body in bodies.items()})
        self._making.end(contacts, outcomes)
        return [_named(outcomes[i], logins.get(requests[i].key, "")) for i in range(len(requests))]

    def _look(self, requests: Sequence[NewLeadRequest], since: datetime) -> list[Done | None]:
        wanted = {request.key: request for request in requests}
        hits: dict[str, Json] = {}
        for item in self._room.created_since("/leads", "leads", since, [("with", "contacts")]):
            key = self._stamp.read(item)
            if key in wanted:
                hits[key] = item
                if len(hits) == len(wanted):
                    break
        found = {key: self._adopt(wanted[key], item) for key, item in hits.items()}
        return [found.get(request.key) for request in requests]

    def _adopt(self, request: NewLeadRequest, item: Json) -> Done:
        """A lead that an earlier attempt made: from now on it is known like one whose answer came."""
        lead = self._leads.known(item)
        contact = next(iter(contact_ids(item)), "")
        done = Done(lead.id, {"contact_id": contact}, found=True)
        self._put([replace(lead, announced=False, ours=True)])
        self._people.made(self._contacts([(request, done)]))
        done.values["responsible"] = self._room.directory.login_of(lead.responsible_id)
        return done

    def _body(self, request: NewLeadRequest, logins: dict[str, str]) -> Json:
        """The lead in amoCRM's ids; `logins` takes the responsible's, since nothing may fail once it is sent."""
        lead, directory = request.params, self._room.directory
        values = values_of(directory, "leads", lead.fields)
        body: Json = {
            "created_by": ROBOT,
            "custom_fields_values": [self._stamp.value(request.key), *values],
            **_place(lead, directory),
        }
        if title := lead.title.strip():
            body["name"] = title[:LONGEST_NAME]
        if lead.price is not None:
            body["price"] = whole(lead.price)
        if lead.responsible:
            user = directory.user(lead.responsible)
            logins[request.key] = user.login
            body["responsible_user_id"] = int(user.id)
        tags = clean_tags(lead.tags)
        embedded: Json = {"tags": [{"name": tag} for tag in tags]} if tags else {}
        if lead.contact_id:
            embedded["contacts"] = [{"id": number(lead.contact_id)}]
        elif lead.contact is not None:
            embedded["contacts"] = [contact_body(lead.contact, body.get("responsible_user_id"))]
        if lead.company_id:
            embedded["companies"] = [{"id": number(lead.company_id)}]
        return {**body, "_embedded": embedded} if embedded else body

    def _remember(self, done: Sequence[tuple[NewLeadRequest, Done]], bodies: dict[str, Json]) -> None:
        """Into the mirror, so that the echo of our own write is no news, and into the index."""
        leads = [
            _known_lead(request, one, bodies[request.key]) for request, one in done if one.values.get("merged") != "yes"
        ]
        self._put(leads)
        self._people.made(self._contacts(done))

    def _put(self, leads: Sequence[KnownLead]) -> None:
        now = self._room.now()
        self._room.put(LEAD, [lead_snapshot(lead.standing(None, now), now) for lead in leads])

    def _contacts(self, done: Iterable[tuple[NewLeadRequest, Done]]) -> list[KnownContact]:
        now = int(self._room.now().timestamp())
        cards = ((_new_contact(request), one) for request, one in done)
        return [
            replace(card, id=one.values["contact_id"], leads=(one.remote_id,), updated_at=now)
            for card, one in cards
            if card is not None and one.values.get("contact_id")
        ]


def _new_contact(request: NewLeadRequest) -> KnownContact | None:
    """The contact that is made with a lead, as it will be known."""
    contact = request.params.contact
    return None if contact is None or request.params.contact_id else known_contact(contact)


def known_contact(contact: NewContact) -> KnownContact:
    """A contact of our making, before its id is known."""
    return KnownContact("", _contact_name(contact), contact.phones, contact.emails)


def whole(price: Decimal) -> int:
    """amoCRM keeps prices in whole units."""
    return int(price.quantize(Decimal(1), ROUND_HALF_UP))


def _named(outcome: Outcome, login: str) -> Outcome:
    """With the login of the responsible, where we named one."""
    if isinstance(outcome, Done):
        outcome.values.setdefault("responsible", login)
    return outcome


def _answers(reply: Reply, indices: list[int]) -> dict[int, Outcome]:
    """The bare array of /leads/complex; a merged lead answers for several requests."""
    told: dict[int, Outcome] = {}
    for row in reply.data if isinstance(reply.data, list) else ():
        contact = str(row.get("contact_id") or "")
        values = {"contact_id": contact, **({"merged": "yes"} if row.get("merged") else {})}
        for place in _places(row.get("request_id")):
            if place < len(indices):
                told[indices[place]] = Done(str(row["id"]), values)
    return told


def _places(raw: object) -> list[int]:
    rows = raw if isinstance(raw, list) else [raw]
    return [int(str(row)) for row in rows if str(row).isdigit()]


def _place(lead: NewLead, directory: Directory) -> Json:
    if not lead.pipeline and not lead.stage:
        return {}
    pipeline = directory.pipeline(lead.pipeline)
    place = {"pipeline_id": int(pipeline.id)}
    return {**place, "status_id": int(directory.stage(pipeline, lead.stage).id)} if lead.stage else place


def _contact_name(contact: NewContact) -> str:
    return contact.name or next(iter((*contact.phones, *contact.emails)), "")


def contact_body(contact: NewContact, responsible: Any) -> Json:  # noqa: ANN401  # an id or None
    """A new card of a person."""
    body: Json = {
        "name": _contact_name(contact),
        "created_by": ROBOT,
        "custom_fields_values": added_values({}, contact.phones, contact.emails),
    }
    return body if responsible is None else {**body, "responsible_user_id": responsible}


def _known_lead(request: NewLeadRequest, done: Done, body: Json) -> KnownLead:
    """What we know of a lead from having written it; the rest is what amoCRM made of it."""
    contact = done.values.get("contact_id") or request.params.contact_id
    return KnownLead(
        id=done.remote_id,
        title=body.get("name"),
        pipeline_id=body.get("pipeline_id"),
        status_id=body.get("status_id"),
        responsible_id=body.get("responsible_user_id"),
        price=body.get("price"),
        tags=tuple(sorted(clean_tags(request.params.tags))),
        contacts=(contact,) if contact else (),
        announced=False,
        ours=True,
    )
