"""Changes of contacts and companies, told to the mirror beforehand: their echoes are no news."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.bitrix24.client import mapping
from connectors.bitrix24.directory import Kind
from connectors.bitrix24.fields import decode
from connectors.bitrix24.patching import item_done, item_update
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import KnownParty, emails_of, phones_of
from provodka.crm import CardKind
from provodka.operation import Outcome


class PartyWrites:
    """`crm.item.update` of one kind of card."""

    def __init__(self, room: Room, card: CardKind, kind: Kind) -> None:
        self._room = room
        self._card = card
        self._kind = kind
        self._expectations = Expectations[KnownParty](room, card.value)

    def patch(self, bodies: Mapping[int, tuple[str, Json]]) -> dict[int, Outcome]:
        """An outcome for each body, which comes with the id of its card."""
        known = self._expectations.known([one for one, _ in bodies.values()])
        aims = self._expectations.expect(list(bodies.values()), known, self._aim)
        commands = {i: item_update(self._kind, one, body) for i, (one, body) in bodies.items()}
        outcomes = self._room.deliver(commands, item_done)
        self._expectations.settle([(bodies[i][0], outcome) for i, outcome in outcomes.items()], aims)
        return outcomes

    def _aim(self, card: KnownParty, body: Json) -> Aim:
        """The members of the card as they will be when the portal has done what `body` says."""
        names = {"name": ("name", "title"), "responsible_id": ("assignedById",)}
        aim: Aim = {member: str(body[key]) for member, keys in names.items() for key in keys if key in body}
        added = list(mapping(body.get("fm")).values())
        for member, code, read in (("phones", "PHONE", phones_of), ("emails", "EMAIL", emails_of)):
            if values := [str(row["value"]) for row in added if row["typeId"] == code]:
                aim[member] = (*getattr(card, member), *read(values))
        own = {field.code for field in self._room.directory.own_fields(self._kind.type_id)}
        new = {
            field.code: decode(field, body[str(field.id)])
            for field in self._room.directory.card_fields(self._card)
            if str(field.id) in body and field.code in own
        }
        if new and card.fields is not None:
            aim["fields"] = new
        return aim
