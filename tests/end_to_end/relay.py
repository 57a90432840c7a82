"""What stands between the outside and the product: each delivery is brought until it is taken, and often again."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests
from flask import Response, request

from sandbox.base import Emulator

METHODS = ["GET", "POST", "PUT", "DELETE"]
KEPT = ("Content-Type", "X-Signature", "X-Hub-Signature-256", "X-Telegram-Bot-Api-Secret-Token", "Authorization")
PATIENCE = 120.0
DOUBLED, REPEATED = 0.15, 0.15


class Relay(Emulator):
    """Serves in front of the product at `target`. Of the deliveries some come twice at once, and of some the answer is
    lost, so that they come again. `did` counts both, and the tries in vain."""

    threads = 48

    def __init__(self, target: Callable[[], str], dice: random.Random) -> None:
        super().__init__("relay")
        self.api_prefixes = ("/nothing",)
        self.did: Counter[str] = Counter()
        self._target, self._dice, self._lock = target, dice, threading.Lock()
        self.app.add_url_rule("/<path:path>", "relay", self._pass, methods=METHODS)

    def _pass(self, path: str) -> Response:
        del path
        asked = urlsplit(request.url)
        method, body = request.method, request.get_data()
        headers = {name: request.headers[name] for name in KEPT if name in request.headers}
        url = f"{asked.path}?{asked.query}" if asked.query else asked.path

        def bring(_: int = 0) -> requests.Response:
            return self._bring(method, url, body, headers)

        with self._lock:
            chance = self._dice.random() if method == "POST" else 1.0
        if chance < DOUBLED:
            self.did["doubled"] += 1
            with ThreadPoolExecutor(2) as threads:
                answer, _ = threads.map(bring, range(2))
        else:
            answer = bring()
            if chance < DOUBLED + REPEATED:
                self.did["repeated"] += 1
                answer = bring()
        return Response(answer.content, answer.status_code, content_type=answer.headers.get("Content-Type"))

    def _bring(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> requests.Response:
        end = time.monotonic() + PATIENCE
        with requests.Session() as session:
            session.trust_env = False
            while True:
                try:
                    answer = session.request(method, f"{self._target()}{url}", data=body, headers=headers, timeout=20)
                    if answer.status_code < 500:
                        return answer
                except requests.RequestException:
                    pass  # it was killed just now
                self.did["in vain"] += 1
                assert time.monotonic() < end, f"{method} {url} is not taken"
                time.sleep(0.1)
