"""What the activity log says of a change: a card or task before and after, told as typed events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.amocrm.model import Card, Json, Lead, Task

Told = tuple[str, list[Json], list[Json]]
"""Event type, `value_after`, `value_before`."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a card or task was before a write, as far as events ask."""

    responsible_user_id: int
    status_id: int | None = None
    pipeline_id: int | None = None
    name: str = ""
    price: int = 0
    tags: tuple[int, ...] = ()
    fields: dict[int, list[Json]] = field(default_factory=dict)
    complete_till: int = 0
    task_type_id: int = 0
    result: Json | None = None

    @classmethod
    def of(cls, row: Card | Task) -> Before:
        if isinstance(row, Task):
            known: Json = {"complete_till": row.complete_till, "task_type_id": row.task_type_id, "result": row.result}
            return cls(row.responsible_user_id, name=row.text, **known)
        held: Json = {"name": row.name, "tags": tuple(row.tags), "fields": dict(row.fields)}
        if isinstance(row, Lead):
            held |= {"status_id": row.status_id, "pipeline_id": row.pipeline_id, "price": row.price}
        return cls(row.responsible_user_id, **held)


def card_changes(card: Card, before: Before, tag_names: dict[int, str]) -> Iterator[Told]:
    """Every event of a card's update but the change of stage and of the responsible."""
    if card.name != before.name:
        yield "name_field_changed", [_name(card.name)], [_name(before.name)]
    if isinstance(card, Lead) and card.price != before.price:
        yield "sale_field_changed", [_sale(card.price)], [_sale(before.price)]
    added = [_tag(one, tag_names) for one in card.tags if one not in before.tags]
    gone = [_tag(one, tag_names) for one in before.tags if one not in card.tags]
    if added:
        yield "entity_tag_added", added, []
    if gone:
        yield "entity_tag_deleted", [], gone
    for field_id in {**before.fields, **card.fields}:
        old, new = before.fields.get(field_id, []), card.fields.get(field_id, [])
        if old != new:
            after = [_field(field_id, value) for value in new]
            yield f"custom_field_{field_id}_value_changed", after, [_field(field_id, value) for value in old]


def task_changes(task: Task, before: Before) -> Iterator[Told]:
    """Every event of a task's update but completion and the change of the responsible."""
    if task.text != before.name:
        yield "task_text_changed", [{"task": {"text": task.text}}], [{"task": {"text": before.name}}]
    if task.complete_till != before.complete_till:
        stamps = task.complete_till, before.complete_till
        after, old = ([{"task_deadline": {"timestamp": stamp}}] for stamp in stamps)
        yield "task_deadline_changed", after, old
    if task.task_type_id != before.task_type_id:
        after, old = ([{"task_type": {"id": one}}] for one in (task.task_type_id, before.task_type_id))
        yield "task_type_changed", after, old
    if task.result and task.result != before.result:
        yield "task_result_added", [{"task": {"text": task.result.get("text", "")}}], []


def _name(name: str) -> Json:
    return {"name_field_value": {"name": name}}


def _sale(price: int) -> Json:
    return {"sale_field_value": {"sale": price}}


def _tag(tag_id: int, names: dict[int, str]) -> Json:
    return {"tag": {"id": tag_id, "name": names.get(tag_id, "")}}


def _field(field_id: int, value: Json) -> Json:
    text = value.get("value")
    shown = {"field_id": field_id, "enum_id": value.get("enum_id"), "text": None if text is None else str(text)}
    return {"custom_field_value": shown}
