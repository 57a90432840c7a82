"""`batch`: up to 50 commands in one request, each with its own outcome, later ones naming results of earlier ones."""

from __future__ import annotations

import re
from typing import Any

from sandbox.bitrix24.call import AsData, Auth, Page
from sandbox.bitrix24.dispatch import Dispatcher, Outcome
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.params import from_query, text, whole, yes

BATCH = "batch"
MOST = 50
REFERENCE = re.compile(r"\$result((?:\[[^\[\]]*\])+)")
STEP = re.compile(r"\[([^\[\]]*)\]")


def run_batch(dispatcher: Dispatcher, auth: Auth, params: Json, base: str) -> Json:
    """The `result` of a batch; nothing done is rolled back."""
    commands = _commands(params.get("cmd") or params.get("CMD"))
    halt = yes(params.get("halt", params.get("HALT"))) or whole(params.get("halt")) == 1
    parts: dict[str, Json] = {
        name: {} for name in ("result", "result_error", "result_total", "result_next", "result_time")
    }
    for place, (key, command) in enumerate(commands):
        if place >= MOST:
            parts["result_error"][key] = RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded").body
            continue
        try:
            _take(parts, key, _run(dispatcher, auth, command, parts["result"], base))
        except RestError as error:
            body = error.body
            if error.code == "insufficient_scope":
                body = {**body, "error_description": ""}
            parts["result_error"][key] = body
            if halt:
                break
    return {name: part or [] for name, part in parts.items()}


def _commands(raw: object) -> list[tuple[str, object]]:
    if isinstance(raw, dict):
        return list(raw.items())
    return [(str(place), one) for place, one in enumerate(raw)] if isinstance(raw, list) else []


def _run(dispatcher: Dispatcher, auth: Auth, command: object, results: Json, base: str) -> Outcome:
    name, _, query = text(command).partition("?")
    wanted = name.strip().strip("/")
    if wanted.lower() == BATCH or not (method := dispatcher.find(wanted)).batch:
        raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage", 405)
    params = _resolved(from_query(query), results)
    return dispatcher.run(method, auth, params, base)


def _take(parts: dict[str, Json], key: str, outcome: Outcome) -> None:
    value = outcome.value
    if isinstance(value, AsData):
        parts["result_error"][key] = value.body
        return
    if isinstance(value, Page):
        parts["result"][key] = value.result
        if value.total is not None:
            parts["result_total"][key] = value.total
        if value.next is not None:
            parts["result_next"][key] = value.next
    else:
        parts["result"][key] = value
    parts["result_time"][key] = outcome.time


def _resolved(value: Any, results: Json) -> Any:  # noqa: ANN401  # any JSON
    if isinstance(value, dict):
        return {key: _resolved(child, results) for key, child in value.items()}
    if isinstance(value, list):
        return [_resolved(child, results) for child in value]
    if not isinstance(value, str) or "$result" not in value:
        return value
    if whole_match := REFERENCE.fullmatch(value):
        return _found(whole_match[1], results)
    return REFERENCE.sub(lambda found: text(_found(found[1], results)), value)


def _found(path: str, results: Json) -> Any:  # noqa: ANN401  # any JSON
    """The named part of an earlier result; None where there is none, as in PHP."""
    node: Any = results
    for step in STEP.findall(path):
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        else:
            return None
    return node
