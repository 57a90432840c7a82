"""What the rules cost: planned events a second, and a changed config held against fifty thousand of them."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import structlog
import yaml

from bench.workload import FACTS, NOW, engine, events, fifty_rules, models
from provodka.event import Event
from provodka.journal import Journal
from rules.actions import REGISTRY
from rules.brake import brakes_of
from rules.engine import Engine
from rules.schema import BrakeSettings
from worker.planner import Planner

Row = tuple[str, str, str]
_DAY: Final = 4_000
_PAST: Final = 50_000
_HEAD: Final[dict[str, Any]] = {
    "client": "Кровля Плюс",
    "crm": {"type": "amocrm", "url": "https://krovlya.amocrm.ru", "token": "x"},
    "staff": {key: {"crm": f"{key}@krovlya.ru", "telegram": at} for at, key in enumerate(("anna", "ivan", "rop"), 1)},
    "channels": {"site": {"type": "tilda", "secret": "x"}},
}


def _per_second(count: int, work: Callable[[], object]) -> float:
    """So many a second of this process's own time, the best of five runs: others work on the same cores meanwhile."""
    taken = []
    for _ in range(5):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return count / min(taken)


def rules(folder: Path) -> Iterator[Row]:
    """Events planned by fifty rules in one process, alone and with their plans written to the journal."""
    fifty, day = fifty_rules(), list(events(_DAY))
    ready, single = engine(fifty), engine(fifty[:1])
    made = sum(len(ready.evaluate(event, FACTS, NOW).actions) for event in day) / _DAY
    found = _per_second(_DAY, lambda: _evaluate(ready, day))
    floor = _per_second(_DAY, lambda: _evaluate(single, day))
    yield "the same events against a single rule a second (floor)", "", f"{floor:.0f}"
    yield "events planned against 50 rules a second, one process", "≥ 5000", f"{found:.0f} ({made:.1f} actions each)"
    journal = Journal(f"sqlite:///{folder}/rules.sqlite", lambda: NOW)
    journal.accept(day)
    planner = _planner(journal, fifty)
    began = time.process_time()
    while planner.plan_once():
        pass
    yield "claimed, planned and written to SQLite a second", "", f"{_DAY / (time.process_time() - began):.0f}"
    journal.close()


def _evaluate(ready: Engine, day: Sequence[Event]) -> None:
    """One plan after the other; none is kept, as a worker holds no more than those of a batch."""
    for event in day:
        ready.evaluate(event, FACTS, NOW)


def whatif(folder: Path) -> Iterator[Row]:
    """A changed config held against fifty thousand events on record by `provodka plan`, a process of its own."""
    url = f"sqlite:///{folder}/past.sqlite"
    journal = Journal(url, lambda: NOW)
    planner = _planner(journal, fifty_rules())
    day = events(_PAST)
    while portion := list(islice(day, 1_000)):
        journal.accept(portion)
        while planner.plan_once():
            pass
    journal.close()
    changed = fifty_rules()
    changed[0]["when"]["utm.source"] = "bing"
    changed[25]["do"][1]["note"]["text"] = "{{ message.text }}"
    config = folder / "new.yaml"
    config.write_text(yaml.safe_dump({**_HEAD, "journal": {"url": url}, "rules": changed}, allow_unicode=True), "utf-8")
    _, half = _plan(config, until=NOW + timedelta(seconds=_PAST // 2))
    took, whole = _plan(config, until=NOW + timedelta(days=30))
    told = f"{took:.0f} ({_PAST / took:.0f} a second)"
    yield f"{_PAST} stored events compared with a changed config, s", "< 60", told
    yield "memory that this takes, MB", "flat", f"{whole:.0f} ({half:.0f} for half of them)"


def _plan(config: Path, until: Any) -> tuple[float, float]:  # noqa: ANN401 -- a moment
    """Seconds of a core (others work on them meanwhile), and the most megabytes that a plan has taken so far."""
    words = ["--config", str(config), "--since", "2026-03-01", "--until", until.isoformat(), "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = subprocess.run([sys.executable, "-m", "cli", "plan", *words], capture_output=True, check=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert json.loads(answer.stdout)["totals"]["otherwise"] > 0
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, after.ru_maxrss / 1024


def _planner(journal: Journal, chosen: list[dict[str, Any]]) -> Planner:
    """With brakes that count but never stop."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    brakes = brakes_of(models(chosen), REGISTRY, BrakeSettings(cards=10**6, new_leads=10**6))
    return Planner(journal, engine(chosen), None, None, brakes)
