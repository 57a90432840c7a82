"""Delivery of webhooks: unsigned, 2 s for an answer, the vendor's ladder of retries, no order promised.

A second and a third attempt follow any bad answer after 5 and 15 minutes, a fourth and a fifth only 499 and 5xx (and
a timeout) after 15 minutes and an hour. More than 100 bad answers within 2 hours switch the subscription off.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter, deque
from collections.abc import Iterable
from urllib.parse import urlencode

import requests
from pydantic import BaseModel, ConfigDict, Field

from sandbox.amocrm.changes import Change
from sandbox.amocrm.lane import Delivery, Lane
from sandbox.amocrm.model import Hook
from sandbox.amocrm.payload import Pairs
from sandbox.amocrm.store import Store

log = logging.getLogger(__name__)

TIMEOUT = 2.0
LADDER = (300.0, 900.0, 900.0, 3600.0)
LADDER_FOR_ALL = 2
FAILURES_ALLOWED = 100
FAILURE_WINDOW = 7200.0
REORDER_HOLD = 0.3
NO_ANSWER = 0
TIMED_OUT = 504


class HookFaults(BaseModel):
    """Body of `POST /_sandbox/webhook_faults`; `drop`, `double` and `reorder` are shares, `delay` seconds for each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop: float = Field(default=0, ge=0, le=1)
    double: float = Field(default=0, ge=0, le=1)
    reorder: float = Field(default=0, ge=0, le=1)
    delay: float = Field(default=0, ge=0)
    seed: int | None = None


def retry_after(attempt: int, status: int) -> float | None:
    """Seconds to the next attempt, before scaling; None where the vendor gives up."""
    lasting = status == 499 or 500 <= status < 600
    if attempt > len(LADDER) or (attempt > LADDER_FOR_ALL and not lasting):
        return None
    return LADDER[attempt - 1]


def account_pairs(store: Store, origin: str) -> Pairs:
    """The account's own members, at the end of every form."""
    seed = store.seed
    return [
        ("account[id]", str(seed.account_id)),
        ("account[subdomain]", seed.subdomain),
        ("account[_links][self]", origin),
    ]


def compose(changes: Iterable[Change], settings: Iterable[str], account: Pairs) -> str:
    """The form body of one POST: the changes of these settings, numbered within each `{prefix}[{action}]`."""
    wanted = set(settings)
    places: Counter[tuple[str, str]] = Counter()
    pairs: Pairs = []
    for change in changes:
        if change.setting in wanted:
            place = places[(change.prefix, change.action)]
            places[(change.prefix, change.action)] += 1
            head = f"{change.prefix}[{change.action}][{place}]"
            pairs += [(head + suffix, value) for suffix, value in change.pairs]
    return urlencode([*pairs, *account]) if pairs else ""


class Sender:
    """Posts changes to every subscription in background threads. `scale` multiplies the ladder's waits."""

    def __init__(self, store: Store, scale: float = 1.0) -> None:
        self.store = store
        self.scale = scale
        self.counts: Counter[str] = Counter()
        self.log: deque[Delivery] = deque(maxlen=200)
        self._lanes: dict[str, Lane] = {}
        self._closed = False
        self.set_faults(HookFaults())

    def set_faults(self, faults: HookFaults) -> None:
        self.faults = faults
        self._dice = random.Random(faults.seed)  # noqa: S311

    def post(self, changes: list[Change], origin: str) -> None:
        """Queue what a request changed; called under the store's lock, returns at once."""
        if not changes:
            return
        account = account_pairs(self.store, origin)
        for hook in self.store.hooks.values():
            body = "" if hook.disabled else compose(changes, hook.settings, account)
            if body:
                self._queue(Delivery(hook, body))

    def _queue(self, delivery: Delivery) -> None:
        faults, dice = self.faults, self._dice
        if dice.random() < faults.drop:
            self.counts["dropped"] += 1
            return
        delay = faults.delay
        if dice.random() < faults.reorder:
            self.counts["reordered"] += 1
            delay += REORDER_HOLD
        self._put(delivery, delay)
        if dice.random() < faults.double:
            self.counts["doubled"] += 1
            again = Delivery(delivery.hook, delivery.body)
            self._put(again, delay)

    def send(self, session: requests.Session, delivery: Delivery) -> None:
        """One attempt, and the next one queued where it failed."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "amoCRM-Webhooks/3.0"}
        try:
            answer = session.post(
                delivery.hook.destination, data=delivery.body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
            delivery.status = answer.status_code
        except requests.Timeout:
            delivery.status = TIMED_OUT
        except requests.RequestException as error:
            log.debug("webhook not delivered to %s: %s", delivery.hook.destination, error)
            delivery.status = NO_ANSWER
        self.log.append(delivery)
        if 100 <= delivery.status < 300:
            self.counts["delivered"] += 1
        else:
            self.counts["failed"] += 1
            self._failed(delivery)

    def _failed(self, delivery: Delivery) -> None:
        with self.store.lock:
            hook = delivery.hook
            if self.store.hooks.get(hook.id) is not hook or hook.disabled:
                return
            self._note_failure(hook)
            disabled = hook.disabled
        wait = retry_after(delivery.attempt, delivery.status or NO_ANSWER)
        if wait is not None and not disabled:
            again = Delivery(delivery.hook, delivery.body, delivery.attempt + 1)
            self._put(again, wait * self.scale)

    def _note_failure(self, hook: Hook) -> None:
        now = time.time()
        hook.failures = [at for at in hook.failures if at > now - FAILURE_WINDOW]
        hook.failures.append(now)
        if len(hook.failures) > FAILURES_ALLOWED:
            hook.disabled = True
            self.counts["disabled"] += 1
            self.store.touch("hooks", hook.id)

    def _put(self, delivery: Delivery, delay: float) -> None:
        if self._closed:
            return
        lane = self._lanes.get(delivery.hook.destination)
        if lane is None:
            lane = self._lanes[delivery.hook.destination] = Lane(delivery.hook.destination, self.send)
            lane.start()
        lane.put(delivery, delay)

    def forget(self) -> None:
        """Drop everything queued and all counts; nothing queued so far is posted after this."""
        for lane in list(self._lanes.values()):
            lane.forget(TIMEOUT + 1)
        self.log.clear()
        self.counts.clear()
        self.set_faults(HookFaults())

    def open(self) -> None:
        """Accept deliveries again after a stop."""
        self._closed = False

    def stop(self) -> None:
        """End the threads; what is queued is lost, as the vendor may lose it."""
        self._closed = True
        lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join(timeout=TIMEOUT + 1)
