"""The tables of a copy of the journal, their views, and the rows that an event makes in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from pydantic import TypeAdapter

from provodka.journal.schema import AT_ONCE
from support.export.lines import Line, text_of, words_in
from support.story import ShownAction, ShownCondition

_ForeignKeys = list[tuple[Any, str, Any]]

# name: columns, primary key, foreign keys; in the order in which they refer to one another
TABLES: Final[Mapping[str, tuple[Mapping[str, type], str | tuple[str, ...], _ForeignKeys]]] = {
    "about": ({"name": str, "value": str}, "name", []),
    "people": ({"person": int, "name": str}, "person", []),
    "identities": ({"person": int, "identity": str}, ("person", "identity"), [("person", "people", "person")]),
    "events": (
        {
            "event": int, "id": str, "type": str, "channel": str, "about": str, "person": int, "who": str, "state": str,
            "error": str, "says": str, "local": str, "received_at": str, "occurred_at": str, "planned_at": str,
            "came_again": int, "external_id": str, "payload": str,
        },
        "event",
        [("person", "people", "person")],
    ),
    "plans": (
        {"event": int, "plan": int, "at": str, "cause": str, "facts": str, "hint": str, "found": str, "note": str},
        ("event", "plan"),
        [("event", "events", "event")],
    ),
    "rules": (
        {
            "event": int, "plan": int, "position": int, "rule": str, "outcome": str, "reason": str, "error": str,
            "violation": str, "conditions": str,
        },
        ("event", "plan", "position"),
        [("event", "events", "event")],
    ),
    "actions": (
        {
            "action": int, "event": int, "kind": str, "rule": str, "text": str, "state": str, "reason": str,
            "error": str, "hint": str, "lead": str, "url": str, "choice": str, "needs": int, "local": str,
            "created_at": str, "not_before": str, "finished_at": str, "unsure_since": str, "params": str,
            "result": str, "key": str,
        },
        "action",
        [("event", "events", "event")],
    ),
    "attempts": (
        {
            "action": int, "attempt": int, "outcome": str, "error": str, "started_at": str, "finished_at": str,
            "milliseconds": float,
        },
        ("action", "attempt"),
        [("action", "actions", "action")],
    ),
    "calls": (
        {
            "action": int, "attempt": int, "position": int, "method": str, "path": str, "status": int,
            "milliseconds": float, "request": str, "answer": str, "error": str,
        },
        ("action", "attempt", "position"),
        [("action", "actions", "action")],
    ),
    "links": (
        {"system": str, "kind": str, "remote_id": str, "action": int},
        ("system", "kind", "remote_id"),
        [("action", "actions", "action")],
    ),
    "texts": (
        {"id": int, "event": int, "action": int, "text": str, "also": str},
        "id",
        [("event", "events", "event"), ("action", "actions", "action")],
    ),
}  # fmt: skip
INDEXES: Final = (
    ("events", "person"), ("events", "received_at"), ("identities", "identity"), ("actions", "event"),
    ("actions", "state"), ("links", "action"), ("texts", "event"), ("rules", "rule"),
)  # fmt: skip

# Words begin as they are typed: two to four letters find them by an index. The letter ё is no е to SQLite, so that what
# is spelled with it is found by `also`.
SEARCH: Final = """
CREATE VIRTUAL TABLE "texts_fts" USING FTS5 (
    "text", "also", content="texts", content_rowid="id", tokenize="unicode61 remove_diacritics 2", prefix="2 3 4"
)"""
VIEWS: Final = {
    "timeline": """
SELECT local, received_at AS at, event, NULL AS action, person, who, 'event' AS what, type AS kind, channel AS "by",
       about AS text, state, error, '' AS hint, '' AS lead, '' AS url, id AS event_id FROM events
UNION ALL
SELECT a.local, coalesce(a.finished_at, a.created_at), a.event, a.action, e.person, e.who, 'action', a.kind, a.rule,
       a.text, a.state, a.error, a.hint, a.lead, a.url, e.id FROM actions a JOIN events e USING (event)
ORDER BY 2, 3, 4""",
    "trouble": """
SELECT * FROM timeline WHERE state IN ('failed', 'dead')""",
    "leads": """
SELECT lead, url, e.person, e.who, a.rule, a.local, a.event FROM actions a JOIN events e USING (event)
WHERE a.action IN (SELECT min(action) FROM actions WHERE lead <> '' GROUP BY lead) ORDER BY a.action""",
}


def rows_of(line: Line, zone: tzinfo) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, row) of one event, in the order of the tables."""
    told = line.story.event
    if line.person is not None:
        yield "people", {"person": line.person, "name": told.person.name}
        for identity in line.identities:
            yield "identities", {"person": line.person, "identity": identity}
    yield (
        "events",
        {
            "event": line.seq, "id": told.id, "type": told.type, "channel": told.channel, "about": line.about,
            "person": line.person, "who": str(told.person), "state": told.state, "error": told.error,
            "says": told.says, "local": local(told.received_at, zone), "received_at": moment(told.received_at),
            "occurred_at": moment(told.occurred_at), "planned_at": moment(told.planned_at),
            "came_again": len(told.again), "external_id": told.external_id, "payload": _json(line.payload),
        },
    )  # fmt: skip
    yield "texts", _text(line.seq, None, words_in([line.about, told.says, str(told.person), told.error, line.payload]))
    yield from _plans(line)
    for action in line.story.actions:
        yield from _action(line, action, zone)


def _plans(line: Line) -> Iterator[tuple[str, dict[str, Any]]]:
    for plan in line.story.plans:
        key = {"event": line.seq, "plan": plan.number}
        yield (
            "plans",
            key | {
                "at": moment(plan.at), "cause": plan.cause, "facts": _json(plan.facts), "hint": ", ".join(plan.hint),
                "found": _json(plan.found), "note": plan.note,
            },
        )  # fmt: skip
        for position, rule in enumerate(plan.rules, 1):
            yield (
                "rules",
                key | {
                    "position": position, "rule": rule.rule, "outcome": rule.outcome, "reason": rule.reason,
                    "error": rule.error, "violation": rule.violation,
                    "conditions": _CONDITIONS.dump_json(rule.conditions).decode() if rule.conditions else None,
                },
            )  # fmt: skip


def _action(line: Line, action: ShownAction, zone: tzinfo) -> Iterator[tuple[str, dict[str, Any]]]:
    result = action.result if isinstance(action.result, dict) else {}
    yield (
        "actions",
        {
            "action": action.id, "event": line.seq, "kind": action.kind, "rule": action.rule, "text": text_of(action),
            "state": action.state, "reason": action.reason, "error": action.error, "hint": action.hint,
            "lead": str(result.get("lead_id") or ""), "url": str(result.get("url") or ""), "choice": action.choice,
            "needs": action.needs, "local": local(action.finished_at or action.created_at, zone),
            "created_at": moment(action.created_at), "not_before": moment(action.not_before),
            "finished_at": moment(action.finished_at), "unsure_since": moment(action.unsure_since),
            "params": _json(action.params), "result": _json(action.result), "key": action.key,
        },
    )  # fmt: skip
    words = words_in([action.params, action.result, action.choice, action.error, action.hint])
    yield "texts", _text(line.seq, action.id, words)
    for system, kind, remote_id in line.made.get(action.id, ()):
        yield "links", {"system": system, "kind": kind, "remote_id": remote_id, "action": action.id}
    for attempt in action.attempts:
        key = {"action": action.id, "attempt": attempt.number}
        yield (
            "attempts",
            key | {
                "outcome": attempt.outcome, "error": attempt.error, "started_at": moment(attempt.started_at),
                "finished_at": moment(attempt.finished_at), "milliseconds": attempt.milliseconds,
            },
        )  # fmt: skip
        for position, call in enumerate(attempt.calls, 1):
            yield (
                "calls",
                key | {
                    "position": position, "method": call.get("method"), "path": call.get("path"),
                    "status": call.get("status"), "milliseconds": call.get("milliseconds"),
                    "request": _plain(call.get("request_summary")), "answer": _plain(call.get("answer_summary")),
                    "error": call.get("error_kind"),
                },
            )  # fmt: skip


_CONDITIONS: Final = TypeAdapter(tuple[ShownCondition, ...])


def _text(event: int, action: int | None, words: Iterator[str]) -> dict[str, Any]:
    text = "\n".join(dict.fromkeys(words))
    also = " ".join(word.replace("ё", "е").replace("Ё", "Е") for word in text.split() if "ё" in word.lower())
    return {"id": None, "event": event, "action": action, "text": text, "also": also}


def _json(value: object) -> str | None:
    return None if value in (None, (), [], {}) else json.dumps(value, ensure_ascii=False, default=str)


def _plain(body: object) -> str | None:
    return body if isinstance(body, str) or body is None else _json(body)


def moment(at: datetime | None) -> str | None:
    """UTC as SQLite reads and sorts it; none for «at once»."""
    return None if at in (None, AT_ONCE) else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] + "Z"


def local(at: datetime | None, zone: tzinfo) -> str:
    """On the client's clocks, as people and spreadsheets read it."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
