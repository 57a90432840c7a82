"""Every address of the API and the function that answers it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.amocrm import (
    api_account,
    api_calls,
    api_cards,
    api_catalogs,
    api_customers,
    api_events,
    api_fields,
    api_links,
    api_notes,
    api_pipelines,
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
    ("GET", ELEMENTS, api_catalogs.list_elements),
    ("POST", ELEMENTS, api_catalogs.create_elements),
    ("PATCH", ELEMENTS, api_catalogs.patch_elements),
    ("GET", f"{ELEMENTS}/<int:element_id>", api_catalogs.get_element),
    ("PATCH", f"{ELEMENTS}/<int:element_id>", api_catalogs.patch_element),
    ("PATCH", "/customers/mode", api_customers.set_mode),
    *api_customers.STATUSES.routes(),
    *api_customers.SEGMENTS.routes(),
    ("GET", "/customers", api_customers.list_customers),
    ("POST", "/customers", api_customers.create_customers),
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
ROUTES = [*ACCOUNT, *SALES, *CARDS]
