"""An Asterisk as AMI shows it: a real socket, calls by script, Originate, and the CDR in a database."""

from __future__ import annotations

import contextlib
import itertools
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

from sandbox.senders.service import Answers, Client, Service, utc_now

LINE = "74950003344"
MOSCOW = timezone(timedelta(hours=3))
GREETING = b"Asterisk Call Manager/9.0.0\r\n"
PATIENCE = 5.0  # seconds
NORMAL = ("16", "Normal Clearing")
CDR_COLUMNS = (
    "calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration", "billsec",
    "disposition", "amaflags", "accountcode", "uniqueid", "userfield", "did", "recordingfile", "linkedid", "sequence",
)  # fmt: skip

Fields = Mapping[str, str]


@dataclass
class _Session:
    """One manager. `events`: it wants them."""

    connection: socket.socket
    user: str = ""
    events: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, fields: Sequence[tuple[str, str]]) -> None:
        text = "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        with self.lock, contextlib.suppress(OSError):
            self.connection.sendall(text.encode())


class Pbx:
    """The exchange. Channels are numbered as Asterisk does it: the epoch, a point, a number.

    `silent`: it reads, but answers nothing any more. `deaf`: an Originate is carried out, but its answer is lost.
    """

    def __init__(self, user: str = "provodka", secret: str = "sandbox", now: Callable[[], datetime] = utc_now) -> None:  # noqa: S107
        self.user, self.secret, self.now = user, secret, now
        self.channels: dict[str, dict[str, str]] = {}
        self.originated: list[dict[str, str]] = []
        self.logins = self.refused = self.pings = 0
        self.silent = self.deaf = False
        self.may_originate = True
        self.port = 0
        self._numbers = itertools.count(1)
        self._sessions: list[_Session] = []
        self._listening: socket.socket | None = None

    # the socket

    def listen(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Open the port; 0 takes any free one."""
        self._listening = socket.create_server((host, port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), name="ami", daemon=True).start()

    def stop(self) -> None:
        """Close the port and all connections."""
        if self._listening is not None:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        self.drop()

    def drop(self) -> None:
        """Cut all connections; the port stays open."""
        sessions, self._sessions = self._sessions, []
        for one in sessions:
            with contextlib.suppress(OSError):
                one.connection.shutdown(socket.SHUT_RDWR)

    @property
    def listeners(self) -> int:
        """How many managers want events."""
        return sum(one.events for one in self._sessions)

    def tell(self, event: str, **fields: str) -> None:
        """An event to all who want them; `_` in names stands for `-`."""
        lines = [("Event", event), ("Privilege", "call,all"), *((n.replace("_", "-"), v) for n, v in fields.items())]
        for one in list(self._sessions):
            if one.events:
                one.send(lines)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            session = _Session(connection)
            self._sessions.append(session)
            threading.Thread(target=self._serve, args=(session,), name="ami-session", daemon=True).start()

    def _serve(self, session: _Session) -> None:
        with contextlib.suppress(OSError), session.connection:
            session.connection.sendall(GREETING)
            data = b""
            while piece := session.connection.recv(65536):
                data += piece
                while b"\r\n\r\n" in data:
                    raw, _, data = data.partition(b"\r\n\r\n")
                    lines = (line.partition(": ") for line in raw.decode().split("\r\n"))
                    self._act(session, {name: value for name, _, value in lines})
        if session in self._sessions:
            self._sessions.remove(session)

    def _act(self, session: _Session, asked: dict[str, str]) -> None:
        action, id_ = asked.get("Action", ""), [("ActionID", asked.get("ActionID", ""))]
        if self.silent:
            return
        if action == "Login":
            self._login(session, asked)
        elif not session.user:
            session.send([("Response", "Error"), *id_, ("Message", "Permission denied")])
        elif action == "Ping":
            self.pings += 1
            session.send([("Response", "Success"), *id_, ("Ping", "Pong"), ("Timestamp", f"{time.time():.6f}")])
        elif action == "CoreShowChannels":
            session.send([("Response", "Success"), *id_, ("EventList", "start"), ("Message", "Channels will follow")])
            for one in list(self.channels.values()):
                session.send([("Event", "CoreShowChannel"), *id_, *one.items()])
            session.send([("Event", "CoreShowChannelsComplete"), *id_, ("EventList", "Complete")])
        elif action == "Originate":
            self._originate(session, asked)
        elif action == "Logoff":
            session.send([("Response", "Goodbye"), *id_])
            session.connection.shutdown(socket.SHUT_RDWR)
        else:
            session.send([("Response", "Error"), *id_, ("Message", "Invalid/unknown command")])

    def _login(self, session: _Session, asked: Fields) -> None:
        id_ = ("ActionID", asked.get("ActionID", ""))
        if (asked.get("Username"), asked.get("Secret")) != (self.user, self.secret):
            self.refused += 1
            session.send([("Response", "Error"), id_, ("Message", "Authentication failed")])
            session.connection.shutdown(socket.SHUT_RDWR)
            return
        self.logins += 1
        session.user = asked["Username"]
        session.send([("Response", "Success"), id_, ("Message", "Authentication accepted")])
        session.send([("Event", "FullyBooted"), ("Privilege", "system,all"), ("Status", "Fully Booted")])
        session.events = asked.get("Events", "on") != "off"

    def _originate(self, session: _Session, asked: dict[str, str]) -> None:
        id_ = ("ActionID", asked.get("ActionID", ""))
        if not self.may_originate:
            session.send([("Response", "Error"), id_, ("Message", "Permission denied")])
            return
        if not asked.get("Channel") or not asked.get("Exten"):
            session.send([("Response", "Error"), id_, ("Message", "Channel not specified")])
            return
        self.originated.append(asked)
        if self.deaf:
            session.connection.shutdown(socket.SHUT_RDWR)
            return
        session.send([("Response", "Success"), id_, ("Message", "Originate successfully queued")])

    # the pieces of a call

    def new(
        self,
        channel: str,
        caller: str,
        exten: str = "",
        *,
        context: str = "from-trunk",
        linked: str = "",
        id_: str = "",
    ) -> str:
        """A channel appears; its Uniqueid."""
        number = next(self._numbers)
        uniqueid = id_ or f"{int(self.now().timestamp())}.{number}"
        fields = {
            "Channel": channel if channel.startswith("Local/") else f"{channel}-{number:08x}",
            "ChannelState": "4",
            "CallerIDNum": caller or "<unknown>",
            "ConnectedLineNum": "<unknown>",
            "Context": context,
            "Exten": exten,
            "Uniqueid": uniqueid,
            "Linkedid": linked or uniqueid,
        }
        self.channels[uniqueid] = fields
        self.tell("Newchannel", **fields)
        return uniqueid

    def dial(self, source: str, channel: str, number: str, dialled: str = "", **more: str) -> str:
        """`source` (nobody in a call that was ordered) rings another channel; the new one's Uniqueid."""
        linked = self.channels[source]["Linkedid"] if source else more.pop("linked")
        dest = self.new(channel, number, context="from-internal", linked=linked)
        begun = self.channels[source] if source else {}
        self.tell("DialBegin", **begun, **_dest(self.channels[dest]), DialString=dialled or number, **more)
        return dest

    def dialled(self, source: str, dest: str, status: str = "ANSWER") -> None:
        """What became of the ringing."""
        begun = self.channels.get(source, {})
        self.tell("DialEnd", **begun, **_dest(self.channels[dest]), DialStatus=status)

    def bridge(self, *channels: str) -> None:
        """They talk with one another."""
        for one in channels:
            self.channels[one]["BridgeId"] = "b1"
            self.tell("BridgeEnter", BridgeUniqueid="b1", **self.channels[one])

    def hang_up(self, *channels: str, cause: tuple[str, str] = NORMAL) -> None:
        """Channels disappear."""
        for one in channels:
            fields = self.channels.pop(one)
            self.tell("Hangup", **fields, Cause=cause[0], Cause_txt=cause[1])

    def record(self, cdr: Path, linked: str, ago: float = 0, **more: str | int) -> None:
        """A row of the CDR in an SQLite database, as FreePBX writes it; the leg began so many seconds ago."""
        began = (self.now() - timedelta(seconds=ago)).astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S")
        row = {"calldate": began, "uniqueid": linked, "linkedid": linked, "disposition": "ANSWERED", **more}
        with contextlib.closing(sqlite3.connect(cdr)) as database, database:
            database.execute(f"CREATE TABLE IF NOT EXISTS cdr ({', '.join(CDR_COLUMNS)})")
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO cdr ({', '.join(row)}) VALUES ({marks})", list(row.values()))  # noqa: S608

    # calls by script

    def incoming(
        self, phone: str, line: str = LINE, rung: Sequence[str] = ("101",), answered: str = "", group: str = ""
    ) -> str:
        """A client calls; the call's Linkedid. Without `answered` nobody picks up."""
        trunk = self.new("PJSIP/trunk", phone, line)
        more = {"Context": "ext-group", "Exten": group} if group else {}
        dests = {one: self._ring(trunk, one, more) for one in rung}
        for one, dest in dests.items():
            self.dialled(trunk, dest, "ANSWER" if one == answered else "CANCEL" if answered else "NOANSWER")
            if one != answered:
                self.hang_up(dest)
        if answered:
            self.bridge(trunk, dests[answered])
            self.hang_up(dests[answered])
        self.hang_up(trunk, cause=NORMAL if answered else ("19", "No Answer"))
        return trunk

    def outgoing(self, phone: str, extension: str = "101", status: str = "ANSWER") -> str:
        """An employee calls a client; the call's Linkedid."""
        desk = self.new(f"PJSIP/{extension}", extension, phone, context="from-internal")
        trunk = self.dial(desk, "PJSIP/trunk", phone, f"{phone}@trunk")
        self.dialled(desk, trunk, status)
        if status == "ANSWER":
            self.bridge(desk, trunk)
        self.hang_up(trunk, desk, cause=NORMAL if status == "ANSWER" else ("17", "User busy"))
        return desk

    def internal(self, caller: str = "101", callee: str = "102") -> str:
        """Employees talk with one another."""
        desk = self.new(f"PJSIP/{caller}", caller, callee, context="from-internal")
        other = self.dial(desk, f"PJSIP/{callee}", callee)
        self.dialled(desk, other)
        self.bridge(desk, other)
        self.hang_up(other, desk)
        return desk

    def ordered(self, number: int = -1, *, picked_up: bool = True, answered: bool = True) -> str:
        """What follows an Originate: the employee's telephone, then the client's; the call's Linkedid."""
        asked = self.originated[number]
        employee = asked["Channel"].partition("/")[2].partition("@")[0]
        first = self.new(f"Local/{employee}@from-internal-00000001;1", employee, id_=asked["ChannelId"])
        second = self.new(f"Local/{employee}@from-internal-00000001;2", "", linked=first, id_=f"{first};2")
        desk = self.dial(second, f"PJSIP/{employee}", employee)
        self.dialled(second, desk, "ANSWER" if picked_up else "NOANSWER")
        if picked_up:
            trunk = self.dial(first, "PJSIP/trunk", asked["Exten"], f"{asked['Exten']}@trunk")
            self.dialled(first, trunk, "ANSWER" if answered else "BUSY")
            self.hang_up(trunk, cause=NORMAL if answered else ("17", "User busy"))
        self.hang_up(desk, second, first, cause=NORMAL if picked_up else ("19", "No Answer"))
        return first

    def _ring(self, trunk: str, extension: str, more: Fields) -> str:
        linked = self.channels[trunk]
        dest = self.new(f"PJSIP/{extension}", extension, context="from-internal", linked=linked["Linkedid"])
        self.tell("DialBegin", **{**linked, **more}, **_dest(self.channels[dest]), DialString=extension)
        return dest


def _dest(fields: Fields) -> dict[str, str]:
    return {f"Dest{name}": value for name, value in fields.items() if name not in ("Context", "Exten")}


class Asterisk(Service):
    """The client's own exchange. Its AMI opens with the first press: log in as `provodka` with the secret `sandbox`."""

    name: ClassVar[str] = "asterisk"
    title: ClassVar[str] = "Asterisk (AMI)"
    buttons: ClassVar[Mapping[str, str]] = {
        "call": "Входящий звонок",
        "missed": "Пропущенный звонок",
        "outgoing": "Сотрудник позвонил",
    }
    fields: ClassVar[Mapping[str, str]] = {"port": "Порт AMI", "extension": "Внутренний номер сотрудника"}
    defaults: ClassVar[Mapping[str, str]] = {"port": "5038", "extension": "101"}

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.pbx = Pbx(now=now)

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Somebody picks up."""
        self._followed(given)
        self.pbx.incoming(client.digits, rung=(given["extension"],), answered=given["extension"])
        return []

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Nobody does."""
        self._followed(given)
        self.pbx.incoming(client.digits, rung=(given["extension"],))
        return []

    def outgoing(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The client answers."""
        self._followed(given)
        self.pbx.outgoing(client.digits, given["extension"])
        return []

    def _followed(self, given: Mapping[str, str]) -> None:
        """Wait for whoever follows the exchange: events are told to those who listen, and to nobody later."""
        if not self.pbx.port:
            self.pbx.listen(port=int(given["port"]))
        until = time.monotonic() + PATIENCE
        while not self.pbx.listeners:
            if time.monotonic() > until:
                raise ConnectionError(f"nobody has logged in to AMI at 127.0.0.1:{self.pbx.port} (provodka / sandbox)")
            time.sleep(0.05)

    def stats(self) -> dict[str, Any]:
        return {"logins": self.pbx.logins, "refused": self.pbx.refused, "originated": len(self.pbx.originated)}
