"""What an action is. To add one: a class in a file of its own beside this one, and a line in the registry.

An action has two halves. `plan` is pure: it turns the rendered parameters into what the journal keeps. `deliver` acts,
on a batch: it decides (reads, chooses), freezes the decision in the journal, and only then sends. A later attempt finds
the frozen decision and sends the very same request again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from provodka.accounting import Accounting
from provodka.calls import Dialler, Recordings
from provodka.cashier import Cashier
from provodka.channel import PublicFiles
from provodka.crm import Crm, Messenger, Need, StaffReply
from provodka.errors import ConnectorError, Rejected
from provodka.event import Event
from provodka.messages import ClientMessenger
from provodka.operation import Done, Outcome
from provodka.payloads import Attachment, EventType
from provodka.settings import Strict
from provodka.veil import Veil
from provodka.web import Web
from rules.assignment import StaffFacts, Turns
from rules.beside import Beside
from rules.calendar import WorkingCalendar
from rules.plan import Priority
from rules.team import Team

P = TypeVar("P", bound=Strict)
SKIPPED: Final = "skipped"
"""The value of a maker's result that leaves out the steps which are about its lead."""
Place = tuple[str | int, ...]


class LeadUse(StrEnum):
    """What an action has to do with a lead. All but NONE and MAKES wait for the last maker before them."""

    NONE = "none"
    MAKES = "makes"
    USES = "uses"  # better with a lead, but can do without
    NEEDS = "needs"
    ADDS = "adds"  # needs one, and makes another one for the later steps


@dataclass(frozen=True, slots=True)
class Delivery:
    """One action of a batch.

    `lane_identities` are all identities joined in its lane; `needed` the result values of the action that it needs
    (an intake: lead_id, contact_id, responsible, url); `frozen` the decision of an earlier attempt, and `unsure_since`
    the moment since when that attempt may have been carried out.
    """

    key: str
    params: Mapping[str, Any]
    lane_identities: tuple[str, ...]
    event: Event
    needed: Mapping[str, str] | None = None
    frozen: Mapping[str, Any] | None = None
    unsure_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """What we ourselves made or used for these identities before; lead ids newest first."""

    contact_ids: tuple[str, ...] = ()
    lead_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fate:
    """How an action ended: `done`, `dead`, or empty while it has not; `unknown` where nobody knows whether it
    happened. `error` says why not, to people."""

    state: str = ""
    error: str = ""
    unknown: bool = False


class LinkBook(Protocol):
    """Our own links, recorded in the journal from the results of actions."""

    def of(self, identities: Sequence[str]) -> Links: ...

    def calls(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Which of these calls were logged already, each with the recording it was logged with ('' for none).

        Out of the values `call` and `recording` of done actions `log_call`; calls that were not logged are absent.
        """

    def shown_messages(self, ids: Sequence[str]) -> frozenset[str]:
        """Which of these events, by their ids, were shown already by an action `log_message`."""

    def fate(self, key: str) -> Fate:
        """How the action of this key has ended, if it has."""

    def answered(self, channel: str, sent_id: str) -> StaffReply | None:
        """The answer from the card that went out by this channel as the message of this id."""

    def reported(self, marks: Sequence[str]) -> frozenset[str]:
        """Which of these news an action `report` has told already."""

    def last_message(self, identities: Sequence[str], series: str) -> datetime | None:
        """When this lane was last written to by an action `message` of this series."""

    def last_heard(self, identities: Sequence[str], channel: str) -> datetime | None:
        """When the people of this lane last wrote to a channel."""


class Outside(Protocol):
    """All that an action may touch.

    `messengers` write to the staff, by medium (`telegram`, `email`); `now` is the moment of this batch.
    """

    @property
    def crm(self) -> Crm | None: ...

    @property
    def accounting(self) -> Accounting | None: ...

    @property
    def messengers(self) -> Mapping[str, Messenger]: ...

    @property
    def correspondents(self) -> Mapping[str, ClientMessenger]:
        """The channels that can write to clients, by name, in the order of the config."""

    @property
    def recordings(self) -> Mapping[str, Recordings]:
        """The channels whose recordings of calls can be fetched, by name."""

    @property
    def files(self) -> PublicFiles | None:
        """Addresses at which others can fetch files from us; None where we have no address."""

    @property
    def diallers(self) -> Mapping[str, Dialler]:
        """The channels that make calls, by name, in the order of the config."""

    @property
    def cashiers(self) -> Mapping[str, Cashier]:
        """The channels that make links for payments, by name, in the order of the config."""

    @property
    def web(self) -> Web: ...

    @property
    def turns(self) -> Turns: ...

    @property
    def staff(self) -> StaffFacts: ...

    @property
    def links(self) -> LinkBook: ...

    @property
    def team(self) -> Team: ...

    @property
    def calendar(self) -> WorkingCalendar: ...

    @property
    def now(self) -> datetime: ...

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Nobody else is inside such a block of this name meanwhile, in any process; waits for that."""

    def hint(self, entities: Mapping[str, str]) -> None:
        """Have these of accounting looked at (`sale:17:1`), each by the key of the action that has changed it: once for
        each key, however often it is said."""

    def keep(self, name: str, body: bytes) -> Attachment:
        """Keep a PDF of ours in the journal, so that it can be hung on a card; durable on return."""

    def freeze(self, decisions: Mapping[str, Mapping[str, Any]]) -> None:
        """Commit the decisions, by action key, before anything is sent. They are JSON."""


@dataclass(frozen=True, slots=True)
class Planning(Generic[P]):
    """What `plan` may look at: the parameters as configured, and as rendered for this event (JSON).

    `who` is the staff key of whom the event is about, where it is about one of the staff.
    """

    params: P
    rendered: dict[str, Any]
    rule: str
    now: datetime
    calendar: WorkingCalendar
    team: Team
    veil: Veil
    who: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the actions that a step makes: of another `kind` than the step's own where one is named.

    It waits for the result of its sibling `after` (the suffix of that one's key), where one is named.
    """

    params: dict[str, Any]
    kind: str = ""
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """An item with its frozen decision. `unsure_since` is set only where that decision may have been sent before."""

    item: Delivery
    frozen: Mapping[str, Any]
    unsure_since: datetime | None


Decision = dict[str, Any] | Outcome
"""What is to be frozen and sent, or the outcome of an item that needs no sending."""

_Split = tuple[dict[str, Outcome], dict[str, dict[str, Any]]]


class Action(ABC, Generic[P]):
    """One kind of step in `do`. `templates` names the parameters whose texts are rendered for each event, `reads` what
    the event itself must have, `unordered` the parameters that are lists whose order means nothing, `brings` the events
    that it brings about itself, for rules to hear of. In parameters of `takes_who` the word `who` stands for whom the
    event is about, where that is one of the staff."""

    name: ClassVar[str]
    params: type[P]
    templates: ClassVar[frozenset[str]] = frozenset()
    lead: ClassVar[LeadUse] = LeadUse.NONE
    priority: ClassVar[Priority] = Priority.USUAL
    reads: ClassVar[frozenset[str]] = frozenset()
    unordered: ClassVar[frozenset[str]] = frozenset()
    takes_teams: ClassVar[frozenset[str]] = frozenset()
    takes_who: ClassVar[frozenset[str]] = frozenset()
    brings: ClassVar[frozenset[EventType]] = frozenset()
    operations: ClassVar[frozenset[str]] = frozenset()
    """The operations without which it can do nothing, of those that some CRM does not offer."""

    def plan(self, planning: Planning[P]) -> dict[str, Any]:
        """The parameters that the journal keeps; raises RuleError on a value that cannot be used. No side effect."""
        return planning.rendered

    def parts(self, params: dict[str, Any]) -> Mapping[str, dict[str, Any] | Part]:
        """The planned parameters of each action that this step makes, by the suffix of its key; usually one."""
        return {"": params}

    def reading(self, params: P) -> frozenset[str]:  # noqa: ARG002 -- for those who override it
        """What the event itself must have, where that depends on the parameters."""
        return self.reads

    def people(self, params: P) -> Iterator[tuple[Place, str]]:  # noqa: ARG002 -- for those who override it
        """The staff keys that the parameters name, each with its place; teams, too, in parameters of `takes_teams`."""
        yield from ()

    def leads(self, params: P) -> Iterator[Place]:  # noqa: ARG002 -- for those who override it
        """The parameters, by place, that cannot be met without a lead, where the action as such could do without."""
        yield from ()

    def ways(self, params: P) -> Iterator[tuple[Place, str]]:  # noqa: ARG002 -- for those who override it
        """The channels (or their medium) that have to be able to write to clients, each with its place."""
        yield from ()

    def doubles(self, earlier: P, later: P) -> bool:  # noqa: ARG002 -- for those who override it
        """Whether the later of two such steps, for the same event, makes the same thing a second time."""
        return False

    def needs(self, params: P) -> Iterator[tuple[Place, Need]]:  # noqa: ARG002 -- for those who override it
        """The names of the CRM that the parameters use, each with its place."""
        yield from ()

    def beside(self, params: P, beside: Beside) -> Iterator[tuple[Place, str, str]]:  # noqa: ARG002 -- as above
        """What stands beside the rules in the config and does not let this be done: place, what is wrong, the cure."""
        yield from ()

    def doubts(self, params: P, beside: Beside) -> Iterator[tuple[Place, str, str]]:  # noqa: ARG002 -- as above
        """What stands beside the rules and lets this be done by halves only; no mistake, but hardly meant."""
        yield from ()

    def deliver(self, items: Sequence[Delivery], outside: Outside) -> list[Outcome]:
        """Carry out a batch; one outcome per item, in their order."""
        skipped = {item.key: _skipped(item.needed) for item in items if item.needed and item.needed.get(SKIPPED)}
        asked = [item for item in items if item.frozen is None and item.key not in skipped]
        outcomes, fresh = self._decisions(asked, outside)
        outcomes |= skipped
        if fresh:
            outside.freeze(fresh)
        ready = [_decided(item, fresh) for item in items if item.key not in outcomes]
        if ready:
            outcomes.update(zip((d.item.key for d in ready), self._sent(ready, outside), strict=True))
        return [outcomes[item.key] for item in items]

    @abstractmethod
    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        """What to send for each item. May read and take turns; sends nothing.

        A ConnectorError raised stands for all of them, a Rejected only for a single one: more are tried one by one.
        """

    @abstractmethod
    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        """Send what was decided; one outcome each. A ConnectorError is raised only before anything was sent."""

    def _decisions(self, items: list[Delivery], outside: Outside) -> _Split:
        try:
            decisions = self.decide(items, outside) if items else []
        except Rejected as error:
            if len(items) == 1:
                return {items[0].key: error}, {}
            return _joined([self._decisions([item], outside) for item in items])  # one bad item must not kill the rest
        except ConnectorError as error:
            return {item.key: error for item in items}, {}
        found = list(zip((item.key for item in items), decisions, strict=True))
        settled = {key: decision for key, decision in found if not isinstance(decision, dict)}
        return settled, {key: decision for key, decision in found if isinstance(decision, dict)}

    def _sent(self, ready: list[Decided], outside: Outside) -> list[Outcome]:
        try:
            return self.send(ready, outside)
        except ConnectorError as error:
            return [error] * len(ready)


def _skipped(needed: Mapping[str, str]) -> Done:
    return Done(values={SKIPPED: "yes", "reason": needed.get("reason", "")}, found=True)


def _decided(item: Delivery, fresh: dict[str, dict[str, Any]]) -> Decided:
    """Without a frozen decision nothing can have been sent, whatever became of the attempt that was to make one."""
    if item.frozen is None:
        return Decided(item, fresh[item.key], None)
    return Decided(item, item.frozen, item.unsure_since)


def _joined(splits: list[_Split]) -> _Split:
    settled: dict[str, Outcome] = {}
    fresh: dict[str, dict[str, Any]] = {}
    for one, other in splits:
        settled.update(one)
        fresh.update(other)
    return settled, fresh
