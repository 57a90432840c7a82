"""How MANGO OFFICE lets callers in: a signed form, so many requests a second, a penalty for a second error."""

from __future__ import annotations

import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from flask import Response, jsonify, request

from sandbox.senders.mango import mango_sign

BAD_PARAMETERS, BAD_SIGNATURE, BAD_KEY, NOT_FOUND = 3100, 3102, 3105, 3301
PENALTY = timedelta(minutes=2)
ERROR_STATUS = 420
ALL = (10, 1.0)
"""Of everything together: so many in so many seconds."""

Limits = Mapping[str, tuple[int, float]]


class Door:
    """`limited` switches the limits on. `now` is the clock of the penalty."""

    def __init__(self, now: Callable[[], datetime], api_key: str, salt: str, *, limited: bool = False) -> None:
        self.api_key, self.salt, self.limited = api_key, salt, limited
        self._now = now
        self._came: dict[str, deque[float]] = defaultdict(deque)
        self._punished_till: datetime | None = None
        self._last_error: datetime | None = None
        self._lock = Lock()

    def clear(self) -> None:
        with self._lock:
            self._came.clear()
            self._punished_till = self._last_error = None

    def body(self, kind: str = "", limit: tuple[int, float] | None = None) -> dict[str, Any] | Response:
        """The body of the current request, or the refusal to answer with."""
        if self.limited and (self._is_over("", ALL) or (limit is not None and self._is_over(kind, limit))):
            slow = {"name": "Service Unavailable", "message": "Rate limit exceeded.", "status": 429}
            answer = jsonify(slow)
            answer.status_code = 429
            return answer
        with self._lock:
            if self._punished_till is not None and self._now() < self._punished_till:
                return Response("Unauthorized", 401)
        text = request.form.get("json", "")
        if request.form.get("vpbx_api_key") != self.api_key:
            return self.refuse(BAD_KEY)
        if request.form.get("sign") != mango_sign(self.api_key, text, self.salt):
            return self.refuse(BAD_SIGNATURE)
        try:
            body: Any = json.loads(text)
        except ValueError:
            body = None
        return body if isinstance(body, dict) else self.refuse(BAD_PARAMETERS)

    def refuse(self, code: int) -> Response:
        """An error; a second one of 3xxx within two minutes closes the door till they are over."""
        now = self._now()
        with self._lock:
            if self._punished_till is not None and now < self._punished_till:
                return Response("Unauthorized", 401)
            if 3000 <= code < 4000:
                if self._last_error is not None and now < self._last_error + PENALTY:
                    self._punished_till = self._last_error + PENALTY
                    return Response("Unauthorized", 401)
                self._last_error = now
        refusal = jsonify({"code": code})
        refusal.status_code = ERROR_STATUS
        return refusal

    def _is_over(self, kind: str, limit: tuple[int, float]) -> bool:
        most, seconds = limit
        with self._lock:
            came, now = self._came[kind], time.monotonic()
            while came and came[0] <= now - seconds:
                came.popleft()
            if len(came) >= most:
                return True
            came.append(now)
            return False
