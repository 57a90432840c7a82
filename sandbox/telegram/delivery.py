"""Carries updates to the bot's webhook: in order within a chat, chats side by side, again and again till a 2xx."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from sandbox.telegram.updates import Pending, Updates, Webhook

# Telegram doubles the pause up to a minute or two; here the clock is shortened.
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
LONGEST_RETRY_AFTER = 3600.0
PATIENCE = 10.0
AT_ONCE = 8

Json = dict[str, Any]


class Courier:
    """One dispatcher thread and a few carriers. `call` executes a method that a 2xx reply asks for."""

    def __init__(self, updates: Updates, call: Callable[[str, Json], object], now: Callable[[], int]) -> None:
        self._updates = updates
        self._call = call
        self._now = now
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._dispatch, name="sandbox-telegram-webhook", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The queue must have been closed."""
        if self._thread is not None:
            self._thread.join(PATIENCE + 1)
            self._thread = None

    def _dispatch(self) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sandbox-telegram-carrier") as carriers:
            while not self._updates.closed:
                with self._updates.changed:
                    webhook = self._updates.webhook
                    due = self._due() if webhook else []
                    for update in due:
                        update.in_flight = True
                    if not due:
                        self._updates.changed.wait(self._pause() if webhook else None)
                for update in due:
                    if webhook is not None:
                        carriers.submit(self._carry, webhook, update)

    def _heads(self) -> list[Pending]:
        """The oldest update of each chat: the only ones that may travel."""
        heads: dict[int, Pending] = {}
        for update in self._updates.pending:
            heads.setdefault(update.chat_id, update)
        return list(heads.values())

    def _due(self) -> list[Pending]:
        now = time.monotonic()
        return [update for update in self._heads() if not update.in_flight and update.not_before <= now]

    def _pause(self) -> float | None:
        waits = [update.not_before - time.monotonic() for update in self._heads() if not update.in_flight]
        return max(0.0, min(waits)) if waits else None

    def _carry(self, webhook: Webhook, update: Pending) -> None:
        error, wait, reply = _post(webhook, update.body)
        with self._updates.changed:
            update.in_flight = False
            if error is None:
                self._updates.pending[:] = [other for other in self._updates.pending if other is not update]
            else:
                webhook.last_error, webhook.last_error_at = error, self._now()
                update.failures += 1
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (update.failures - 1))
                update.not_before = time.monotonic() + (pause if wait is None else wait)
            self._updates.changed.notify_all()
        if error is None and reply:
            self._call(str(reply.pop("method")), reply)


def _post(webhook: Webhook, body: Json) -> tuple[str | None, float | None, Json | None]:
    """(error or None, seconds the receiver asks for, the method call in its reply)."""
    headers = {"Content-Type": "application/json"}
    if webhook.secret is not None:
        headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
    try:
        with requests.Session() as session:
            session.trust_env = False  # the bot is on loopback, whatever proxy the shell names
            answer = session.post(webhook.url, json.dumps(body), headers=headers, timeout=PATIENCE)
    except requests.ConnectionError:
        return "Connection refused", None, None
    except requests.RequestException as error:
        return type(error).__name__, None, None
    if not answer.ok:
        after = answer.headers.get("Retry-After", "")
        wait = min(float(after), LONGEST_RETRY_AFTER) if after.isdigit() else None
        return f"Wrong response from the webhook: {answer.status_code} {answer.reason}", wait, None
    return None, None, _method_in(answer)


def _method_in(answer: requests.Response) -> Json | None:
    try:
        reply = answer.json()
    except requests.JSONDecodeError:
        return None
    return dict(reply) if isinstance(reply, dict) and "method" in reply else None
