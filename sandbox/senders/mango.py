"""MANGO OFFICE as a sender: whole calls, signed, in order or not."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

import requests

from sandbox.senders.http import FORM, Signing, at_once, post
from sandbox.senders.mango_script import (
    BY_SCHEME,
    CALLER_HUNG_UP,
    ENDED,
    NOBODY_ANSWERED,
    Notice,
    Script,
    employee,
    stringly,
)

MENU, RING, FILE_DELAY = 6.0, 8.0, 50.0


def mango_sign(api_key: str, text: str, salt: str) -> str:
    """Lowercase hex SHA-256 of key, JSON text and salt; the text byte for byte."""
    return hashlib.sha256(f"{api_key}{text}{salt}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MangoSender:
    """Posts the notices of calls below `base_url`. The same caller and start make the same ids: a repeat is a double.

    `leave_out` names paths, such as "/events/summary"; `as_strings` sends timestamps and seq as strings. `log` is given
    all that happened in a call, also what is left out.
    Each call method gives the receiver's answers in the order of sending.
    """

    base_url: str
    api_key: str
    salt: str
    signing: Signing = Signing.GOOD
    as_strings: bool = False
    leave_out: frozenset[str] = frozenset()
    log: Callable[[Sequence[Notice]], None] = lambda _: None

    def call(
        self,
        from_number: str,
        line: str,
        extension: str | None = None,
        talk_seconds: float = 120.0,
        *,
        started: datetime,
        recording: bool = True,
        entry_id: str | None = None,
        shuffle_seed: int | None = None,
        double: bool = False,
        ring_group: Sequence[str] = (),
    ) -> list[requests.Response]:
        """An incoming call that was answered. `ring_group` are colleagues whose phones rang too and stopped."""
        script = Script.begin(from_number, line, started, entry_id)
        caller = script.menu(MENU)
        answered = MENU + RING
        ended = answered + talk_seconds
        rung = [extension, *(other for other in ring_group if other != extension)]
        sides = [script.employee(caller, who) for who in rung]
        for leg, side in enumerate(sides, start=2):
            script.leg(leg, 1, "Appeared", MENU, side)
        script.leg(2, 2, "Connected", answered, sides[0])
        for leg, side in enumerate(sides[1:], start=3):
            script.leg(leg, 2, "Disconnected", answered, side, ENDED)
        if recording:
            script.recording(2, answered, ended, extension)
        script.leg(2, 3, "Disconnected", ended, sides[0], CALLER_HUNG_UP)
        times = (0.0, MENU, answered, ended)
        script.summary(1, ({"number": from_number}, employee(extension)), times, CALLER_HUNG_UP)
        if recording:
            script.record_added(ended + FILE_DELAY)
        return self.send(script.notices, shuffle_seed, double)

    def missed(
        self,
        from_number: str,
        line: str,
        rang: Sequence[str] = (),
        ring_seconds: float = 28.0,
        *,
        started: datetime,
        entry_id: str | None = None,
        shuffle_seed: int | None = None,
        double: bool = False,
    ) -> list[requests.Response]:
        """An incoming call that nobody answered: `rang` in turn; with nobody in `rang` it ended in the voice menu."""
        script = Script.begin(from_number, line, started, entry_id)
        caller = script.menu(MENU if rang else MENU + ring_seconds)
        turn = ring_seconds / max(1, len(rang))
        for index, who in enumerate(rang):
            side, begun = script.employee(caller, who), MENU + index * turn
            script.leg(index + 2, 1, "Appeared", begun, side)
            script.leg(index + 2, 2, "Disconnected", begun + turn, side, NOBODY_ANSWERED)
        to = employee(rang[0]) if rang else {}
        times = (0.0, MENU if rang else None, None, MENU + ring_seconds)
        script.summary(1, ({"number": from_number}, to), times, CALLER_HUNG_UP if rang else BY_SCHEME)
        return self.send(script.notices, shuffle_seed, double)

    def outgoing(
        self,
        extension: str,
        to_number: str,
        line: str,
        talk_seconds: float = 120.0,
        *,
        started: datetime,
        recording: bool = True,
        entry_id: str | None = None,
        command_id: str | None = None,
        shuffle_seed: int | None = None,
        double: bool = False,
    ) -> list[requests.Response]:
        """An employee calls a client; nobody answered if talk_seconds is 0. `command_id`: a callback we asked for."""
        script = Script.begin(extension, line, started, entry_id, command_id)
        if command_id:
            script.notices.append(Notice("/result/callback", {"command_id": command_id, "result": 1000}))
        client = {"number": to_number, "line_number": line}
        side = {"location": "abonent", "from": employee(extension), "to": client}
        answered = RING if talk_seconds else None
        ended = RING + talk_seconds
        reason = CALLER_HUNG_UP if talk_seconds else NOBODY_ANSWERED
        script.leg(1, 1, "Appeared", 0, side)
        if answered is not None:
            script.leg(1, 2, "Connected", answered, side)
            if recording:
                script.recording(1, answered, ended, extension)
        script.leg(1, 3, "Disconnected", ended, side, reason)
        script.summary(2, (employee(extension), {"number": to_number}), (0.0, 0.0, answered, ended), reason)
        if recording and answered is not None:
            script.record_added(ended + FILE_DELAY)
        return self.send(script.notices, shuffle_seed, double)

    def send(
        self, notices: Sequence[Notice], shuffle_seed: int | None = None, double: bool = False
    ) -> list[requests.Response]:
        """Post notices: shuffled if there is a seed, and with `double` each twice at the same moment."""
        self.log(notices)
        wanted = [notice for notice in notices if notice.path not in self.leave_out]
        if shuffle_seed is not None:
            random.Random(shuffle_seed).shuffle(wanted)  # noqa: S311
        answers: list[requests.Response] = []
        for notice in wanted:
            send = partial(self.post, notice)
            answers += at_once(send, send) if double else [send()]
        return answers

    def post(self, notice: Notice) -> requests.Response:
        """One notice: form fields vpbx_api_key, sign and json."""
        text = json.dumps(stringly(notice.body) if self.as_strings else notice.body, separators=(",", ":"))
        salt = f"not {self.salt}" if self.signing is Signing.WRONG else self.salt
        fields = {"vpbx_api_key": self.api_key, "sign": mango_sign(self.api_key, text, salt), "json": text}
        if self.signing is Signing.MISSING:
            del fields["sign"]
        if self.signing is Signing.TAMPERED:
            fields["json"] += " "
        return post(self.base_url.rstrip("/") + notice.path, urlencode(fields).encode(), FORM)
