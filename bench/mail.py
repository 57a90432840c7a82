"""A mailbox read for the first time, and how soon a new letter is an event, with a real Dovecot (PROVODKA_DOVECOT).

Each reader is a process of its own, so that its memory is told apart: `python -m bench.mail ORDER` is one.
"""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from imapclient import IMAPClient

from connectors.imap.mailbox import ImapChannel
from connectors.imap.settings import ImapSettings
from provodka.event import Event
from provodka.journal import Journal
from tests.connectors.imap.dovecot import BINARY, PASSWORD, Dovecot, running

LETTERS: Final = 10_000
FILES: Final = ((480, 200_000), (20, 10_000_000), (4, 40_000_000))
"""How many letters bring a file of how many bytes."""

_USER: Final = "bench@example.org"
_NEW: Final = 30
_PATIENCE: Final = 600.0


def mail(folder: Path) -> Iterator[tuple[str, str, str]]:
    """A first sync beside a plain fetch of the same letters, and letters that come by IDLE."""
    if not (BINARY and Path(BINARY).exists()):
        yield "first sync of a mailbox", "", "no Dovecot here: name the folder of one in PROVODKA_DOVECOT"
        return
    with running() as server:
        size = _fill(server, LETTERS, FILES)
        floor = _child(server, "floor", folder)
        ours = _child(server, "sync", folder)
        few = folder / "few"
        few.mkdir()
        latency = _child(server, "idle", few)
    what = f"{LETTERS} letters, {size / 1e6:.0f} MB, files of up to 40 MB"
    yield f"plain fetch of {what}, s (floor)", "", _took(floor)
    yield "first sync of the same into SQLite, s", "< 300", f"{_took(ours)}, {ours['events']:.0f} events"
    yield "its memory at the start and at its peak, MB", "flat", f"{ours['begin']:.0f}, {ours['peak']:.0f}"
    yield "a new letter is an event by IDLE, s", "< 2", f"p50 {latency['p50']:.2f}, worst {latency['worst']:.2f}"


def _took(told: dict[str, float]) -> str:
    return f"{told['seconds']:.0f} ({told['core']:.0f} s of a core, peak {told['peak']:.0f} MB)"


def _child(server: Dovecot, what: str, folder: Path) -> dict[str, float]:
    order = json.dumps({"what": what, "port": server.port, "home": str(server.home), "folder": str(folder)})
    done = subprocess.run([sys.executable, "-m", "bench.mail", order], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _fill(server: Dovecot, count: int, files: Sequence[tuple[int, int]]) -> int:
    """Put the letters straight into the mailbox's folder, as a delivery agent does; their bytes in all."""
    with server.client(_USER) as client:
        client.select_folder("INBOX")
    place = server.home / "mail" / _USER
    owner = (place / "new").stat()
    chance = random.Random(7)
    sizes = [size for many, size in files for _ in range(many)]
    sizes += [0] * (count - len(sizes))
    chance.shuffle(sizes)
    total = 0
    now = int(time.time())
    for number, size in enumerate(sizes):
        raw = _letter(number, size, chance)
        file = place / "new" / f"{now}.{number:05}.bench"
        file.write_bytes(raw)
        os.chown(file, owner.st_uid, owner.st_gid)
        total += len(raw)
    return total


def _letter(number: int, size: int, chance: random.Random) -> bytes:
    said = f"Здравствуйте! Нужна кровля, дом {number}. Телефон +7 916 {number:07}\r\n" + "Подробности ниже.\r\n" * 40
    quoted = '\r\n01.12.2025, 12:05, "Иван" <info@krovlya.ru>:\r\n' + "> Добрый день, чем помочь?\r\n" * 40
    text = base64.encodebytes((said + quoted).encode("cp1251" if number % 3 else "utf-8")).replace(b"\n", b"\r\n")
    charset = "windows-1251" if number % 3 else "utf-8"
    head = (
        f"From: client{number}@example.org\r\nTo: info@krovlya.ru\r\nSubject: zamer {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\nDate: Mon, 1 Dec 2025 12:00:00 +0300\r\nMIME-Version: 1.0\r\n"
    )
    body = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + text
    if not size:
        return head.encode() + body
    file = base64.encodebytes(chance.randbytes(size)).replace(b"\n", b"\r\n")
    return (
        head.encode()
        + b'Content-Type: multipart/mixed; boundary="b1"\r\n\r\n--b1\r\n'
        + body
        + b"\r\n--b1\r\nContent-Type: application/pdf; name=plan.pdf\r\nContent-Transfer-Encoding: base64\r\n"
        + b"Content-Disposition: attachment; filename=plan.pdf\r\n\r\n"
        + file
        + b"\r\n--b1--\r\n"
    )


def _peak() -> float:
    """Megabytes that this process has had at most; `getrusage` would count what it was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _floor(server: Dovecot, _: Path) -> dict[str, float]:
    begin = _peak()
    began = time.monotonic()
    with server.client(_USER) as client:
        client.select_folder("INBOX", readonly=True)
        uids = client.search("ALL")
        for at in range(0, len(uids), 20):
            client.fetch(uids[at : at + 20], ["BODY.PEEK[]"])
    return {"seconds": time.monotonic() - began, "core": time.process_time(), "begin": begin, "peak": _peak()}


class _Status:
    def trouble(self, name: str, cause: str, cure: str) -> None:
        raise SystemExit(f"{name}: {cause}. {cure}")

    def well(self, name: str) -> bool:
        return bool(name)


class _Noting:
    """The journal, with the moment at which each letter was in it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.at: dict[str, float] = {}

    def accept(self, events: Sequence[Event], **more: Any) -> None:  # noqa: ANN401  # as Intake.accept
        self.journal.accept(events, **more)
        self.at.update({event.external_id: time.monotonic() for event in events})

    def cursor(self, name: str) -> str | None:
        return self.journal.cursor(name)


def _watched(server: Dovecot, folder: Path, user: str) -> tuple[_Noting, threading.Event, threading.Thread]:
    noting = _Noting(Journal(f"sqlite:///{folder}/journal.sqlite"))
    settings = ImapSettings.model_validate(
        {
            "host": server.host,
            "port": server.port,
            "tls": False,
            "user": user,
            "password": PASSWORD,
            "first_sync_days": 7,
        }
    )
    stop = threading.Event()
    channel = ImapChannel("mail", settings)
    thread = threading.Thread(target=channel.watch, args=(stop, noting, _Status()), daemon=True)
    thread.start()
    deadline = time.monotonic() + _PATIENCE
    while not noting.cursor("imap:mail:INBOX") and time.monotonic() < deadline:
        time.sleep(0.05)
    return noting, stop, thread


def _sync(server: Dovecot, folder: Path) -> dict[str, float]:
    begin, began = _peak(), time.monotonic()
    noting, stop, thread = _watched(server, folder, _USER)
    seconds = time.monotonic() - began
    stop.set()
    thread.join(5)
    noting.journal.close()
    core = time.process_time()
    return {"seconds": seconds, "core": core, "begin": begin, "peak": _peak(), "events": len(noting.at)}


def _idle(server: Dovecot, folder: Path) -> dict[str, float]:
    noting, stop, thread = _watched(server, folder, "idle@example.org")
    sent: dict[str, float] = {}
    with IMAPClient(server.host, port=server.port, ssl=False, timeout=10) as client:
        client.login("idle@example.org", PASSWORD)
        for number in range(_NEW):
            client.append("INBOX", _letter(number, 0, random.Random(1)))
            sent[f"<{number}@example.org>"] = time.monotonic()
            time.sleep(0.4)
    time.sleep(2)
    stop.set()
    thread.join(5)
    noting.journal.close()
    took = sorted(noting.at.get(key, float("inf")) - moment for key, moment in sent.items())
    return {"p50": took[len(took) // 2], "worst": took[-1]}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    read = {"floor": _floor, "sync": _sync, "idle": _idle}[given["what"]]
    sys.stdout.write(json.dumps(read(Dovecot(given["port"], Path(given["home"])), Path(given["folder"]))))
