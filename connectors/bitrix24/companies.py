"""Companies: found by what is known of them, made once, changed by deltas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from connectors.bitrix24.client import PAGE, UNCOUNTED, id_of, mapping, moment, rows_of
from connectors.bitrix24.directory import COMPANIES
from connectors.bitrix24.party_writes import PartyWrites
from connectors.bitrix24.patching import (
    LONGEST_NAME,
    item_add,
    item_done,
    multi_rows,
    multi_values,
    responsible,
    shown_fields,
    shown_tags,
    values_of,
)
from connectors.bitrix24.people import forms
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.requisites import Requisites
from connectors.bitrix24.room import Room, gone, named, unfinished
from connectors.bitrix24.tags import Tags
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.firms import Fit, bare_name, choose_firm, fits, remember, with_own
from connectors.crm.making import Making
from connectors.crm.mirror import COMPANY, KnownCompany, clean_tags, emails_of, phones_of, snapshot
from connectors.crm.names import plain
from connectors.oauth import not_carried_out
from provodka.crm import CardKind, Company, CompanyChange, CompanyQuery, FoundCompany, NewCompany
from provodka.errors import ConnectorError
from provodka.operation import Done, Outcome, Request

KIND: Final = CardKind.COMPANY
_WORD: Final = re.compile(r"[\w-]+")
Creation = Request[NewCompany]
Change = Request[CompanyChange]
Search = tuple[int, Fit, str, Command]


class Companies:
    """The companies of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._requisites = Requisites(room)
        self._tags = Tags(room, KIND)
        self._writes = PartyWrites(room, KIND, COMPANIES)
        self._making = Making(room)

    def read(self, ids: Sequence[str]) -> dict[str, Company]:
        items = self._room.by_ids(COMPANIES, ids)
        numbers = self._requisites.read(items)
        asked = [Command("crm.company.contact.items.get", {"id": one}) for one in items]
        contacts = [[str(row.get("CONTACT_ID")) for row in rows_of(one)] for one in self._room.client.ask(asked)]
        return {
            one: self._neutral(item, *numbers[one], tuple(held))
            for (one, item), held in zip(items.items(), contacts, strict=True)
        }

    def find(self, queries: Sequence[CompanyQuery]) -> list[FoundCompany | None]:
        """All searches go in one batch; what they give is looked at again, since each finds more than was meant."""
        searches = [
            (i, fit, text, self._search(fit, text, query))
            for i, query in enumerate(queries)
            for fit, text in fits(query)
        ]
        if not searches:
            return [None] * len(queries)
        answers = self._room.client.ask([command for *_, command in searches])
        ids = [self._hits(fit, command, answer) for (_, fit, _, command), answer in zip(searches, answers, strict=True)]
        companies = self.read(list(dict.fromkeys(one for some in ids for one in some)))
        found: list[FoundCompany | None] = [None] * len(queries)
        for (i, fit, text, _), some in zip(searches, ids, strict=True):
            if found[i] is None:
                found[i] = choose_firm([c for one in some if (c := companies.get(one)) and fit.holds(c, text)], fit)
        return with_own(self._room, queries, found, self.read)

    def create(self, requests: Sequence[Creation]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._create)

    def find_made(self, requests: Sequence[Creation]) -> list[Done | None]:
        """By our stamp; of twins the older one is ours. Requisites that it lacks yet are written."""
        room = self._room
        keys = [request.key for request in requests]
        filters = [
            {"=originatorId": room.settings.originator, "@originId": keys[start : start + PAGE]}
            for start in range(0, len(keys), PAGE)
        ]
        ids: dict[str, str] = {}
        for row in (row for rows in room.items(COMPANIES, filters) for row in rows):
            ids.setdefault(str(row.get("originId")), id_of(row))
        found = room.settled(requests, [Done(ids[key], found=True) if key in ids else None for key in keys])
        made: dict[int, Outcome] = {i: done for i, done in enumerate(found) if done is not None}
        self._keep(requests, made)
        for outcome in self._complete(requests, made).values():
            if isinstance(outcome, ConnectorError):
                raise outcome
        return found

    def update(self, requests: Sequence[Change]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._update)

    def _search(self, fit: Fit, text: str, query: CompanyQuery) -> Command:
        if fit is Fit.INN:
            return self._requisites.search(text)
        if fit is Fit.NAME:
            asked = {"entityTypeId": COMPANIES.type_id, "select": ["id"], "order": {"id": "ASC"}}
            return Command("crm.item.list", {**asked, "filter": {"%title": _telling(query.name)}, "start": UNCOUNTED})
        values = forms(text) if fit is Fit.PHONE else [text]
        return Command(
            "crm.duplicate.findbycomm", {"type": fit.name, "values": values, "entity_type": COMPANIES.path.upper()}
        )

    def _hits(self, fit: Fit, command: Command, answer: Any) -> list[str]:  # noqa: ANN401  # any JSON
        if fit is Fit.INN:
            return self._requisites.hits(answer)
        if fit is not Fit.NAME:
            return [str(one) for one in mapping(answer).get(COMPANIES.path.upper()) or ()]
        rows = rows_of(answer)
        if len(rows) == PAGE:
            for page in self._room.client.walk("crm.item.list", command.params, key="id", after=id_of(rows[-1])):
                rows += page
        return [id_of(row) for row in rows]

    def _create(self, requests: Sequence[Creation]) -> list[Outcome]:
        try:
            if any(clean_tags(request.params.tags) for request in requests):
                self._tags.ensure()
            self._requisites.prepare()
        except ConnectorError as error:
            raise not_carried_out(error) from error
        bodies, outcomes = build(requests, self._body)
        under_way = {i: _known(requests[i].params) for i in bodies}
        self._making.begin(list(under_way.values()))
        made = self._room.deliver({i: item_add(COMPANIES, body) for i, body in bodies.items()}, item_done)
        self._keep(requests, made)
        self._making.end(under_way, made)
        outcomes.update(made)
        outcomes.update(self._complete(requests, made))
        return [outcomes[i] for i in range(len(requests))]

    def _keep(self, requests: Sequence[Creation], made: Mapping[int, Outcome]) -> None:
        """Into the mirror, so that the echo of our own write is no news."""
        now, done = self._room.now(), {i: one for i, one in made.items() if isinstance(one, Done)}
        cards = [replace(_known(requests[i].params), id=one.remote_id) for i, one in done.items()]
        self._room.put(COMPANY, [snapshot(card, now) for card in cards])
        remember(self._room, {one.remote_id: requests[i].params for i, one in done.items()})

    def _complete(self, requests: Sequence[Creation], made: Mapping[int, Outcome]) -> dict[int, Outcome]:
        """Write the requisites of those that are made; what goes wrong there is the outcome of the whole."""
        ids = {i: outcome.remote_id for i, outcome in made.items() if isinstance(outcome, Done)}
        there = self._requisites.rows(
            [ids[i] for i, outcome in made.items() if isinstance(outcome, Done) and outcome.found]
        )
        commands = {}
        for i, one in ids.items():
            new = requests[i].params
            command = self._requisites.write(one, new.name, new.inn, new.kpp, there.get(one), requests[i].key)
            if command is not None:
                commands[i] = command
        sent = self._room.deliver(commands, lambda _: Done())
        return {
            i: unfinished(outcome, "its requisites")
            for i, outcome in sent.items()
            if isinstance(outcome, ConnectorError)
        }

    def _body(self, request: Creation) -> Json:
        new, directory = request.params, self._room.directory
        return {
            "title": new.name.strip()[:LONGEST_NAME],
            "opened": "Y",
            **self._room.stamp(request.key),
            **responsible(directory, new.responsible),
            **multi_rows(new.phones, new.emails),
            **self._requisites.fields(new.inn, new.kpp),
            **values_of(directory, KIND, new.fields),
            **self._tags.changed({}, new.tags, ()),
        }

    def _update(self, requests: Sequence[Change]) -> list[Outcome]:
        """The card first, then its requisites: both are read beforehand, so that a second time changes nothing."""
        ids = [request.params.company_id for request in requests]
        items = self._room.by_ids(COMPANIES, ids)
        numbered = [
            r.params.company_id for r in requests if r.params.company_id in items and (r.params.inn or r.params.kpp)
        ]
        there = self._requisites.rows(numbered)
        bodies, outcomes = build(requests, lambda request: self._changed(request.params, items))
        papers, refused = build(
            [requests[i] for i in bodies],
            lambda request: self._requisites.write(
                request.params.company_id,
                request.params.name or str(items[request.params.company_id].get("title") or ""),
                request.params.inn,
                request.params.kpp,
                there.get(request.params.company_id),
                request.key,
            ),
        )
        order = list(bodies)
        outcomes.update({order[n]: error for n, error in refused.items()})
        cards = {i: (ids[i], bodies[i]) for i in order if bodies[i] and i not in outcomes}
        outcomes.update(self._writes.patch(cards))
        written = {
            order[n]: command
            for n, command in papers.items()
            if command is not None and isinstance(outcomes.get(order[n], Done()), Done)
        }
        outcomes.update(self._room.deliver(written, lambda _: Done()))
        return [named(outcomes.get(i, Done()), one) for i, one in enumerate(ids)]

    def _changed(self, change: CompanyChange, items: Mapping[str, Json]) -> Json:
        item = items.get(change.company_id)
        if item is None:
            raise gone("company", change.company_id)
        directory = self._room.directory
        phones = [one for one in change.phones if one not in phones_of(multi_values(item, "PHONE"))]
        emails = [one for one in change.emails if one not in emails_of(multi_values(item, "EMAIL"))]
        return {
            **({"title": change.name.strip()[:LONGEST_NAME]} if change.name.strip() else {}),
            **responsible(directory, change.responsible),
            **multi_rows(phones, emails),
            **self._requisites.fields(change.inn, change.kpp),
            **values_of(directory, KIND, change.fields),
            **self._tags.changed(item, change.add_tags, change.remove_tags),
        }

    def _neutral(self, item: Json, inn: str, kpp: str, contacts: tuple[str, ...]) -> Company:
        directory, one = self._room.directory, id_of(item)
        return Company(
            id=one,
            name=str(item.get("title") or ""),
            inn=inn,
            kpp=kpp,
            phones=phones_of(multi_values(item, "PHONE")),
            emails=emails_of(multi_values(item, "EMAIL")),
            responsible=directory.login_of(str(item.get("assignedById") or "")),
            contacts=contacts,
            fields=shown_fields(directory, KIND, item),
            tags=shown_tags(directory, KIND, item),
            url=f"{self._room.settings.portal}/crm/company/details/{one}/",
            updated_at=moment(item.get("updatedTime")),
        )


def _known(new: NewCompany) -> KnownCompany:
    return KnownCompany("", new.name.strip()[:LONGEST_NAME], new.phones, new.emails)


def _telling(name: str) -> str:
    """The longest word of a name: quotes and legal form may stand otherwise in the card, a word stands there whole."""
    bare = _WORD.findall(bare_name(name))
    return max((word for word in _WORD.findall(name) if plain(word) in bare), key=len, default=name)
