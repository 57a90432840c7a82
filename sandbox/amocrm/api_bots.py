"""Salesbots: `/api/v2/salesbot/run`, `/api/v4/bots`, and the continuation of a bot that waits for an answer.

A bot of the emulator does nothing but remember its runs, which `GET /_sandbox/bots` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.records import Record

MOST_RUNS = 100
Kinds = Mapping[Any, str]
V2_KINDS: Kinds = {1: "contacts", 2: "leads", "1": "contacts", "2": "leads"}
V4_KINDS: Kinds = {"leads": "leads", "contacts": "contacts", "customers": "customers"}


def run_v2(call: Call) -> tuple[Json, int]:
    """`POST /api/v2/salesbot/run`: at most 100 of `{bot_id, entity_id, entity_type: 1 contact | 2 lead}`."""
    _run(call, [(request_id, item, V2_KINDS) for request_id, item in call.items(MOST_RUNS)])
    return {"success": True, "_links": {"self": {"href": call.href()}}}, 202


def list_bots(call: Call) -> Json | None:
    """`GET /bots`; the collection is called `items`."""
    return call.listing("items", call.store.bots.values(), lambda row: _show(call, row), total=True)


def get_bot(call: Call, bot_id: int) -> Json:
    return _show(call, _known(call, bot_id))


def run_many(call: Call) -> tuple[None, int]:
    """`POST /bots/run`."""
    _run(call, [(request_id, item, V4_KINDS) for request_id, item in call.items(MOST_RUNS)])
    return None, 202


def run_one(call: Call, bot_id: int) -> tuple[None, int]:
    """`POST /bots/{id}/run`."""
    _known(call, bot_id)
    _run(call, [("0", {**call.item(), "bot_id": bot_id}, V4_KINDS)])
    return None, 202


def stop(call: Call, bot_id: int) -> tuple[None, int]:
    """`POST /bots/{id}/stop`: of leads only."""
    row, item, checks = _known(call, bot_id), call.item(), Checks()
    checks.choice(item, "entity_type", ("leads",), required=True)
    checks.finish()
    for run in row.values["runs"]:
        if (run["entity_type"], run["entity_id"]) == ("leads", item.get("entity_id")):
            run["state"] = "stopped"
    call.store.touch("bots", row.id)
    return None, 202


def carry_on(call: Call, kind: str, bot_id: int, continue_id: int) -> tuple[None, int]:
    """`POST /{salesbot|marketingbot}/{bot_id}/continue/{continue_id}`: the bot's step got its answer."""
    row = _known(call, bot_id)
    answers = row.values.setdefault("answers", [])
    answers.append({"kind": kind, "continue_id": continue_id, "body": call.item()})
    call.store.touch("bots", row.id)
    return None, 202


def _run(call: Call, wishes: list[tuple[str, Json, Kinds]]) -> None:
    checks, found = Checks(), []
    for request_id, item, kinds in wishes:
        checks.item(request_id)
        checks.choice(item, "bot_id", call.store.bots, required=True)
        checks.choice(item, "entity_type", kinds, required=True)
        word = item.get("entity_type")
        kind = kinds.get(word) if isinstance(word, str | int) else None
        if kind is not None:
            checks.choice(item, "entity_id", call.store.table(kind), required=True)
        found.append((item, kind))
    checks.finish()
    for item, kind in found:
        run = {"entity_type": kind, "entity_id": item["entity_id"], "at": call.now, "state": "running"}
        call.store.bots[item["bot_id"]].values["runs"].append(run)
        call.store.touch("bots", item["bot_id"])


def _known(call: Call, bot_id: int) -> Record:
    row = call.store.bots.get(bot_id)
    if row is None:
        raise missing("Bot not found")
    return row


def _show(call: Call, row: Record) -> Json:
    shown = {key: value for key, value in row.values.items() if key not in ("runs", "answers")}
    return {"id": row.id, **shown, "_links": call.links(f"bots/{row.id}")}
