"""A load of POST requests over keep-alive connections, from a process of its own so that it shares no GIL."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bench.bodies import FORM, KINDS, Post


@dataclass(frozen=True, slots=True)
class Result:
    """What a run saw: requests a second, and milliseconds by percentile. `wrong` are answers other than 2xx."""

    requests: int
    per_second: float
    p50: float
    p99: float
    wrong: int


def run(url: str, *, seconds: float, connections: int, rate: float | None = None, body: str = "tilda") -> Result:
    """Load `url` from a child process; with `rate` evenly at so many requests a second, with what `body` names."""
    order = {"url": url, "seconds": seconds, "connections": connections, "rate": rate, "body": body}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", json.dumps(order)], capture_output=True, text=True, check=True
    )
    return Result(**json.loads(done.stdout))


def tilda(number: int) -> bytes:
    """A form as Tilda sends it, of a person of its own."""
    phone = f"%2B7+%28916%29+{number // 10000 % 1000:03d}-{number // 100 % 100:02d}-{number % 100:02d}"
    return (
        f"Name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F&Phone={phone}&Email=m{number}%40example.ru"
        "&Comments=%D0%9D%D1%83%D0%B6%D0%B5%D0%BD+%D0%B7%D0%B0%D0%BC%D0%B5%D1%80"
        f"&tranid=1%3A{number}&formid=form1&formname=%D0%97%D0%B0%D1%8F%D0%B2%D0%BA%D0%B0"
    ).encode()


def _send(order: dict[str, object]) -> Result:
    host, _, rest = str(order["url"]).removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    seconds, connections, rate = float(str(order["seconds"])), int(str(order["connections"])), order["rate"]
    start = int(time.time() * 1000) % 10_000_000 * 1000
    end = time.monotonic() + seconds
    took: list[float] = []
    wrong = [0] * connections
    make = _maker(host, rest, str(order["body"]))

    def client(index: int) -> None:
        mine: list[float] = []
        number = 0
        due = time.monotonic() + (index / float(str(rate)) if rate else 0)
        connection = _connect(name, int(port))
        while time.monotonic() < end:
            if rate:
                time.sleep(max(0.0, due - time.monotonic()))
                due += connections / float(str(rate))
            request = make(start + index * 1_000_000 + number)
            number += 1
            begun = time.perf_counter()
            try:
                connection.sendall(request)
                good = _answer(connection)
            except OSError:  # the server has closed an idle connection: a real sender opens another
                connection.close()
                connection = _connect(name, int(port))
                connection.sendall(request)
                good = _answer(connection)
            mine.append(time.perf_counter() - begun)
            wrong[index] += not good
        connection.close()
        took.extend(mine)

    began = time.monotonic()
    _all(client, connections)
    lasted = time.monotonic() - began
    took.sort()

    def at(share: float) -> float:
        return round(took[min(len(took) - 1, int(len(took) * share))] * 1000, 2)

    return Result(len(took), round(len(took) / lasted, 1), at(0.5), at(0.99), sum(wrong))


def _connect(host: str, port: int) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(4096)
    if not data:
        raise ConnectionError("closed by the server")
    return data


def _maker(host: str, path: str, kind: str) -> Callable[[int], bytes]:
    """Makes the whole request of a number: a form of Tilda, or what a service posts (`bench.bodies`)."""
    if kind == "tilda":
        return lambda number: _request(host, path, Post(tilda(number), FORM))
    body = KINDS[kind]
    return lambda number: _request(host, path, body(number))


def _request(host: str, path: str, post: Post) -> bytes:
    lines = [f"POST /{path}{post.path} HTTP/1.1", f"Host: {host}", f"Content-Type: {post.kind}"]
    lines += [f"{name}: {value}" for name, value in post.headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(post.body)}", "", ""]).encode() + post.body


def _answer(connection: socket.socket) -> bool:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, rest = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    while len(rest) < length:
        rest += _more(connection)
    return head.split(b" ", 2)[1].startswith(b"2")


def _all(client: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=client, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_send(json.loads(sys.argv[1])))))
