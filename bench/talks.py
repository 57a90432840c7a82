"""Talks of a messenger in a burst, from the webhook to the card: how fast, in what order, in how much memory.

Loads from a process of its own: `python -m bench.talks ORDER` is that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import requests

from bench import parts
from connectors.amocrm.chats import PREFIX, sign

TALKS: Final = 1_000
RATE: Final = 200
SECONDS: Final = 15.0
_LINES: Final = 8
_CHANNEL: Final = "11111111-2222-4333-8444-555555555555"
_SECRET: Final = "0123456789abcdef0123456789abcdef01234567"
_HOOK: Final = "hooks/bot"
_PATIENCE: Final = 240.0


def talks(folder: Path) -> Iterator[tuple[str, str, str]]:
    """A burst over a thousand talks into amoCRM without a limit, beside an empty route at the same pace."""
    port = parts.free_port()
    config = Path(__file__).with_name("talks.yaml")
    with parts.crm() as crm, parts.process(["-m", "bench.floor", str(port)], f"http://127.0.0.1:{port}/x"):
        floor = _load(f"http://127.0.0.1:{port}/{_HOOK}", 5.0)
        journal = f"sqlite:///{folder}/journal.sqlite"
        environ = {"BENCH_JOURNAL": journal, "BENCH_CRM": crm, "BENCH_CONFIG": str(config)}
        with parts.product(environ) as (url, child):
            began = time.monotonic()
            sent = _load(f"{url}/{_HOOK}", SECONDS)
            loaded = parts.rss(child.pid)
            shown = _wait_for(crm, sent["requests"], began)
            took, done = time.monotonic() - began, parts.rss(child.pid)
        chats = _chats(crm)
    in_order = sum(lines == sorted(lines) and len(lines) == len(set(lines)) for lines in chats)
    yield f"empty route at {RATE} requests a second, p99, ms (floor)", "", f"{floor['p99']:.1f}"
    wrong = f"{sent['requests']} sent, {sent['wrong']} wrong answers"
    yield (
        f"messages acknowledged at {RATE} a second over {TALKS} talks, p99, ms",
        "< 50",
        f"{sent['p99']:.1f} ({wrong})",
    )
    yield "messages from webhook to card a second", "", f"{shown / took:.0f} ({shown} in {took:.1f} s)"
    yield "talks whose lines stand in the card once and in their order", f"{TALKS}", f"{in_order} of {len(chats)}"
    yield "memory at the end of the burst, and when all is shown, MB", "flat", f"{loaded:.0f}, {done:.0f}"


def _load(url: str, seconds: float) -> dict[str, float]:
    order = json.dumps({"url": url, "seconds": seconds})
    done = subprocess.run([sys.executable, "-m", "bench.talks", order], capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _update(number: int) -> bytes:
    """A line of a person whose talk it belongs to; its text is its number."""
    person = 1_000_000 + number % TALKS
    message = {
        "message_id": number + 1,
        "from": {"id": person, "is_bot": False, "first_name": f"Клиент {person}"},
        "chat": {"id": person, "type": "private", "first_name": f"Клиент {person}"},
        "date": int(time.time()),
        "text": f"{number:06}",
    }
    return json.dumps({"update_id": number + 1, "message": message}).encode()


def _send(url: str, seconds: float) -> dict[str, float]:
    """Evenly, each talk by one connection: so its lines leave in their order."""
    host, _, path = url.removeprefix("http://").partition("/")
    took: list[float] = []
    wrong = [0] * _LINES
    begin = time.monotonic()
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": "bench-secret"}

    def line(index: int) -> None:
        connection = HTTPConnection(host, timeout=30)
        for number in range(index, int(seconds * RATE), _LINES):
            time.sleep(max(0.0, begin + number / RATE - time.monotonic()))
            started = time.perf_counter()
            connection.request("POST", f"/{path}", _update(number), headers)
            answer = connection.getresponse()
            answer.read()
            took.append(time.perf_counter() - started)
            wrong[index] += answer.status != 200
        connection.close()

    threads = [threading.Thread(target=line, args=(index,)) for index in range(_LINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    return {"requests": len(took), "p99": took[int(len(took) * 0.99)] * 1000, "wrong": sum(wrong)}


def _wait_for(crm: str, lines: float, began: float) -> int:
    """Until so many lines were posted to the chat service; how many were."""
    posted = 0
    while posted < lines and time.monotonic() - began < _PATIENCE:
        time.sleep(0.2)
        posted = _posted(crm)
    return posted


def _posted(crm: str) -> int:
    calls = requests.get(f"{crm}/_sandbox/stats", timeout=60).json()["calls"]
    return sum(count for route, count in calls.items() if route.endswith("/v2/origin/custom/<scope_id>"))


def _chats(crm: str) -> list[list[str]]:
    """The texts of every chat as the chat service has them, oldest first."""
    head = {"Authorization": "Bearer sandbox"}
    account = requests.get(f"{crm}/api/v4/account", params={"with": "amojo_id"}, headers=head, timeout=60).json()
    rows = requests.get(f"{crm}/api/v4/contacts/chats", headers=head, timeout=60).json()["_embedded"]["chats"]
    found = []
    for row in rows:
        path = f"{PREFIX}/{_CHANNEL}_{account['amojo_id']}/chats/{row['chat_id']}/history"
        signed = sign(_SECRET, "GET", path, b"", datetime.now(UTC))
        told = requests.get(f"{crm}/amojo{path}", params={"limit": "50"}, headers=signed, timeout=60).json()
        found.append([one["message"]["text"] for one in reversed(told["messages"])])
    return found


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps(_send(given["url"], given["seconds"])))
