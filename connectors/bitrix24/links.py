"""Which cards belong together: lead and contact, lead and company, contact and company."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.bitrix24.client import rows_of
from connectors.bitrix24.patching import item_done, item_update
from connectors.bitrix24.query import Command
from connectors.bitrix24.room import Room, gone, named, number
from connectors.crm.batching import build
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import LEAD, KnownLead, stranger
from provodka.crm import CardKind, CardLink, CardRef
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

ALIKE: Final = "Связать можно сделку (лид), контакт и компанию между собой, но не две карточки одного вида."
_ORDER: Final = list(CardKind)  # a link is written at the side that stands first here


@dataclass(frozen=True, slots=True)
class _Link:
    holder: CardRef
    target: CardRef
    main: bool

    @property
    def of_contacts(self) -> bool:
        """A lead has many contacts; all other links lead to a single company."""
        return self.target.kind is CardKind.CONTACT


Write = Callable[[_Link, list[str]], Command | None]
Effect = Callable[[KnownLead, _Link], Aim]


class Links:
    """`link_cards` and `unlink_cards` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._expectations = Expectations(room, LEAD, stranger)

    def link(self, requests: Sequence[Request[CardLink]]) -> list[Outcome]:
        return self._change(requests, self._linking, _adding)

    def unlink(self, requests: Sequence[Request[CardLink]]) -> list[Outcome]:
        return self._change(requests, self._unlinking, _removing)

    def _change(self, requests: Sequence[Request[CardLink]], command: Write, aim: Effect) -> list[Outcome]:
        """What each card is linked with is read first: a link that is there already is not written again."""
        links, outcomes = build(requests, _oriented)
        held = self._held([*(link.holder for link in links.values()), *(link.target for link in links.values())])
        commands: dict[int, Command] = {}
        for i, link in links.items():
            if missing := next((card for card in (link.holder, link.target) if card not in held), None):
                outcomes[i] = gone(missing.kind.value, missing.id)
            elif one := command(link, held[link.holder][link.target.kind]):
                commands[i] = one
            else:
                outcomes[i] = Done()
        outcomes.update(self._send(commands, links, aim))
        return [named(outcomes[i], request.params.card.id) for i, request in enumerate(requests)]

    def _send(self, commands: Mapping[int, Command], links: Mapping[int, _Link], aim: Effect) -> dict[int, Outcome]:
        """What changes the contacts of a lead is expected, so that the echo of it is no news."""
        about = [i for i in commands if links[i].of_contacts]
        known = self._expectations.known([links[i].holder.id for i in about])
        aims = self._expectations.expect([(links[i].holder.id, links[i]) for i in about], known, aim)
        sent = self._room.deliver(commands, _answer)
        self._expectations.settle([(links[i].holder.id, sent[i]) for i in about], aims)
        return sent

    def _held(self, cards: Sequence[CardRef]) -> dict[CardRef, dict[CardKind, list[str]]]:
        """What each card that is there is linked with, the main one first."""
        found: dict[CardRef, dict[CardKind, list[str]]] = {}
        asked: dict[tuple[CardRef, CardKind], Command] = {}
        for kind in CardKind:
            ids = [card.id for card in cards if card.kind is kind]
            for one, item in self._room.by_ids(self._room.kind_of(kind), ids).items():
                card, company = CardRef(kind, one), str(item.get("companyId") or "0")
                found[card] = {CardKind.COMPANY: [company] if company != "0" else []}
                if other := {CardKind.LEAD: CardKind.CONTACT, CardKind.CONTACT: CardKind.COMPANY}.get(kind):
                    path = f"crm.{self._room.kind_of(kind).path}.{other.value}.items.get"
                    asked[card, other] = Command(path, {"id": one})
        for (card, other), answer in zip(asked, self._room.client.ask(list(asked.values())), strict=True):
            rows = sorted(rows_of(answer), key=lambda row: row.get("IS_PRIMARY") != "Y")
            found[card][other] = [str(row.get(f"{other.value.upper()}_ID")) for row in rows]
        return found

    def _linking(self, link: _Link, held: list[str]) -> Command | None:
        one = link.target.id
        if not link.of_contacts:
            return None if held == [one] else self._company(link)
        path = f"crm.{self._room.kind.path}.contact"
        if one not in held:
            primary = "Y" if link.main or not held else "N"
            return Command(f"{path}.add", {"id": link.holder.id, "fields": {"CONTACT_ID": one, "IS_PRIMARY": primary}})
        if not link.main or held[0] == one:
            return None
        order = [one, *(other for other in held if other != one)]
        items = [{"CONTACT_ID": other, "IS_PRIMARY": "N" if n else "Y"} for n, other in enumerate(order)]
        return Command(f"{path}.items.set", {"id": link.holder.id, "items": items})

    def _unlinking(self, link: _Link, held: list[str]) -> Command | None:
        one, holder, target = link.target.id, link.holder, link.target.kind
        if one not in held:
            return None
        if (holder.kind, target) == (CardKind.LEAD, CardKind.COMPANY):
            return item_update(self._room.kind, holder.id, {"companyId": 0})
        path = f"crm.{self._room.kind_of(holder.kind).path}.{target.value}.delete"
        return Command(path, {"id": holder.id, "fields": {f"{target.value.upper()}_ID": one}})

    def _company(self, link: _Link) -> Command:
        """A contact may belong to several firms on a portal; rules know of one, which takes the place of all."""
        if link.holder.kind is CardKind.LEAD:
            return item_update(self._room.kind, link.holder.id, {"companyId": link.target.id})
        items = [{"COMPANY_ID": link.target.id, "IS_PRIMARY": "Y"}]
        return Command("crm.contact.company.items.set", {"id": link.holder.id, "items": items})


def _oriented(request: Request[CardLink]) -> _Link:
    link = request.params
    holder, target = sorted((link.card, link.other), key=lambda card: _ORDER.index(card.kind))
    if holder.kind is target.kind:
        raise Rejected(f"two cards of the kind {holder.kind.value} cannot be linked", hint=ALIKE)
    for card in (holder, target):
        number(card.id)
    return _Link(holder, target, link.main)


def _answer(result: object) -> Outcome:
    """`true`, `false` for what was so already, or the card."""
    return item_done(result) if isinstance(result, dict) else Done()


def _adding(lead: KnownLead, link: _Link) -> Aim:
    if lead.contacts is None:
        return {}
    order = (link.target.id, *lead.contacts) if link.main else (*lead.contacts, link.target.id)
    return {"contacts": tuple(dict.fromkeys(order))}


def _removing(lead: KnownLead, link: _Link) -> Aim:
    return {} if lead.contacts is None else {"contacts": tuple(one for one in lead.contacts if one != link.target.id)}
