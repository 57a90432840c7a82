"""HTTP to an outside system: pooled, paced, never repeated where that could do a thing twice, every call reported."""

from __future__ import annotations

import json as json_codec
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Self, TypeVar
from urllib.parse import unquote

import requests
from requests.adapters import HTTPAdapter
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from connectors.addresses import check_base_url
from connectors.answers import Reply, by_status, explain, never_sent, parse
from connectors.base import CallTrace, collect_calls, collecting, mask, report, summarize
from connectors.line import Haste, Line, haste
from provodka.errors import ConnectorError, RateLimited
from provodka.stores import Pace

__all__ = ["CallTrace", "Http", "Limit", "Reply", "Timeouts", "collect_calls"]

USER_AGENT: Final = "Provodka/0.1"
LONGEST_WAIT: Final = 5.0  # seconds a thread sleeps for its place in the row; beyond that the work goes back
LATEST_START: Final = 0.04  # seconds by which a place may be missed before it counts as lost
IDLE_SECONDS: Final = 20.0  # connections unused for longer are opened anew: the other side may be closing them

S = TypeVar("S", bound=requests.Session)
Params = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection and for the next bytes of an answer."""

    connect: float = 5.0
    read: float = 20.0


@dataclass(frozen=True, slots=True)
class Limit:
    """The pace of an account: at most `burst` calls in any burst/per_second seconds.

    `leaky` is for vendors that count with a leaky bucket of `burst` calls: one more goes as soon as one has drained.
    A fifth of the bucket is kept for what is urgent: it costs nothing, since a bucket drains as fast when it is full.
    """

    account: str
    per_second: float
    burst: int = 1
    leaky: bool = False

    @classmethod
    def of_second(cls, account: str, per_second: float) -> Self:
        """What may go within a second may go at once."""
        return cls(account, per_second, max(1, int(per_second)))

    @property
    def system(self) -> str:
        """The type of the system: accounts are called `<system>:<which>`."""
        return self.account.partition(":")[0]

    @property
    def has_room(self) -> bool:
        """Whether a call of this thread need not line up behind others."""
        return self.leaky and haste() is Haste.URGENT

    def take(self, pace: Pace) -> float:
        """Take the next place in the account's row; the seconds to wait for it."""
        if self.leaky:
            bucket = self.burst if self.has_room else self.burst - self.burst // 5
            return pace.pour(self.account, self.per_second, bucket, LONGEST_WAIT)
        return pace.reserve(self.account, self.per_second, self.burst)


Classify = Callable[[Reply], ConnectorError | None]


class Http:
    """One outside account. Threads share it; each call takes a session of its own out of the pool.

    Raises only children of `ConnectorError`. `classify` sees every answer first and may name the error by the vendor's
    own code. `auth` gives the headers that open the door; redirects are never followed. `check` judges the address.
    """

    def __init__(
        self,
        base_url: str,
        limit: Limit,
        pace: Pace,
        *,
        auth: Callable[[], Mapping[str, str]] = dict,
        timeouts: Timeouts = Timeouts(),
        classify: Classify = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        check: Callable[[str], str] = check_base_url,
        hidden: str = "",
    ) -> None:
        self.base_url = check(base_url)
        self._hidden = hidden
        self._limit = limit
        self._pace = pace
        self._auth = auth
        self._timeouts = (timeouts.connect, timeouts.read)
        self._classify = classify
        self._sleep = sleep
        self._sessions = _Sessions(self.base_url)
        self._line = Line()
        self._retrying = Retrying(
            retry=retry_if_exception(never_sent),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.1, max=0.5),
            sleep=sleep,
            reraise=True,
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool | None = None,
        accept: Collection[int] = (),
        private: bool = False,
        plain: bool = False,
    ) -> Reply:
        """One request and its judged answer.

        `json` may be bytes that are JSON already. `content` is a body that is no JSON: its type is to be named in
        `headers`, and it is reported only where it is XML. With `plain` the answer need be no JSON.
        `headers` stand in for `auth`; `accept` are error statuses that the caller reads himself where `classify` has no
        name for them; `write` overrules what the method says; the bodies of a `private` call (tokens) are not reported.
        """
        if self._limit.has_room:
            self._take_place()
        else:
            self._line.pass_through(self._take_place)
        changes = method not in {"GET", "HEAD"} if write is None else write
        body = None if json is None else _encoded(json)
        data = body if content is None else content
        send = {"method": method, "url": self.base_url + path, "params": params, "data": data}
        opening = self._auth() if headers is None else headers
        started = time.perf_counter()
        reply: Reply | None = None
        error: ConnectorError | None = None
        try:
            reply = self._exchange(send, opening, write=changes)
            error = self._judge(reply, accept, plain=plain)
        except requests.RequestException as fault:
            error = explain(fault, write=changes)
            raise error from fault
        finally:
            if collecting():
                told = content if "xml" in opening.get("Content-Type", "") else body
                shown = (b"", b"") if private else (told or b"", reply.body if reply else b"")
                took = (time.perf_counter() - started) * 1000
                where = path.replace(self._hidden, "•••") if self._hidden else path
                trace = _trace(method, where, params, took, reply, error, shown)
                report(replace(trace, system=self._limit.system))
        if error is not None:
            raise error
        return reply

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._sessions.close()

    def _take_place(self) -> None:
        """Wait for our place in the account's row. Woken too late we line up again, so that calls never bunch."""
        for _ in range(3):
            wait = self._limit.take(self._pace)
            if wait <= 0:
                return
            if wait > LONGEST_WAIT:
                raise RateLimited(f"the account is held back for {wait:.0f} s", wait=wait)
            due = time.monotonic() + wait
            self._sleep(wait)
            if time.monotonic() - due <= LATEST_START:
                return

    def _exchange(self, send: dict[str, Any], headers: Mapping[str, str], *, write: bool) -> Reply:
        answer: requests.Response = self._retrying(self._send, send, headers)
        content = answer.content
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status_code, names, content, parse(content), write)

    def _send(self, send: dict[str, Any], headers: Mapping[str, str]) -> requests.Response:
        session = self._sessions.take()
        kind = {} if send["data"] is None else {"Content-Type": "application/json"}
        try:
            return session.request(**send, headers={**kind, **headers}, timeout=self._timeouts, allow_redirects=False)
        finally:
            self._sessions.give_back(session)

    def _judge(self, reply: Reply, accept: Collection[int], *, plain: bool) -> ConnectorError | None:
        error = self._classify(reply)
        wanted = (reply.status in accept and (plain or reply.readable)) or (plain and 200 <= reply.status < 300)
        if error is None and not wanted:
            error = by_status(reply)
        if isinstance(error, RateLimited) and error.wait:
            self._pace.hold(self._limit.account, error.wait, error.reason)
        return error


class _Sessions:
    """Idle sessions, the last used first. `deque` gives and takes atomically, so no lock is needed."""

    def __init__(self, base_url: str) -> None:
        self._idle: deque[tuple[requests.Session, float]] = deque()
        self._surroundings = surroundings(base_url)

    def take(self) -> requests.Session:
        while self._idle:
            try:
                session, used = self._idle.pop()
            except IndexError:
                break
            if time.monotonic() - used < IDLE_SECONDS:
                return session
            session.close()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
        return new_session(adapter, self._surroundings)

    def give_back(self, session: requests.Session) -> None:
        self._idle.append((session, time.monotonic()))

    def close(self) -> None:
        while self._idle:
            self._idle.pop()[0].close()


def surroundings(url: str) -> Mapping[str, Any]:
    """The proxies and the CA bundle that the environment has for an address."""
    with requests.Session() as session:
        found: Mapping[str, Any] = session.merge_environment_settings(url, {}, None, None, None)
        return found


def new_session(adapter: HTTPAdapter, around: Mapping[str, Any]) -> requests.Session:
    """A session without cookies that takes nothing more of the environment than `around`."""
    return settled(requests.Session(), adapter, around)


def settled(session: S, adapter: HTTPAdapter, around: Mapping[str, Any]) -> S:
    """The same of a session that is there already."""
    # Proxies and CA bundles are taken over once; left on, .netrc could replace our Authorization.
    session.trust_env = False
    session.proxies, session.verify = around["proxies"], around["verify"]
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.headers["User-Agent"] = USER_AGENT
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _encoded(json: object) -> bytes:
    if isinstance(json, bytes):
        return json
    return json_codec.dumps(json, ensure_ascii=False, separators=(",", ":")).encode()


def _trace(
    method: str,
    path: str,
    params: Params,
    took: float,
    reply: Reply | None,
    error: ConnectorError | None,
    shown: tuple[bytes, bytes],
) -> CallTrace:
    pairs = params.items() if isinstance(params, Mapping) else params
    query = "&".join(f"{name}={value}" for name, value in pairs)
    return CallTrace(
        method=method,
        path=mask(unquote(f"{path}?{query}" if query else path, errors="replace")),
        status=reply.status if reply else None,
        milliseconds=round(took, 1),
        request_summary=summarize(shown[0]),
        answer_summary=summarize(shown[1]),
        error_kind=error.kind if error else "",
    )
