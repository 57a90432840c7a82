"""Regular customers («Покупатели») of contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from connectors.amocrm.additions import GONE
from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.new_leads import whole
from connectors.amocrm.patching import LONGEST_NAME, ROBOT, number, responsible
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.amocrm.tasks import answers
from connectors.crm.account import CLOCKS, earliest
from connectors.crm.batching import among, build, claimed, same_text, with_fresh_names
from connectors.crm.mirror import clean_tags, moment
from provodka.crm import Customer, NewCustomer
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

Creation = Request[NewCustomer]


class Customers:
    """`customers` and `create_customers` of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def read(self, contact_ids: Sequence[str]) -> dict[str, list[Customer]]:
        items = self._items(contact_ids)
        return {one: [self._neutral(item) for item in some] for one, some in items.items()}

    def create(self, requests: Sequence[Creation]) -> list[Outcome]:
        began = self._room.now()

        def attempt(part: Sequence[Creation]) -> list[Outcome]:
            cards = self._room.by_ids("contacts", [request.params.contact_id for request in part], "")
            bodies, outcomes = build(part, lambda request: self._body(request, cards))
            order = list(bodies)
            made = deliver(
                [bodies[i] for i in order],
                send=lambda items: self._room.client.write("POST", "/customers", items, accept=(400,)),
                answers=lambda reply, indices: answers(reply, "customers", indices),
                already=among(lambda some: self._look(some, began), [part[i] for i in order]),
                size=self._room.settings.batch,
            )
            outcomes.update(zip(order, made, strict=True))
            return [outcomes[i] for i in range(len(part))]

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def find(self, requests: Sequence[Creation]) -> list[Done | None]:
        """By the name, among the customers of this contact made since."""
        return self._room.settled(requests, self._look(requests, earliest(requests)))

    def _look(self, requests: Sequence[Creation], since: datetime) -> list[Done | None]:
        oldest = since.timestamp() - CLOCKS
        items = self._items([request.params.contact_id for request in requests])
        given = [
            ((contact, same_text(item.get("name"))), str(item["id"]))
            for contact, some in items.items()
            for item in some
            if int(item.get("created_at") or 0) >= oldest
        ]
        return claimed([(r.params.contact_id, same_text(r.params.name)[:LONGEST_NAME]) for r in requests], given)

    def _items(self, contact_ids: Sequence[str]) -> dict[str, list[Json]]:
        """The customers of each contact as amoCRM gives them; two calls for all."""
        cards = self._room.by_ids("contacts", contact_ids, "customers")
        ids = {one: [str(row["id"]) for row in embedded(card, "customers")] for one, card in cards.items()}
        wanted = list(dict.fromkeys(one for some in ids.values() for one in some))
        found = self._room.by_ids("customers", wanted, "contacts")
        return {
            one: [found[i] for i in some if i in found and not found[i].get("is_deleted")] for one, some in ids.items()
        }

    def _body(self, request: Creation, cards: dict[str, Json]) -> Json:
        new = request.params
        if new.contact_id not in cards:
            raise Rejected(f"contact {new.contact_id} is not in the account", hint=GONE)
        embedded_: Json = {"contacts": [{"id": number(new.contact_id), "is_main": True}]}
        if tags := clean_tags(new.tags):
            embedded_["tags"] = [{"name": tag} for tag in tags]
        body: Json = {"name": new.name.strip()[:LONGEST_NAME], "created_by": ROBOT, "_embedded": embedded_}
        if new.next_purchase is not None:
            body["next_date"] = int(new.next_purchase.timestamp())
        if new.expected is not None:
            body["next_price"] = whole(new.expected)
        return {**body, **responsible(self._room.directory, new.responsible)}

    def _neutral(self, item: Json) -> Customer:
        next_date = item.get("next_date")
        return Customer(
            id=str(item["id"]),
            name=str(item.get("name") or ""),
            contacts=tuple(str(row["id"]) for row in embedded(item, "contacts")),
            responsible=self._room.directory.login_of(item.get("responsible_user_id")),
            next_purchase=moment(next_date) if next_date else None,
            expected=Decimal(str(item.get("next_price") or 0)),
            spent=Decimal(str(item.get("ltv") or 0)),
            purchases=int(item.get("purchases_count") or 0),
        )
