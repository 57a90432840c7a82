"""Compare what was fetched with the mirror: what really changed, as typed events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from connectors.crm.account import Account
from connectors.crm.differences import (
    News,
    alarm_of,
    as_told,
    of_leads,
    of_parties,
    of_tasks,
    still_expected,
)
from connectors.crm.gone import Gone
from connectors.crm.making import Making
from connectors.crm.mirror import (
    COMPANY,
    CONTACT,
    LEAD,
    TASK,
    KnownCard,
    KnownContact,
    KnownLead,
    KnownTask,
    load,
    moment,
    snapshot,
)
from connectors.crm.names import Id, Names
from provodka.event import Event, new_event_id
from provodka.payloads import Change, CompanyRef, ContactRef, EventType, LeadRef, Payload, Person, TaskRef
from provodka.stores import Snapshot

NEW_WITHOUT_START: Final = timedelta(minutes=10)

Ref = LeadRef | ContactRef | CompanyRef | TaskRef


@dataclass(frozen=True, slots=True)
class Authors:
    """The users who made a card and changed it last; `of` are those of single kinds of news, where the CRM tells."""

    created: Id | None = None
    updated: Id | None = None
    of: Mapping[str, Id | None] = field(default_factory=dict)

    def behind(self, news: News) -> Id | None:
        """Whose doing this is; a task becomes overdue by nobody's."""
        if news.type is EventType.TASK_OVERDUE:
            return None
        return self.created if news.type in CREATED else self.of.get(news.what, self.updated)


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it was just read: as the mirror keeps it, and, when asked for, as rules see it."""

    known: KnownCard
    created_at: datetime
    updated_at: datetime
    ref: Callable[[], Any]
    result: str = ""  # of a task
    authors: Authors = Authors()

    def snapshot(self, before: str | None = None) -> Snapshot:
        """As the mirror keeps it."""
        return snapshot(self.known, self.updated_at, before)


@dataclass(frozen=True, slots=True)
class About:
    """What the events of one card share."""

    person: Person
    payload: Callable[[Change], Payload]


Fresh = Mapping[str, KnownContact]
"""Contacts that were read for the same hint: the mirror does not have them yet."""
Tell = Callable[[Sequence[Card], Fresh], Sequence[About]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What following one kind of card is called: in the mirror, in cursors, in the natural keys of events."""

    name: str
    plural: str
    created: EventType
    key: str = ""
    updated: EventType | None = None

    @property
    def since(self) -> str:
        """The cursor of the moment from which such cards are new to the rules, in unix seconds."""
        return f"{self.plural}:since"

    def differences(self, old: Any, new: Any, names: Names, since: int, now: int) -> Iterator[News]:  # noqa: ANN401
        """What differs from a state that is known."""
        if self.name == LEAD:
            return of_leads(old, new, names)
        return of_tasks(old, new, since, now) if self.name == TASK else of_parties(self.name, old, new, names)


LEADS: Final = Kind(LEAD, "leads", EventType.LEAD_CREATED, updated=EventType.LEAD_UPDATED)
CONTACTS: Final = Kind(CONTACT, "contacts", EventType.CONTACT_CREATED, "contact-", EventType.CONTACT_UPDATED)
COMPANIES: Final = Kind(COMPANY, "companies", EventType.COMPANY_CREATED, "company-", EventType.COMPANY_UPDATED)
TASKS: Final = Kind(TASK, "tasks", EventType.TASK_CREATED, "task-")
CREATED: Final = {kind.created for kind in (LEADS, CONTACTS, COMPANIES, TASKS)}


class Comparison:
    """Compares the cards of one kind. `read` fetches them by id, `about` says for whom and in what words to tell."""

    def __init__(
        self,
        account: Account,
        names: Names,
        kind: Kind,
        read: Callable[[Sequence[str]], Mapping[str, Card]],
        about: Tell,
    ) -> None:
        self._account = account
        self._names = names
        self._kind = kind
        self._read = read
        self._about = about
        self._making = Making(account)
        self._gone = Gone(account)

    def begin(self) -> None:
        """From now on cards that appear are news to the rules; said once for ever."""
        if not self._account.cursor(self._kind.since):
            start = {self._kind.since: str(int(self._account.now().timestamp()))}
            self._account.put(self._kind.name, [], start)

    def learn(self, cards: Sequence[Card], cursors: dict[str, str]) -> None:
        """A page of the first reading. What the mirror has already is newer, or written by ourselves just now.

        Cards that appeared since the reading began are left out, so that the rules will be told of them.
        """
        since = moment(self._account.cursor(self._kind.since))
        old = [replace(card, known=self._kept(None, card, since)) for card in cards if card.created_at < since]
        self._account.add(self._kind.name, [card.snapshot() for card in old], cursors)

    def follow(
        self, ids: Sequence[str], received_at: datetime, fresh: Fresh = MappingProxyType({})
    ) -> tuple[list[Event], list[Snapshot]]:
        """Look into the mirror first: what we write while we read shows then as a change of the mirror."""
        mirror = self._account.mirrored(self._kind.name, ids)
        cards = self._read(ids) if ids else {}
        self._gone.bury(self._kind.name, [one for one in mirror if one not in cards])
        self._gone.revive(self._kind.name, [one for one in cards if one not in mirror])
        return self._compare(cards, mirror, received_at, fresh)

    def look(self, ids: Sequence[str], fresh: Fresh) -> dict[str, tuple[Person, Payload]]:
        """Cards read anew, as their events tell of them; those that are gone are absent."""
        kind, mirror, now = self._kind.name, self._account.mirrored(self._kind.name, ids), self._account.now()
        held = {one: load(kind, kept) for one, kept in mirror.items()}
        cards = self._read(ids) if ids else {}
        seen = [replace(card, known=self._kept(held.get(one), card, now)) for one, card in cards.items()]
        about = self._about(seen, fresh)
        return {one: (told.person, told.payload(Change())) for one, told in zip(cards, about, strict=True)}

    def forget_missing(self, ids: Sequence[str]) -> None:
        """Of those that the mirror has, forget what cannot be read any more."""
        held = list(self._account.mirrored(self._kind.name, ids))
        there = self._read(held) if held else {}
        self._gone.bury(self._kind.name, [one for one in held if one not in there])

    def reconcile(
        self, cards: Mapping[str, Card], received_at: datetime, fresh: Fresh
    ) -> tuple[list[Event], list[Snapshot]]:
        """Of cards that a poll has read."""
        mirror = self._account.mirrored(self._kind.name, list(cards))
        events, snapshots = self._compare(cards, mirror, received_at, fresh)
        if events:  # compared with a mirror that is younger than the reading: once more, in the right order
            return self.follow(list(cards), received_at, fresh)
        return events, snapshots

    def _compare(
        self, cards: Mapping[str, Card], found: Mapping[str, Snapshot], received_at: datetime, fresh: Fresh
    ) -> tuple[list[Event], list[Snapshot]]:
        since = self._since(received_at)
        unknown = [card.known for one, card in cards.items() if one not in found]
        ours = self._making.ours(unknown) if unknown and self._kind is not LEADS else set()
        changed: list[tuple[Card, list[News]]] = []
        snapshots: list[Snapshot] = []
        for one, card in cards.items():
            old = load(self._kind.name, found[one]) if one in found else card.known if one in ours else None
            kept = self._kept(old if one in found else None, card, since, received_at)
            known = replace(kept, expected=still_expected(old, card.known))
            changed.append((replace(card, known=known), self._news(old, card, since, received_at)))
            snapshots.append(snapshot(known, card.updated_at, found[one].body if one in found else ""))
        return self._events([(card, news) for card, news in changed if news], received_at, fresh), snapshots

    def _since(self, received_at: datetime) -> datetime:
        """Cards made from this moment on are news; before the first filling, those of the last minutes."""
        start = self._account.cursor(self._kind.since)
        return moment(start) if start else received_at - NEW_WITHOUT_START

    def _news(self, old: KnownCard | None, card: Card, since: datetime, now: datetime) -> list[News]:
        is_ours = old is not None and old.ours
        is_new = (old is None or not old.announced) and (is_ours or card.created_at >= since)
        news = [News(self._kind.created, "created", "", Change())] if is_new else []
        if old is None and self._kind is not TASKS:
            if not is_new and self._kind.updated is not None:
                news.append(News(self._kind.updated, "seen", "", Change()))
            return news
        base = as_told(old) if old is not None else None
        bounds = (int(since.timestamp()), int(now.timestamp()))
        return news + list(self._kind.differences(base, card.known, self._names, *bounds))

    def _kept(self, old: KnownCard | None, card: Card, since: datetime, now: datetime | None = None) -> KnownCard:
        """As the mirror shall have it: of a task, with the moment at which it will be overdue news; of a lead, with
        that since when it is on its stage."""
        new = card.known
        if isinstance(new, KnownLead):
            return new.standing(old if isinstance(old, KnownLead) else None, card.updated_at)
        if not isinstance(new, KnownTask):
            return new
        alarm = alarm_of(old if isinstance(old, KnownTask) else None, new, int(since.timestamp()))
        return replace(new, alarm=0 if now is not None and alarm <= now.timestamp() else alarm)

    def _events(self, changed: Sequence[tuple[Card, list[News]]], received_at: datetime, fresh: Fresh) -> list[Event]:
        events = []
        for (card, news), about in zip(changed, self._about([card for card, _ in changed], fresh), strict=True):
            for one in news:
                is_birth = one.type in CREATED
                events.append(
                    Event(
                        id=new_event_id(received_at),
                        type=one.type,
                        channel=self._account.name,
                        external_id=f"{self._kind.key}{card.known.id}:{self._stamp(card, one)}",
                        occurred_at=card.created_at if is_birth else self._moment(card, one),
                        received_at=received_at,
                        person=about.person,
                        payload=about.payload(replace(one.change, by=self._names.login_of(card.authors.behind(one)))),
                    )
                )
        return events

    def _stamp(self, card: Card, news: News) -> str:
        """What makes a repeated telling the same event. A task is completed or overdue at a time of its own."""
        if news.type in CREATED:
            return "created"
        if self._kind is TASKS:
            return f"{news.what}:{news.value}"
        return f"{news.what}:{int(card.updated_at.timestamp())}:{news.value}"

    def _moment(self, card: Card, news: News) -> datetime:
        return moment(news.value) if self._kind is TASKS else card.updated_at
