"""What the actions of an import have made, sorted so that a lead goes together with what hangs on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from provodka.crm import FeedKind
from provodka.journal import MAKERS, ActionState, StoredAction

TAG: Final = "импорт отменён"
_ALONG: Final = frozenset({"note", "log_message", "log_call", "attach", "task", "tag"})
"""What hangs on a card, and goes or stays with it."""
_ENTRIES: Final = {"note": FeedKind.NOTE, "log_message": FeedKind.NOTE, "log_call": FeedKind.CALL}


@dataclass(frozen=True, slots=True)
class Made:
    """`params`, by action, are those of `rules.actions.made.Made`; `along` are actions that go with others."""

    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    along: set[str] = field(default_factory=set)


def made_by(actions: Sequence[StoredAction], touched: Mapping[int, str]) -> Made:
    """Of all rows together: later ones of a person add to what the first has made. `touched`: by lane, what has
    happened in it since."""
    made = Made()
    leads: dict[str, str] = {}
    added: dict[str, list[str]] = {}
    done = [one for one in actions if one.state is ActionState.DONE]
    for action in done:
        result = _result(action)
        if action.kind in MAKERS and result.get("created") == "yes":
            made.params[action.key] = _lead(action, result, touched.get(action.lane or 0, ""))
            leads[result["lead_id"]] = action.key
        if addition := json.loads(action.request or "{}").get("addition"):
            added.setdefault(addition["contact_id"], []).extend((*addition["phones"], *addition["emails"]))
    for params in made.params.values():
        params["added"] = added.get(params["contact"], [])
    for action in done:
        if action.kind not in _ALONG:
            continue
        result = _result(action)
        whole = leads.get(result.get("lead_id", ""))
        id_ = result.get("remote_id", "")
        task = id_ if action.kind == "task" else ""
        if whole is not None:
            made.along.add(action.key)
            if id_ and (entry := _ENTRIES.get(action.kind)):
                made.params[whole]["feed"].append(f"{entry.value}:{id_}")
            if task:
                made.params[whole]["tasks"].append(task)
        elif task:
            made.params[action.key] = {"tag": TAG, "tasks": [task]}
    return made


def _lead(action: StoredAction, result: Mapping[str, str], touched: str) -> dict[str, Any]:
    frozen = json.loads(action.request or "{}")
    create = frozen.get("create") or frozen.get("request") or {}
    return {
        "tag": TAG,
        "lead": result["lead_id"],
        "contact": result.get("contact_id", "") if create.get("contact") else "",
        "create": create or None,
        "tasks": [],
        "feed": [],
        "touched": f"something has happened since: {touched}" if touched else "",
    }


def _result(action: StoredAction) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(action.result or "{}")
    return found
