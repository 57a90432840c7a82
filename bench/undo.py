"""A rule changes so many cards, then all of it is undone: `python -m bench.undo CONFIG CRM`; prints what it took."""

from __future__ import annotations

import io
import json
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from bench import parts
from cli.config import read
from cli.house import House
from cli.show import View
from cli.undo import Wish, undo
from provodka.crm import LeadChange
from provodka.event import Event, new_event_id
from provodka.journal import queries
from provodka.journal.undoing import Undone
from provodka.operation import Request
from provodka.payloads import Change, EventType, LeadEvent, LeadRef, Person

RULE = "Ошибка"
BY_HAND = 20  # cards that somebody changes after the rule did
_AT_ONCE = 500


def main(config: str, crm: str) -> dict[str, Any]:
    """Seconds of both halves, cards that are as they were, and the exceptions."""
    structlog.configure(processors=[lambda *_: ""], logger_factory=structlog.ReturnLoggerFactory())
    house = House(read(Path(config)))
    before = _cards(crm)
    ids = sorted(before, key=int)
    for start in range(0, len(ids), _AT_ONCE):
        house.journal.accept([_event(one) for one in ids[start : start + _AT_ONCE]])
    worker = house.worker()
    began = time.monotonic()
    worker.start()
    try:
        while house.journal.read(queries.unfinished):
            time.sleep(0.2)
        changing = time.monotonic() - began
        changed = sum(before[one] != card for one, card in _cards(crm).items())
        assert house.crm is not None
        by_hand = [Request(f"hand-{one}", LeadChange(one, price=Decimal(777))) for one in ids[:BY_HAND]]
        house.crm.update_leads(by_hand)
        out = io.StringIO()
        view = View(Console(file=out, width=200), Console(file=out, width=200), as_json=True)
        began = time.monotonic()
        undo(house.journal, Undone(RULE), "", view, preview=house.would_undo, wish=Wish())
        undoing = time.monotonic() - began
    finally:
        worker.stop()
        house.close()
    told = json.loads(out.getvalue())
    return {
        "changing": changing,
        "changed": changed,
        "undoing": undoing,
        "back": told["back"],
        "exceptions": len(told["exceptions"]),
        "same": sum(before[one] == card for one, card in _cards(crm).items()),
    }


def _event(lead: str) -> Event:
    now = datetime.now(UTC)
    payload = LeadEvent(LeadRef(lead), Change("price", "0", "1"))
    id_ = new_event_id(now)
    return Event(id_, EventType.LEAD_UPDATED, "bench", id_, now, now, Person(), payload)


def _cards(crm: str) -> dict[str, tuple[Any, ...]]:
    return {str(card["id"]): (float(card["price"] or 0), card["fields"]) for card in parts.dump(crm)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
