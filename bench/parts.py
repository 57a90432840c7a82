"""The processes that a benchmark needs: the floor, the product and the emulated CRM, each on its own port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

HERE = Path(__file__).parent
HOOK, URGENT = "hooks/site/bench-secret", "hooks/vip/bench-secret"
_PACE = 'per_second: "${BENCH_PER_SECOND}", burst: "${BENCH_BURST}"'
_SECTIONS = {
    "amocrm": f'crm: {{type: amocrm, url: "${{BENCH_CRM}}", token: sandbox, {_PACE}}}\n',
    "bitrix24": f'crm: {{type: bitrix24, url: "${{BENCH_CRM}}/rest/1/sandbox/", {_PACE}}}\n',
}


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(arguments: Sequence[str], ready: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process, once `ready` answers; stopped at the end. It keeps its bytecode, as what is installed does."""
    child = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environ},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(ready, child)
        yield child
    finally:
        child.terminate()
        child.wait(timeout=30)


def wait_for(url: str, child: subprocess.Popen[bytes], patience: float = 120.0) -> None:
    """Until the address answers."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            requests.get(url, timeout=1)
        except requests.RequestException:
            if child.poll() is not None:
                raise RuntimeError(f"{child.args!r} ended with {child.returncode}") from None
            time.sleep(0.01)
        else:
            return
    raise TimeoutError(url)


@contextmanager
def crm(
    latency: float = 0.0, per_second: float | None = None, name: str = "amocrm", contacts: int = 0, leads: int = 0
) -> Iterator[str]:
    """An emulated CRM with so many people and leads, with this delay per call and this limit; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with process(["-m", "bench.crm", str(port), name, str(contacts), str(leads)], f"{url}/_sandbox/webhooks"):
        requests.post(f"{url}/_sandbox/limit", json={"per_second": per_second}, timeout=5).raise_for_status()
        requests.post(f"{url}/_sandbox/latency", json={"seconds": latency}, timeout=5).raise_for_status()
        yield url


def environment(folder: Path, crm: str, per_second: float, *, burst: int = 1, name: str = "amocrm") -> dict[str, str]:
    """Writes the client's config for this CRM into the folder; the variables of it, and `BENCH_CONFIG`, where it is."""
    path = folder / "client.yaml"
    text = (HERE / "config.yaml").read_text("utf-8") + _SECTIONS[name]
    path.write_text(text if name == "amocrm" else text.replace("pipeline: Кровля", "pipeline: Лиды"), "utf-8")
    return {
        "BENCH_CONFIG": str(path),
        "BENCH_JOURNAL": f"sqlite:///{folder}/journal.sqlite",
        "BENCH_CRM": crm,
        "BENCH_PER_SECOND": str(per_second),
        "BENCH_BURST": str(burst),  # with a hundred thousand a second there is nothing to burst
    }


@contextmanager
def product(environ: dict[str, str], *roles: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`provodka run` in its own process; its address."""
    port = free_port()
    named = [word for role in roles for word in ("--role", role)]
    arguments = ["-m", "cli", "run", "--config", environ["BENCH_CONFIG"], "--port", str(port), *named]
    url = f"http://127.0.0.1:{port}"
    with process(arguments, f"{url}/healthz", **environ) as child:
        yield url, child


def dump(url: str) -> list[dict[str, Any]]:
    """What the emulated CRM holds."""
    found = requests.get(f"{url}/_sandbox/dump", timeout=60).json()
    leads: list[dict[str, Any]] = found["leads"] if isinstance(found, dict) else found
    return leads


def rss(pid: int) -> float:
    """Resident memory in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
