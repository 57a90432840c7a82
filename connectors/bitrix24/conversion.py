"""Converting a lead that is won into contact, company and deal. REST cannot, and moving the stage makes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.bitrix24.cards import contacts_of
from connectors.bitrix24.client import Batch, id_of, rows_of
from connectors.bitrix24.directory import DEALS, LEADS
from connectors.bitrix24.people import read_company, read_contact
from connectors.bitrix24.product_rows import read_rows, set_rows
from connectors.bitrix24.query import Command, Json, Ref
from connectors.bitrix24.room import Room, item_of, told, unfinished
from connectors.crm.making import Making
from connectors.crm.mirror import COMPANY, CONTACT, KnownParty, snapshot
from provodka.crm import LeadConversion
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.operation import Done, Outcome

_CARRIED_OVER = (
    "assignedById",
    "opportunity",
    "isManualOpportunity",
    "currencyId",
    "sourceId",
    "sourceDescription",
    "comments",
    "utmSource",
    "utmMedium",
    "utmCampaign",
    "utmContent",
    "utmTerm",
)


@dataclass(frozen=True, slots=True)
class _Before:
    """What an earlier attempt, or the portal itself, has made of a lead."""

    deal: str = ""
    contact: str = ""
    company: str = ""


class Conversion:
    """Makes deals of the leads of one portal. What it makes bears the lead's id, so nothing is made twice."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._making = Making(room)

    def deals_of(self, ids: Sequence[str]) -> list[Done | None]:
        """The deals that these leads have become already.

        By the lead that they refer to, or by our stamp: on some portals REST does not let us write the reference.
        """
        filters = [one for lead in ids for one in ({"leadId": lead}, self._stamped(lead))]
        found = [rows[0] if rows else None for rows in self._room.items(DEALS, filters)]
        pairs = zip(found[::2], found[1::2], strict=True)
        return [_found(deal) if (deal := one or other) else None for one, other in pairs]

    def convert(self, ripe: Sequence[tuple[Json, LeadConversion]]) -> list[Outcome]:
        """The deal of each lead. Its `contact_id` and `company_id` are for the lead, which stays as it is."""
        if not ripe:
            return []
        try:
            before = self._before([item for item, _ in ripe])
        except ConnectorError as error:
            return [error] * len(ripe)
        deals = [self._one(item, wanted, seen) for (item, wanted), seen in zip(ripe, before, strict=True)]
        return self._with_lines(ripe, deals)

    def _one(self, item: Json, wanted: LeadConversion, before: _Before) -> Outcome:
        if before.deal:
            return Done(before.deal, found=True)
        try:
            commands, links = self._commands(item, wanted, before)
        except Rejected as error:  # a funnel or stage of this one's wish that is not there
            return error
        cards = self._cards(commands)
        self._making.begin(list(cards.values()))
        outcome = self._run(commands, links)
        if isinstance(outcome, Done):
            self._keep(cards, outcome)
        self._making.end(cards, dict.fromkeys(cards, outcome))
        return outcome

    def _run(self, commands: dict[str, Command], links: dict[str, str | Ref]) -> Outcome:
        try:
            answer = self._room.client.batch(commands, halt=True, write=True)
        except ConnectorError as error:
            return error
        if answer.errors:
            return next(iter(answer.errors.values()))
        return told(answer.results, answer.errors, "deal", lambda result: _done(result, links, answer))

    def _with_lines(self, ripe: Sequence[tuple[Json, LeadConversion]], deals: Sequence[Outcome]) -> list[Outcome]:
        """The products that the leads have and their deals have not yet; what goes wrong is the outcome of the whole.

        A deal that has lines is left alone: people may have changed them by now.
        """
        outcomes = list(deals)
        taken = {
            i: (id_of(item), deal.remote_id)
            for i, ((item, wanted), deal) in enumerate(zip(ripe, deals, strict=True))
            if wanted.lines and isinstance(deal, Done)
        }
        try:
            of_leads = read_rows(self._room, LEADS, [lead for lead, _ in taken.values()])
            lined = {i: lead for i, (lead, _) in taken.items() if of_leads[lead]}
            of_deals = read_rows(self._room, DEALS, [taken[i][1] for i in lined])
        except ConnectorError as error:
            return [unfinished(error, "its products") if i in taken else one for i, one in enumerate(outcomes)]
        commands, refused = {}, dict[int, Outcome]()
        for i, lead in lined.items():
            deal = taken[i][1]
            if of_deals[deal]:
                continue
            try:
                commands[i] = set_rows(DEALS, deal, of_leads[lead])
            except Rejected as error:
                refused[i] = error
        sent = self._room.deliver(commands, lambda _: Done()) | refused
        for i, outcome in sent.items():
            if isinstance(outcome, ConnectorError):
                outcomes[i] = unfinished(outcome, "its products")
        return outcomes

    def _cards(self, commands: Mapping[str, Command]) -> dict[str, KnownParty]:
        """What is about to be made besides the deal, as it will be known."""
        read = {CONTACT: read_contact, COMPANY: read_company}
        made = {kind: commands[kind].params["fields"] for kind in read if kind in commands}
        return {kind: read[kind]({"ID": "", **fields}, self._room.directory) for kind, fields in made.items()}

    def _keep(self, cards: Mapping[str, KnownParty], done: Done) -> None:
        """Into the mirror, so that the echo of our own write is no news."""
        now = self._room.now()
        for kind, card in cards.items():
            if one := done.values.get(f"{kind}_id"):
                made = replace(card, id=one, fields=None, updated_at=int(now.timestamp()))
                self._room.put(kind, [snapshot(made, now)])

    def _commands(
        self, item: Json, wanted: LeadConversion, before: _Before
    ) -> tuple[dict[str, Command], dict[str, str | Ref]]:
        stamp = self._room.classic_stamp(_key(item))
        owner = {"ASSIGNED_BY_ID": item["assignedById"]} if item.get("assignedById") else {}
        commands: dict[str, Command] = {}
        links: dict[str, str | Ref] = {}
        if company := before.company or _id(item.get("companyId")):
            links["companyId"] = company
        elif title := (str(item.get("companyTitle") or "").strip() or wanted.company.strip()):
            commands["company"] = Command("crm.company.add", {"fields": {"TITLE": title, **owner, **stamp}})
            links["companyId"] = Ref("company")
        if contact := before.contact or next(iter(contacts_of(item)), ""):
            links["contactId"] = contact
        elif person := _person(item):
            belongs = {"COMPANY_ID": links["companyId"]} if "companyId" in links else {}
            commands["contact"] = Command("crm.contact.add", {"fields": {**person, **owner, **stamp, **belongs}})
            links["contactId"] = Ref("contact")
        deal = {key: item[key] for key in _CARRIED_OVER if item.get(key) not in (None, "")}
        deal |= {
            "title": item.get("title"),
            "leadId": id_of(item),
            **self._room.stamp(_key(item)),
            **self._place(wanted),
        }
        if "contactId" in links:
            deal["contactIds"] = [links["contactId"]]
        if "companyId" in links:
            deal["companyId"] = links["companyId"]
        commands["deal"] = Command("crm.item.add", {"entityTypeId": DEALS.type_id, "fields": deal})
        return commands, links

    def _place(self, wanted: LeadConversion) -> Json:
        """The funnel that the rule, else the config names for deals out of leads, else the main one."""
        directory = self._room.directory
        name = wanted.pipeline or self._room.settings.deal_pipeline
        pipelines = directory.deal_pipelines()
        if not name and not pipelines:
            return {}
        pipeline = (
            directory.named("pipeline", "воронки", name, pipelines, lambda p: (p.name,)) if name else pipelines[0]
        )
        place = {"categoryId": pipeline.id}
        return {**place, "stageId": directory.stage(pipeline, wanted.stage).id} if wanted.stage else place

    def _before(self, items: Sequence[Json]) -> list[_Before]:
        """What there is of each: the deal by its lead, cards of people and companies by our stamp."""
        deals = self.deals_of([id_of(item) for item in items])
        commands = [
            Command(f"crm.{kind}.list", {"filter": self._room.classic_stamp(_key(item)), "select": ["ID"]})
            for item in items
            for kind in ("contact", "company")
        ]
        cards = [next((id_of(row) for row in rows_of(one)), "") for one in self._room.client.ask(commands)]
        return [
            _Before(deal.remote_id if deal else "", contact, company)
            for deal, contact, company in zip(deals, cards[::2], cards[1::2], strict=True)
        ]

    def _stamped(self, lead_id: str) -> Json:
        return {f"={name}": value for name, value in self._room.stamp(f"lead:{lead_id}").items()}


def _found(deal: Json) -> Done:
    people = {"contact_id": next(iter(contacts_of(deal)), ""), "company_id": _id(deal.get("companyId"))}
    return Done(id_of(deal), people, found=True)


def _key(item: Json) -> str:
    return f"lead:{id_of(item)}"


def _id(value: object) -> str:
    return str(value) if value and str(value) != "0" else ""


def _person(item: Json) -> Json:
    """The person of a lead, as the classic family takes a contact; nothing where the lead names nobody."""
    names = {"NAME": item.get("name"), "SECOND_NAME": item.get("secondName"), "LAST_NAME": item.get("lastName")}
    found: Json = {key: value for key, value in names.items() if value}
    for row in item.get("fm") or ():
        value = {"VALUE": row.get("value"), "VALUE_TYPE": row.get("valueType") or "WORK"}
        found.setdefault(str(row.get("typeId")), []).append(value)
    if found and not names["NAME"] and not names["LAST_NAME"]:
        found["NAME"] = str(item.get("title") or "")
    return found


def _done(result: object, links: dict[str, str | Ref], answer: Batch) -> Outcome:
    deal = id_of(item_of(result))
    if not deal:
        return Ambiguous("the answer holds no deal")
    told_of = {
        name: str(answer.results.get(link.command) if isinstance(link, Ref) else link) for name, link in links.items()
    }
    return Done(deal, {"contact_id": told_of.get("contactId", ""), "company_id": told_of.get("companyId", "")})
