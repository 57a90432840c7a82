"""Companies: found by what is known of them, made once, changed by deltas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.amocrm.additions import added_values
from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.firm_fields import ENTITY, FirmFields
from connectors.amocrm.known import card_url, multitext, named_fields, tag_names
from connectors.amocrm.patching import LONGEST_NAME, ROBOT, PartyWrites, head, responsible, tag_changes, values_of
from connectors.amocrm.people import PHONE_DIGITS
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.amocrm.stamp import Stamp
from connectors.amocrm.tasks import answers
from connectors.crm.account import earliest
from connectors.crm.batching import among, build, with_fresh_names
from connectors.crm.firms import Fit, choose_firm, fits, remember, search_word, with_own
from connectors.crm.making import Making
from connectors.crm.mirror import COMPANY, KnownCompany, emails_of, moment, phones_of, snapshot
from provodka.crm import Company, CompanyChange, CompanyQuery, FoundCompany, NewCompany
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

GONE = "Компании нет в amoCRM: её удалили или объединили с другой."
Creation = Request[NewCompany]
Change = Request[CompanyChange]


class Companies:
    """The companies of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._firm = FirmFields(room)
        self._stamp = Stamp(room, ENTITY)
        self._writes = PartyWrites(room, COMPANY, ENTITY, GONE)
        self._making = Making(room)

    def read(self, ids: Sequence[str]) -> dict[str, Company]:
        return {one: self._neutral(item) for one, item in self._items(ids).items()}

    def find(self, queries: Sequence[CompanyQuery]) -> list[FoundCompany | None]:
        """By amoCRM's own search, which also finds the text in other fields: so look at the values themselves."""
        return with_own(self._room, queries, [self._find(query) for query in queries], self.read)

    def create(self, requests: Sequence[Creation]) -> list[Outcome]:
        began = self._room.now()

        def attempt(part: Sequence[Creation]) -> list[Outcome]:
            self._stamp.ensure()
            return self._create(part, began)

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def find_made(self, requests: Sequence[Creation]) -> list[Done | None]:
        """By our stamp among the newest companies."""
        found = self._room.settled(requests, self._look(requests, earliest(requests)))
        self._keep({i: done for i, done in enumerate(found) if done is not None}, requests)
        return found

    def update(self, requests: Sequence[Change]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._update, STALE_IDS)

    def _items(self, ids: Sequence[str]) -> dict[str, Json]:
        found = self._room.by_ids(ENTITY, ids, "contacts")
        return {one: item for one, item in found.items() if not item.get("is_deleted")}

    def _find(self, query: CompanyQuery) -> FoundCompany | None:
        for fit, text in fits(query):
            params = [("query", _asked(fit, text, query)), ("with", "contacts")]
            pages = self._room.client.pages(f"/{ENTITY}", ENTITY, params)
            read = (self._neutral(item) for _, items in pages for item in items if not item.get("is_deleted"))
            found = choose_firm([company for company in read if fit.holds(company, text)], fit)
            if found is not None:
                return found
        return None

    def _create(self, requests: Sequence[Creation], began: datetime) -> list[Outcome]:
        bodies, outcomes = build(requests, self._body)
        order = list(bodies)
        self._making.begin([_known(requests[i].params) for i in order])
        made = deliver(
            [bodies[i] for i in order],
            send=lambda items: self._room.client.write("POST", f"/{ENTITY}", items, accept=(400,)),
            answers=lambda reply, indices: answers(reply, ENTITY, indices),
            already=among(lambda part: self._look(part, began), [requests[i] for i in order]),
            size=self._room.settings.batch,
        )
        outcomes.update(zip(order, made, strict=True))
        self._keep({i: one for i in order if isinstance(one := outcomes[i], Done)}, requests)
        self._making.end({i: _known(requests[i].params) for i in order}, outcomes)
        return [outcomes[i] for i in range(len(requests))]

    def _keep(self, done: Mapping[int, Done], requests: Sequence[Creation]) -> None:
        """Into the mirror, so that the echo of our own write is no news."""
        now = self._room.now()
        cards = [replace(_known(requests[i].params), id=one.remote_id) for i, one in done.items()]
        self._room.put(COMPANY, [snapshot(card, now) for card in cards])
        remember(self._room, {one.remote_id: requests[i].params for i, one in done.items()})

    def _look(self, requests: Sequence[Creation], since: datetime) -> list[Done | None]:
        wanted = {request.key for request in requests}
        found: dict[str, Done] = {}
        for item in self._room.created_since(f"/{ENTITY}", ENTITY, since):
            key = self._stamp.read(item)
            if key in wanted:
                found[key] = Done(str(item["id"]), found=True)
                if len(found) == len(wanted):
                    break
        return [found.get(request.key) for request in requests]

    def _body(self, request: Creation) -> Json:
        new, directory = request.params, self._room.directory
        values = [self._stamp.value(request.key), *added_values({}, new.phones, new.emails)]
        values += self._firm.encode(new.inn, new.kpp, new.name, {})
        return {
            "name": new.name.strip()[:LONGEST_NAME],
            "created_by": ROBOT,
            **responsible(directory, new.responsible),
            "custom_fields_values": [*values, *values_of(directory, ENTITY, new.fields)],
            **tag_changes(new.tags, ()),
        }

    def _update(self, requests: Sequence[Change]) -> list[Outcome]:
        cards = self._items([r.params.company_id for r in requests if _needs_card(r.params)])
        bodies, outcomes = build(requests, self._changing(cards))
        outcomes.update({i: Done(requests[i].params.company_id) for i, body in bodies.items() if len(body) == 2})
        order = [i for i in bodies if i not in outcomes]
        sent = self._writes.patch([bodies[i] for i in order])
        outcomes.update(zip(order, sent, strict=True))
        return [outcomes[i] for i in range(len(requests))]

    def _changing(self, cards: dict[str, Json]) -> Callable[[Change], Json]:
        def body(request: Change) -> Json:
            change, directory = request.params, self._room.directory
            card = cards.get(change.company_id)
            if card is None and _needs_card(change):
                raise Rejected(f"company {change.company_id} is not in the account", hint=GONE)
            card = card or {}
            phones = [one for one in change.phones if one not in phones_of(multitext(card, "PHONE"))]
            emails = [one for one in change.emails if one not in emails_of(multitext(card, "EMAIL"))]
            values = added_values(card, phones, emails)
            values += self._firm.encode(change.inn, change.kpp, change.name or str(card.get("name") or ""), card)
            values += values_of(directory, ENTITY, change.fields)
            return {
                **head(change.company_id, change.name),
                **responsible(directory, change.responsible),
                **({"custom_fields_values": values} if values else {}),
                **tag_changes(change.add_tags, change.remove_tags),
            }

        return body

    def _neutral(self, item: Json) -> Company:
        room = self._room
        inn, kpp = self._firm.read(item)
        hidden = ("PHONE", "EMAIL", room.settings.stamp_code)
        updated_at = item.get("updated_at")
        return Company(
            id=str(item["id"]),
            name=str(item.get("name") or ""),
            inn=inn,
            kpp=kpp,
            phones=phones_of(multitext(item, "PHONE")),
            emails=emails_of(multitext(item, "EMAIL")),
            responsible=room.directory.login_of(item.get("responsible_user_id")),
            contacts=tuple(str(row["id"]) for row in embedded(item, "contacts")),
            fields=named_fields(item, room.directory.account().zone, hidden),
            tags=tag_names(item),
            url=card_url(room.settings.url, ENTITY, item["id"]),
            updated_at=moment(updated_at) if updated_at else None,
        )


def _asked(fit: Fit, text: str, query: CompanyQuery) -> str:
    """Phones are stored as typed: +7… and 8… share only the last ten digits; of a name one word is enough."""
    if fit is Fit.NAME:
        return search_word(query.name)
    return text[-PHONE_DIGITS:] if fit is Fit.PHONE else text


def _needs_card(change: CompanyChange) -> bool:
    return bool(change.phones or change.emails or change.inn or change.kpp)


def _known(new: NewCompany) -> KnownCompany:
    return KnownCompany("", new.name.strip()[:LONGEST_NAME], new.phones, new.emails)
