"""MANGO OFFICE as the keeper of call recordings: signed asks, a one-time link, and a file that is not there at once."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import unquote

from flask import Flask, Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox.senders.mango import mango_sign
from sandbox.senders.mango_door import BAD_KEY, BAD_SIGNATURE, NOT_FOUND, Door

RATE = 8000


class Recordings:
    """Answers `POST /vpbx/queries/recording/post` and `GET /vpbx/queries/recording/link/…` as the reference says.

    Any recording id is good unless it was forgotten; a file appears `ready_after` seconds after its id was first
    heard of. `files` gives other bytes than a tone, by recording id.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        api_key: str = "sandbox",
        salt: str = "sandbox",
        door: Door | None = None,
    ) -> None:
        self.door = door or Door(now, api_key, salt)
        self.ready_after = 0.0
        self.files: dict[str, tuple[bytes, str]] = {}
        self._now = now
        self._heard: dict[str, datetime] = {}
        self._forgotten: set[str] = set()
        self._links: dict[str, str] = {}
        self._lock = Lock()

    def hear(self, recording_id: str) -> None:
        """The recording has begun to exist; its file will follow."""
        with self._lock:
            self._heard.setdefault(recording_id, self._now())

    def forget(self, recording_id: str) -> None:
        """The recording is gone: 3301 from now on."""
        self._forgotten.add(recording_id)

    def clear(self) -> None:
        with self._lock:
            for kept in (self._heard, self._forgotten, self._links, self.files):
                kept.clear()
            self.ready_after = 0.0
        self.door.clear()

    def mount(self, app: Flask) -> None:
        for path in ("/vpbx/queries/recording/post", "/vpbx/queries/recording/post/"):
            app.add_url_rule(path, view_func=self._ask, methods=["POST"], endpoint=path)
        link = "/vpbx/queries/recording/link/<path:recording_id>/<action>/<key>/<timestamp>/<sign>"
        app.add_url_rule(link, view_func=self._follow_signed_link)
        app.add_url_rule("/vpbx/recording/<ticket>", view_func=self._file, endpoint="mango_recording")

    def _ask(self) -> AnyResponse:
        body = self.door.body()
        return body if isinstance(body, Response) else self._give(str(body.get("recording_id", "")))

    def _follow_signed_link(self, recording_id: str, action: str, key: str, timestamp: str, sign: str) -> AnyResponse:
        del action
        recording_id = unquote(recording_id)  # the server leaves an escaped slash escaped
        if key != self.door.api_key:
            return self.door.refuse(BAD_KEY)
        if sign != mango_sign(key, f"{timestamp}{recording_id}", self.door.salt):
            return self.door.refuse(BAD_SIGNATURE)
        if not timestamp.isdigit() or int(timestamp) < self._now().timestamp():
            return Response("expired", 403)  # the timestamp is the link's end; what MANGO answers then is unverified
        return self._give(recording_id)

    def _give(self, recording_id: str) -> AnyResponse:
        if not recording_id or recording_id in self._forgotten:
            return self.door.refuse(NOT_FOUND)
        self.hear(recording_id)
        if self._now() < self._heard[recording_id] + timedelta(seconds=self.ready_after):
            return Response("not found", 404)
        ticket = secrets.token_hex(16)
        with self._lock:
            self._links[ticket] = recording_id
        return redirect(url_for("mango_recording", ticket=ticket, _external=True))

    def _file(self, ticket: str) -> Response:
        with self._lock:
            known = self._links.pop(ticket, None)
        if known is None:
            return Response("gone", 404)
        body, kind = self.files.get(known, (tone(), "audio/x-wav"))
        return Response(body, mimetype=kind)


def tone(seconds: float = 0.5) -> bytes:
    """A WAV file with a faint square tone: something that a player plays."""
    samples = bytes(120 if n // 10 % 2 else 136 for n in range(int(RATE * seconds)))
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(samples),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        RATE,
        RATE,
        1,
        8,
        b"data",
        len(samples),
    )
    return head + samples
