"""Small lists of the account: sources, website buttons, short links, chat templates, widgets, subscribers."""

from __future__ import annotations

import secrets

from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Card, Json
from sandbox.amocrm.problems import Checks, Problem, missing
from sandbox.amocrm.records import Record
from sandbox.amocrm.shelf import Member, Shelf

MOST_SOURCES = 50
SHORT_HOST = "https://amo.sh"


def _check_source(call: Call, item: Json, row: Record | None, checks: Checks) -> None:
    external_id, known = item.get("external_id"), call.store.sources.values()
    if external_id is not None and any(one.values["external_id"] == external_id and one is not row for one in known):
        checks.fail("external_id", "NotUnique")
    checks.choice(item, "pipeline_id", call.store.pipelines)
    if row is None and len(known) >= MOST_SOURCES:
        checks.fail("name", "TooMany")


def _source_saved(call: Call, row: Record) -> None:
    """At most one source is the default; without a pipeline it serves the main one."""
    row.values["pipeline_id"] = row.values["pipeline_id"] or call.store.main_pipeline().id
    for other in call.store.sources.values() if row.values["default"] else ():
        if other is not row and other.values["default"]:
            other.values["default"] = False
            call.store.touch("sources", other.id)


SOURCES = Shelf(
    "sources",
    "sources",
    "/sources",
    {
        "name": Member(str, required=True),
        "pipeline_id": Member(int),
        "external_id": Member(str, required=True),
        "default": Member(bool, default=False),
        "origin_code": Member(str),
        "services": Member(list, ()),
    },
    "Source not found",
    filters=("external_id", "id"),
    check=_check_source,
    saved=_source_saved,
    admin_only=False,
)
TEMPLATES = Shelf(
    "templates",
    "chat_templates",
    "/chats/templates",
    {
        "name": Member(str, required=True),
        "content": Member(str, required=True),
        "external_id": Member(str),
        "is_editable": Member(bool, default=True),
        "type": Member(str, "amocrm"),
        "buttons": Member(list, ()),
        "attachment": Member(dict),
        "waba_header": Member(str),
        "waba_footer": Member(str),
        "waba_category": Member(str),
        "waba_language": Member(str),
        "review_status": Member(str),
    },
    "Template not found",
    filters=("external_id", "id"),
    stamped=True,
    admin_only=False,
)


def review_template(call: Call, record_id: int) -> Json:
    """`POST /chats/templates/{id}/review`: the template waits for the messenger's word."""
    row = TEMPLATES.known(call, record_id, {})
    row.values["review_status"] = "review"
    call.store.touch("templates", row.id)
    review = {"id": call.store.new_id("reviews"), "source_id": None, "status": "review", "reject_reason": ""}
    row.values["reviews"] = [*row.values.get("reviews", ()), review]
    return call.created("reviews", [review])


def settle_review(call: Call, record_id: int, review_id: int) -> Json:
    """`PATCH /chats/templates/{id}/review/{review_id}`: `{status, reject_reason}`."""
    row, item, checks = TEMPLATES.known(call, record_id, {}), call.item(), Checks()
    review: Json | None = next((one for one in row.values.get("reviews", ()) if one["id"] == review_id), None)
    if review is None:
        raise missing("Review not found")
    checks.choice(item, "status", ("approved", "rejected", "paused", "review"), required=True)
    checks.finish()
    review |= {"status": item["status"], "reject_reason": str(item.get("reject_reason") or "")}
    row.values["review_status"] = item["status"]
    call.store.touch("templates", row.id)
    return review


def create_button(call: Call) -> tuple[Json, int]:
    """`POST /website_buttons`: 202; the button is there at the next look."""
    item, checks = call.item(), Checks()
    checks.choice(item, "pipeline_id", call.store.pipelines, required=True)
    sites = item.get("trusted_websites") or []
    if not isinstance(sites, list) or not all(isinstance(one, str) for one in sites):
        checks.wrong_type("trusted_websites", "array")
    checks.finish()
    name = "Кнопка на сайт"
    values = {"name": name, "pipeline_id": item["pipeline_id"], "trusted_websites": sites, "online_chat": False}
    source = {"pipeline_id": item["pipeline_id"], "default": False, "origin_code": None, "services": []}
    source_id, button_id = call.store.new_id("sources"), call.store.new_id("buttons")
    source |= {"name": name, "external_id": f"button-{button_id}"}
    call.store.add("sources", Record(source_id, source, call.user_id, call.now, call.now))
    button = Record(source_id, {**values, "button_id": button_id}, call.user_id, call.now, call.now)
    call.store.add("buttons", button)
    return {"source_id": source_id, "trusted_websites": sites}, 202


def list_buttons(call: Call) -> Json | None:
    """`GET /website_buttons`, with `scripts`."""
    rows = call.store.table("buttons").values()
    return call.listing("website_buttons", rows, lambda row: _button(call, row))


def get_button(call: Call, source_id: int) -> Json:
    return _button(call, _known_button(call, source_id))


def patch_button(call: Call, source_id: int) -> Json:
    """`PATCH /website_buttons/{source_id}`: `{trusted_websites: {add: […]}}`."""
    row, item = _known_button(call, source_id), call.item()
    wish = item.get("trusted_websites")
    more = wish.get("add") if isinstance(wish, dict) else None
    if not isinstance(more, list) or not all(isinstance(one, str) for one in more):
        checks = Checks()
        checks.fail("trusted_websites.add", "FieldMissing")
        checks.finish()
    sites = row.values["trusted_websites"]
    row.values["trusted_websites"] = [*sites, *(one for one in more or () if one not in sites)]
    call.store.touch("buttons", row.id)
    return {**_button(call, row), "trusted_websites": row.values["trusted_websites"]}


def add_online_chat(call: Call, source_id: int) -> None:
    """`POST /website_buttons/{source_id}/online_chat`."""
    row = _known_button(call, source_id)
    row.values["online_chat"] = True
    call.store.touch("buttons", row.id)


def create_short_links(call: Call) -> Json:
    """`POST /short_links`: one short address for each item; of contacts only."""
    checks, items = Checks(), call.items()
    for request_id, item in items:
        checks.item(request_id)
        if not isinstance(item.get("url"), str) or not item["url"]:
            checks.fail("url", "FieldMissing")
        raw = item.get("metadata")
        metadata: Json = raw if isinstance(raw, dict) else {}
        entity_id = metadata.get("entity_id")
        if metadata.get("entity_type") != "contacts":
            checks.fail("metadata.entity_type", "NotSupportedChoice")
        elif not isinstance(entity_id, int) or entity_id not in call.store.contacts:
            checks.fail("metadata.entity_id", "NotSupportedChoice")
    checks.finish()
    rows = []
    for _, item in items:
        values = {
            "url": f"{SHORT_HOST}/{secrets.token_urlsafe(5)}",
            "target": item["url"],
            "metadata": item["metadata"],
        }
        row = Record(call.store.new_id("short_links"), values, call.user_id, call.now, call.now)
        call.store.add("short_links", row)
        shown = {"url": values["url"], "account_id": call.store.seed.account_id, "metadata": values["metadata"]}
        rows.append(shown)
    return call.created("short_links", rows)


def list_widgets(call: Call) -> Json | None:
    rows = call.store.table("widgets").values()
    return call.listing("widgets", rows, lambda row: _widget(call, row), total=True)


def get_widget(call: Call, code: str) -> Json:
    return _widget(call, _known_widget(call, code))


def install_widget(call: Call, code: str) -> Json:
    """`POST /widgets/{code}` with its settings."""
    call.rights.need_admin()
    row = _known_widget(call, code)
    row.values |= {"settings": call.item(), "is_installed": True}
    call.store.touch("widgets", row.id)
    return _widget(call, row)


def uninstall_widget(call: Call, code: str) -> None:
    """`DELETE /widgets/{code}`."""
    call.rights.need_admin()
    row = _known_widget(call, code)
    row.values |= {"settings": {}, "is_installed": False}
    call.store.touch("widgets", row.id)


def list_subscriptions(call: Call, entity: str, card_id: int) -> Json | None:
    """`GET /{entity}/{id}/subscriptions`: who hears of a card; its responsible is who always does."""
    card: Card | None = call.store.table(entity).get(card_id)
    if card is None:
        raise missing("Element not found")
    call.rights.need("view", card)
    rows = [{"subscriber_id": card.responsible_user_id, "type": "user"}]
    return call.listing("subscriptions", rows, lambda row: row, total=True)


def _known_button(call: Call, source_id: int) -> Record:
    row: Record | None = call.store.table("buttons").get(source_id)
    if row is None:
        raise missing("Button not found")
    return row


def _button(call: Call, row: Record) -> Json:
    script = f"<script>(function(a,m,o){{a[o]={{id:'{row.values['button_id']}'}}}})(window,document,'amoSB')</script>"
    return {
        "account_id": call.store.seed.account_id,
        "source_id": row.id,
        "button_id": row.values["button_id"],
        "name": row.values["name"],
        "pipeline_id": row.values["pipeline_id"],
        "is_duplication_control_enabled": False,
        "creation_status": "created",
        **({"script": script} if "scripts" in call.with_() else {}),
    }


def _known_widget(call: Call, code: str) -> Record:
    rows = call.store.table("widgets").values()
    row: Record | None = next((row for row in rows if row.values["code"] == code), None)
    if row is None:
        raise Problem(404, "Widget not found")
    return row


def _widget(call: Call, row: Record) -> Json:
    return {"id": row.id, **row.values, "_links": call.links(f"widgets/{row.values['code']}")}
