"""How a rule of the clock finds its cards: by `each` or `date`, and by its conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from provodka.crm import Glance
from provodka.event import Event, new_event_id
from provodka.payloads import CHECKED, CardEvent, Person, card_of, checked
from rules.compiled import CompiledRule
from rules.facts import Facts, FactsOnce, House, Scope, StaticFacts, with_keys
from rules.firing import DAY, Firing
from rules.glance import verdict
from rules.moments import Clock
from rules.ticks import CHANNEL

_TOLD: Final = 3


@dataclass
class Sight:
    """One rule's look at the cards of the CRM, at the tick of `moment`. `strange`: some cards whose date is none."""

    compiled: CompiledRule
    kind: str
    house: House
    moment: datetime
    now: datetime
    strange: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._clock = Clock(self.house.calendar.local(self.now), self.house.calendar)
        self._nothing = FactsOnce(StaticFacts(), self.house.team)
        self._firing: Firing | None = self.compiled.rule.firing

    def may_match(self, glance: Glance) -> bool:
        """False where what the mirror knows of the card speaks against it."""
        if not glance.is_open:
            return False
        names = {
            self.kind: with_keys(glance.card, self.house.team),
            "now": self._clock.now,
            "client": self.house.client,
        }
        scope = Scope(names, self._nothing, self._clock)

        def knows(parts: tuple[str, ...]) -> bool:
            if parts[0] != self.kind:
                return parts[0] in names
            if len(parts) > 2 and parts[1] == "fields":
                return ".".join(parts[2:]) in glance.fields
            return len(parts) == 1 or parts[1] in glance.known

        if self._firing is not None and knows(self._firing.parts) and not self._fires(scope, glance.card.id):
            return False
        return verdict(self.compiled.condition, scope, knows) is not False

    def event(self, person: Person, card: CardEvent) -> Event:
        """The event that tells the rule of a card; the same card at the same tick, or date, is the same event."""
        known = card_of(card)
        assert known is not None  # noqa: S101 -- every event of a card names it
        at = self._fires_at(_names(card)) if self._firing is not None else self.moment
        which = at.isoformat() if at is not None else ""
        return Event(
            id=new_event_id(self.now),
            type=CHECKED[self.kind],
            channel=CHANNEL,
            external_id=f"{self.compiled.slug}:{which}:{known[1]}",
            occurred_at=self.moment,
            received_at=self.now,
            person=person,
            payload=checked(card, self.compiled.rule.name),
        )

    def matches(self, event: Event, facts: Facts) -> bool:
        """Whether the rule holds for a card that was read just now; raises what a faulty rule raises."""
        card = getattr(event.payload, self.kind)
        if getattr(card, "state", "open") != "open" or getattr(card, "completed", False):
            return False
        scope = self.house.scope(event, facts, self.now, resumed=False)
        if self._firing is not None and not self._fires(scope, card.id):
            return False
        return self.compiled.condition.evaluate(scope, decided=False).matched is True

    def _fires(self, scope: Scope, card_id: str) -> bool:
        """Whether it is the card's time. What was missed for longer than a day is not made up for."""
        assert self._firing is not None  # noqa: S101 -- asked for rules with a date alone
        value = scope.read(self._firing.parts)
        if value in (None, ""):
            return False
        at = self._firing.moment(value, self.house.calendar)
        if at is None and len(self.strange) < _TOLD and card_id not in self.strange:
            self.strange.append(card_id)
        return at is not None and self.moment - DAY < at <= self.moment

    def _fires_at(self, names: Mapping[str, Any]) -> datetime | None:
        assert self._firing is not None  # noqa: S101
        scope = Scope(names, self._nothing, self._clock)
        return self._firing.moment(scope.read(self._firing.parts), self.house.calendar)


def _names(card: CardEvent) -> Mapping[str, Any]:
    """The cards of an event by their names."""
    return {kind: found for kind in CHECKED if (found := getattr(card, kind, None)) is not None}
