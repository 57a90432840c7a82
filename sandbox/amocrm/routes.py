"""Every address of the API and the function that answers it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.amocrm import (
    api_account,
    api_amojo,
    api_bots,
    api_calls,
    api_cards,
    api_catalogs,
    api_customers,
    api_events,
    api_fields,
    api_files,
    api_links,
    api_lists,
    api_notes,
    api_pipelines,
    api_talks,
    api_tasks,
    api_users,
    api_webhooks,
    incoming,
)
from sandbox.amocrm.call import Call

View = Callable[..., Any]
Route = tuple[str, str, View]
ENTITY = "<any(leads,contacts,companies,customers):entity>"
PIPELINES = "/leads/pipelines"
STATUSES = f"{PIPELINES}/<int:pipeline_id>/statuses"


def admin(view: View) -> View:
    """Only for administrators: others are answered 403."""

    def guarded(call: Call, **args: Any) -> Any:  # noqa: ANN401  # whatever the view takes and answers
        call.rights.need_admin()
        return view(call, **args)

    return guarded


def _field_routes(path: str, wrap: Callable[[View], View]) -> list[Route]:
    one = f"{path}/custom_fields/<int:field_id>"
    return [
        ("GET", f"{path}/custom_fields", wrap(api_fields.list_fields)),
        ("POST", f"{path}/custom_fields", wrap(admin(api_fields.create_fields))),
        ("PATCH", f"{path}/custom_fields", wrap(admin(api_fields.patch_fields))),
        ("GET", one, wrap(api_fields.get_field)),
        ("PATCH", one, wrap(admin(api_fields.patch_field))),
        ("DELETE", one, wrap(admin(api_fields.delete_field))),
    ]


def _of_catalog(view: View) -> View:
    def run(call: Call, catalog_id: int, **args: Any) -> Any:  # noqa: ANN401  # whatever the view takes and answers
        api_catalogs.CATALOGS.known(call, catalog_id, {})
        return view(call, entity=f"catalogs/{catalog_id}", **args)

    return run


def _of_segments(view: View) -> View:
    return partial(view, entity="customers/segments")


GROUPS = f"/{ENTITY}/custom_fields/groups"
ACCOUNT: list[Route] = [
    ("GET", "/account", api_account.get_account),
    ("GET", "/currencies", api_account.list_currencies),
    ("GET", "/users", api_users.list_users),
    ("POST", "/users", api_users.create_users),
    ("POST", "/users/activate", partial(api_users.switch_users, active=True)),
    ("POST", "/users/deactivate", partial(api_users.switch_users, active=False)),
    ("GET", "/users/<int:user_id>", api_users.get_user),
    *api_users.ROLES.routes(),
    ("GET", PIPELINES, api_pipelines.list_pipelines),
    ("POST", PIPELINES, admin(api_pipelines.create_pipelines)),
    ("GET", f"{PIPELINES}/<int:pipeline_id>", api_pipelines.get_pipeline),
    ("PATCH", f"{PIPELINES}/<int:pipeline_id>", admin(api_pipelines.patch_pipeline)),
    ("DELETE", f"{PIPELINES}/<int:pipeline_id>", admin(api_pipelines.delete_pipeline)),
    ("GET", STATUSES, api_pipelines.list_statuses),
    ("POST", STATUSES, admin(api_pipelines.create_statuses)),
    ("GET", f"{STATUSES}/<int:status_id>", api_pipelines.get_status),
    ("PATCH", f"{STATUSES}/<int:status_id>", admin(api_pipelines.patch_status)),
    ("DELETE", f"{STATUSES}/<int:status_id>", admin(api_pipelines.delete_status)),
    ("GET", "/leads/loss_reasons", api_pipelines.list_loss_reasons),
    ("POST", "/leads/loss_reasons", admin(api_pipelines.create_loss_reasons)),
    ("GET", "/leads/loss_reasons/<int:reason_id>", api_pipelines.get_loss_reason),
    ("DELETE", "/leads/loss_reasons/<int:reason_id>", admin(api_pipelines.delete_loss_reason)),
    ("GET", GROUPS, api_fields.GROUPS.listing),
    ("POST", GROUPS, api_fields.GROUPS.create),
    ("GET", f"{GROUPS}/<group>", api_fields.one_group(api_fields.GROUPS.get)),
    ("PATCH", f"{GROUPS}/<group>", api_fields.one_group(api_fields.GROUPS.patch_one)),
    ("DELETE", f"{GROUPS}/<group>", api_fields.one_group(api_fields.GROUPS.delete)),
    *_field_routes(f"/{ENTITY}", lambda view: view),
    *_field_routes("/customers/segments", _of_segments),
    *_field_routes("/catalogs/<int:catalog_id>", _of_catalog),
    ("GET", "/webhooks", admin(api_webhooks.list_hooks)),
    ("POST", "/webhooks", admin(api_webhooks.subscribe)),
    ("DELETE", "/webhooks", admin(api_webhooks.unsubscribe)),
]
ELEMENTS = "/catalogs/<int:catalog_id>/elements"
CUSTOMER = "/customers/<int:customer_id>"
SALES: list[Route] = [
    ("GET", "/catalogs", api_catalogs.list_catalogs),
    *api_catalogs.CATALOGS.routes(without=("DELETE",))[1:],
    ("GET", "/catalogs/products/settings", api_catalogs.get_switch),
    ("PATCH", "/catalogs/products/settings", api_catalogs.set_switch),
    ("GET", ELEMENTS, api_catalogs.list_elements),
    ("POST", ELEMENTS, api_catalogs.create_elements),
    ("PATCH", ELEMENTS, api_catalogs.patch_elements),
    ("GET", f"{ELEMENTS}/<int:element_id>", api_catalogs.get_element),
    ("PATCH", f"{ELEMENTS}/<int:element_id>", api_catalogs.patch_element),
    ("PATCH", "/customers/mode", api_customers.set_mode),
    *api_customers.STATUSES.routes(),
    ("POST", "/customers/segments", api_customers.SEGMENTS.create_one),
    *(route for route in api_customers.SEGMENTS.routes() if route[:2] != ("POST", "/customers/segments")),
    ("GET", "/customers/transactions", api_customers.list_transactions),
    ("GET", "/customers/transactions/<int:transaction_id>", api_customers.get_transaction),
    ("DELETE", "/customers/transactions/<int:transaction_id>", api_customers.delete_transaction),
    ("GET", f"{CUSTOMER}/transactions", api_customers.list_transactions),
    ("POST", f"{CUSTOMER}/transactions", api_customers.create_transactions),
    ("GET", f"{CUSTOMER}/transactions/<int:transaction_id>", api_customers.get_transaction),
    ("DELETE", f"{CUSTOMER}/transactions/<int:transaction_id>", api_customers.delete_transaction),
    ("POST", f"{CUSTOMER}/bonus_points", api_customers.bonus_points),
]
CARDS: list[Route] = [
    ("POST", "/leads/complex", api_cards.create_complex),
    ("GET", "/leads/unsorted", incoming.list_incoming),
    ("GET", "/leads/unsorted/summary", incoming.summary),
    ("POST", "/leads/unsorted/forms", partial(incoming.add_incoming, category="forms")),
    ("POST", "/leads/unsorted/sip", partial(incoming.add_incoming, category="sip")),
    ("GET", "/leads/unsorted/<uid>", incoming.get_incoming),
    ("POST", "/leads/unsorted/<uid>/accept", incoming.accept),
    ("POST", "/leads/unsorted/<uid>/link", incoming.link_incoming),
    ("DELETE", "/leads/unsorted/<uid>/decline", incoming.decline),
    ("GET", f"/{ENTITY}", api_cards.list_cards),
    ("POST", f"/{ENTITY}", api_cards.create_cards),
    ("PATCH", f"/{ENTITY}", api_cards.patch_cards),
    ("GET", f"/{ENTITY}/<int:card_id>", api_cards.get_card),
    ("PATCH", f"/{ENTITY}/<int:card_id>", api_cards.patch_card),
    ("GET", f"/{ENTITY}/links", api_links.mass_links),
    ("GET", f"/{ENTITY}/<int:card_id>/links", api_links.list_links),
    ("POST", f"/{ENTITY}/link", api_links.link),
    ("POST", f"/{ENTITY}/<int:card_id>/link", api_links.link),
    ("POST", f"/{ENTITY}/unlink", api_links.unlink),
    ("POST", f"/{ENTITY}/<int:card_id>/unlink", api_links.unlink),
    ("GET", f"/{ENTITY}/tags", api_fields.list_tags),
    ("POST", f"/{ENTITY}/tags", api_fields.create_tags),
    ("GET", f"/{ENTITY}/notes", api_notes.list_notes),
    ("POST", f"/{ENTITY}/notes", api_notes.create_notes),
    ("PATCH", f"/{ENTITY}/notes", api_notes.patch_notes),
    ("GET", f"/{ENTITY}/notes/<int:note_id>", api_notes.get_note),
    ("PATCH", f"/{ENTITY}/notes/<int:note_id>", api_notes.patch_note),
    ("POST", f"/{ENTITY}/notes/<int:note_id>/pin", partial(api_notes.pin_note, pinned=True)),
    ("POST", f"/{ENTITY}/notes/<int:note_id>/unpin", partial(api_notes.pin_note, pinned=False)),
    ("GET", f"/{ENTITY}/<int:card_id>/notes", api_notes.list_notes),
    ("POST", f"/{ENTITY}/<int:card_id>/notes", api_notes.create_notes),
    ("PATCH", f"/{ENTITY}/<int:card_id>/notes", api_notes.patch_notes),
    ("GET", f"/{ENTITY}/<int:card_id>/notes/<int:note_id>", api_notes.get_note),
    ("PATCH", f"/{ENTITY}/<int:card_id>/notes/<int:note_id>", api_notes.patch_note),
    ("GET", "/tasks", api_tasks.list_tasks),
    ("POST", "/tasks", api_tasks.create_tasks),
    ("PATCH", "/tasks", api_tasks.patch_tasks),
    ("GET", "/tasks/<int:task_id>", api_tasks.get_task),
    ("PATCH", "/tasks/<int:task_id>", api_tasks.patch_task),
    ("POST", "/calls", api_calls.create_calls),
    ("GET", "/events", api_events.list_events),
    ("GET", "/events/types", api_events.list_types),
    ("GET", "/events/<event_id>", api_events.get_event),
]
BUTTON = "/website_buttons/<int:source_id>"
AROUND: list[Route] = [
    ("GET", f"/{ENTITY}/<int:card_id>/files", api_files.list_of_card),
    ("PUT", f"/{ENTITY}/<int:card_id>/files", api_files.attach),
    ("DELETE", f"/{ENTITY}/<int:card_id>/files", api_files.detach),
    ("GET", "/files/<file_uuid>/links", api_files.list_holders),
    ("GET", f"/{ENTITY}/<int:card_id>/subscriptions", api_lists.list_subscriptions),
    *api_lists.SOURCES.routes(),
    *api_lists.TEMPLATES.routes(),
    ("POST", "/chats/templates/<int:record_id>/review", api_lists.review_template),
    ("PATCH", "/chats/templates/<int:record_id>/review/<int:review_id>", api_lists.settle_review),
    ("GET", "/website_buttons", api_lists.list_buttons),
    ("POST", "/website_buttons", api_lists.create_button),
    ("GET", BUTTON, api_lists.get_button),
    ("PATCH", BUTTON, api_lists.patch_button),
    ("POST", f"{BUTTON}/online_chat", api_lists.add_online_chat),
    ("POST", "/short_links", api_lists.create_short_links),
    ("GET", "/widgets", api_lists.list_widgets),
    ("GET", "/widgets/<code>", api_lists.get_widget),
    ("POST", "/widgets/<code>", api_lists.install_widget),
    ("DELETE", "/widgets/<code>", api_lists.uninstall_widget),
    ("GET", "/talks", api_talks.list_talks),
    ("GET", "/talks/<int:talk_id>", api_talks.get_talk),
    ("POST", "/talks/<int:talk_id>/close", api_talks.close_talk),
    ("GET", "/contacts/chats", api_talks.list_contact_chats),
    ("POST", "/contacts/chats", api_talks.link_contact_chats),
    ("GET", "/bots", api_bots.list_bots),
    ("GET", "/bots/<int:bot_id>", api_bots.get_bot),
    ("POST", "/bots/run", api_bots.run_many),
    ("POST", "/bots/<int:bot_id>/run", api_bots.run_one),
    ("POST", "/bots/<int:bot_id>/stop", api_bots.stop),
    ("POST", "/<any(salesbot,marketingbot):kind>/<int:bot_id>/continue/<int:continue_id>", api_bots.carry_on),
]
ROUTES = [*ACCOUNT, *SALES, *CARDS, *AROUND]
V2_ROUTES: list[Route] = [
    ("GET", "/products_settings", api_catalogs.get_switch),
    ("PATCH", "/products_settings", api_catalogs.set_switch),
    ("POST", "/salesbot/run", api_bots.run_v2),
]
AMOJO_ROUTES: list[Route] = [
    ("POST", "/<channel_id>/connect", api_amojo.connect),
    ("DELETE", "/<channel_id>/disconnect", api_amojo.disconnect),
    ("POST", "/<scope_id>", api_amojo.take_event),
    ("POST", "/<scope_id>/chats", api_amojo.create_chat),
    ("GET", "/<scope_id>/chats/<chat_id>/history", api_amojo.history),
    ("POST", "/<scope_id>/<message_id>/delivery_status", api_amojo.delivery_status),
    ("POST", "/<scope_id>/typing", api_amojo.typing),
    ("POST", "/<scope_id>/react", api_amojo.react),
]


def drive_routes(drive: api_files.Drive) -> list[Route]:
    """The files service, under `/v1.0`; open uploads belong to one `drive`."""
    return [
        ("POST", "/sessions", drive.open_session),
        ("POST", "/upload/<token>", drive.take_part),
        ("GET", "/files", api_files.list_files),
        ("DELETE", "/files", api_files.delete_files),
        ("POST", "/files/restore", api_files.restore_files),
        ("GET", "/files/<file_uuid>", api_files.get_file),
        ("PATCH", "/files/<file_uuid>", api_files.change_file),
        ("DELETE", "/files/<file_uuid>", api_files.delete_file),
        ("GET", "/files/<file_uuid>/versions", api_files.list_versions),
    ]
