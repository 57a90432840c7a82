"""How the senders post: without proxies, signed as told, and if wanted twice at once or again after a failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

import requests

PATIENCE = 10.0
FORM = "application/x-www-form-urlencoded"


class Signing(StrEnum):
    """What a sender does with its signature. `tampered` signs the body and then changes it."""

    GOOD = "good"
    WRONG = "wrong"
    MISSING = "missing"
    TAMPERED = "tampered"


def post(url: str, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> requests.Response:
    """POST raw bytes; a connection error is raised, any HTTP answer is returned."""
    with requests.Session() as session:
        session.trust_env = False  # the receiver is on loopback, whatever proxy the shell names
        return session.post(url, body, headers={"Content-Type": content_type, **(headers or {})}, timeout=PATIENCE)


def at_once(*sends: Callable[[], requests.Response]) -> list[requests.Response]:
    """Run the sends in as many threads; answers in the order of the sends."""
    with ThreadPoolExecutor(max_workers=len(sends)) as threads:
        return list(threads.map(lambda send: send(), sends))


def with_retries(send: Callable[[], requests.Response], pauses: tuple[float, ...] = (60.0, 60.0)) -> requests.Response:
    """Send till a 2xx, waiting `pauses` seconds between the tries; Tilda's are two of a minute."""
    for pause in pauses:
        try:
            answer = send()
        except requests.RequestException:
            answer = None
        if answer is not None and answer.ok:
            return answer
        time.sleep(pause)
    return send()
