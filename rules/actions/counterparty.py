"""`counterparty`: the company of the lead becomes a counterparty (Контрагент) in accounting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provodka.accounting import NewCounterparty
from provodka.crm import Need
from provodka.errors import ConnectorError
from provodka.operation import Done, Outcome
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place
from rules.actions.books import no_accounting
from rules.actions.buyer import Buyer, Cards, ensure, place_of_inn
from rules.actions.desk import Desk, pack, told, unpack
from rules.actions.targets import Target, find_targets, with_leads
from rules.beside import Beside


class CounterpartyAction(Action[Buyer]):
    """Found by ИНН and КПП, or made. Values of the result: counterparty (its ref), name, inn, reason."""

    name = "counterparty"
    params = Buyer
    templates = frozenset({"inn", "kpp", "name", "full_name", "address", "ogrn", "account"})
    lead = LeadUse.NEEDS

    def doubles(self, earlier: Buyer, later: Buyer) -> bool:
        return earlier == later

    def beside(self, params: Buyer, beside: Beside) -> Iterator[tuple[Place, str, str]]:  # noqa: ARG002 -- all alike
        yield from no_accounting(beside)

    def needs(self, params: Buyer) -> Iterator[tuple[Place, Need]]:
        yield from (((), need) for need in place_of_inn(params))

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = with_leads(find_targets(items, desk), desk)
        cards = Cards([target for target in targets.values() if isinstance(target, Target)], desk)
        return [_decision(item.params, targets[item.key], cards) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        buyers = [(d, unpack(NewCounterparty, d.frozen["request"])) for d in ready]
        outcomes = ensure(buyers, outside)
        return [_named(told(outcomes[d.item.key], d.frozen["told"]), who) for d, who in buyers]


def _decision(params: Mapping[str, Any], target: Target | ConnectorError, cards: Cards) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    try:
        party = cards.party(params, target)
    except ConnectorError as error:
        return error
    values = {
        "lead_id": target.lead_id,
        "contact_id": target.contact_id,
        "inn": party.who.inn,
        "reason": party.warning,
    }
    return {"request": pack(party.who), "told": {name: value for name, value in values.items() if value}}


def _named(outcome: Outcome, who: NewCounterparty) -> Outcome:
    """Accounting may know it by another name."""
    if isinstance(outcome, Done):
        outcome.values.setdefault("name", who.name)
        outcome.values["counterparty"] = outcome.remote_id
    return outcome
