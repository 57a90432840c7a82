"""People and rules edit the CRM at random, its webhooks come doubled, late, in any order or never.

At rest the mirror shows the CRM as it is, nothing goes round in circles, and no change was followed by more writes
than the rules have for it. `PROVODKA_EDITS` is the number of edits, `PROVODKA_SEED` their dice, and
`PROVODKA_EDIT_SECONDS` the time after which it ends with as many as there were.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from cli.house import CRM_CHANNEL, House
from connectors.crm.changes import Card
from connectors.crm.mirror import LEAD, load
from provodka.channel import Delivery
from provodka.event import utc_now
from provodka.journal import queries
from provodka.journal.schema import actions, events, snapshots
from provodka.payloads import EventType
from provodka.stores import Snapshot
from rules.actions import REGISTRY
from tests.end_to_end.company import Company
from tests.end_to_end.crms import SECRET, Amocrm, Bitrix
from tests.end_to_end.staff import STAFF, Staff
from worker.deliverer import Deliverer
from worker.outside import Equipment

EDITS = int(os.environ.get("PROVODKA_EDITS", "200"))
SEED = int(os.environ.get("PROVODKA_SEED", "1"))
SECONDS = float(os.environ.get("PROVODKA_EDIT_SECONDS", "inf"))  # stop earlier, with as many as there were
IS_SHORT = EDITS <= 1000
LONGEST_BURST, MOST_STEPS = (7, 3) if IS_SHORT else (150, 16)
BETWEEN = 100 if IS_SHORT else 2500  # edits from one reconciling to the next
DROPPED, DOUBLED, LATE = 0.15, 0.2, 0.4
ROUNDS = 60  # to come to rest
OURS = {
    "announced",
    "ours",
    "expected",
    "told",
    "alarm",
    "updated_at",
    "created_at",
    "leads",
    "stage_since",
    "since_place",
}

RULES = """
  - name: Сделку изменили
    on: [lead.created, lead.updated, lead.assigned]
    do:
      - tag: {add: ["видели {{ change.field }}"]}
      - note: {text: "Изменено: {{ change.field }}"}
  - name: Сделку продвинули
    on: lead.stage_changed
    do:
      - assign: {responsible: rop}
      - task: {text: "Позвонить: {{ lead.title }}", due: 1h}
  - name: Контакт изменили
    on: [contact.created, contact.updated]
    when: {lead: {known: true}}
    do:
      - move: {stage: Новый лид}
  - name: Задачу сделали
    on: task.completed
    do:
      - task: {text: "Проверить: {{ text }}", due: 2h}
"""
WRITES = 2  # that a change may be followed by, of the rules above


class Post:
    """The CRM's webhooks on their way to us."""

    def __init__(self, house: House, dice: random.Random) -> None:
        self._receiver = house.receivers[CRM_CHANNEL]
        self._journal = house.journal
        self._dice = dice
        self._due: list[tuple[int, str]] = []
        self.count = 0
        self.fates: Counter[str] = Counter()

    def take(self, body: str) -> None:
        """A webhook of the CRM."""
        dice = self._dice
        if dice.random() < DROPPED:
            self.fates["lost"] += 1
            return
        for again in range(2 if dice.random() < DOUBLED else 1):
            late = dice.randrange(1, 40) if dice.random() < LATE else 0
            self.fates["doubled"] += again
            self.fates["late"] += bool(late)
            self._due.append((self.count + late, body))

    def deliver(self, *, all_of_them: bool = False) -> None:
        """Those whose time has come, in any order; what comes at once is accepted at once."""
        due = [body for at, body in self._due if all_of_them or at <= self.count]
        self._due = [] if all_of_them else [one for one in self._due if one[0] > self.count]
        self._dice.shuffle(due)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        deliveries = [Delivery("POST", f"/{SECRET}", headers, {}, body.encode(), utc_now()) for body in due]
        hints = [one for delivery in deliveries for one in self._receiver.receive(delivery, lambda _: ()).events]
        if hints:
            self._journal.accept(hints)


class Works:
    """The house without its threads: each step is taken when the dice say so."""

    def __init__(self, house: House) -> None:
        self.house = house
        equipment = Equipment(house.crm, {}, house.config.team, house.config.calendar, house.services)
        self._deliverer = Deliverer(house.journal, REGISTRY, equipment, house.journal)

    def step(self) -> int:
        return self.house.planner.plan_once() + self._deliverer.deliver_once()

    def reconcile(self) -> int:
        house, crm = self.house, self.house.crm
        assert crm is not None
        found, seen, cursors = crm.reconcile(house.now)
        house.journal.accept_derived(found, {(crm.name, kind): rows for kind, rows in seen.items()}, cursors)
        return len(found)

    def rest(self) -> None:
        """Until nothing is left to do and a look at the CRM finds nothing; it must come to that.

        A day is over, so that what was deleted is looked for too.
        """
        crm = self.house.crm
        assert crm is not None
        self.house.journal.store.put_snapshots(crm.name, LEAD, [], cursors={f"{crm.name}:swept": "1"})
        for _ in range(ROUNDS):
            done = self.reconcile()
            while self._left():
                done += self.step() or _wait()
            if not done:
                return
        raise AssertionError("it goes round in circles")

    def _left(self) -> bool:
        return bool(self.house.journal.read(queries.unfinished))


def _wait() -> int:
    time.sleep(0.02)
    return 0


@pytest.fixture(params=[Amocrm, Bitrix], ids=lambda kind: kind.name)
def office(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def works(closed: Company) -> Iterator[Works]:
    closed.extra_rules = RULES
    closed.house = House(closed.config())
    closed.office.announce(closed.house, f"http://127.0.0.1:9/hooks/crm/{SECRET}")
    yield Works(closed.house)
    closed.house.close()


@pytest.mark.timeout(180 if IS_SHORT else 0)
def test_after_any_edits_the_mirror_shows_the_crm_and_nothing_goes_round_in_circles(
    closed: Company, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.deliverer._TOGETHER", 0)  # one thread has nobody to travel with
    dice = random.Random(SEED)
    post = Post(works.house, dice)
    staff = STAFF[type(closed.office)](closed.office, dice)
    sender = closed.office.emulator.sender  # type: ignore[attr-defined]
    monkeypatch.setattr(sender, "_queue", sender._queue)  # given back at the end
    staff.capture(post.take)
    assert works.house.crm is not None
    assert works.house.crm.fill()
    done, seconds = _edit(staff, post, works, dice)
    works.rest()
    differences = _differences(works.house)
    assert not differences, str(differences)
    told, writes = works.house.journal.read(_told_and_done)
    print(f"{done} edits in {seconds:.0f} s, webhooks {dict(post.fates)}, {told} events, {writes} writes")
    assert 0 < told <= done + staff.side_effects
    assert 0 < writes <= WRITES * told


def _edit(staff: Staff, post: Post, works: Works, dice: random.Random) -> tuple[int, float]:
    """They come in bursts of any length: a quiet hour, and one in which everybody works."""
    began = time.monotonic()
    done = 0
    while done < EDITS and time.monotonic() - began < SECONDS:
        burst = min(dice.randrange(1, LONGEST_BURST), EDITS - done)
        for _ in range(burst):
            staff.edit()
            post.count += 1
        post.deliver()
        for _ in range(dice.randrange(MOST_STEPS)):
            if not works.step():
                break
        if (done + burst) // BETWEEN > done // BETWEEN:
            works.reconcile()
            print(f"{done + burst} edits in {time.monotonic() - began:.0f} s", flush=True)
        done += burst
    post.deliver(all_of_them=True)
    return done, time.monotonic() - began


def _told_and_done(connection: Connection) -> tuple[int, int]:
    """How many changes rules were told of, and how many actions followed."""
    told = select(func.count()).select_from(events).where(events.c.type != EventType.CRM_HINT)
    return connection.execute(told).scalar_one(), connection.execute(select(func.count(actions.c.id))).scalar_one()


def _differences(house: House) -> dict[str, Any]:
    """By card and member what the mirror shows and what the CRM shows, where these differ. `no card`: one has none."""
    crm = house.crm
    found: dict[str, Any] = {}
    for kind, reader in crm._changes._readers.items():  # type: ignore[union-attr]
        there: dict[str, Card] = reader.changed(0)
        mirror = house.journal.read(lambda c, kind=kind: _kept(c, kind.name))  # type: ignore[misc]
        for one in there.keys() | mirror.keys():
            card = there.get(one)
            ours, theirs = _told(mirror.get(one)), _told(card.known if card else None)
            unlike = {m: (value, theirs.get(m)) for m, value in ours.items() if value not in (None, theirs.get(m))}
            if unlike or not ours or not theirs:
                found[f"{kind.name}:{one}"] = unlike if ours and theirs else {"no card": (ours, theirs)}
    return found


def _told(known: Any) -> dict[str, Any]:
    """What a card says; lists in any order. A member that is None is not known yet."""
    rows = {member: value for member, value in asdict(known).items() if member not in OURS} if known else {}
    return {member: sorted(value) if isinstance(value, tuple) else value for member, value in rows.items()}


def _kept(connection: Connection, kind: str) -> dict[str, Any]:
    rows = connection.execute(select(snapshots).where(snapshots.c.kind == kind))
    return {row.id: load(kind, Snapshot(row.id, row.body, row.updated_at)) for row in rows}
