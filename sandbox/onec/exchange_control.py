"""The exchange with a site from outside: run once, run by the clock, and the log of what happened."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.onec.desk import Desk
from sandbox.onec.exchange import Habits, Mishap, SiteExchange

KEPT = 100

Json = dict[str, Any]


class Ask(BaseModel):
    """Body of `POST /_sandbox/exchange`. Repeated `every` seconds till asked with 0; mishaps hit this run only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    user: str = ""
    password: str = ""
    version: Literal["2.05", "2.08", "2.09", "2.10", "3.1"] = "2.08"
    habits: Habits = Habits()
    mishaps: frozenset[Mishap] = frozenset()
    every: float | None = Field(default=None, ge=0)


class Exchanges:
    """The exchanges of one base by the site's address, each keeping what its site has confirmed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._known: dict[str, SiteExchange] = {}
        self._clocks: dict[str, threading.Event] = {}
        self.log: deque[Json] = deque(maxlen=KEPT)

    def run(self, ask: Ask) -> Json:
        """One exchange, now; and from now on every so often if asked."""
        with self._lock:
            exchange = self._known.setdefault(ask.url, SiteExchange(self._desk, ask.url))
            exchange.log_in_as(ask.user, ask.password)
            exchange.version, exchange.habits = ask.version, ask.habits
            if ask.every is not None and (clock := self._clocks.pop(ask.url, None)):
                clock.set()
        told = self._once(ask.url, exchange, ask.mishaps)
        if ask.every:
            self._repeat(ask.url, exchange, ask.every)
        return told

    def reset(self) -> None:
        """End the periodic exchanges and forget every site."""
        with self._lock:
            for clock in self._clocks.values():
                clock.set()
            self._clocks.clear()
            self._known.clear()
            self.log.clear()

    def periodic(self) -> list[str]:
        """Addresses of the sites that are called by the clock."""
        with self._lock:
            return list(self._clocks)

    def _once(self, url: str, exchange: SiteExchange, mishaps: frozenset[Mishap] = frozenset()) -> Json:
        started = self._desk.base.now().isoformat()
        told = {"url": url, "at": started, **exchange.run(mishaps).as_json()}
        self.log.append(told)
        return told

    def _repeat(self, url: str, exchange: SiteExchange, seconds: float) -> None:
        stopped = threading.Event()
        with self._lock:
            self._clocks[url] = stopped

        def work() -> None:
            while not stopped.wait(seconds):
                self._once(url, exchange)

        threading.Thread(target=work, name="sandbox-onec-exchange", daemon=True).start()


def blueprint(exchanges: Exchanges) -> Blueprint:
    """`POST /_sandbox/exchange` runs one and tells it; GET gives the log, the last one last."""
    routes = Blueprint("onec_exchange", __name__, url_prefix="/_sandbox")

    @routes.post("/exchange")
    def run() -> tuple[Response, int]:
        try:
            ask = Ask.model_validate_json(request.get_data())
        except ValidationError as error:
            return jsonify({"error": str(error)}), 400
        return jsonify(exchanges.run(ask)), 200

    @routes.get("/exchange")
    def log() -> Response:
        return jsonify({"periodic": exchanges.periodic(), "runs": list(exchanges.log)})

    return routes
