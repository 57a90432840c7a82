"""Making leads together with their contacts: many in one batch, each recognisable afterwards by our stamp."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from connectors.bitrix24 import fields as custom
from connectors.bitrix24.cards import Leads, contacts_of
from connectors.bitrix24.client import PAGE, Batch, id_of
from connectors.bitrix24.people import People
from connectors.bitrix24.problems import NOT_FOUND
from connectors.bitrix24.query import Command, Json, Ref
from connectors.bitrix24.room import Room, item_of, told
from connectors.bitrix24.tags import Tags
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.making import Making
from connectors.crm.mirror import LEAD, KnownContact, KnownLead, clean_tags, lead_snapshot
from connectors.crm.other_card import with_other_card
from connectors.oauth import not_carried_out
from provodka.crm import NewContact, NewLead
from provodka.errors import Ambiguous, ConnectorError, RateLimited, Rejected
from provodka.operation import Done, Outcome, Request

LONGEST_TITLE: Final = 255
CONTACT_GONE: Final = "contact_gone"
NewLeadRequest = Request[NewLead]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The two commands of one lead: its contact, made or looked at, and the lead that refers to it."""

    contact: Command | None
    fields: Json
    contact_id: str = ""

    def commands(self, n: int, type_id: int) -> dict[str, Command]:
        """A contact that cannot be had stops the batch before its lead."""
        fields = dict(self.fields)
        if self.contact is not None:
            fields["contactIds"] = [self.contact_id or Ref(f"c{n}")]
        found = {f"c{n}": self.contact} if self.contact is not None else {}
        return {**found, f"l{n}": Command("crm.item.add", {"entityTypeId": type_id, "fields": fields})}


class NewLeads:
    """`create_leads` of one portal."""

    def __init__(self, room: Room, leads: Leads, people: People) -> None:
        self._room = room
        self._leads = leads
        self._people = people
        self._tags = Tags(room)
        self._making = Making(room)

    def create(self, requests: Sequence[NewLeadRequest]) -> list[Outcome]:
        outcomes = with_fresh_names(self._room.directory, requests, self._create)
        for i, outcome in enumerate(outcomes):
            if isinstance(outcome, Rejected) and outcome.code == CONTACT_GONE:
                outcomes[i] = with_other_card(self._people, requests[i], outcome, self._create)
        return outcomes

    def find(self, requests: Sequence[NewLeadRequest]) -> list[Done | None]:
        """By our stamp, by which lists can be filtered; of twins the older one is ours."""
        room = self._room
        keys = [request.key for request in requests]
        filters = [
            {"=originatorId": room.settings.originator, "@originId": keys[start : start + PAGE]}
            for start in range(0, len(keys), PAGE)
        ]
        items: dict[str, Json] = {}
        for row in (row for rows in room.items(room.kind, filters) for row in rows):
            items.setdefault(str(row.get("originId")), row)
        found = [self._adopt(one, items[one.key]) if one.key in items else None for one in requests]
        return room.settled(requests, found)

    def _create(self, requests: Sequence[NewLeadRequest]) -> list[Outcome]:
        try:
            if any(clean_tags(request.params.tags) for request in requests):
                self._tags.ensure()
            mine = self._contacts_of_before(requests)
            self._room.directory.users()  # like all names they are read before anything is sent
        except ConnectorError as error:
            raise not_carried_out(error) from error
        type_id = self._room.kind.type_id
        plans, outcomes = build(requests, lambda request: self._plan(request, mine))
        contacts = {i: card for i in plans for card in _known_contact(requests[i].params.contact, "", 0)}
        self._making.begin(list(contacts.values()))
        queue = deque(
            list(plans)[i : i + self._room.settings.batch] for i in range(0, len(plans), self._room.settings.batch)
        )
        while queue:
            part = queue.popleft()
            some = self._send({i: (requests[i], plans[i]) for i in part}, type_id)
            outcomes.update(some)
            if rest := [i for i in part if i not in some]:
                queue.appendleft(rest)  # behind the first error nothing was run
        self._making.end(contacts, outcomes)
        return [outcomes[i] for i in range(len(requests))]

    def _send(self, part: dict[int, tuple[NewLeadRequest, _Plan]], type_id: int) -> dict[int, Outcome]:
        """Outcomes of those that were run; at least one."""
        commands = {key: one for n, (_, plan) in part.items() for key, one in plan.commands(n, type_id).items()}
        try:
            answer = self._room.client.batch(commands, halt=True, write=True)
        except ConnectorError as error:
            return dict.fromkeys(part, error)
        outcomes = {
            n: self._outcome(answer, n, request, plan)
            for n, (request, plan) in part.items()
            if not answer.errors or _was_run(answer, n)
        }
        blocked = next((one for one in outcomes.values() if isinstance(one, RateLimited)), None)
        if blocked is not None:  # the method is blocked for all of them alike
            return {**dict.fromkeys(part, blocked), **outcomes}
        return outcomes or dict.fromkeys(part, Ambiguous("the answer mentions none of them"))

    def _outcome(self, answer: Batch, n: int, request: NewLeadRequest, plan: _Plan) -> Outcome:
        refusal = answer.errors.get(f"c{n}")
        if refusal is not None:
            gone = isinstance(refusal, Rejected) and refusal.code == NOT_FOUND and request.params.contact_id
            return Rejected(refusal.reason, hint=refusal.hint, code=CONTACT_GONE) if gone else refusal
        contact = plan.contact_id or str(answer.results.get(f"c{n}") or "")
        if contact.isdigit() and not plan.contact_id:
            self._people.made(_known_contact(request.params.contact, contact, self._now))
        return told(answer.results, answer.errors, f"l{n}", lambda result: self._made(item_of(result), contact))

    def _made(self, item: Json, contact: str) -> Outcome:
        if not id_of(item):
            return Ambiguous("the answer holds no card")
        try:
            known = replace(self._leads.known(item), announced=False, ours=True)
            login = self._room.directory.login_of(known.responsible_id)
        except ConnectorError:  # names that grew old just now; the lead is made all the same
            known, login = KnownLead(id_of(item), announced=False, ours=True), ""
        if contact and not known.contacts:
            known = replace(known, contacts=(contact,))
        self._put(known)
        return Done(known.id, {"contact_id": contact, "responsible": login})

    def _adopt(self, request: NewLeadRequest, item: Json) -> Done:
        """A lead that an earlier attempt made: from now on it is known like one whose answer came."""
        known = replace(self._leads.known(item), announced=False, ours=True)
        contact = next(iter(contacts_of(item)), "")
        self._put(known)
        if contact and not request.params.contact_id:
            self._people.made(_known_contact(request.params.contact, contact, self._now))
        login = self._room.directory.login_of(known.responsible_id)
        return Done(known.id, {"contact_id": contact, "responsible": login}, found=True)

    def _plan(self, request: NewLeadRequest, mine: dict[str, str]) -> _Plan:
        """In the portal's ids; nothing of it may fail once it is sent."""
        lead, room = request.params, self._room
        directory = room.directory
        zone = directory.portal().zone
        body: Json = {**room.stamp(request.key), **self._place(lead)}
        if title := lead.title.strip():
            body["title"] = title[:LONGEST_TITLE]
        if lead.price is not None:
            body.update({"opportunity": str(lead.price), "isManualOpportunity": "Y"})
        if lead.company_id:
            body["companyId"] = lead.company_id
        responsible = directory.user(lead.responsible).id if lead.responsible else ""
        if responsible:
            body["assignedById"] = responsible
        for name, text in lead.fields.items():
            field = directory.field(name)
            body[str(field.id)] = custom.encode(field, text, zone)
        if clean_tags(lead.tags):
            field = self._tags.ensure()
            body[str(field.id)] = self._tags.value(field, lead.tags)
        known = lead.contact_id or mine.get(request.key, "")
        if known:
            return _Plan(Command("crm.contact.get", {"id": known}), body, known)
        contact = contact_add(lead.contact, responsible, room.classic_stamp(request.key)) if lead.contact else None
        return _Plan(contact, body)

    def _place(self, lead: NewLead) -> Json:
        if not lead.pipeline and not lead.stage:
            return {}
        directory = self._room.directory
        pipeline = directory.pipeline(lead.pipeline)
        place: Json = {"categoryId": pipeline.id} if self._room.kind.path == "deal" else {}
        return {**place, "stageId": directory.stage(pipeline, lead.stage).id} if lead.stage else place

    def _contacts_of_before(self, requests: Sequence[NewLeadRequest]) -> dict[str, str]:
        """Contacts that an unsure attempt made before it broke off, by the key of their lead."""
        keys = [r.key for r in requests if r.unsure_since is not None and r.params.contact is not None]
        return stamped_contacts(self._room, keys)

    def _put(self, lead: KnownLead) -> None:
        """Into the mirror, so that the echo of our own write is no news."""
        self._room.put(LEAD, [lead_snapshot(lead, self._room.now())])

    @property
    def _now(self) -> int:
        return int(self._room.now().timestamp())


def _was_run(answer: Batch, n: int) -> bool:
    keys = (f"c{n}", f"l{n}")
    return any(key in answer.errors or key in answer.results for key in keys)


def contact_fields(contact: NewContact) -> Json:
    """A new card of a person, as the classic family takes it."""
    found: Json = {"NAME": contact.name or next(iter((*contact.phones, *contact.emails)), "")}
    for code, kind, values in (("PHONE", "MOBILE", contact.phones), ("EMAIL", "WORK", contact.emails)):
        if values:
            found[code] = [{"VALUE": value, "VALUE_TYPE": kind} for value in values]
    return found


def contact_add(contact: NewContact, responsible: str, stamp: Json) -> Command:
    """Make it; `responsible` is the id of a user."""
    fields: dict[str, Any] = {**contact_fields(contact), **stamp, "OPENED": "Y"}
    if responsible:
        fields["ASSIGNED_BY_ID"] = responsible
    return Command("crm.contact.add", {"fields": fields, "params": {"REGISTER_SONET_EVENT": "N"}})


def _known_contact(contact: NewContact | None, contact_id: str, now: int) -> list[KnownContact]:
    return [] if contact is None else [replace(known_contact(contact), id=contact_id, updated_at=now)]


def known_contact(contact: NewContact) -> KnownContact:
    """A contact of our making, before its id is known."""
    return KnownContact("", str(contact_fields(contact)["NAME"]), contact.phones, contact.emails)


def stamped_contacts(room: Room, keys: Sequence[str]) -> dict[str, str]:
    """The contacts that carry our stamp with one of these keys, by key."""
    found: dict[str, str] = {}
    for start in range(0, len(keys), PAGE):
        wanted = {"ORIGINATOR_ID": room.settings.originator, "@ORIGIN_ID": keys[start : start + PAGE]}
        asked = {"filter": wanted, "select": ["ID", "ORIGIN_ID"], "order": {"ID": "ASC"}}
        (answer,) = room.client.ask([Command("crm.contact.list", asked)])
        for row in answer if isinstance(answer, list) else ():
            found.setdefault(str(row.get("ORIGIN_ID")), id_of(row))
    return found
