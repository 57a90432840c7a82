"""`/api/v4/webhooks`: subscriptions."""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Hook, Json
from sandbox.amocrm.problems import Checks, Problem, missing

MOST_HOOKS = 100
SETTINGS = {
    *(
        f"{action}_{word}"
        for action in ("add", "update", "delete")
        for word in ("lead", "contact", "company", "customer", "task")
    ),
    *(f"restore_{word}" for word in ("lead", "contact", "company")),
    *(f"responsible_{word}" for word in ("lead", "contact", "company", "customer", "task")),
    *(f"note_{word}" for word in ("lead", "contact", "company", "customer")),
    "status_lead",
    "add_talk",
    "update_talk",
    "add_chat_template_review",
    *(f"{action}_catalog_element" for action in ("add", "update")),
}
"""What the vendor documents, and the two of list elements, whose names are not documented."""


def list_hooks(call: Call) -> Json | None:
    """`GET /webhooks`; `filter[destination]` is exact. 204 where there is none."""
    rows = list(call.store.hooks.values())
    wanted = call.params.get("filter")
    if isinstance(wanted, dict) and "destination" in wanted:
        rows = [row for row in rows if row.destination == wanted["destination"]]
    if not rows:
        return None
    return {"_total_items": len(rows), "_embedded": {"webhooks": [_show(call, row) for row in rows]}}


def subscribe(call: Call) -> tuple[Json, int]:
    """`POST /webhooks`: 201; the same destination again updates its settings and switches it on."""
    item, checks = call.item(), Checks()
    settings = item.get("settings")
    if not isinstance(settings, list) or not settings:
        checks.fail("settings", "FieldMissing")
    for index, setting in enumerate(settings if isinstance(settings, list) else ()):
        if not isinstance(setting, str) or setting not in SETTINGS:
            checks.fail(f"settings.{index}", "NotSupportedChoice")
    checks.finish()
    destination = _destination(item)
    hook = _find(call, destination)
    if hook is None:
        if len(call.store.hooks) >= MOST_HOOKS:
            raise Problem(400, "Too many webhooks")
        hook_id = call.store.new_id("hooks")
        hook = Hook(hook_id, destination, [], 1, call.user_id, call.now, call.now)
        call.store.add("hooks", hook)
    hook.settings, hook.updated_at = [str(one) for one in settings or ()], call.now
    hook.disabled, hook.failures = False, []
    call.store.touch("hooks", hook.id)
    return _show(call, hook), 201


def unsubscribe(call: Call) -> None:
    """`DELETE /webhooks` with the destination in a JSON body: 204."""
    hook = _find(call, str(call.item().get("destination")))
    if hook is None:
        raise missing("Webhook not found")
    del call.store.hooks[hook.id]
    call.store.touch("hooks", hook.id)


def _destination(item: Json) -> str:
    destination = item.get("destination")
    parts = urlsplit(destination) if isinstance(destination, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Problem(422, "Destination is not valid")
    return str(destination)


def _find(call: Call, destination: str) -> Hook | None:
    return next((row for row in call.store.hooks.values() if row.destination == destination), None)


def _show(call: Call, hook: Hook) -> Json:
    return {
        "id": hook.id,
        "destination": hook.destination,
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
        "account_id": call.store.seed.account_id,
        "created_by": hook.created_by,
        "sort": hook.sort,
        "disabled": hook.disabled,
        "settings": hook.settings,
    }
