"""The live feed: its first byte, how soon what came is a row, and what twenty readers cost the webhooks."""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import requests
from argon2 import PasswordHasher

from bench import load, parts

_PASSWORD: Final = "bench-password"
_READERS: Final = 20
_TIMES: Final = 30
_SECTION: Final = 'console:\n  users:\n    bench: {password: "${BENCH_HASH}"}\n'


def feed(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Of the product with an emulated CRM, over HTTP, the page beside the stream in turn."""
    with parts.crm() as crm:
        environ = parts.environment(folder, crm, 100_000.0) | {"BENCH_HASH": PasswordHasher().hash(_PASSWORD)}
        with Path(environ["BENCH_CONFIG"]).open("a", encoding="utf-8") as config:
            config.write(_SECTION)
        with parts.product(environ) as (url, child):
            load.run(f"{url}/{parts.HOOK}", seconds=3, connections=1, rate=40)  # the page is full, threads are warm
            session = _signed_in(url)
            yield from _beside_the_page(session, url)
            for what, pause in (
                ("one in two seconds", lambda: random.uniform(1.5, 2.5)),
                ("five a second", lambda: 0.2),
            ):
                yield f"from a webhook answered to its row, {what}, ms", "", _told(_delays(session, url, pause))
            idle = parts.rss(child.pid)
            alone, read = [], []
            for _ in range(2):
                alone.append(_webhooks(url))
                with ExitStack() as readers:
                    for _ in range(_READERS):
                        readers.enter_context(_reading(session, url))
                    read.append(_webhooks(url))
                    busy = parts.rss(child.pid)
    share = f"{max(read):.0f} beside {max(alone):.0f} ({max(read) / max(alone):.0%})"
    yield f"webhooks acknowledged a second, {_READERS} feeds open, beside none", "", share
    yield f"memory before and under these {_READERS} feeds, MB", "< 200", f"{idle:.0f}, {busy:.0f}"


def _signed_in(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    page = session.get(f"{url}/console/sign-in", timeout=30).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    fields = {"login": "bench", "password": _PASSWORD, "csrf_token": token[1]}
    session.post(f"{url}/console/sign-in", data=fields, timeout=30).raise_for_status()
    return session


def _beside_the_page(session: requests.Session, url: str) -> Iterator[tuple[str, str, str]]:
    pages, firsts = [], []
    for _ in range(_TIMES):
        began = time.perf_counter()
        assert "data-stream" in session.get(f"{url}/console/feed", timeout=30).text
        pages.append(time.perf_counter() - began)
        stood = _stands(session, url)
        began = time.perf_counter()
        with _stream(session, url, stood) as stream:
            assert next(stream.raw.read_chunked())
            firsts.append(time.perf_counter() - began)
    yield "plain page of the feed with 50 rows, ms (floor)", "< 300", _told(pages)
    yield "first byte of the live feed, ms", "at once", _told(firsts)


def _stream(session: requests.Session, url: str, after: str) -> requests.Response:
    return session.get(f"{url}/console/feed/stream", params={"after": after}, stream=True, timeout=60)


def _stands(session: requests.Session, url: str) -> str:
    found = re.search(r'data-stream="([^"]+)"', session.get(f"{url}/console/feed", timeout=30).text)
    assert found
    return parse_qs(urlsplit(found[1].replace("&amp;", "&")).query)["after"][0]


def _delays(session: requests.Session, url: str, pause: Callable[[], float]) -> list[float]:
    """A form of its own each time; its row is the next that is added."""
    answered: list[float] = []
    shown: list[float] = []

    def post() -> None:
        for _ in range(_TIMES):
            time.sleep(pause())
            requests.post(f"{url}/{parts.HOOK}", data=load.tilda(time.time_ns() % 10**9), timeout=5).raise_for_status()
            answered.append(time.perf_counter())

    with _stream(session, url, _stands(session, url)) as stream:
        sender = threading.Thread(target=post)
        sender.start()
        for chunk in stream.raw.read_chunked():
            added = chunk.decode().partition("</ol>")[0].count("<li id=") if b"event: rows" in chunk else 0
            shown += [time.perf_counter()] * added
            if len(shown) >= _TIMES:
                break
        sender.join()
    return [max(0.0, row - answer) for answer, row in zip(answered, shown, strict=False)]


@contextmanager
def _reading(session: requests.Session, url: str) -> Iterator[None]:
    """A reader who takes whatever comes."""
    address = urlsplit(url)
    asked = f"/console/feed/stream?after={_stands(session, url)}"
    cookie = "; ".join(f"{one.name}={one.value}" for one in session.cookies)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(f"GET {asked} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookie}\r\n\r\n".encode())
        while b"event: live" not in (begin := connection.recv(4096)):
            assert b"event: full" not in begin
        reader = threading.Thread(target=_take_all, args=[connection])
        reader.start()
        yield
        connection.shutdown(socket.SHUT_RDWR)
        reader.join()


def _take_all(connection: socket.socket) -> None:
    with suppress(ConnectionError):  # the server may close it in the middle of a word
        while connection.recv(65536):
            pass


def _webhooks(url: str) -> float:
    return load.run(f"{url}/{parts.HOOK}", seconds=4, connections=16).per_second


def _told(seconds: Sequence[float]) -> str:
    took = sorted(one * 1000 for one in seconds)
    return f"p50 {took[len(took) // 2]:.1f}, p99 {took[len(took) * 99 // 100]:.1f}"
